"""The steps that the box does by itself, from a claimed file to a delivery that waits in the outbox.

Each step takes a leased document, does its work on content-addressed blobs and saves one decision. Killed anywhere, the
lease ends and the step runs again; nothing is done twice that can be seen from outside.
"""
