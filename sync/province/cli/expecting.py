"""The command about the configuration that boxes of a province share: profile."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import click

from sync.province.cli.answering import ExitCode, dir_option, emit, fail, help_text, json_option, opened, w
from sync.province.overview import expected_profile, profile_said
from sync.province.people.rows import People
from sync.province.profiles import profile_of
from sync.province.store.expected import PROFILE, Expected
from sync.province.wording import _


@click.command(
    name="profile",
    help=help_text(
        _(
            "Cấu hình do tỉnh quy định: mã đang dùng ở các hộp, mã cả tỉnh phải dùng, hộp nào lệch. "
            "Mã thoát 8 khi có hộp lệch."
        ),
        "commune-province profile --expect 5f1c0a9be2d47788 --by lan --dir tinh",
    ),
)
@click.option(
    "--expect",
    default=None,
    help=w.say(_("Từ nay mọi hộp phải dùng mã này (16 chữ số hex); để trống: theo số đông.")),
)
@click.option("--by", "person", default="", help=w.say(_("Ai làm việc này.")))
@dir_option
@json_option
def profile(expect: str | None, person: str, directory: Path, as_json: bool) -> None:
    """What boxes have and should have; who differs."""
    store, now = opened(directory), time.time()
    if expect is not None:
        if expect and not profile_of(expect):
            fail(_("Mã cấu hình gồm 16 chữ số hex, như lệnh `commune-box config profile` in ra."), ExitCode.BAD_INPUT)
        if not person.strip():
            fail(_("Ai làm việc này."), ExitCode.BAD_INPUT)
        Expected(store.connection).say(PROFILE, profile_of(expect), person.strip(), now)
        People(store.connection).note_deed(person.strip(), "profile-expected", "", profile_of(expect), now)
    boxes, presences = [box for box in store.fleet.boxes() if box.revoked_at is None], store.fleet.presences()
    wanted = expected_profile(store, boxes, presences)
    said = {box: profile_said(presences.get(box.box)) for box in boxes}
    other = [(box, had) for box, had in said.items() if had and wanted and had != wanted]
    counts = Counter(had for had in said.values() if had)
    lines = [w.say(_("Mã phải dùng: {profile}")).format(profile=wanted or w.say(_("chưa xác định")))]
    lines += [
        w.say(_("{profile}: {count} hộp")).format(profile=had, count=count) for had, count in counts.most_common()
    ]
    lines += [
        w.say(_("{box}  {commune}  lệch: {profile}")).format(box=box.box, commune=box.commune, profile=had)
        for box, had in other
    ]
    facts = {
        "expected": wanted,
        "said": Expected(store.connection).value(PROFILE),
        "profiles": dict(counts),
        "drifted": [{"box": box.box, "commune": box.commune, "profile": had} for box, had in other],
    }
    emit(facts, "\n".join(lines), as_json)
    if other:
        raise SystemExit(int(ExitCode.PROBLEMS_FOUND))
