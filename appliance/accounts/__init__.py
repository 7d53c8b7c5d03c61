"""Accounts of the office's people: who may sign in, how a password is kept, when a session and a lock end.

``rules`` are pure functions, ``hashing`` and ``codes`` make secrets, ``acts`` are the decisions, one transaction each.
Pages and commands call ``acts``; nothing here knows a page or a language.
"""
