"""The registers of Decree 30/2020 as values: their columns, what a row says, how rows change, working days.

A pure core: values in, values out. Rows are kept by ``appliance.store.books``, decided by ``appliance.bookkeeping``.
"""
