"""Nothing the child writes is believed before it has exactly the agreed shape."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_intake import digitize as parent
from scanner_intake import digitize_children
from scanner_intake.digitize import Digitized, Field, Limits, Marking
from scanner_intake.digitized import BadResult, dump, parse

PDF = Path("/somewhere/a.pdf")
GOOD = Digitized(
    verdict="ok",
    pages=2,
    pdf=PDF,
    text=("Số: 05/QĐ-UBND\nđiều 1", ""),
    fields={
        "code": Field("05/QĐ-UBND", 0.95, 1, (10.0, 20.0, 90.0, 32.5)),
        "type_name": Field("Công văn", 0.5, 1, None),
        "code_number": Field("05", 0.3, 1, None, guess=True),
    },
    absent={"code_number": "handwritten", "place": "not-found"},
    markings=(Marking("urgency", "khan", 1, (1.0, 2.0, 3.0, 4.0), 0.9),),
    warnings=("marking-not-checked",),
    media_type="application/pdf",
)


def changed(**parts: Any) -> bytes:
    return json.dumps(json.loads(dump(GOOD)) | parts).encode()


def test_a_result_survives_the_border() -> None:
    assert parse(dump(GOOD), PDF) == GOOD


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"verdict": "ok"}',
        b"[" * 100_000,
        changed(verdict="fine"),
        changed(extra=1),
        changed(pages=-1),
        changed(pages=True),
        changed(pages="2"),
        changed(has_pdf=False),
        changed(has_pdf=1),
        changed(text="all of it"),
        changed(text=["a\u0000b"]),
        changed(text=["a\ud800"]),
        changed(text=["e\u0302"]),
        changed(text=["x" * 500_000]),
        changed(fields={"password": {"value": "x", "confidence": 1, "page": 1, "box": None, "guess": False}}),
        changed(fields={"code": {"value": "x", "confidence": 0.9, "page": 1, "box": None, "guess": True}}),
        changed(fields={"code": {"value": "x", "confidence": 0.2, "page": 1, "box": None, "guess": 1}}),
        changed(absent={"password": "not-found"}),
        changed(absent={"code": "forgotten"}),
        changed(absent=[]),
        changed(fields={"code": {"value": "x", "confidence": 2, "page": 1, "box": None, "guess": False}}),
        changed(fields={"code": {"value": "x\n", "confidence": 1, "page": 1, "box": None, "guess": False}}),
        changed(fields={"code": {"value": "x", "confidence": 1, "page": 3, "box": None, "guess": False}}),
        changed(fields={"code": {"value": "x", "confidence": 1, "page": 1, "box": [1, 2, 3], "guess": False}}),
        changed(fields={"code": {"value": "x", "confidence": float("nan"), "page": 1, "box": None, "guess": False}}),
        changed(markings=[{"kind": "urgency"}]),
        changed(markings=[{"kind": "bomb", "value": "", "page": 1, "box": [0, 0, 1, 1], "confidence": 1}]),
        changed(warnings=["<script>"]),
        changed(code="No such code!"),
        changed(media_type="text/html"),
        changed(verdict="suspected-secret", has_pdf=False),
        changed(verdict="suspected-secret", has_pdf=False, text=[], fields={}) + b"}",
    ],
)
def test_anything_else_is_refused(raw: bytes) -> None:
    with pytest.raises(BadResult):
        parse(raw, PDF)


@given(st.binary(max_size=60), st.integers(0, len(dump(GOOD))), st.integers(0, 40))
def test_mangled_results_are_refused_or_well_formed(noise: bytes, place: int, cut: int) -> None:
    raw = dump(GOOD)
    try:
        result = parse(raw[:place] + noise + raw[place + cut :], PDF)
    except BadResult:
        return
    assert result.verdict in parent.VERDICTS
    assert set(result.fields) <= set(parent.FIELD_NAMES)


MOTHER = """
import json, os, pathlib, sys
from scanner_intake import digitize_child, digitize_mother
def child(arguments, passwords):
    exec({child!r}, {{"sys": sys, "os": os, "json": json, "pathlib": pathlib, "w": pathlib.Path(arguments[0])}})
    return 0
digitize_child.main = child
digitize_mother._prepare = lambda: None
sys.exit(digitize_mother.main())
"""


@pytest.fixture(autouse=True)
def _own_mothers() -> Iterator[None]:
    """No mother of one test serves another."""
    digitize_children.stop()
    yield
    digitize_children.stop()


def instead_of_the_child(monkeypatch: pytest.MonkeyPatch, child: str) -> None:
    """The real mother forks children that run `child` (`w` is the work folder)."""
    monkeypatch.setattr(digitize_children, "_MOTHER", ("-c", MOTHER.format(child=child)))


def act(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: str, wall: float = 20.0) -> Digitized:
    """Runs `digitize` with a child of our own instead of the real one (its work folder is `w`)."""
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"%PDF-")
    instead_of_the_child(monkeypatch, child)
    result = parent.digitize(source, tmp_path / "out", Limits(wall_seconds=wall))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out", "scan.pdf"]
    assert [each.name for each in (tmp_path / "out").iterdir() if each.name.startswith(".")] == []
    assert source.read_bytes() == b"%PDF-"
    return result


WRITES = f"(w / 'result.json').write_bytes({dump(GOOD)!r})\n"


def test_a_good_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = act(monkeypatch, tmp_path, WRITES + "(w / 'result.pdf').write_bytes(b'%PDF-1.7 made')")
    assert result.verdict == "ok"
    assert result.pdf == tmp_path / "out" / "scan.pdf"
    assert result.pdf.read_bytes() == b"%PDF-1.7 made"


@pytest.mark.parametrize(
    ("child", "code"),
    [
        ("sys.exit(3)", "crashed"),
        ("os.kill(os.getpid(), 11)", "crashed"),
        ("os.kill(os.getpid(), 9)", "limits-exceeded"),
        ("pass", "bad-result"),
        ("(w / 'result.json').write_text('{}')", "bad-result"),
        (WRITES, "bad-result"),
        (WRITES + "(w / 'result.pdf').write_bytes(b'not one')", "bad-result"),
        (WRITES + "(w / 'result.pdf').symlink_to('/etc/passwd')", "bad-result"),
        ("(w / 'result.json').symlink_to('/dev/zero')", "bad-result"),
        ("os.mkfifo(w / 'result.json')", "bad-result"),
        ("open(w / 'result.json', 'wb').truncate(1 << 33)", "bad-result"),
    ],
)
def test_a_bad_child_costs_only_its_paper(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, child: str, code: str
) -> None:
    result = act(monkeypatch, tmp_path, child)
    assert (result.verdict, result.code, result.pdf, result.text) == ("unreadable", code, None, ())


def test_a_child_that_hangs_is_ended_with_all_it_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    note = tmp_path.parent / f"{tmp_path.name}-pid"
    child = (
        "import subprocess, time\n"
        f"started = subprocess.Popen([{sys.executable!r}, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(started.pid))\n"
        "time.sleep(60)"
    )
    result = act(monkeypatch, tmp_path, child, wall=2.0)
    assert result.code == "timeout"
    grandchild = int(note.read_text())
    state = Path(f"/proc/{grandchild}/stat")

    def gone() -> bool:
        try:
            return state.read_text().split()[2] == "Z"
        except OSError:
            return True

    patience = time.monotonic() + 20  # killed already; a busy machine buries its dead slowly
    while not gone() and time.monotonic() < patience:
        time.sleep(0.05)
    assert gone()


def test_what_a_paper_cost_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    busy = "held = bytearray(60 << 20)\nheld[::4096] = b'x' * len(held[::4096])\nsum(range(3_000_000))\n"
    cost = act(monkeypatch, tmp_path, busy + WRITES + "(w / 'result.pdf').write_bytes(b'%PDF-1.7 made')").cost
    assert (cost.bytes_in, cost.bytes_out) == (5, 13)
    assert cost.peak_rss_mb >= 60
    assert 0.02 < cost.cpu_seconds <= cost.seconds + 0.1


def test_a_work_folder_is_overwritten_before_it_goes(tmp_path: Path) -> None:
    work = tmp_path / "work"
    (work / "below").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("stays")
    (work / "below" / "page.png").write_bytes(b"secret" * 1000)
    (work / "link").symlink_to(outside)
    reader = os.open(work / "below" / "page.png", os.O_RDONLY)
    parent.wipe(work)
    assert not work.exists()
    assert os.read(reader, 10_000) == bytes(6000)
    os.close(reader)
    assert outside.read_text() == "stays"


def test_the_pdf_never_lands_on_the_original(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    source.write_bytes(b"%PDF- original")
    made = WRITES + "(w / 'result.pdf').write_bytes(b'%PDF-1.7 made')"
    instead_of_the_child(monkeypatch, made)
    result = parent.digitize(source, tmp_path)
    assert source.read_bytes() == b"%PDF- original"
    assert result.pdf == tmp_path / "scan-pdfa.pdf"


def test_nothing_of_the_environment_reaches_the_child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    monkeypatch.setenv("COMMUNE_PIN", "1234")
    note = tmp_path.parent / f"{tmp_path.name}-env"
    act(monkeypatch, tmp_path, f"pathlib.Path({str(note)!r}).write_text(json.dumps(dict(os.environ)))")
    environment = json.loads(note.read_text())
    assert "COMMUNE_PIN" not in environment
    assert "CREDENTIALS_DIRECTORY" not in environment
    assert environment["OMP_THREAD_LIMIT"] == "1"
    assert int(environment["MALLOC_TRIM_THRESHOLD_"]) < 150 << 20  # kept memory counts: a worker may have 350 MiB
