"""Paper and spreadsheets: registers in the official form, reports; from plain values to bytes, without a store.

Drawing happens in a child process (``child``), so that the web process neither loads the libraries nor waits for them.
"""
