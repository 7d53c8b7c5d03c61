"""Long-term proof of a box's papers: rows and blobs, deadlines, the hold before queueing, the stick, the commands."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from asn1crypto import tsp
from certomancer.registry import ServiceLabel
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.config import load_config
from appliance.domain.documents import Document
from appliance.domain.kinds import Kind
from appliance.domain.states import State
from appliance.health import findings
from appliance.pipeline.longterm import NOT_READY_PAUSE, StampHold, Upgrading
from appliance.pipeline.longterm_courier import Courier
from appliance.pipeline.runner import StepParked
from appliance.pipeline.sending import Enqueueing
from appliance.services.longterm import Longterm, start_longterm
from appliance.services.worker import stamp_hold
from appliance.store import Store, documents, events, manifest, open_store, outbox
from appliance.store import longterm as rows
from hsm.courier_stamps import PendingStamps
from hsm.gathering import Gatherer
from hsm.longterm import Schedule
from hsm.tsa import Pace, StampClient
from hsm.upgrade import Upgrader, begins_with
from hsm.verify import verify_file
from tests.fixtures_pki import TODAY, TestAuthority, sign_letter, sign_today, wait_until
from tests.fixtures_store import Clock, in_state, keep, loaded


@pytest.fixture
def clock(authority: TestAuthority) -> Clock:
    return Clock(TODAY)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "state" / "box.db", tmp_path / "state" / "blobs")
    yield opened
    opened.close()


def put(store: Store, file: Path, state: State = State.SIGNED, signed_at: datetime = TODAY) -> Document:
    """A paper with `file` as its signed form."""
    blob = store.blobs.put(file)
    fresh = in_state(state, kind=Kind.OUTGOING)
    first, last = (dataclasses.replace(one, signed_at=signed_at) for one in fresh.signatures)
    last = dataclasses.replace(last, sha256=blob.sha256, size=blob.size)
    paper = dataclasses.replace(fresh, current_sha256=blob.sha256, current_size=blob.size, signatures=(first, last))
    return keep(store, paper, queue=False, files=False)


def make(store: Store, authority: TestAuthority, clock: Clock, work: Path, *urls: str) -> Upgrading:
    client = StampClient(urls or (authority.tsa(),), authority.stamp_trust, Pace(1000, 60.0), patience=20.0)
    gatherer = Gatherer(authority.trust, authority.stamp_trust, patience=20.0)
    upgrader = Upgrader(authority.trust, authority.stamp_trust, client.stamp, gatherer)
    return Upgrading(store, work, upgrader, clock, Schedule())


def row(store: Store, paper: Document) -> rows.Proof:
    found = store.read(lambda db: rows.find(db, paper.id))
    assert found is not None
    return found


def move(authority: TestAuthority, clock: Clock, **passed: float) -> None:
    clock.advance(**passed)
    authority.at = clock.now


def test_a_signed_paper_is_raised_step_by_step(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    paper = put(box, signed)
    upgrading = make(box, authority, clock, tmp_path / "work")
    assert (upgrading.adopt(), upgrading.adopt()) == (1, 0)
    assert (row(box, paper).level, row(box, paper).step) == ("B-B", "stamp")
    levels = []
    for hours in (0, 1, 20):
        move(authority, clock, hours=hours)
        while upgrading.once() == 0.0:
            levels.append(row(box, paper).level)
        assert upgrading.once() is None, "nothing more waits now"
    assert levels == ["B-T", "B-LT", "B-LTA"]
    now = loaded(box, paper.id)
    assert (now.state, now.current_sha256) == (State.SIGNED, row(box, paper).sha256)
    assert begins_with(box.blobs.existing(now.current_sha256), signed)
    found = verify_file(box.blobs.existing(now.current_sha256), authority.trust, ["leader", "agency"], clock.now)
    assert (found.verdict, found.pdfa) == ("valid", True)
    told = [one for one in box.read(lambda db: list(events.entries(db, paper.id))) if one.event == rows.EVENT]
    assert [one.detail["level"] for one in told] == ["B-T", "B-LT", "B-LTA"]
    assert [one.level for one in box.read(lambda db: manifest.lines(db, paper.id))][-1] == "B-LTA"
    assert row(box, paper).proven_at == TODAY
    assert list((tmp_path / "work").iterdir()) == []


def test_the_signers_own_zone_does_not_delay_a_stamp(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    """Signatures tell their time with +07:00; the rows are compared as text."""
    paper = put(box, signed, signed_at=TODAY.astimezone(timezone(timedelta(hours=7))))
    upgrading = make(box, authority, clock, tmp_path / "work")
    upgrading.adopt()
    assert upgrading.once() == 0.0
    assert row(box, paper).level == "B-T"


def test_after_it_was_sent_the_paper_stays_what_was_sent(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    paper = put(box, signed, State.DELIVERED)
    upgrading = make(box, authority, clock, tmp_path / "work")
    upgrading.adopt()
    assert upgrading.once() == 0.0
    assert loaded(box, paper.id) == paper
    better = row(box, paper)
    assert (better.level, better.sha256 != paper.current_sha256) == ("B-T", True)
    assert {better.sha256, paper.current_sha256} <= box.read(documents.referenced_digests)
    box.blobs.sweep(box.read(documents.referenced_digests), 2**40)
    assert begins_with(box.blobs.existing(better.sha256), box.blobs.existing(paper.current_sha256))


def test_the_earliest_deadline_comes_first(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    hours = (40, 400, 90)
    papers = {h: put(box, signed, State.DELIVERED, TODAY - timedelta(hours=h)) for h in hours}
    upgrading = make(box, authority, clock, tmp_path / "work")
    assert upgrading.adopt() == 3
    while upgrading.once() == 0.0:
        pass
    told = [one for one in box.read(lambda db: list(events.entries(db))) if one.event == rows.EVENT]
    stamped = [one.document_id for one in told if one.detail["level"] == "B-T"]
    assert stamped == [papers[h].id for h in (400, 90, 40)]


def test_a_service_that_is_away_is_no_papers_fault(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    paper = put(box, signed)
    upgrading = make(box, authority, clock, tmp_path / "work", authority.fault("error"))
    upgrading.adopt()
    wait = upgrading.once()
    assert wait is not None and wait >= 1.0
    found = row(box, paper)
    assert (found.level, found.attempts, found.last_error) == ("B-B", 0, "")
    assert list((tmp_path / "work").iterdir()) == []


def test_evidence_that_cannot_be_had_now_is_tried_later(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    paper = put(box, signed)
    upgrading = make(box, authority, clock, tmp_path / "work")
    upgrading.adopt()
    upgrading.once()
    authority.deaf |= {"/box/ocsp", "/box/crls"}
    move(authority, clock, hours=1)
    assert upgrading.once() == 0.0
    found = row(box, paper)
    assert (found.level, found.attempts, found.last_error, found.given_up) == ("B-T", 1, "evidence-unreachable", False)
    assert upgrading.once() is None, "it waits"
    authority.deaf.clear()
    move(authority, clock, minutes=6)
    assert upgrading.once() == 0.0
    assert (row(box, paper).level, row(box, paper).attempts) == ("B-LT", 0)


def test_what_can_never_be_proven_is_told_and_left(
    authority: TestAuthority, clock: Clock, box: Store, tmp_path: Path
) -> None:
    revoked, _ = sign_letter(authority, tmp_path, leader="revoked")
    paper = put(box, revoked)
    upgrading = make(box, authority, clock, tmp_path / "work")
    upgrading.adopt()
    upgrading.once()
    move(authority, clock, hours=1)
    upgrading.once()
    assert (row(box, paper).given_up, row(box, paper).last_error) == (True, "evidence-revoked")
    move(authority, clock, days=30)
    assert upgrading.once() is None


def test_a_damaged_file_is_never_stamped(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    content = bytearray(signed.read_bytes())
    content[700] ^= 1
    signed.write_bytes(content)
    paper = put(box, signed)
    upgrading = make(box, authority, clock, tmp_path / "work")
    upgrading.adopt()
    upgrading.once()
    assert row(box, paper).given_up
    assert row(box, paper).last_error.startswith("upgrade-not-sound")
    assert "/box/tsa/tsa" not in authority.asked


# --- the hold before queueing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "told", "held"),
    [
        (5, {"ready": True, "waiting": 1}, True),
        (25, {"ready": True, "waiting": 1}, False),
        (5, {"ready": False, "waiting": 1}, False),
        (5, {"ready": True, "waiting": 50}, False),
        (5, None, False),
    ],
)
def test_a_paper_is_held_for_its_stamp_only_while_services_answer(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path, seconds: int, told, held: bool
) -> None:
    paper = put(box, signed)
    make(box, authority, clock, tmp_path / "work").adopt()
    state, now = tmp_path / "longterm.json", TODAY + timedelta(seconds=seconds)
    if told is not None:
        state.write_text(json.dumps({"at": now.isoformat(), **told}))
    hold = StampHold(box, state, timedelta(seconds=20))
    assert (hold(paper, now) is not None) is held
    assert StampHold(box, state, timedelta(0))(paper, now) is None


def test_a_stamped_paper_is_not_held(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    paper = put(box, signed)
    upgrading = make(box, authority, clock, tmp_path / "work")
    upgrading.adopt()
    upgrading.once()
    state = tmp_path / "longterm.json"
    state.write_text(json.dumps({"at": TODAY.isoformat(), "ready": True, "waiting": 0}))
    assert StampHold(box, state, timedelta(seconds=20))(loaded(box, paper.id), TODAY) is None


# --- by courier ------------------------------------------------------------------------------------------------------


def courier(box: Store, authority: TestAuthority, clock: Clock, tmp_path: Path) -> Courier:
    upgrading = make(box, authority, clock, tmp_path / "work", authority.fault("error"))
    return Courier(box, tmp_path / "courier", upgrading, authority.trust, authority.stamp_trust)


def answer(authority: TestAuthority, stick: Path, service: str = "tsa") -> None:
    """What somebody in town does with the stick."""
    for one in json.loads((stick / "manifest.json").read_text())["requests"]:
        asked = tsp.TimeStampReq.load((stick / one["file"]).read_bytes())
        summoned = authority.arch.service_registry.summon_timestamper(ServiceLabel(service), authority.at)
        (stick / one["answer"]).write_bytes(summoned.request_tsa_response(asked).dump())


def test_stamps_by_courier(authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path) -> None:
    papers = [put(box, signed), put(box, sign_letter(authority, tmp_path)[0], State.DELIVERED)]
    one, stick = courier(box, authority, clock, tmp_path), tmp_path / "stick"
    assert len(one.export(stick, "commune-27007", clock.now)) == 2
    first = {path.name: path.read_bytes() for path in stick.iterdir()}
    one.export(stick, "commune-27007", clock.now)
    assert {path.name: path.read_bytes() for path in stick.iterdir()} == first, "the same question again"
    assert sum(len(content) for name, content in first.items() if name.endswith(".tsq")) < 300
    assert all(paper.id not in str(first) for paper in papers), "nothing on the stick names a paper"
    move(authority, clock, days=3)
    answer(authority, stick)
    assert [taken.result for taken in one.take_in(stick, (), clock.now)] == ["applied", "applied"]
    for paper in papers:
        found = row(box, paper)
        assert (found.level, found.stamped_at) == ("B-T", clock.now)
        file = box.blobs.existing(found.sha256)
        assert begins_with(file, box.blobs.existing(paper.signatures[-1].sha256))
        assert verify_file(file, authority.trust, ["leader", "agency"], clock.now).verdict == "valid"
    assert one.take_in(stick, (), clock.now) == []
    assert list(PendingStamps(tmp_path / "courier").every()) == []
    assert one.export(stick, "commune-27007", clock.now) == []


def test_the_requests_are_what_other_products_read(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    put(box, signed)
    (made,) = courier(box, authority, clock, tmp_path).export(tmp_path / "stick", "commune-27007", clock.now)
    command = ["openssl", "ts", "-query", "-in", str(tmp_path / "stick" / f"{made.name}.tsq"), "-text"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Hash Algorithm: sha256" in told
    shown = "".join(
        part for line in told.splitlines() if " - " in line for part in line.split(" - ")[1].split("   ")[0]
    )
    assert made.request.digest.hex() in shown.replace("-", "").replace(" ", "")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("junk", "tsa-not-an-answer"),
        ("other", "tsa-imprint"),
        ("stranger", "tsa-untrusted"),
        ("empty", "tsa-not-an-answer"),
    ],
)
def test_wrong_answers_are_refused_and_the_right_one_still_counts(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path, name: str, code: str
) -> None:
    paper = put(box, signed)
    other = put(box, sign_letter(authority, tmp_path)[0])
    one, stick = courier(box, authority, clock, tmp_path), tmp_path / "stick"
    made = {pending.document_id: pending.name for pending in one.export(stick, "commune-27007", clock.now)}
    answer(authority, stick, "strange-tsa" if name == "stranger" else "tsa")
    wrong = stick / f"{made[paper.id]}.tsr"
    right = wrong.read_bytes()
    if name == "other":
        wrong.write_bytes((stick / f"{made[other.id]}.tsr").read_bytes())
    elif name != "stranger":
        wrong.write_bytes(b"<html>" if name == "junk" else b"")
    (stick / f"{made[other.id]}.tsr").unlink()
    (taken,) = one.take_in(stick, (), clock.now)
    assert (taken.document_id, taken.result, taken.code) == (paper.id, "refused", code)
    assert row(box, paper).level == "B-B"
    if name != "stranger":
        wrong.write_bytes(right)
        assert [again.result for again in one.take_in(stick, (), clock.now)] == ["applied"]


def test_an_answer_for_a_file_that_has_changed_since_is_superseded(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    paper = put(box, signed)
    one, stick = courier(box, authority, clock, tmp_path), tmp_path / "stick"
    one.export(stick, "commune-27007", clock.now)
    answer(authority, stick)
    make(box, authority, clock, tmp_path / "work").once()
    before = row(box, paper)
    assert [taken.result for taken in one.take_in(stick, (), clock.now)] == ["superseded"]
    assert row(box, paper) == before
    assert one.take_in(stick, (), clock.now) == []


# --- the commands ----------------------------------------------------------------------------------------------------


@pytest.fixture
def config(authority: TestAuthority, tmp_path: Path) -> Path:
    (tmp_path / "den").mkdir()
    for name in ("root", "issuing", "leader", "agency"):
        shutil.copyfile(authority.pem(name), tmp_path / f"{name}.pem")
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
[box]
id = "commune-27007"
commune = "UBND xã Thử"
state_dir = "state"
[signer]
roots = ["root.pem"]
intermediates = ["issuing.pem"]
[[signer.keys]]
slot = "agency"
token = "agency"
key_id = "02"
certificate = "agency.pem"
[longterm]
tsa = ["{authority.tsa("tsa-today")}"]
patience_seconds = 20
[[folders]]
path = "den"
""",
        encoding="utf-8",
    )
    return path


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["--config", str(config), *words])


@pytest.fixture
def today(authority: TestAuthority) -> datetime:
    """The commands ask the machine's clock: the authority follows it."""
    now = authority.at = datetime.now(UTC)
    return now


def test_the_commands_raise_and_tell(
    authority: TestAuthority, today: datetime, config: Path, box: Store, tmp_path: Path
) -> None:
    put(box, sign_today(authority, tmp_path, today), signed_at=today)
    done = run(config, "timestamps", "run", "--json")
    assert done.exit_code == 0, done.output
    assert [one["level"] for one in json.loads(done.stdout)["raised"]] == ["B-LT"]
    assert json.loads(done.stdout)["lists"] == 2
    shown = json.loads(run(config, "timestamps", "show", "--json").stdout)
    assert shown["levels"] == {"B-B": 0, "B-T": 0, "B-LT": 1, "B-LTA": 0}
    assert "B-LT 1" in run(config, "timestamps", "show").stdout
    listed = json.loads(run(config, "revocation", "show", "--json").stdout)["lists"]
    assert [one["fresh"] for one in listed] == [True, True]
    saved = run(config, "timestamps", "save", shown["papers"][0]["document"], "-o", str(tmp_path / "best.pdf"))
    assert saved.exit_code == 0
    best = verify_file(tmp_path / "best.pdf", authority.trust, ["leader", "agency"], today)
    assert (best.verdict, [one.timestamp for one in best.signatures].count(True)) == ("valid", 2)
    assert run(config, "timestamps", "save", "nobody", "-o", str(tmp_path / "x.pdf")).exit_code == 5


def test_the_stick_by_command(
    authority: TestAuthority, today: datetime, config: Path, box: Store, tmp_path: Path
) -> None:
    put(box, sign_today(authority, tmp_path, today), signed_at=today)
    stick = tmp_path / "usb"
    written = json.loads(run(config, "timestamps", "export", str(stick), "--json").stdout)
    assert len(written["requests"]) == 1
    answer(authority, stick)
    for results in (["applied"], []):
        taken = run(config, "timestamps", "import", str(stick), "--json")
        assert taken.exit_code == 0, taken.output
        assert [one["result"] for one in json.loads(taken.stdout)["answers"]] == results
    assert run(config, "timestamps", "export", str(stick / "manifest.json" / "x")).exit_code == 1


def test_lists_by_command(authority: TestAuthority, today: datetime, config: Path, tmp_path: Path) -> None:
    (tmp_path / "g2.crl").write_bytes(authority.crl("issuing", today))
    assert run(config, "revocation", "import", str(tmp_path / "g2.crl")).exit_code == 0
    (tmp_path / "other.crl").write_bytes(b"no list")
    refused = run(config, "revocation", "import", str(tmp_path / "other.crl"), "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["lists"][0]["code"]) == (1, "list-unreadable")
    fetched = json.loads(run(config, "revocation", "fetch", "--json").stdout)["lists"]
    assert [one["taken"] for one in fetched] == [True, True]


def test_extend_works_alone(authority: TestAuthority, today: datetime, tmp_path: Path) -> None:
    file = sign_today(authority, tmp_path, today)
    words = ["--trust", str(authority.pem("root")), "--intermediate", str(authority.pem("issuing"))]
    for number, level in enumerate(("B-T", "B-LT", "B-LTA")):
        target = tmp_path / f"{number}.pdf"
        command = [
            "timestamps",
            "extend",
            str(file),
            "-o",
            str(target),
            *words,
            "--tsa",
            authority.tsa("tsa-today"),
            "--json",
        ]
        done = CliRunner().invoke(main, command)
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["level"] == level
        assert begins_with(target, file)
        file = target
    refused = CliRunner().invoke(main, [*command[:-2], authority.fault("portal"), "--json"])
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (1, "tsa-not-an-answer")


def test_check_tells_the_backlog_by_its_deadline(
    authority: TestAuthority, today: datetime, config: Path, box: Store, signed: Path
) -> None:
    loaded_config = load_config(config)

    def codes(now: datetime) -> dict[str, bool]:
        told = findings(loaded_config, now)
        return {one.code: one.serious for one in told if one.code.startswith(("proof", "revocation"))}

    assert codes(TODAY) == {"revocation-none": False}
    put(box, signed)
    make(box, authority, Clock(TODAY), config.parent / "work").adopt()
    assert codes(TODAY) == {"revocation-none": False, "proof-backlog": False}
    late = codes(TODAY + timedelta(days=8))
    assert late["proof-overdue"] is False
    nearly = datetime(2027, 12, 20, tzinfo=UTC)
    assert codes(nearly)["proof-nearly-lost"] is True
    assert codes(datetime(2028, 2, 1, tzinfo=UTC))["proof-lost"] is False
    run(config, "revocation", "fetch")
    assert "revocation-none" not in codes(TODAY)
    assert codes(today + timedelta(days=200))["revocation-stale"] is False


# --- the thread of serve sync ----------------------------------------------------------------------------------------


def test_the_thread_fetches_lists_and_stamps(
    authority: TestAuthority, today: datetime, config: Path, box: Store, tmp_path: Path
) -> None:
    paper = put(box, sign_today(authority, tmp_path, today), signed_at=today)
    settings, stop = load_config(config), threading.Event()
    (tmp_path / "state" / "work-longterm").mkdir()
    (tmp_path / "state" / "work-longterm" / "left-by-a-killed-one.pdf").write_bytes(b"content")
    thread = start_longterm(settings, box, stop)
    wait_until(lambda: [one.level for one in box.read(rows.standing)] == ["B-LT"], 120)
    wait_until(lambda: json.loads(settings.longterm_file.read_text())["waiting"] == 0)
    assert json.loads(settings.longterm_file.read_text())["ready"] is True
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert len(list(settings.lists.glob("*.crl"))) == 2
    assert list((tmp_path / "state" / "work-longterm").iterdir()) == []
    assert loaded(box, paper.id).current_sha256 == row(box, paper).sha256


def test_a_missing_certificate_file_does_not_end_the_service(
    config: Path, box: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "root.pem").unlink()
    stop = threading.Event()
    thread = start_longterm(load_config(config), box, stop)
    wait_until(lambda: "cannot begin" in caplog.text)
    assert thread.is_alive()
    stop.set()
    thread.join(20)


def test_without_a_service_nothing_is_asked_but_lists(
    authority: TestAuthority, today: datetime, config: Path, box: Store, tmp_path: Path
) -> None:
    put(box, sign_today(authority, tmp_path, today), signed_at=today)
    config.write_text(config.read_text().replace(f'tsa = ["{authority.tsa("tsa-today")}"]', "tsa = []"))
    assert Longterm(load_config(config), box).turn() == 30.0
    assert {path.split("/")[2] for path in authority.asked} == {"crls"}
    assert [one.level for one in box.read(rows.standing)] == ["B-B"]


def test_while_no_service_may_be_asked_no_evidence_is_gathered(
    authority: TestAuthority, clock: Clock, box: Store, signed: Path, tmp_path: Path
) -> None:
    put(box, signed)
    client = StampClient((authority.tsa(),), authority.stamp_trust, Pace(1, 3600.0), patience=20.0)
    gatherer = Gatherer(authority.trust, authority.stamp_trust)
    upgrader = Upgrader(authority.trust, authority.stamp_trust, client.stamp, gatherer)
    upgrading = Upgrading(box, tmp_path / "work", upgrader, clock, Schedule(), client.ready)
    upgrading.adopt()
    assert upgrading.once() == 0.0
    for _ in range(3):
        assert upgrading.once() == NOT_READY_PAUSE
    assert authority.asked == ["/box/tsa/tsa"]


def test_a_fresh_paper_goes_out_with_its_stamp_or_without_when_services_are_away(
    authority: TestAuthority, today: datetime, config: Path, box: Store, tmp_path: Path
) -> None:
    """The worker's queueing step and the thread of serve sync, side by side as in a served box."""
    signed = sign_today(authority, tmp_path, today)
    settings = load_config(config)
    enqueueing = Enqueueing(box, stamp_hold(settings, box))
    work = Longterm(settings, box)
    work.turn()  # nothing waits; it tells that services answer
    paper = put(box, signed, signed_at=today)
    make(box, authority, Clock(today), tmp_path / "work").adopt()
    with pytest.raises(StepParked, match="awaiting-timestamp"):
        enqueueing(paper, datetime.now(UTC))
    assert work.turn() == 0.0
    enqueueing(loaded(box, paper.id), datetime.now(UTC))
    sent = box.read(lambda db: outbox.latest(db, paper.id))
    assert sent is not None
    assert (sent.sha256, sent.sha256 != paper.current_sha256) == (row(box, paper).sha256, True)
    assert verify_file(box.blobs.existing(sent.sha256), authority.trust, ["leader", "agency"]).verdict == "valid"
    while work.turn() == 0.0:
        pass
    assert row(box, paper).level == "B-LT"
    assert loaded(box, paper.id).current_sha256 == sent.sha256, "what is under way stays what it is"

    authority.deaf.add("/box/tsa")
    other = put(box, sign_today(authority, tmp_path, today), signed_at=datetime.now(UTC))
    make(box, authority, Clock(today), tmp_path / "work").adopt()
    work.turn()
    enqueueing(other, datetime.now(UTC))
    waiting = box.read(lambda db: outbox.latest(db, other.id))
    assert waiting is not None and waiting.sha256 == other.current_sha256
