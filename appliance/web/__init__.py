"""The pages that people of a commune office use: server-rendered, Vietnamese, with nothing fetched from outside.

Owns HTTP, HTML and what a browser needs; refuses to know tables, states or keys. Pages ask ``appliance.store.views``
and call ``appliance.commands``; a typed PIN goes to the signer's socket and nowhere else. Who may
use which route says one table (``access``), enforced for every request (``admitting``).
"""
