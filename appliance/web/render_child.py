"""Draws one page of a PDF as a picture, in a process of its own that may use little and write nothing.

The file is hostile until proven otherwise: it comes in as standard input (an open file), the picture goes out on
standard output after one line of JSON with every page's size in points. Limits are set before the PDF library is
loaded. Refuses to open any path, to run longer than its processor time, or to draw more than a fixed number of
pixels.

    python -m appliance.web.render_child PAGE WIDTH_PX < file.pdf
"""

from __future__ import annotations

import json
import resource
import sys

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
MOST_PIXELS = 40_000_000
MOST_SIDE = 12_000  # a JPEG has at most 65,535
MOST_PAGES = 2000


def limit() -> None:
    """Give up what this process does not need."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))


def draw(page_number: int, width: int) -> None:
    """Write the sizes of all pages and the picture of one (1-based) to standard output."""
    import pypdfium2  # after the limits

    document = pypdfium2.PdfDocument("/dev/stdin")
    document.init_forms()  # signature fields are form widgets: without this their appearance is not drawn
    count = min(len(document), MOST_PAGES)
    sizes = [[round(side, 2) for side in document.get_page_size(index)] for index in range(count)]
    page = document[page_number - 1]
    across, down = page.get_size()
    scale = min(width / across, (MOST_PIXELS / (across * down)) ** 0.5, MOST_SIDE / max(across, down))
    picture = page.render(scale=scale, may_draw_forms=True).to_pil().convert("RGB")
    sys.stdout.buffer.write(json.dumps({"sizes": sizes}).encode() + b"\n")
    picture.save(sys.stdout.buffer, "JPEG", quality=84, optimize=True)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    limit()
    draw(int(sys.argv[1]), int(sys.argv[2]))
