"""``python -m appliance.printing.child WHAT``: values as JSON on standard input, the file's bytes on standard output.

Its own process, so that who asks neither loads the drawing libraries nor stands still while a long book is drawn.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

WALL_SECONDS = 120.0
KINDS = {
    "register.pdf": ("appliance.printing.sheets:Sheet", "appliance.printing.register_pdf:register_pdf"),
    "register.xlsx": ("appliance.printing.sheets:Sheet", "appliance.printing.register_xlsx:register_xlsx"),
    "report.pdf": ("appliance.printing.report_sheet:ReportSheet", "appliance.printing.report_pdf:report_pdf"),
    "report.xlsx": ("appliance.printing.report_sheet:ReportSheet", "appliance.printing.report_xlsx:report_xlsx"),
    "report.csv": ("appliance.printing.report_sheet:ReportSheet", "appliance.printing.report_sheet:report_csv"),
    "separator.pdf": ("appliance.printing.separator:DossierSheet", "appliance.printing.separator:separator_pdf"),
    "slip.pdf": ("appliance.printing.slips:Slip", "appliance.printing.slip_pdf:slip_pdf"),
}
"""What can be drawn: the values' class (with ``from_json``) and the function that makes bytes of them."""
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_ROOT = Path(__file__).parents[2]


class NotPrinted(Exception):
    """The child failed or took too long; its own words are in the message."""


async def printed(kind: str, told: str) -> bytes:
    """Let a child draw.

    Raises:
        NotPrinted: it failed or took longer than ``WALL_SECONDS``.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "appliance.printing.child", kind,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(_ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/", start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(WALL_SECONDS):
            made, trouble = await child.communicate(told.encode())
    except TimeoutError:
        raise NotPrinted("timeout") from None
    finally:
        if child.returncode is None:
            os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    if child.returncode != 0 or not made:
        raise NotPrinted(trouble.decode(errors="replace")[-500:])
    return made


def draw(kind: str, told: str | bytes) -> bytes:
    """Draw in this process; what the child and commands do.

    Raises:
        KeyError: no such kind.
    """
    (values, read), (module, make) = (place.split(":") for place in KINDS[kind])
    sheet = getattr(importlib.import_module(values), read).from_json(told)
    made: bytes = getattr(importlib.import_module(module), make)(sheet)
    return made


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(sys.argv[1], sys.stdin.buffer.read()))
