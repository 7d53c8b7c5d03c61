"""The plain way to show the same wall: survey, render a table by a template, send it - for every request anew.

The baseline of `bench_wall`: the same rows and facts, no snapshot, no compression. `python -m tests.bench.wall_plain
FOLDER PORT`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from aiohttp import web
from jinja2 import Environment

from sync.province.overview import survey
from sync.province.store import ProvinceStore
from sync.province.web.rows import COLUMNS, row_of
from sync.province.wording import Wording

PAGE = """<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Toàn tỉnh</title></head><body>
<h1>Toàn tỉnh</h1><table><thead><tr>{% for _, title in columns %}<th>{{ title }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr class="t{{ row.tier }}">
  <th scope="row"><a href="/box/{{ row.box }}">{{ row.commune }}</a> <small>{{ row.box }}</small></th>
{% for cell in row.cells %}  <td class="gravity-{{ cell.gravity }}">{{ cell.text }} <small>{{ cell.below }}</small></td>
{% endfor %}<td>{% for title, gravity in row.badges %}<b class="gravity-{{ gravity }}">{{ title }}</b>{% endfor %}</td>
</tr>{% endfor %}</tbody></table></body></html>"""


def application(store: ProvinceStore) -> web.Application:
    """The one page."""
    template, w = Environment(autoescape=True).from_string(PAGE), Wording("vi")

    async def wall(request: web.Request) -> web.Response:
        now = time.time()
        rows = [row_of(view, w, now) for view in survey(store, now).boxes]
        return web.Response(text=template.render(rows=rows, columns=COLUMNS), content_type="text/html")

    app = web.Application()
    app.router.add_get("/", wall)
    return app


if __name__ == "__main__":
    web.run_app(application(ProvinceStore(Path(sys.argv[1]))), host="127.0.0.1", port=int(sys.argv[2]), print=None)
