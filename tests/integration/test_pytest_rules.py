"""The rules of ``tests/conftest.py`` themselves: each shown by a small run that breaks it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run_pytest(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on a small tree that has our conftest, with ``environment`` added to a clean one."""
    base = {name: text for name, text in os.environ.items() if name not in {"CI", "COMMUNE_BOX_LINT_FAILED"}}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(command, cwd=tree, env=base | environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A project with our settings, our conftest, one skip of each kind and one test per folder."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "tests").mkdir()
    for name in ("__init__.py", "conftest.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    for folder in ("unit", "integration", "fault", "e2e"):
        (tmp_path / "tests" / folder).mkdir()
        (tmp_path / "tests" / folder / f"test_{folder}_one.py").write_text("def test_one():\n    pass\n")
    return tmp_path


def write(tree: Path, name: str, text: str) -> None:
    (tree / "tests" / "unit" / name).write_text(text)


def test_the_folder_gives_the_marker(tree: Path) -> None:
    ran = run_pytest(tree, "-m", "integration or fault or e2e")
    assert "3 passed, 1 deselected" in ran.stdout, ran.stdout + ran.stderr


def test_a_skip_fails_only_when_skips_are_forbidden(tree: Path) -> None:
    write(tree, "test_skip.py", "import pytest\n\ndef test_it():\n    pytest.skip('mosquitto is not installed')\n")
    assert run_pytest(tree).returncode == 0
    for ran in (run_pytest(tree, "--no-skips"), run_pytest(tree, CI="true")):
        assert ran.returncode == 1
        assert "mosquitto is not installed" in ran.stdout
    assert run_pytest(tree, "--allow-skips", CI="true").returncode == 0


def test_a_module_that_skips_itself_fails_too(tree: Path) -> None:
    write(tree, "test_absent.py", "import pytest\n\npytest.importorskip('not_there_at_all')\n")
    assert run_pytest(tree, "--no-skips").returncode != 0


def test_missing_shared_samples_may_be_skipped_anywhere(tree: Path) -> None:
    write(tree, "test_samples.py", "import pytest\n\ndef test_it():\n    pytest.skip('no ../shared/data here')\n")
    assert run_pytest(tree, "--no-skips").returncode == 0


def test_a_failed_lint_makes_the_run_fail_and_the_closing_line_stays_last(tree: Path) -> None:
    ran = run_pytest(tree, COMMUNE_BOX_LINT_FAILED="1")
    assert ran.returncode == 1
    assert "ruff / mypy" in ran.stdout
    assert "4 passed" in ran.stdout.strip().splitlines()[-1]


def test_fixture_modules_are_found_by_name(tree: Path) -> None:
    (tree / "tests" / "fixtures_paper.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef paper():\n    return 'A4'\n"
    )
    write(tree, "test_paper.py", "def test_it(paper):\n    assert paper == 'A4'\n")
    ran = run_pytest(tree, "tests/unit/test_paper.py")
    assert ran.returncode == 0, ran.stdout
