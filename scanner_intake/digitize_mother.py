"""The process from which limited children are forked: everything is imported once, no file is ever opened here
(`python -m scanner_intake.digitize_mother`).

Owns the fork, the wall clock of a child, the end of its whole group and the report of what it used. Starting an
interpreter with all libraries costs as much as reading a page; a fork costs nothing. It parses no document: what a
hostile file does to a child stays in the child.

Protocol: one JSON line on standard input per file ({"work", "seconds", "passwords"}), one JSON line on standard output
when its child is gone ({"code", "cpu_seconds", "peak_rss_mb"}; code null: out of time). It ends with its input.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
from typing import Any

from scanner_intake import digitize_child, digitize_limits

_CRASHED = 70


def main() -> int:
    """Serves until standard input ends."""
    digitize_limits.die_with_parent()
    _prepare()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(_one(request["work"], float(request["seconds"]), request["passwords"])), flush=True)
    return 0


def _prepare() -> None:
    """Imports what every child needs and loads the usual language's model. Compiled modules are kept where their
    sources may be written, for the next mother; children write nothing there.
    """
    gc.disable()  # looking for rubbish while modules come in takes longer than all rubbish is worth
    import numpy.ma  # numpy's median asks for it at its first call, that is, in every child

    from scanner_intake import archive_profiles, digitize_page, ocr_engine, own_words, secrecy, source_pages, text_layer

    del numpy, archive_profiles, digitize_page, own_words, secrecy, source_pages
    text_layer.prepare()
    ocr_engine.prepare("vie")
    gc.freeze()  # children share what is here instead of copying it at their first collection
    gc.enable()
    sys.dont_write_bytecode = True


def _one(work: str, seconds: float, passwords: list[str]) -> dict[str, Any]:
    child = os.fork()
    if child == 0:
        _become_child(work, passwords)
    descriptor = os.pidfd_open(child)
    ready, _, _ = select.select([descriptor], [], [], seconds)
    os.close(descriptor)
    for group in (child,):  # the group's leader is not reaped yet: its number cannot belong to anybody else
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:  # it has not made its group yet
            os.kill(child, signal.SIGKILL)
    _pid, state, usage = os.wait4(child, 0)
    return {
        "code": os.waitstatus_to_exitcode(state) if ready else None,
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_rss_mb": round(usage.ru_maxrss / 1024, 1),
    }


def _become_child(work: str, passwords: list[str]) -> None:
    """Never returns."""
    code = _CRASHED
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(f"{work}/child.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for number, descriptor in enumerate((nothing, log, log)):
            os.dup2(descriptor, number)
        os.closerange(3, 512)
        os.chdir(work)
        os.environ.update(HOME=work, TMPDIR=work)
        code = digitize_child.main([work], passwords)
    except BaseException as error:  # the log's last line names it, as an interpreter's own trace would
        os.write(2, f"{type(error).__name__}\n".encode())
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
