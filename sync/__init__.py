"""The wire between a commune box and its province: pure protocol, MQTT transport, box uplink, province receiver.

A leaf: it imports neither `appliance`, `hsm` nor `scanner_intake`. The normative text of the wire is
`sync/PROTOCOL.md`.
"""
