"""The architecture holds on the real tree, and each rule is shown to fail where it is broken."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import architecture as rules
from tests.source_tree import PACKAGES, SourceTree

ROOT = Path(__file__).parents[2]
Rule = Callable[[SourceTree], Iterator[str]]

CLEAN = {
    "appliance/__init__.py": '"""The box."""\n',
    "appliance/domain/__init__.py": "",
    "appliance/domain/states.py": '"""States."""\nfrom enum import StrEnum\n',
    "appliance/store/__init__.py": "",
    "appliance/store/database.py": '"""Rows."""\nimport sqlite_utils\nfrom appliance.domain import states\n',
    "appliance/pipeline/__init__.py": "",
    "appliance/pipeline/signing.py": '"""Signs."""\nfrom hsm.api import SigningError\nfrom ..store import database\n',
    "appliance/cli/__init__.py": '"""Commands."""\n',
    "appliance/cli/doc.py": '"""Papers."""\nfrom appliance.pipeline import signing\n',
    "appliance/web/__init__.py": "",
    "appliance/web/pages.py": '"""Pages."""\nfrom aiohttp import web\n',
    "hsm/__init__.py": "",
    "hsm/api.py": '"""Port."""\nclass SigningError(Exception):\n    """No."""\n',
    "hsm/token.py": '"""Token."""\nimport pkcs11\nfrom hsm.api import SigningError\n',
    "scanner_intake/__init__.py": "",
    "scanner_intake/settle.py": '"""Settled?"""\nimport struct\n',
    "scanner_intake/watch.py": '"""Watches."""\nfrom watchdog.observers import Observer\n',
    "sync/__init__.py": "",
    "sync/mqtt.py": '"""Wire."""\nimport paho.mqtt.client\n',
    "sync/protocol/__init__.py": "",
    "sync/protocol/codec.py": '"""Codec."""\nimport cbor2\n',
    "sync/protocol/box.py": '"""Core."""\nfrom sync.protocol.codec import cbor2\n',
    "sync/province/__init__.py": "",
    "sync/province/fleet.py": '"""Findings."""\nfrom datetime import datetime\n',
}

# rule, file, what is put into it, and what the rule must say of it
BREACHES: list[tuple[Rule, str, str, str]] = [
    (rules.leaves_stand_alone, "hsm/token.py", "import sync.mqtt", "hsm is a leaf and imports sync.mqtt"),
    (
        rules.leaves_stand_alone,
        "hsm/token.py",
        "def f():\n    from appliance import domain",
        "imports appliance.domain",
    ),
    (rules.leaves_stand_alone, "scanner_intake/watch.py", "import hsm", "scanner_intake is a leaf and imports hsm"),
    (
        rules.leaves_stand_alone,
        "sync/mqtt.py",
        "import importlib\nimportlib.import_module('hsm.api')",
        "imports hsm.api",
    ),
    (rules.province_is_apart, "appliance/cli/doc.py", "from sync.province import fleet", "sync.province.fleet"),
    (rules.province_is_apart, "sync/mqtt.py", "from .province.fleet import datetime", "sync.province.fleet"),
    (
        rules.appliance_is_layered,
        "appliance/domain/states.py",
        "from hsm.api import SigningError",
        "domain imports hsm",
    ),
    (rules.appliance_is_layered, "appliance/store/database.py", "import appliance.pipeline.signing", "above it"),
    (rules.appliance_is_layered, "appliance/web/pages.py", "from appliance.cli import doc", "only composition"),
    (rules.cores_are_pure, "appliance/domain/states.py", "import sqlite3", "imports sqlite3"),
    (rules.cores_are_pure, "hsm/api.py", "def f():\n    import logging", "imports logging"),
    (rules.cores_are_pure, "sync/protocol/box.py", "import asyncio", "imports asyncio"),
    (rules.cores_are_pure, "sync/protocol/box.py", "import cbor2", "imports cbor2"),
    (rules.cores_are_pure, "scanner_intake/settle.py", "from scanner_intake import watch", "scanner_intake.watch"),
    (rules.cores_are_pure, "sync/province/fleet.py", "x = datetime.now()", "calls now()"),
    (rules.cores_are_pure, "scanner_intake/settle.py", "x = open('a')", "calls open()"),
    (rules.libraries_have_one_importer, "hsm/api.py", "import pkcs11", "imports pkcs11"),
    (rules.libraries_have_one_importer, "appliance/pipeline/signing.py", "import pyhanko.sign", "imports pyhanko"),
    (rules.libraries_have_one_importer, "sync/protocol/box.py", "from paho.mqtt import client", "imports paho"),
    (rules.libraries_have_one_importer, "appliance/web/pages.py", "import sqlite_utils", "imports sqlite_utils"),
    (rules.libraries_have_one_importer, "scanner_intake/settle.py", "import watchdog", "imports watchdog"),
    (rules.libraries_have_one_importer, "scanner_intake/watch.py", "import tesserocr", "imports tesserocr"),
    (rules.libraries_have_one_importer, "appliance/cli/doc.py", "def f():\n    import aiohttp", "imports aiohttp"),
    (rules.no_import_cycles, "appliance/store/database.py", "def f():\n    from appliance.cli import doc", "↔"),
    (
        rules.no_import_cycles,
        "hsm/api.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from hsm.token import x",
        "hsm.api ↔ hsm.token",
    ),
    (rules.no_catch_all_modules, "hsm/utils.py", '"""Bits."""', "'utils'"),
    (rules.no_catch_all_modules, "sync/common/__init__.py", '"""Bits."""', "'common'"),
    (rules.names_say_what_they_mean, "hsm/token.py", "class TokenManager:\n    pass", "'manager'"),
    (rules.names_say_what_they_mean, "sync/mqtt.py", "def on_status():\n    pass", "'status'"),
    (rules.names_say_what_they_mean, "sync/fileInfo.py", '"""Names."""', "'info'"),
    (rules.sizes_are_readable, "hsm/token.py", "x = 1\n" * 500, "at most 500"),
    (rules.sizes_are_readable, "hsm/token.py", "def f():\n" + "    x = 1\n" * 80, "f has 81 lines"),
    (rules.modules_say_what_they_own, "hsm/pin.py", "x = 1", "no module docstring"),
    (rules.surfaces_hold_no_sql, "appliance/web/pages.py", "q = 'SELECT id FROM documents'", "SQL"),
    (rules.surfaces_decide_nothing_by_state, "appliance/cli/doc.py", "x = s == State.QUEUED", "compares a State"),
    (rules.top_level_is_given, "helpers.py", "", "helpers.py"),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree in the product's shape that breaks no rule."""
    for name, text in CLEAN.items():
        append(tmp_path, name, text)
    return tmp_path


def append(root: Path, name: str, text: str) -> None:
    """Add ``text`` to the end of ``name``, made if it is not there."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text + "\n")


@pytest.fixture(scope="module")
def product() -> SourceTree:
    """The real tree."""
    return SourceTree(ROOT)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_product_keeps_the_rule(product: SourceTree, rule: Rule) -> None:
    assert list(rule(product)) == []


def test_the_real_tree_was_read(product: SourceTree) -> None:
    for package in PACKAGES:
        assert any(module.within(package) for module in product.modules.values()), package
    for core in rules.PURE_CORES:
        assert any(module.within(core) for module in product.modules.values()), f"no module {core}"
    for library, places in rules.ONE_IMPORTER.items():
        importers = [m for m in product.modules.values() if any(entry.library == library for entry in m.imports)]
        assert importers or library == "pyhanko_certvalidator", f"nobody imports {library} ({places})"


def test_given_names_are_still_there(product: SourceTree) -> None:
    for place in rules.GIVEN_NAMES:
        path, name = place.split(":")
        assert name in (ROOT / path).read_text(encoding="utf-8"), f"{place}: the exception is not needed any more"


def test_the_small_tree_is_clean(tree: Path) -> None:
    assert rules.broken_by(SourceTree(tree)) == []


@pytest.mark.parametrize(
    ("rule", "name", "text", "said"), BREACHES, ids=[f"{b[0].__name__}-{n}" for n, b in enumerate(BREACHES)]
)
def test_a_breach_is_found(tree: Path, rule: Rule, name: str, text: str, said: str) -> None:
    append(tree, name, text)
    found = list(rule(SourceTree(tree)))
    assert len(found) == 1, found
    assert said in found[0]


def test_every_rule_has_a_breach() -> None:
    assert {breach[0] for breach in BREACHES} == set(rules.RULES)


def test_a_forbidden_import_in_a_copy_of_the_product_is_found(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = set(rules.broken_by(SourceTree(tmp_path)))
    append(tmp_path, "hsm/api.py", "\ndef _later() -> None:\n    import sync.mqtt\n")
    after = set(rules.broken_by(SourceTree(tmp_path))) - before
    assert any(sentence.startswith("leaves_stand_alone: hsm/api.py:") for sentence in after), after
    assert any(sentence.startswith("cores_are_pure: hsm/api.py:") for sentence in after), after


@pytest.mark.parametrize(
    ("name", "words"),
    [("HTTPHandler", ["http", "handler"]), ("put_data2", ["put", "data", "2"]), ("metadata", ["metadata"])],
)
def test_names_are_split_into_words(name: str, words: list[str]) -> None:
    assert rules.words_of(name) == words
