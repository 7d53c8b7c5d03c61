"""The architecture's rules, each a function from a source tree to the places that break it.

Owns: the layers, the pure cores, who may import which library, sizes and names (architecture.md 2, style.md 6).
Refuses to run or change anything. Every rule returns sentences with file and line; an empty list means it holds.
A place that must stay an exception is named in a table here, with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from tests.source_tree import PACKAGES, Module, SourceTree, functions_of, within


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEAVES = ("scanner_intake", "hsm", "sync")
COMPOSITION = ("appliance.cli", "appliance.services", "appliance.demo", "appliance.__main__")
PURE_CORES = (
    "appliance.domain",
    "appliance.registers",
    "appliance.reports",
    "sync.protocol",
    "sync.edxml",
    "hsm.api",
    "hsm.frames",
    "scanner_intake.settle",
    "sync.province.alerting",
    "sync.province.books",
    "sync.province.fleet",
    "sync.province.folding",
    "sync.province.profiles",
    "sync.province.reporting",
    "sync.province.sequences",
    "sync.province.urgency",
)
PURE_LIBRARY = _names(
    "__future__ abc base64 binascii bisect collections contextlib copy csv dataclasses datetime decimal difflib enum "
    "fractions functools hashlib heapq hmac io itertools json math operator re statistics string struct textwrap types "
    "typing unicodedata xml zipfile zlib"
)
PURE_EXTRA = {"cbor2": ("sync/protocol/codec.py",)}
# Reading a clock, drawing at random, touching files or a terminal: by the name that is called.
IMPURE_METHODS = _names("now utcnow today uuid1 uuid4 urandom read_bytes read_text write_bytes write_text unlink mkdir")
IMPURE_FUNCTIONS = _names("open print input exec eval __import__")

ONE_IMPORTER = {
    "pkcs11": ("hsm/token*.py",),
    "pyhanko": ("hsm/*",),
    "pyhanko_certvalidator": ("hsm/*",),
    "paho": ("sync/mqtt.py", "sync/dialling.py"),
    "psycopg": ("sync/province/store/postgres.py",),
    "botocore": ("sync/province/store/s3.py",),
    "sqlite_utils": ("appliance/store/*", "sync/province/store/*"),
    "reportlab": ("appliance/printing/*", "sync/province/printing/*"),
    "xlsxwriter": ("appliance/printing/*", "sync/province/printing/*"),
    "watchdog": ("scanner_intake/watch.py",),
    "tesserocr": ("scanner_intake/ocr_engine.py",),
    "zxingcpp": ("scanner_intake/separator*.py",),
    "aiohttp": (
        "appliance/web/*",
        "sync/province/web/*",
        "sync/province/enrol*.py",
        "sync/province/*door*.py",
        "sync/province/bridge/lgsp.py",
    ),
}

TOP_LEVEL = _names(
    "appliance scanner_intake hsm sync systemd tests box pyproject.toml README.md requirements.lock LICENSE "
    ".ci .gitignore .pre-commit-config.yaml"
)
NOT_THE_PROJECTS = _names(  # what git and the tools leave in a working copy
    ".git .venv .demo __pycache__ .pytest_cache .mypy_cache .ruff_cache .hypothesis dist"
)
CATCH_ALL = _names("utils util helpers helper common managers manager misc shared lib")
BANNED_WORDS = _names(
    "job jobs task tasks manager managers handler handlers processor processors data info util utils upload uploads "
    "status statuses"
)
GIVEN_NAMES: dict[str, str] = {  # "path:name" → why a banned word stays: a name some standard or library gives
    "appliance/store/database.py:data_version": "SQLite's own name: PRAGMA data_version",
    "appliance/store/opening.py:data_version": "SQLite's own name: PRAGMA data_version",
}
MODULE_LINES, FUNCTION_LINES = 500, 80

SQL = re.compile(r"\s*(SELECT\b.+\bFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\b.+\bSET|DELETE\s+FROM)\b", re.S)


def leaves_stand_alone(tree: SourceTree) -> Iterator[str]:
    """No leaf imports another leaf or ``appliance``."""
    for module, target, line in _inside(tree):
        leaf = module.name.partition(".")[0]
        if leaf in LEAVES and target.partition(".")[0] != leaf:
            yield f"{module.path}:{line}: {leaf} is a leaf and imports {target}"


def province_is_apart(tree: SourceTree) -> Iterator[str]:
    """Nothing outside ``sync.province`` imports it: it is another machine's program."""
    for module, target, line in _inside(tree):
        if within(target, "sync.province") and not module.within("sync.province"):
            yield f"{module.path}:{line}: imports {target}, the province's end"


def appliance_is_layered(tree: SourceTree) -> Iterator[str]:
    """domain ← store ← everything else ← cli, services, demo."""
    for module, target, line in _inside(tree):
        if module.within("appliance.domain") and not within(target, "appliance.domain"):
            yield f"{module.path}:{line}: the domain imports {target}"
        elif module.within("appliance.store") and within(target, "appliance.web", "appliance.pipeline"):
            yield f"{module.path}:{line}: the store imports {target}, which is above it"
        elif within(target, *COMPOSITION) and module.within("appliance") and not module.within(*COMPOSITION):
            yield f"{module.path}:{line}: imports {target}; only composition does"


def cores_are_pure(tree: SourceTree) -> Iterator[str]:
    """Pure cores import an allow-list and each other, and never read a clock, a file, or chance."""
    for module in _modules(tree, *PURE_CORES):
        for entry in module.imports:
            allowed = (
                entry.library in PURE_LIBRARY
                or module.path in PURE_EXTRA.get(entry.library, ())
                or within(entry.target, *PURE_CORES)
            )
            if not allowed:
                yield f"{module.path}:{entry.line}: a pure core imports {entry.target}"
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.Call) and (called := _impure(node)):
                yield f"{module.path}:{node.lineno}: a pure core calls {called}()"


def libraries_have_one_importer(tree: SourceTree) -> Iterator[str]:
    """Each heavy library is imported in its one place."""
    for module in tree.modules.values():
        for entry in module.imports:
            places = ONE_IMPORTER.get(entry.library)
            if places and not any(fnmatch(module.path, place) for place in places):
                yield f"{module.path}:{entry.line}: imports {entry.library}, which only {', '.join(places)} may"


def no_import_cycles(tree: SourceTree) -> Iterator[str]:
    """No circle of imports, wherever in the file they stand."""
    for circle in tree.cycles():
        yield "import cycle: " + " ↔ ".join(circle)


def no_catch_all_modules(tree: SourceTree) -> Iterator[str]:
    """No utils, helpers, common, managers - as a module or a package."""
    for module in tree.modules.values():
        for part in module.name.split("."):
            if part.lstrip("_") in CATCH_ALL:
                yield f"{module.path}: a catch-all module name, '{part}'"


def names_say_what_they_mean(tree: SourceTree) -> Iterator[str]:
    """No banned word in the name of a module, class or function."""
    for module in tree.modules.values():
        names = [(module.name.rpartition(".")[2], 1)]
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                names.append((node.name, node.lineno))
        for name, line in names:
            banned = sorted(BANNED_WORDS.intersection(words_of(name)))
            if banned and f"{module.path}:{name}" not in GIVEN_NAMES:
                yield f"{module.path}:{line}: '{name}' has the banned word '{banned[0]}' (style.md 6)"


def sizes_are_readable(tree: SourceTree) -> Iterator[str]:
    """At most 500 lines a module and 80 a function (aim: 300 and 40)."""
    for module in tree.modules.values():
        lines = module.text.count("\n")
        if lines > MODULE_LINES:
            yield f"{module.path}: {lines} lines (at most {MODULE_LINES})"
        for function in functions_of(module):
            length = (function.end_lineno or function.lineno) - function.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{module.path}:{function.lineno}: {function.name} has {length} lines (at most {FUNCTION_LINES})"


def modules_say_what_they_own(tree: SourceTree) -> Iterator[str]:
    """Every module with code opens with a docstring."""
    for module in tree.modules.values():
        if module.syntax.body and not ast.get_docstring(module.syntax):
            yield f"{module.path}: no module docstring"


def surfaces_hold_no_sql(tree: SourceTree) -> Iterator[str]:
    """Pages and commands call command functions and read models; they hold no SQL (architecture.md 2, rule 4)."""
    for module in _modules(tree, "appliance.web", "appliance.cli", "sync.province.web", "sync.province.cli"):
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
                yield f"{module.path}:{node.lineno}: SQL in a page or command"


def surfaces_decide_nothing_by_state(tree: SourceTree) -> Iterator[str]:
    """Pages and commands compare no document state: what may be done is the domain's to say."""
    for module in _modules(tree, "appliance.web", "appliance.cli"):
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.Compare) and any(
                isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "State"
                for side in (node.left, *node.comparators)
                for part in ast.walk(side)
            ):
                yield f"{module.path}:{node.lineno}: a page or command compares a State"


def top_level_is_given(tree: SourceTree) -> Iterator[str]:
    """Nothing new at the top of the repository."""
    for entry in sorted(tree.root.iterdir(), key=lambda path: path.name):
        if entry.name not in TOP_LEVEL | NOT_THE_PROJECTS:
            yield f"{entry.name}: not one of the top-level entries of architecture.md 2"


RULES: tuple[Callable[[SourceTree], Iterator[str]], ...] = (
    leaves_stand_alone,
    province_is_apart,
    appliance_is_layered,
    cores_are_pure,
    libraries_have_one_importer,
    no_import_cycles,
    no_catch_all_modules,
    names_say_what_they_mean,
    sizes_are_readable,
    modules_say_what_they_own,
    surfaces_hold_no_sql,
    surfaces_decide_nothing_by_state,
    top_level_is_given,
)


def words_of(name: str) -> list[str]:
    """``HTTPHandler``, ``put_data``, ``fleetInfo`` → their words in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def _impure(node: ast.Call) -> str | None:
    if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS:
        return node.func.attr
    if isinstance(node.func, ast.Name) and node.func.id in IMPURE_FUNCTIONS:
        return node.func.id
    return None


def _modules(tree: SourceTree, *packages: str) -> Iterator[Module]:
    return (module for module in tree.modules.values() if module.within(*packages))


def _inside(tree: SourceTree) -> Iterator[tuple[Module, str, int]]:
    """Every import of the product's own packages, and of packages that should be there but are not."""
    for module in tree.modules.values():
        for entry in module.imports:
            if entry.library in PACKAGES:
                yield module, entry.target, entry.line


def broken_by(tree: SourceTree) -> list[str]:
    """All sentences of all rules."""
    return [f"{rule.__name__}: {sentence}" for rule in RULES for sentence in rule(tree)]


if __name__ == "__main__":  # python -m tests.architecture: the list, without pytest
    found = broken_by(SourceTree(Path(__file__).parents[1]))
    print("\n".join(found) or "all rules hold")
    sys.exit(bool(found))
