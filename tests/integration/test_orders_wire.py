"""Orders over a real mosquitto: obeyed once by the right box, told, and never again (PROTOCOL.md §5.6)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from appliance.pipeline.ordering import ordered_hours
from appliance.store import events, orders
from sync.protocol.cose import seal
from sync.protocol.orders import Order, Outcome
from sync.protocol.topics import Kind, downward, upward
from sync.province.cli import main
from sync.province.store.ordering import Ordered, Orders
from sync.wire_identity import SigningKey
from tests.fixtures_province import BOX
from tests.fixtures_province_down import DownSite, paper, wait_for
from tests.integration.test_downward_wire import Intruder

OTHER = "commune-00002"


def province(site: DownSite, *words: str | Path, code: int = 0) -> Any:
    folder = str(site.site.folder.root)
    answer = CliRunner().invoke(main, [*map(str, words), "--dir", folder, "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout) if answer.stdout else answer.stderr


def only(site: DownSite, box: str = BOX) -> Ordered:
    (found,) = Orders(site.store).listed(box)
    return found


def test_a_box_sends_its_history_when_it_is_ordered_to(down_site: DownSite) -> None:
    down_site.send(paper(9_000), "den-1")
    with down_site.sending(), down_site.box():
        wait_for(lambda: down_site.answer("den-1"))
        province(down_site, "order", "log", BOX, "--lines", "50")
        wait_for(lambda: only(down_site).result == "done")
    (told,) = province(down_site, "orders")["orders"]
    assert "electronic-stored den-1" in told["report"]


def test_orders_are_obeyed_one_after_another_also_by_a_box_that_was_away(down_site: DownSite) -> None:
    down_site.enrol()
    province(down_site, "order", "hours", BOX, "07:30-17:00=64")
    province(down_site, "order", "update", BOX, "--version", "1.2.0", "--sha256", "0" * 64)
    province(down_site, "order", "hours", BOX)
    with down_site.sending():
        time.sleep(1.5)
        assert {one.result for one in Orders(down_site.store).listed()} == {""}
        with down_site.box() as store:
            wait_for(lambda: {one.result for one in Orders(down_site.store).listed()} == {"done"}, 30)
            obeyed = [one.verb for one in reversed(store.read(orders.listed))]
            assert obeyed == ["configure", "offer-update", "configure"]
            assert store.read(ordered_hours) == []


def test_an_outcome_that_was_lost_is_told_again_and_the_order_not_obeyed_again(down_site: DownSite) -> None:
    down_site.enrol()
    province(down_site, "order", "log", BOX)
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: only(down_site).result == "done")
        first = only(down_site)
        with down_site.store.connection.writing() as raw:
            raw.execute("UPDATE orders SET result = '', report = '', outcome = NULL, answered_at = NULL")
        wait_for(lambda: only(down_site).result == "done", 60)
        assert only(down_site).report == first.report
        assert [entry.event for entry in store.read(lambda db: list(events.entries(db)))] == ["ordered"]


def test_a_replayed_order_and_another_boxs_order_are_refused_and_the_province_hears_of_it(
    down_site: DownSite,
) -> None:
    down_site.enrol()
    down_site.enrol(OTHER)
    issued = Orders(down_site.store).issue(OTHER, "log", {"lines": 5}, 1)
    mine = Orders(down_site.store).issue(BOX, "log", {"lines": 5}, 1)
    old = mine.order()
    with down_site.sending(), down_site.box() as store:
        wait_for(lambda: only(down_site).result == "done")
        province(down_site, "order", "log", BOX, "--lines", "7")
        wait_for(lambda: {one.result for one in Orders(down_site.store).listed(BOX)} == {"done"})
    with down_site.box() as store:
        thief = Intruder(down_site, "province-sender")
        for order in (issued.order(), Order(BOX, old.counter, "log", {"lines": 6}, 1)):
            assert thief.says(downward(BOX, Kind.ORDER), seal(down_site.kid, order.encode(), down_site.key.sign))
        forged = seal(down_site.kid, Order(BOX, 2**40, "log", {"lines": 6}).encode(), SigningKey.generate().sign)
        assert thief.says(downward(BOX, Kind.ORDER), forged)
        wait_for(lambda: len(down_site.findings) == 3)
        assert down_site.findings == ["foreign-order", "replayed-order", "bad-signature"]
        assert len(store.read(orders.listed)) == 2
        thief.link.close()
        with down_site.sending():
            thief = Intruder(down_site, "province-receiver")
            replay = seal(down_site.kid, issued.order().encode(), down_site.key.sign)
            assert thief.says(downward(BOX, Kind.ORDER), replay)
            wait_for(lambda: [seen.code for seen in down_site.store.fleet.observations()] == ["foreign-box"])
            thief.link.close()
    assert only(down_site, OTHER).result == "", "the other box's order is still its own"


def test_no_box_can_answer_for_another(down_site: DownSite) -> None:
    device = SigningKey.load(down_site.enrol(OTHER) / "device.key")
    down_site.enrol()
    issued = Orders(down_site.store).issue(BOX, "log", {"lines": 5}, 1)
    lie = Outcome(BOX, issued.counter, issued.order().digest, "done", "", "nothing happened")
    with down_site.sending():
        thief = Intruder(down_site, OTHER)
        assert not thief.says(upward(BOX, Kind.OUTCOME), seal(BOX, lie.encode(), device.sign))
        assert thief.says(upward(OTHER, Kind.OUTCOME), seal(OTHER, lie.encode(), device.sign))
        wait_for(lambda: down_site.store.fleet.observations())
        assert only(down_site).result == ""
        thief.link.close()


def test_mistakes_in_orders_are_told(down_site: DownSite) -> None:
    down_site.enrol()
    province(down_site, "order", "log", "commune-99999", code=3)
    province(down_site, "order", "hours", BOX, "7:30-17=64", code=3)
    province(down_site, "order", "update", BOX, "--version", "x y", "--sha256", "0" * 64, code=3)
    assert Orders(down_site.store).listed() == []
