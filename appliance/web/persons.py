"""``/who``: saying who is at this browser, and saying that it is somebody else now."""

from __future__ import annotations

from aiohttp import web

from appliance.web.office import OFFICE
from appliance.web.people import person_in
from appliance.web.presenting import page, see_other
from appliance.wording import _


async def form(request: web.Request) -> web.Response:
    """``GET /who?next=``."""
    return await page(request, "who.html", next=_own_path(request.query.get("next", "/")), trouble="", live_url="")


async def remember(request: web.Request) -> web.StreamResponse:
    """``POST /who``: remember, and go back to where the person came from."""
    said = await request.post()
    back, person = _own_path(str(said.get("next", "/"))), person_in(said)
    if person is None:
        return await page(
            request, "who.html", 422, next=back, trouble=_("Hãy ghi họ tên và chọn vai trò."), live_url=""
        )
    answer = see_other(f"{back}{'&' if '?' in back else '?'}said=who")
    request.app[OFFICE].people.remember(answer, person)
    return answer


def _own_path(path: str) -> str:
    """``path`` when it stays on this box, else the first page."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path.partition("?")[0] if plain and "\\" not in path else "/"
