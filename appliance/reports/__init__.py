"""What an office reports, as values: periods, shares, counts out of row-by-row facts. A pure core.

Facts are asked by ``appliance.store.report_facts``; words are in ``appliance.wording.reports``.
"""
