"""Both ends of the delivery protocol as pure state machines (see sync/PROTOCOL.md).

Nothing in this package does I/O, reads a clock or draws a random number: time, identities, keys (as callables) and
received bytes come in as arguments, decisions go out as values (`sync.protocol.step`). Whoever runs a core carries
out the changes of a step in order, makes them durable, only then publishes its outbound messages, and only then
acknowledges the message that caused it.
"""
