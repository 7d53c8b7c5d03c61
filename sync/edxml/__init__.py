"""edXML (QCVN 102:2016/BTTTT): the packets in which Vietnamese offices exchange documents and their statuses.

Owns the codec: values to bytes and bytes to values, with the quirks of the wire. Refuses to know where packets
come from or go to.
"""
