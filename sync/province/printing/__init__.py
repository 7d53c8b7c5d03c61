"""Official papers of the province as PDF and its tables as XLSX: from plain values to bytes, without a store.

Drawing happens in a child process (`child`): the pages neither carry the drawing libraries for months nor wait for it.
"""
