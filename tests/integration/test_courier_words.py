"""Statuses, recalls and orders on a stick, both ways, beside the wire and without it (PROTOCOL.md §5.4 rule 5)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.pipeline import handling
from appliance.pipeline.sending import StoreOutbox
from appliance.store import events, notices, orders
from sync.courier import FOLDER, Stick
from sync.protocol.topics import Direction
from sync.province.handling import recall
from sync.province.store.handling import Handling
from sync.province.store.ordering import Ordered, Orders
from sync.uplink import Companion, Uplink
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, running, utc_now, wait_for
from tests.integration.test_courier import Site

OTHER = "commune-00002"


@pytest.fixture
def site(down_site: DownSite, tmp_path: Path) -> Iterator[Site]:
    made = Site(down_site, tmp_path / "stick")
    yield made
    made.box.close()


def codes(site: Site, ours: bool = False) -> list[str]:
    """What the province keeps of one end's words about `den-1`."""
    return [word.code for word in Handling(site.down.store).of_document("den-1") if word.ours is ours]


def order(site: Site, verb: str = "log", box: str = BOX, **params: object) -> Ordered:
    return Orders(site.down.store).issue(box, verb, params or {"lines": 9}, int(time.time()))


def results(site: Site) -> list[tuple[str, str]]:
    """Of the box's orders, oldest first: result and code."""
    return [(one.result, one.code) for one in sorted(Orders(site.down.store).listed(BOX), key=lambda one: one.counter)]


def lying(site: Site, way: Direction) -> list[str]:
    """Kinds of the messages on the stick."""
    place = site.folder / FOLDER / way.value / BOX / "words"
    return sorted(path.name[0] for path in place.iterdir()) if place.is_dir() else []


def arrived(site: Site) -> None:
    """`den-1` came to the box by hand, and the province has its receipt."""
    site.down.send(paper(9_000), "den-1")
    site.carrying.put(site.stick, [BOX])
    assert site.courier.take(site.stick).received == ["den-1"]
    site.province_takes()


def test_stages_and_a_recall_travel_by_hand_and_leave_the_stick_when_they_were_heard(site: Site) -> None:
    arrived(site)
    for code in ("03", "04", "05"):
        handling.set_stage(site.box, "den-1", code, "Văn thư", utc_now())
    assert site.courier.put(site.stick).words == 1
    taken = site.province_takes()
    assert (taken.notices, taken.faults) == (4, [])
    assert codes(site) == ["01", "03", "04", "05"]
    assert lying(site, Direction.DOWN) == ["a"]
    recall(site.down.store, "den-1", BOX, "gửi nhầm", "Sở", time.time())
    assert site.carrying.put(site.stick, [BOX]).words == 1
    told = site.courier.take(site.stick)
    assert (told.notices, told.faults) == (1, [])
    assert not site.box.read(lambda db: notices.unheard(db, BOX, 99)), "the province has heard all of ours"
    assert lying(site, Direction.UP) == ["a"], "what was heard has left; that the recall was heard lies there"
    assert site.box.read(lambda db: notices.recall_asked(db, "den-1"))
    handling.answer_recall(site.box, "den-1", True, "Chủ tịch", utc_now())
    site.courier.put(site.stick)
    assert site.province_takes().notices == 1
    assert codes(site)[-1] == "15"
    assert not Handling(site.down.store).unheard(BOX, 9)
    assert lying(site, Direction.DOWN) == ["a"]


def test_more_notices_than_a_message_holds_arrive_in_order(site: Site) -> None:
    arrived(site)
    for number in range(40):
        handling.set_stage(site.box, "den-1", "03" if not number else "04", f"người {number}", utc_now())
    assert site.courier.put(site.stick).words == 3
    assert site.province_takes().notices == 41
    assert [word.spoken_by for word in Handling(site.down.store).of_document("den-1") if not word.ours] == [
        "", *(f"người {number}" for number in range(40))
    ]  # fmt: skip


def test_orders_are_obeyed_by_hand_one_after_another_and_once(site: Site) -> None:
    first = order(site, "configure", hours=[["07:30", "17:00", 64]])
    order(site)
    assert "commune" in site.carrying.boxes_waiting()[0]
    assert site.carrying.put(site.stick, [BOX]).words == 1
    assert site.courier.take(site.stick).orders == 1
    assert site.courier.take(site.stick).orders == 0, "the same stick again"
    assert [one.counter for one in site.box.read(orders.listed)] == [first.counter]
    taken = site.province_takes()
    assert taken.orders == 1
    assert results(site) == [("done", ""), ("", "")]
    assert lying(site, Direction.DOWN) == ["q"], "the next order took its place"
    assert site.courier.take(site.stick).orders == 1
    site.province_takes()
    assert results(site) == [("done", ""), ("done", "")]
    assert lying(site, Direction.DOWN) == lying(site, Direction.UP) == []
    history = [entry.event for entry in site.box.read(lambda db: list(events.entries(db)))]
    assert history.count("ordered") == 2


def test_old_copies_of_a_stick_change_nothing(site: Site) -> None:
    """Of both ends, at every moment: numbers, counters and outcomes are as after the first time."""
    arrived(site)
    copies: list[Path] = []

    def copy() -> None:
        copies.append(site.folder.with_name(f"copy-{len(copies)}"))
        shutil.copytree(site.folder, copies[-1])

    handling.set_stage(site.box, "den-1", "03", "Văn thư", utc_now())
    order(site)
    site.courier.put(site.stick)
    site.carrying.put(site.stick, [BOX])
    copy()
    site.province_takes()
    copy()
    site.courier.take(site.stick)
    copy()
    handling.set_stage(site.box, "den-1", "04", "Văn thư", utc_now())
    recall(site.down.store, "den-1", BOX, "gửi nhầm", "Sở", time.time())
    site.courier.put(site.stick)
    site.province_takes()
    site.carrying.put(site.stick, [BOX])
    site.courier.take(site.stick)
    site.province_takes()
    before = (codes(site), codes(site, True), results(site), site.box.read(lambda db: len(list(events.entries(db)))))
    assert before[:3] == (["01", "03", "04"], ["13"], [("done", "")])
    for folder in copies:
        old = Stick(folder)
        assert site.courier.take(old).faults == []
        assert site.carrying.take(old, 1.0, site.receiver).faults == []
        assert not Handling(site.down.store).unheard(BOX, 9)
        assert not site.box.read(lambda db: notices.unheard(db, BOX, 9))
    after = (codes(site), codes(site, True), results(site), site.box.read(lambda db: len(list(events.entries(db)))))
    assert after == before
    assert len(site.box.read(orders.listed)) == 1


def test_forged_foreign_and_odd_files_are_left_and_named_and_the_rest_is_taken(site: Site) -> None:
    arrived(site)
    handling.set_stage(site.box, "den-1", "03", "Văn thư", utc_now())
    order(site)
    site.carrying.put(site.stick, [BOX])
    site.courier.put(site.stick)
    down, up = (site.folder / FOLDER / way / BOX / "words" for way in ("down", "up"))
    theirs, ours = next(down.glob("q-*")), next(up.glob("s-*"))
    (down / f"q-{'0' * 16}-{7:012}.cose").write_bytes(theirs.read_bytes()[:-1] + b"\0")
    (down / f"o-{'0' * 16}-{8:012}.cose").write_bytes(b"an outcome is not theirs to say")
    (down / ours.name).write_bytes(ours.read_bytes())  # the box's own words, thrown back at it
    (down / "readme.txt").write_text("no message")
    (down / f"q-{'0' * 16}-{9:012}.cose").symlink_to("/etc/passwd")
    other = site.folder / FOLDER / "up" / OTHER / "words"
    shutil.copytree(up, other)  # the words of one box as another's
    site.down.enrol(OTHER)
    taken = site.courier.take(site.stick)
    assert taken.orders == 1
    assert {fault.code for fault in taken.faults} == {"forged"}
    assert {fault.name[:1] for fault in taken.faults} == {"s", "o"}
    back = site.carrying.take(site.stick, 1.0, site.receiver)
    assert (back.notices, back.orders) == (2, 1)
    assert [(fault.box, fault.code) for fault in back.faults] == [(OTHER, "forged")]
    assert codes(site) == ["01", "03"]
    assert results(site) == [("done", "")]


@contextmanager
def wired(site: Site) -> Iterator[None]:
    """Both ends on the wire, on the same stores as the courier."""
    companions: list[Companion] = [
        site.down.downlink(site.box),
        site.down.notices(site.box),
        site.down.orders(site.box),
    ]
    up = Uplink(site.down.uplink_config(), StoreOutbox(site.box, utc_now), companions=companions)
    with site.down.sending(), running(up.run, up.wake):
        yield


def test_what_comes_by_hand_and_by_the_wire_is_taken_once(site: Site) -> None:
    arrived(site)
    order(site)
    for code in ("03", "04", "05"):
        handling.set_stage(site.box, "den-1", code, "Văn thư", utc_now())
    recall(site.down.store, "den-1", BOX, "gửi nhầm", "Sở", time.time())
    site.courier.put(site.stick)
    site.carrying.put(site.stick, [BOX])
    with wired(site):
        for _ in range(3):
            assert site.courier.take(site.stick).faults == []
            assert site.carrying.take(site.stick, 0.0, site.receiver).faults == []
        wait_for(lambda: not Handling(site.down.store).unheard(BOX, 9), 60)
        wait_for(lambda: not site.box.read(lambda db: notices.unheard(db, BOX, 9)), 60)
        wait_for(lambda: results(site) == [("done", "")], 60)
        assert site.courier.take(site.stick).faults == []
        assert site.carrying.take(site.stick, 0.0, site.receiver).faults == []
    assert codes(site) == ["01", "03", "04", "05"]
    assert codes(site, True) == ["13"]
    assert len(site.box.read(orders.listed)) == 1
    history = [entry.event for entry in site.box.read(lambda db: list(events.entries(db)))]
    assert (history.count("ordered"), history.count("handling-13")) == (1, 1)
