"""A source tree as the architecture rules see it: modules, what each imports anywhere in it, and cycles among them.

Owns: reading Python files into syntax trees and resolving every import - at the top, inside functions, under
``TYPE_CHECKING``, and ``import_module("…")`` with a plain string. Refuses to judge: the rules are in
``tests/architecture.py``. Invariant: nothing of the tree is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PACKAGES = ("appliance", "scanner_intake", "hsm", "sync")


@dataclass(frozen=True)
class Import:
    """One name imported at one line; ``target`` is a module of the tree where it can be, else as written."""

    target: str
    line: int

    @property
    def library(self) -> str:
        """The top-level package."""
        return self.target.partition(".")[0]


@dataclass(frozen=True)
class Module:
    """One Python file of a package."""

    name: str  # dotted, without ".__init__"
    path: str  # relative to the tree's root, with forward slashes
    text: str
    syntax: ast.Module
    imports: tuple[Import, ...] = ()

    def within(self, *packages: str) -> bool:
        """Is it one of ``packages`` (dotted) or inside one?"""
        return within(self.name, *packages)


@dataclass(frozen=True)
class SourceTree:
    """All modules of the product under ``root``."""

    root: Path

    @cached_property
    def modules(self) -> Mapping[str, Module]:
        """Dotted name → module, imports resolved."""
        bare = {module.name: module for package in PACKAGES for module in _read(self.root, package)}
        return {
            name: Module(name, module.path, module.text, module.syntax, tuple(_imports(module, bare)))
            for name, module in sorted(bare.items())
        }

    def cycles(self) -> list[list[str]]:
        """Every group of modules that import each other in a circle."""
        edges = {
            name: {entry.target for entry in module.imports if entry.target in self.modules}
            for name, module in self.modules.items()
        }
        return _circles(edges)


def within(name: str, *packages: str) -> bool:
    """Is dotted ``name`` one of ``packages`` or inside one?"""
    return any(name == package or name.startswith(package + ".") for package in packages)


def functions_of(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions and methods, nested ones too."""
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _read(root: Path, package: str) -> Iterator[Module]:
    for path in sorted((root / package).rglob("*.py")):
        relative = path.relative_to(root)
        parts = relative.with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        yield Module(name, relative.as_posix(), text, ast.parse(text, str(relative)))


def _imports(module: Module, known: Mapping[str, Module]) -> Iterator[Import]:
    for node in ast.walk(module.syntax):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(inner if inner in known else base, node.lineno)
        elif isinstance(node, ast.Call):
            named = _named_by_string(node)
            if named:
                yield Import(named, node.lineno)


def _base(module: Module, node: ast.ImportFrom) -> str:
    """The absolute module of ``from … import``; relative ones are counted up from the package of ``module``."""
    if not node.level:
        return node.module or ""
    package = module.name.split(".")
    if not module.path.endswith("__init__.py"):
        package = package[:-1]
    package = package[: len(package) - (node.level - 1)]
    return ".".join([*package, *([node.module] if node.module else [])])


def _named_by_string(node: ast.Call) -> str | None:
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called not in {"import_module", "__import__"} or not node.args:
        return None
    first = node.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else None


def _circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Strongly connected groups of more than one, or one that imports itself (Tarjan's algorithm)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for target in sorted(edges[name]):
            if target not in order:
                visit(target)
                low[name] = min(low[name], low[target])
            elif target in stack:
                low[name] = min(low[name], order[target])
        if low[name] == order[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1 or name in edges[name]:
                found.append(sorted(group))

    for name in sorted(edges):
        if name not in order:
            visit(name)
    return found
