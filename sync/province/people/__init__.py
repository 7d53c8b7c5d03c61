"""Who may look at the province's pages, and who may act.

`passwords`: Argon2id. `rules`: roles, names, lock-out (pure). `rows`: people, sessions, deeds. `entering`: the way in.
"""
