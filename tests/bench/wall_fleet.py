"""A whole country of boxes in a province's store, with answers behind them: what the wall is measured on.

Owns the making, by fixed chance. The names are made of syllables and are no real communes. Most boxes are well; about
one in nine has something to look at, as on a bad Monday. Answers are written in one transaction, not one by one.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from sync.province.store import Box, Presence, ProvinceStore, Receipt
from sync.province.store.tallies import count

COMMUNES = 3321
FIRST, SECOND = (
    re.findall(r"\w+", words)
    for words in (
        "Tân Phú Long An Bình Thạnh Mường Nậm Bản Đồng Hòa Vĩnh Thuận Phước Kim Đại Yên Cẩm Quỳnh Xuân Lạc",
        "Thành Sơn Lý Khê Hưng Lộc Trì Giang Hải Đức Trung Mỹ Lâm Hiệp Nghĩa Châu Thủy Cường Thắng Vân Lũng Phong",
    )
)
RELEASE, OLD = "commune-box 1.4.0", "commune-box 1.3.2"
DAY = 86_400


def commune(number: int) -> str:
    """The name of one office."""
    kind = ("xã", "xã", "xã", "phường")[number % 4]
    again, pair = divmod(number, len(FIRST) * len(SECOND))
    name = f"UBND {kind} {FIRST[pair % len(FIRST)]} {SECOND[pair // len(FIRST)]}"
    return f"{name} {again + 1}" if again else name


def presence(box: str, chance: random.Random, now: float) -> Presence:
    """What one box last said."""
    trouble = chance.random()
    online = trouble > 0.04
    seen = now - chance.uniform(5, 850) if online else now - chance.uniform(100, 200_000)
    waiting = chance.choice((0, 0, 0, 0, 1, 2)) if trouble > 0.07 else chance.randint(1, 240)
    oldest = seen - chance.uniform(60, 3000 if trouble > 0.07 else 150_000) if waiting else None
    token = chance.uniform(40, 700) if chance.random() > 0.02 else chance.uniform(1, 29)
    said = {
        "boot_sequence": chance.randint(1, 90),
        "token_ends": int(now + DAY * token),
        "link_ends": int(now + DAY * chance.uniform(60, 360)),
        "scanned_at": int(now - chance.uniform(60, 90_000)),
        "scanned": chance.randint(0, 60),
    }
    return Presence(
        box, online, seen, seen - 5000, waiting, waiting * 700_000, oldest,
        chance.gauss(0, 0.7) if chance.random() > 0.01 else chance.uniform(-900, 900),
        int(chance.uniform(8e9, 2e11) if chance.random() > 0.01 else chance.uniform(1e8, 1.9e9)),
        RELEASE if chance.random() > 0.05 else OLD, said,
    )  # fmt: skip


def make_country(root: Path, now: float, boxes: int = COMMUNES, answers: int = 20, seed: int = 7) -> ProvinceStore:
    """A store with `boxes` boxes and `answers` answers of the last days to each."""
    chance, store = random.Random(seed), ProvinceStore(root)
    names = [f"commune-{number * 3 + 1:05}" for number in range(boxes)]
    with store.together():
        for number, name in enumerate(names):
            store.fleet.enrol(Box(name, commune(number), bytes(32), f"{number:064x}", now - 90 * DAY))
            if chance.random() > 0.005:
                store.fleet.note_presence(presence(name, chance, now))
    previous = dict.fromkeys(names, bytes(32))
    with store.connection.writing() as raw:
        for rid in range(1, boxes * answers + 1):
            name, digest = names[rid % boxes], rid.to_bytes(32, "big")
            made = Receipt(
                rid, name, f"{rid:016x}", digest, f"vb-{rid}", f"{rid:064x}", 700_000, rid // boxes, "stored", "",
                now - (boxes * answers - rid) * 5.0, previous[name], digest, b"c" * 300,
            )  # fmt: skip
            raw.execute(f"INSERT INTO receipts VALUES ({','.join('?' * 14)})", tuple(vars(made).values()))
            count(raw, made, made.issued_at - 40)
            previous[name] = digest
    return store
