"""A province in miniature through the real cores: nothing lost, nothing twice, the same for the same seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sync.protocol.step import CommitReceipt
from sync.province.simulation import model, playing
from sync.province.simulation.country import row, simulate, summed
from sync.province.simulation.model import DAY, HOUR, LINES, Office, Paper, Scenario, offices_of
from sync.province.simulation.picture import draw_backlog
from sync.province.simulation.playing import Playing, play
from sync.province.simulation.receiving import Receiving

SMALL = Scenario(boxes=12, days=8, seed=3, papers_a_day=6.0, regional_from=2.3, regional_days=1.0)


def test_nothing_is_lost_or_twice_over_cuts_and_restarts() -> None:
    figures = simulate(SMALL)
    assert figures.ready > 200
    assert figures.lost == 0
    assert figures.delivered <= figures.stored <= figures.ready, "a receipt may be under way at the end"
    assert figures.waiting + figures.delivered == figures.ready
    assert figures.up_bytes > figures.file_bytes * figures.delivered / figures.ready * 0.9
    assert sum(each.count for each in figures.by_line) == sum(each.count for each in figures.by_priority)


class Forgetful(Receiving):
    """A receiver that answers "stored" and drops the row of every tenth document: a disk that lied."""

    def _commit(self, change: CommitReceipt) -> None:
        super()._commit(change)
        if self.stored % 10 == 0:
            self.rows.held.discard((change.box, change.tid))


class Confused(Receiving):
    """A receiver that keeps every row under another transfer: as many rows as receipts, none of them right."""

    def _commit(self, change: CommitReceipt) -> None:
        super()._commit(change)
        self.rows.held.discard((change.box, change.tid))
        self.rows.held.add((change.box, change.tid[::-1]))


def test_a_receiver_that_does_not_hold_what_it_receipted_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = simulate(SMALL)
    monkeypatch.setattr(playing, "Receiving", Forgetful)
    forgetful = simulate(SMALL)
    assert forgetful.delivered == honest.delivered, "its boxes see nothing"
    assert 0 < forgetful.lost == pytest.approx(honest.stored / 10, abs=2)
    monkeypatch.setattr(playing, "Receiving", Confused)
    confused = simulate(SMALL)
    assert confused.stored == honest.stored and confused.lost == confused.delivered


def test_a_document_that_nobody_speaks_of_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Playing._ready

    def leaky(self: Playing, box: playing._Box, paper: Paper, at: float) -> None:
        ready(self, box, paper, at)
        if self.played.ready == 7:
            box.waiting.popitem()

    monkeypatch.setattr(Playing, "_ready", leaky)
    alone = office([Paper(HOUR + n, 20_000, 0) for n in range(9)], [(HOUR - 60, HOUR + 60)], "ADSL")
    assert played(monkeypatch, alone).lost == 1


def test_the_same_seed_is_the_same_country_and_another_is_not() -> None:
    assert summed(SMALL, [play(SMALL, 0)]) == summed(SMALL, [play(SMALL, 0)])
    assert offices_of(replace(SMALL, seed=4), 0) != offices_of(SMALL, 0)


def test_a_regional_cut_shows_in_the_backlog_and_goes_away() -> None:
    cut = simulate(SMALL)
    without = simulate(replace(SMALL, regional_share=0.0))
    after = int((SMALL.regional_from + SMALL.regional_days) * 48)
    assert max(cut.backlog) > 3 * max(1, without.backlog[after - 1])
    assert cut.backlog[after - 1] == max(cut.backlog)
    assert cut.backlog[after + 4] < max(cut.backlog) / 3, "an hour or two after it, most has travelled"


def office(papers: list[Paper], cuts: list[tuple[float, float]], line: str = "2G") -> Office:
    kind = next(each for each in LINES if each.name == line)
    return Office("commune-00001", kind, tuple(papers), tuple(cuts), ())


def played(monkeypatch: pytest.MonkeyPatch, alone: Office, days: int = 1) -> playing.Played:
    monkeypatch.setattr(playing, "offices_of", lambda _scenario, _province: [alone])
    return Playing(Scenario(1, days, 1), 0).run()


def test_a_line_takes_the_time_its_rate_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = played(monkeypatch, office([Paper(HOUR, 500_000, 0)], []))
    (delivery,) = outcome.deliveries
    assert 500_000 * 8 / 40e3 < delivery.took < 500_000 * 8 / 40e3 * 1.25 + 5


def test_hoa_toc_overtakes_bulk_on_the_thinnest_line(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = played(monkeypatch, office([Paper(HOUR, 2_000_000, 0), Paper(HOUR + 60, 8_000, 3)], []))
    assert {delivery.priority for delivery in outcome.deliveries} == {0, 3}
    urgent = next(delivery for delivery in outcome.deliveries if delivery.priority == 3)
    assert urgent.took < 15


def test_a_storm_between_two_samples_shows_in_the_backlog(monkeypatch: pytest.MonkeyPatch) -> None:
    storm = [Paper(7.5 * HOUR + second, 20_000, 0) for second in range(5)]
    outcome = played(monkeypatch, office(storm, [], "cáp quang"))
    assert len(outcome.deliveries) == 5 and max(each.took for each in outcome.deliveries) < 5
    assert max(outcome.backlog) >= 1 and outcome.backlog[-1] == 0
    slow = played(monkeypatch, office(storm, [], "2G"))
    assert max(slow.backlog) >= 4 and slow.backlog.index(max(slow.backlog)) == 16


def test_a_cut_line_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts = [(HOUR + 20.0 * n, HOUR + 20.0 * n + 2) for n in range(1, 60)]
    outcome = played(monkeypatch, office([Paper(HOUR, 1_000_000, 0)], cuts))
    (delivery,) = outcome.deliveries
    assert delivery.took < 2.1 * 1_000_000 * 8 / 40e3
    assert sum(outcome.wire_up.values()) < 1_000_000 * 1.25


def test_weeks_and_days_have_their_shape() -> None:
    papers = [paper for each in offices_of(Scenario(300, 14, 1), 0) for paper in each.papers]
    weekend = [paper for paper in papers if paper.at // DAY % 7 >= 5]
    assert len(weekend) < len(papers) * 0.05
    storm = [paper for paper in papers if 7.5 * HOUR <= paper.at % DAY < 7.6 * HOUR]
    assert 0.3 < len(storm) / len(papers) < 0.4
    assert sum(kind.share for kind in model.LINES) == pytest.approx(1.0)


def test_rows_and_picture(tmp_path: Path) -> None:
    assert row("x", []).count == 0
    assert row("x", [3.0, 1.0, 2.0]).took[0] == 2.0
    draw_backlog([0, 5, 90, 3] * 48, "12 hộp", "ngày", tmp_path / "a.png")
    draw_backlog([], "không", "ngày", tmp_path / "b.png")
    picture = Image.open(tmp_path / "a.png")
    assert picture.format == "PNG" and len(picture.convert("RGB").getcolors(1 << 16) or ()) > 20
