"""Whom the box believes about signers, about time, and about revocation, from its configuration."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from appliance.config import Config
from hsm.revocation import RevocationLists, addresses
from hsm.trust import Trust, TrustError, read_certificates

log = logging.getLogger(__name__)


def signer_trust(config: Config) -> Trust:
    """Whom the box believes about signers. Raises: TrustError."""
    return Trust.from_files(config.signer.roots, config.signer.intermediates)


def stamp_trust(config: Config) -> Trust:
    """Whom the box believes about time: the roots named for it, or the signers' own. Raises: TrustError."""
    section = config.longterm
    roots = section.tsa_roots or config.signer.roots
    return Trust.from_files(roots, [*section.tsa_intermediates, *config.signer.intermediates])


def revocation_lists(config: Config) -> RevocationLists:
    """The lists at hand, of every authority that the box knows. Raises: TrustError."""
    signers, stamps = signer_trust(config), stamp_trust(config)
    known = Trust((*signers.roots, *stamps.roots), (*signers.intermediates, *stamps.intermediates))
    return RevocationLists(config.lists, known)


def list_addresses(config: Config) -> list[str]:
    """Where lists are fetched: as the certificates of this box and the configuration say."""
    return list(dict.fromkeys([*addresses(_certificates(config)), *config.longterm.list_urls]))


def _certificates(config: Config) -> Iterable[bytes]:
    files = [key.certificate for key in config.signer.keys]
    for path in (*files, *config.signer.intermediates, *config.longterm.tsa_intermediates):
        try:
            yield from read_certificates(path)
        except TrustError as error:
            log.warning("%s", error)
