"""Certificates for the pages of boxes, by an authority of their own.

Every computer of an office is asked to trust this authority, so it may speak for nothing but offices' networks: its
certificate holds critical name constraints (RFC 5280, 4.2.1.10) - private addresses, ``.local``, ``.lan`` and the zones
that were named when it was made. Somebody who stole its key could not take the place of a bank. The authority of the
broker is another one and never leaves for a browser.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509

from sync.province.pki import (
    Authority,
    Issued,
    certificate_pem,
    load_authority,
    new_authority,
    private_pem,
    server_certificate,
    write_private,
)

NETWORKS = (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10",
)  # fmt: skip
"""Addresses that exist in an office's own network alone (RFC 1918, 3927, 4193, 4291)."""
ZONES = ("local", "lan")
TITLE = "Commune box pages CA"


class ForeignHost(ValueError):
    """A name or address that this authority may not speak for. Code: `foreign-host`."""

    code = "foreign-host"


def load_or_make(certificate: Path, key: Path, zones: tuple[str, ...], now: dt.datetime) -> Authority:
    """The pages' authority from its two files, made when there is none; `zones` count only then.

    The certificate is written last: a key without one was never used, and is made anew.
    Raises ValueError: the key is not the certificate's.
    """
    if not certificate.exists():
        made = new_authority(TITLE, now, _constraints((*ZONES, *zones)))
        key.unlink(missing_ok=True)
        write_private(key, private_pem(made.key))
        certificate.write_bytes(certificate_pem(made.certificate))
    return load_authority(certificate, key)


def page_certificate(authority: Authority, hosts: list[str], now: dt.datetime) -> Issued:
    """A server certificate for a box's pages. Raises ForeignHost for what the authority may not speak for."""
    permitted = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    for host in hosts:
        if not any(_within(host, one) for one in permitted or ()):
            raise ForeignHost(host)
    return server_certificate(authority, hosts, now)


def _constraints(zones: tuple[str, ...]) -> x509.NameConstraints:
    subtrees = [x509.DNSName(zone) for zone in zones] + [
        x509.IPAddress(ipaddress.ip_network(network)) for network in NETWORKS
    ]
    return x509.NameConstraints(permitted_subtrees=subtrees, excluded_subtrees=None)


def _within(host: str, permitted: x509.GeneralName) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return isinstance(permitted, x509.DNSName) and f".{host.lower()}".endswith(f".{permitted.value}")
    network = permitted.value
    return isinstance(network, ipaddress.IPv4Network | ipaddress.IPv6Network) and address in network
