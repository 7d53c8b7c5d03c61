"""Which pages of the file a paper came from make up a paper that is cut anew: values in, values out.

People count the pages they see; the file has those and the blank ones that the archive copy leaves out. Invariant: a
cut loses no page: a hidden page goes with the page in front of it, and only the page that a person names is left out.
"""

from __future__ import annotations

from appliance.domain.documents import Document
from appliance.domain.states import State

BLANKS_HIDDEN, SIGNED_KEPT = "blank-pages-hidden", "signed-kept"
"""Warnings of ``scanner_intake`` that a paper keeps."""


class CannotCut(Exception):
    """Codes: ``pages-not-known`` (digitized before hidden pages were noted), ``signed-not-cut``, ``page-not-there``;
    of joining also ``join-itself``, ``join-kind``, ``join-decided``, ``join-of-batch``, ``join-attached``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def trouble_cutting(document: Document) -> str:
    """Why the pages of a paper cannot be parted, as a code of ``CannotCut``; empty when they can."""
    if SIGNED_KEPT in document.warnings:
        return "signed-not-cut"
    if (BLANKS_HIDDEN in document.warnings) is not bool(document.hidden):
        return "pages-not-known"
    return "" if document.pages > 1 else "page-not-there"


def trouble_joining(first: Document, second: Document) -> str:
    """Why the pages of ``second`` cannot be put behind those of ``first``, as a code of ``CannotCut``; empty when they
    can. Parts of a batch are joined by undoing their cut.
    """
    both = (first, second)
    if first.id == second.id:
        return "join-itself"
    if any(one.state is not State.DIGITIZED or one.register_number or one.secret for one in both):
        return "join-decided"
    if first.kind is not second.kind:
        return "join-kind"
    if any(SIGNED_KEPT in one.warnings for one in both):
        return "signed-not-cut"
    if any(one.attached_to for one in both):
        return "join-attached"
    return "join-of-batch" if any(one.part_of for one in both) else ""


def parted(document: Document, page: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The file's pages before shown page ``page`` (from 2 on), and from there to the end.

    Raises:
        CannotCut: see there.
    """
    groups = _groups(document)
    if not 2 <= page <= len(groups):
        raise CannotCut("page-not-there")
    return _flat(groups[: page - 1]), _flat(groups[page - 1 :])


def without(document: Document, page: int) -> tuple[int, ...]:
    """The file's pages but the one shown as ``page``; what was hidden behind it stays.

    Raises:
        CannotCut: see there.
    """
    groups = _groups(document)
    if not 1 <= page <= len(groups):
        raise CannotCut("page-not-there")
    return tuple(each for each in _flat(groups) if each != groups[page - 1][0])


def _groups(document: Document) -> list[list[int]]:
    """For each shown page the file's page that it is, followed by the hidden ones behind it."""
    if trouble := trouble_cutting(document):
        raise CannotCut(trouble)
    groups: list[list[int]] = []
    for number in range(1, document.pages + len(document.hidden) + 1):
        if number in document.hidden and groups:
            groups[-1].append(number)
        else:
            groups.append([number])
    if len(groups) != document.pages:
        raise CannotCut("pages-not-known")
    return groups


def _flat(groups: list[list[int]]) -> tuple[int, ...]:
    return tuple(number for group in groups for number in group)
