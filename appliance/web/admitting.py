"""The middleware that lets a request through: who it is, whether the table allows it, whether the form is ours.

Stands inside ``security.guard``, which has already looked at host and origin. Refuses in this order: a route that
nobody gave to anybody (403), somebody not signed in (the sign-in page, or 401 for what is no page), a password that
must be changed first, a role that may not (403), a form without the session's token (403).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote, urlsplit

from aiohttp import BodyPartReader, web

from appliance.store import accounts as rows
from appliance.web.access import EVERYBODY, rule_of
from appliance.web.office import OFFICE
from appliance.web.people import ENTERED, LIVE_HEADER, token_fits
from appliance.web.presenting import page, see_other
from appliance.wording import _, states

TOKEN_FIELD, TOKEN_HEADER = "csrf", "X-Commune-Csrf"
FREE_TO_CHANGE = ("/me", "/me/password", "/sign-out")
"""Where somebody may go who must change their password before anything else."""
_TOKEN_SEEN = web.RequestKey("the token was in the header", bool)
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger(__name__)


@web.middleware
async def admit(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Let a request through, or answer why not."""
    office, rule = request.app[OFFICE], rule_of(request)
    await office.people.recognise(request, office.clock())
    if request.match_info.http_exception is not None:  # no such page, for whoever asks
        return await handler(request)
    if rule is None:
        log.error("no rule says who may use %s %s", request.method, request.path)
        return await _refusal(request, 403, _("Trang này chưa được giao cho ai nên không mở được."))
    entered, roles = request.get(ENTERED), rule.roles(request.method)
    if roles is not EVERYBODY:
        if entered is None:
            return await _stranger(request)
        if entered.account.must_change and request.path not in FREE_TO_CHANGE:
            return see_other("/me")
        if entered.person.role not in roles:
            able = ", ".join(_(states.ROLES[role.value]) for role in sorted(roles)) or "-"
            sentence = _("Việc này không thuộc vai trò của bạn; người làm được: {roles}.").format(roles=able)
            return await _refusal(request, 403, sentence)
        if request.method not in ("GET", "HEAD") and not await _form_is_ours(request, rule.streamed):
            raise web.HTTPForbidden
    return await handler(request)


async def parts_of(request: web.Request) -> AsyncIterator[BodyPartReader]:
    """The parts of a streamed form behind its token, which comes first (``presenting`` puts it there).

    Raises:
        web.HTTPForbidden: no token of this session came before the first part.
        web.HTTPBadRequest: parts within parts.
    """
    seen = request.get(_TOKEN_SEEN, False)
    parts = await request.multipart()
    while (part := await parts.next()) is not None:
        if not isinstance(part, BodyPartReader):
            raise web.HTTPBadRequest
        if part.name == TOKEN_FIELD:
            seen = seen or token_fits(request, (await part.read_chunk(1024)).decode("ascii", "replace"))
            continue
        if not seen:
            raise web.HTTPForbidden
        yield part
    if not seen:
        raise web.HTTPForbidden


async def _form_is_ours(request: web.Request, streamed: bool) -> bool:
    if given := request.headers.get(TOKEN_HEADER, ""):
        request[_TOKEN_SEEN] = fits = token_fits(request, given)
        return fits
    if streamed:  # ``parts_of`` looks when the body is read
        return True
    try:
        form = await request.post()
    except (ValueError, AssertionError) as error:  # how aiohttp says that a multipart body is malformed
        raise web.HTTPBadRequest from error
    return token_fits(request, str(form.get(TOKEN_FIELD, "")))


async def _stranger(request: web.Request) -> web.StreamResponse:
    """Nobody is signed in: a page leads to the sign-in page and back, anything else is just refused."""
    page_wanted = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if not page_wanted or LIVE_HEADER in request.headers:
        sentence = _("Bạn chưa đăng nhập hoặc phiên làm việc đã hết. Hãy đăng nhập lại.")
        before = urlsplit(request.headers.get("Referer", "")).path or "/"  # the page whose form came too late
        return await _refusal(request, 401, sentence, sign_in=f"/sign-in?next={quote(before)}")
    if not await asyncio.to_thread(request.app[OFFICE].store.read, rows.count):
        return see_other("/first-run")
    return see_other("/sign-in" if request.path == "/" else f"/sign-in?next={quote(request.path)}")


async def _refusal(request: web.Request, state: int, sentence: str, **facts: str) -> web.Response:
    return await page(request, "problem.html", state, sentence=sentence, number=state, live_url="", **facts)
