"""From the scanner's drop folder into custody, and from a scan to a searchable PDF/A-2b with its fields.

A leaf: it imports no other top-level folder. What it needs from outside is a `typing.Protocol` here
(`custody.Custodian`). It never talks to a network or a signing token, and it never shows text to a person: errors are
codes.
"""
