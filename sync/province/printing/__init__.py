"""Official papers of the province as PDF: from plain values to bytes, without a store.

Drawing happens in a child process (`child`): the pages neither carry the drawing library for months nor wait for it.
"""
