"""The bridge between what boxes delivered and the edXML systems (QCVN 102:2016) around the province; see BRIDGE.md.

Owns its ledger and its folders. Reads the province's rows and bytes, never changes them: a fault here costs no receipt.
"""
