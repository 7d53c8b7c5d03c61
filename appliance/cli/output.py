"""How commands answer: one JSON object or text on standard output, all else on standard error, documented exit codes.

Owns the exit codes and the two ways a command ends (``emit`` and ``fail``); refuses to know any command.
"""

from __future__ import annotations

import json
import sys
from enum import IntEnum
from typing import Any, NoReturn

import click


class ExitCode(IntEnum):
    """Exit codes of ``commune-box``; the table in README.md is compared with this class by a test."""

    OK = 0
    FAILED = 1
    USAGE = 2
    BAD_INPUT = 3
    NOT_VALID = 4
    NOT_POSSIBLE = 5
    TOKEN = 6
    CONFIGURATION = 7
    PROBLEMS_FOUND = 8


class CommandFailure(click.ClickException):
    """A failure already told in the user's language; carries its exit code and, for ``--json``, its stable code."""

    def __init__(self, message: str, exit_code: ExitCode, code: str) -> None:
        super().__init__(message)
        self.exit_code = int(exit_code)  # type: ignore[misc]  # click declares it on the class and reads the instance
        self.code = code

    def show(self, file: Any = None) -> None:
        click.echo(f"commune-box: {self.format_message()}", err=True)


def emit(facts: dict[str, Any], text: str, as_json: bool) -> None:
    """Print ``facts`` as one JSON object, or ``text`` for people."""
    if as_json:
        json.dump(facts, sys.stdout, ensure_ascii=False, default=str)
        sys.stdout.write("\n")
        sys.stdout.flush()
    elif text:
        click.echo(text)


def fail(message: str, exit_code: ExitCode = ExitCode.FAILED, code: str = "failed") -> NoReturn:
    """End the command with a sentence for the person and an exit code for the caller.

    With ``--json`` the one object on standard output is ``{"error": {"code", "message"}}``.

    Raises:
        CommandFailure: always.
    """
    context = click.get_current_context(silent=True)
    if context and context.params.get("as_json"):
        emit({"error": {"code": code, "message": message}}, "", True)
    raise CommandFailure(message, exit_code, code)


json_option = click.option("--json", "as_json", is_flag=True, help="Một đối tượng JSON trên đầu ra chuẩn.")
"""Shared ``--json`` option: ``@json_option`` gives the command an ``as_json: bool`` argument."""
