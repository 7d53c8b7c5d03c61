"""The fault-injecting PKCS#11 module (tests/fakes/fault_module.c): compiled by the run, ruled and read by a test.

Every test that signs goes through it with `pintries 3`, so that its call log is the witness of every PIN a token ever
saw: see `FaultModule.check_tries`.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "fakes" / "fault_module.c"
ALWAYS = ("pintries 3",)
OK = 0
USER, CONTEXT = "user=1", "user=2"


@dataclass(frozen=True)
class Call:
    """One line of the call log."""

    pid: int
    thread: int
    function: str
    token: str
    answer: int
    words: tuple[str, ...]


@dataclass
class FaultModule:
    """The module, its rule file and its log; `typed` and `allowed` count the PINs that people and policy gave."""

    library: Path
    real: str
    folder: Path
    typed: int = 0
    allowed: int = 0
    _written: int = field(default=0)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.rule()

    @property
    def environment(self) -> dict[str, str]:
        """What a process that loads the module must have in its environment."""
        return {
            "FAULT_MODULE_REAL": self.real,
            "FAULT_MODULE_RULES": str(self.folder / "rules"),
            "FAULT_MODULE_LOG": str(self.folder / "calls"),
        }

    def rule(self, *rules: str) -> None:
        """Replace the rules (at once, by a rename); `pintries 3` always holds. None: pass everything on."""
        self._written += 1
        fresh = self.folder / f"rules.{self._written}"
        fresh.write_text("\n".join((*ALWAYS, *rules)) + "\n", encoding="utf-8")
        fresh.rename(self.folder / "rules")

    def tries_left(self, token: str) -> int:
        """What the token's retry counter stands at."""
        path = self.folder / f"rules.tries-{token}"
        return int(path.read_text()) if path.exists() else 3

    def forgive(self, token: str, tries: int = 3) -> None:
        """Set the retry counter, as the issuer's tool would."""
        (self.folder / f"rules.tries-{token}").write_text(f"{tries}\n")

    def calls(self, function: str = "") -> list[Call]:
        """The calls so far, of one function or all."""
        path = self.folder / "calls"
        found = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
            _, pid, thread, name, token, answer, _, *words = line.split()
            if not function or name == function:
                found.append(Call(int(pid), int(thread), name, token, int(answer, 16), tuple(words)))
        return found

    def logins(self, token: str = "", kind: str = USER) -> list[Call]:
        """Every PIN a token was shown."""
        return [call for call in self.calls("C_Login") if kind in call.words and token in ("", call.token)]

    def check_tries(self) -> None:
        """No token saw a PIN that nobody typed, none was asked from two threads, and each typed one was shown once."""
        shown = self.logins()
        assert len(shown) <= self.typed + self.allowed, f"{len(shown)} PINs shown, {self.typed} typed: {shown}"
        signatures = len(self.calls("C_SignInit"))
        assert len(self.logins(kind=CONTEXT)) <= signatures, "a login before a signature that was not asked for"
        assert not [call for call in self.calls() if "CONCURRENT" in call.words], "two calls at once"


@pytest.fixture(scope="session")
def fault_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled module."""
    target = tmp_path_factory.mktemp("fault-module") / "fault_module.so"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"]
    command += ["-I/usr/include/p11-kit-1", "-o", str(target), str(SOURCE), "-ldl"]
    try:
        made = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        pytest.skip("missing: gcc")
    if "p11-kit/pkcs11.h" in made.stderr:
        pytest.skip("missing: libp11-kit-dev")
    assert made.returncode == 0, made.stderr
    return target
