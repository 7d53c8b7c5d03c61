"""What a paper is on its way and which ways there are. Pure: no I/O, no clock, no randomness.

Time, ids and facts come in as arguments; decisions go out as new values. Everything durable about a paper is a value
defined here; how it is kept is ``appliance.store``'s matter.
"""
