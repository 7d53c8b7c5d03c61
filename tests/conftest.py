"""Rules that hold for every test of the project.

Owns: finding the shared fixtures (``tests/fixtures_*.py``), the marker each folder stands for, the closed network of
unit tests, and ``--no-skips``. Refuses to define fixtures of its own for any area: those live in that area's module.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

TESTS = Path(__file__).parent
MARKED_FOLDERS = {"integration": ("integration",), "fault": ("fault",), "e2e": ("e2e", "browser")}
LONG_MODULES = ("test_sync_machine", "test_verify_command", "test_digitize_official", "test_fault_kill9")
"""Begun first, the longest before the others: a worker that gets one of them last keeps everybody waiting."""
SIGNING_MODULES = ("test_hsm_", "test_fault_sign", "test_signing", "test_signature", "test_verify", "test_longterm")
ABSENT_BY_DESIGN = "shared/data"  # measured samples that lie beside the clone, never in it: a skip naming them is fine

pytest_plugins = [f"tests.{module.stem}" for module in sorted(TESTS.glob("fixtures_*.py"))]
pytest.register_assert_rewrite(*pytest_plugins)  # before one of them imports another


class NetworkForbidden(RuntimeError):
    """A unit test reached for the network."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--no-skips``: on by itself where ``CI=true``, so that a missing program cannot pass for a passed test."""
    parser.addoption(
        "--no-skips",
        action="store_true",
        default=os.environ.get("CI", "").lower() in {"true", "1"},
        help="a skipped test fails, except where only ../shared/data is missing (default when CI=true)",
    )
    parser.addoption("--allow-skips", action="store_false", dest="no_skips", help="the opposite, also when CI=true")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first; all others stay in the order of their folders, the quick unit tests at the end."""
    places = {name: place for place, name in enumerate(LONG_MODULES)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


def pytest_itemcollected(item: pytest.Item) -> None:
    """The folder gives the marker, and the module's name that of signing: nobody can forget it."""
    for folder, markers in MARKED_FOLDERS.items():
        if item.path.is_relative_to(TESTS / folder):
            for marker in markers:
                item.add_marker(marker)
    if item.path.name.startswith(SIGNING_MODULES):
        item.add_marker("signing")


# --- skips ------------------------------------------------------------------------------------------------------------


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn ``report`` from skipped to failed, unless the reason is one that is meant."""
    if report.outcome != "skipped" or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if ABSENT_BY_DESIGN in reason:
        return
    report.outcome = "failed"
    report.longrepr = f"skipped, and skips are failures here (--no-skips): {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """See ``--no-skips``."""
    report: Any = yield
    if item.config.getoption("no_skips"):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """``--no-skips`` for a whole module that skipped itself."""
    report: Any = yield
    if collector.config.getoption("no_skips"):
        _fail_if_skipped(report)
    return report


# --- no network in unit tests -----------------------------------------------------------------------------------------


def _guarded(original: Any) -> Any:
    def call(self: socket.socket, *arguments: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            raise NetworkForbidden(f"a unit test used the network: {original.__name__}{arguments!r}")
        return original(self, *arguments)

    return call


def _no_names(*arguments: Any, **_named: Any) -> NoReturn:
    raise NetworkForbidden(f"a unit test resolved a name: {arguments!r}")


@pytest.fixture(autouse=True)
def closed_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In ``tests/unit`` no IP socket connects, binds or sends, and no name is resolved; unix sockets work."""
    if not request.path.is_relative_to(TESTS / "unit"):
        return
    for verb in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, verb, _guarded(getattr(socket.socket, verb)))
    monkeypatch.setattr(socket, "getaddrinfo", _no_names)


# --- ./box test: a failed lint is told at the end and counts --------------------------------------------------------


def _lint_failed() -> bool:
    return bool(os.environ.get("COMMUNE_BOX_LINT_FAILED"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """All tests passing does not make ``./box test`` succeed when ruff or mypy did not."""
    if _lint_failed() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say before the closing line what the exit code will mean."""
    if _lint_failed():
        terminalreporter.section("ruff / mypy", red=True, bold=True)
        terminalreporter.line("FAILED: see above, or run ./box lint. The exit code is not 0 whatever the tests say.")
