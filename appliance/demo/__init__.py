"""The whole way of a paper on one machine, with everything a real installation has."""
