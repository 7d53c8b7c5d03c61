"""A province or the whole country played through the real protocol cores, over modelled lines and offices.

Owns the model: when papers are ready, what lines do, how long a check takes. Everything that is decided about a
document is decided by `sync.protocol`, the very code that runs on boxes and at the province. Deterministic by seed.
"""
