"""The five processes of a box, one privilege each, and the supervisor that runs them all together."""
