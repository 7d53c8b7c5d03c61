"""A signing process killed at every point: the target is as it was, or a whole signed file that verifies.

Each effect on the disk between the copy and the last fsync is a place to die: the process ends there with ``os._exit``,
as a kill or a power cut would end it, in the middle of its own code and without any clean-up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hsm.verify import verify_file
from tests.data.signing_pages import make_page
from tests.fixtures_hsm import ROOT
from tests.fixtures_verify import Office

CHILD = """
import json, os, pathlib, pickle, shutil, sys, tempfile
from pathlib import Path
from tests.fixtures_verify import Office
from hsm.stamps import copy_stamp

office, source, target, last = pickle.loads(sys.stdin.buffer.read())
done = []

def dies_at(owner, name, after=False):
    original = getattr(owner, name)

    def wrapped(*positional, **named):
        step = f"{name}{'+' if after else ''}"
        if not after:
            reached(step)
        result = original(*positional, **named)
        if after:
            reached(step)
        return result

    setattr(owner, name, wrapped)

def reached(step):
    done.append(step)
    if len(done) == last:
        os.write(1, json.dumps(done).encode())
        os._exit(9)

dies_at(tempfile, "mkstemp", after=True)
dies_at(shutil, "copyfile", after=True)
dies_at(office.service.__class__, "sign")
dies_at(office.service.__class__, "sign", after=True)
dies_at(os, "fsync")
dies_at(os, "fsync", after=True)
dies_at(pathlib.Path, "replace")
dies_at(pathlib.Path, "replace", after=True)
office.sign(source, target, "incoming-scan", "agency", copy_stamp("Ủy ban nhân dân xã Thử Nghiệm", office.now))
os.write(1, json.dumps(done).encode())
"""


def run(office: Office, source: Path, target: Path, last: int) -> tuple[int, list[str]]:
    """Sign in a child that dies at its ``last`` effect (0: never); its exit code and the effects it reached."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=office.packed(source, target, last),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def test_killed_at_every_effect(signing_office: Office, tmp_path: Path) -> None:
    source = make_page(tmp_path / "page.pdf", "scan")
    code, effects = run(signing_office, source, tmp_path / "whole.pdf", 0)
    assert code == 0 and len(effects) >= 8, effects
    assert effects.index("sign+") < effects.index("fsync") < effects.index("replace") < effects.index("replace+")
    assert effects[-1] == "fsync+", "the folder is the last thing made durable"
    before = source.read_bytes()
    for last in range(1, len(effects) + 1):
        folder = tmp_path / str(last)
        folder.mkdir()
        target = folder / "signed.pdf"
        code, reached = run(signing_office, source, target, last)
        assert (code, len(reached)) == (9, last)
        assert source.read_bytes() == before
        renamed = "replace+" in reached
        assert target.exists() is renamed, reached
        if renamed:
            assert verify_file(target, signing_office.trust, ["agency"]).verdict == "valid"
        # What lies about is a hidden temporary file, never something that looks like the target.
        assert [each for each in folder.iterdir() if each != target and not each.name.startswith(".signing-")] == []


@pytest.mark.parametrize("old", [b"an earlier file"])
def test_an_earlier_target_stays_until_the_rename(signing_office: Office, tmp_path: Path, old: bytes) -> None:
    source, target = make_page(tmp_path / "page.pdf", "scan"), tmp_path / "signed.pdf"
    _, effects = run(signing_office, source, tmp_path / "whole.pdf", 0)
    target.write_bytes(old)
    run(signing_office, source, target, effects.index("replace") + 1)
    assert target.read_bytes() == old
    run(signing_office, source, target, effects.index("replace+") + 1)
    assert verify_file(target, signing_office.trust, ["agency"]).verdict == "valid"
