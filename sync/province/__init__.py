"""The province: receives, checks, stores and answers with a signed receipt; keeps an eye on every box.

Own console script (`commune-province`), own database, never imported by the box itself.
"""
