"""Shares in per cent, rounded half up as offices count, and the points of NĐ 307/2025."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal


def percent(part: int, whole: int, digits: int = 2) -> Decimal | None:
    """``part`` of ``whole`` in per cent, half up; None when there is no whole.

    >>> percent(973, 977), percent(1787, 2321, 0)
    (Decimal('99.59'), Decimal('77'))
    """
    if not whole:
        return None
    return (Decimal(100 * part) / Decimal(whole)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def told(share: Decimal | None, comma: str = ",") -> str:
    """A share as it is printed: ``99,59 %``, ``100 %``; a dash when there is none."""
    if share is None:
        return "–"
    text = f"{share:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text.replace('.', comma)} %"


WARD_BASE, COMMUNE_BASE = 80, 70


def points(share: Decimal | None, base: int = COMMUNE_BASE) -> Decimal | None:
    """Points for the share of outgoing documents signed by leader and agency and sent online (NĐ 307/2025): 3 up to
    ``base`` per cent, half a point more for each further 5, at most 5; None without documents."""
    if share is None:
        return None
    steps = ((share - base) / 5).to_integral_value(rounding=ROUND_FLOOR)
    return min(Decimal(5), Decimal(3) + max(Decimal(0), steps) / 2)
