"""A courier's command begun by root goes on as the owner of the box's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from appliance.cli.courier import become_owner
from tests.fixtures_store import PROCESSES

NOBODY = 65534


def ends_as_owner(folder: Path) -> None:
    """The body of a process: exits 0 only if it cannot be root any more."""
    become_owner(folder)
    try:
        os.setuid(0)
    except PermissionError:
        os._exit(0 if (os.geteuid(), os.getegid(), os.getgroups()) == (NOBODY, NOBODY, []) else 2)
    os._exit(1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up root")
def test_root_gives_up_being_root_for_good(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    child = PROCESSES.Process(target=ends_as_owner, args=(folder,))
    child.start()
    child.join(30)
    assert child.exitcode == 0


def test_nothing_happens_where_nothing_needs_to(tmp_path: Path) -> None:
    before = os.geteuid(), os.getegid()
    become_owner(tmp_path)
    become_owner(tmp_path / "absent")
    assert (os.geteuid(), os.getegid()) == before
