"""What every request passes: whose host it names, where a POST comes from, which language, and the response headers.

Owns the refusals that no page should have to think of. A POST counts only when the browser says it comes from our own
page (``Sec-Fetch-Site``, or ``Origin`` where plain HTTP leaves the former out), and ``admitting`` asks for the
session's token besides. ``Referrer-Policy`` is "same-origin" and not "no-referrer": under the latter
browsers send ``Origin: null`` with our own forms (Fetch standard, "append a request Origin header").
"""

from __future__ import annotations

import ipaddress
import logging
import platform
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

from appliance.commands import CommandRefused
from appliance.store import BlobMissing, NoSuchDocument, StoreFull
from appliance.web.office import LIVE_NUMBER, OFFICE
from appliance.web.presenting import page
from appliance.wording import _, speak, text_of
from appliance.wording.states import spoken

LANGUAGE_COOKIE = "commune-box-language"
LANGUAGES = ("vi", "en")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "worker-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger(__name__)


def names_this_box(host: str, box_id: str) -> bool:
    """Whether a Host header can mean this box: an address, a local name, or a name that begins with the box's own.

    Refusing the rest ends DNS rebinding, where a foreign page gives our address its own name.
    """
    name = (urlsplit(f"//{host}").hostname or "").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        first = name.partition(".")[0]
        return "." not in name or name.endswith((".local", ".lan")) or first in (box_id, platform.node().lower())


def from_own_page(request: web.Request) -> bool:
    """Whether the browser says that this request was made by a page of ours."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is None and origin is None:
        return False
    site_fits = site in (None, "same-origin")
    given = urlsplit(origin or "")
    scheme_fits = request.scheme != "https" or given.scheme == "https"  # a page without TLS may be anybody's
    return site_fits and (origin is None or (scheme_fits and given.netloc.lower() == request.host.lower()))


@web.middleware
async def guard(request: web.Request, handler: Handle) -> web.StreamResponse:
    """Language, host, origin, headers, and failures as pages in words."""
    request[LIVE_NUMBER] = request.app[OFFICE].live.number
    language = (
        request.query.get("lang") or request.cookies.get(LANGUAGE_COOKIE) or request.app[OFFICE].config.box.language
    )
    with speak(language if language in LANGUAGES else "vi"):
        response = await _answered(request, handler)
        if not response.prepared:
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
            if request.query.get("lang") in LANGUAGES:
                response.set_cookie(
                    LANGUAGE_COOKIE, request.query["lang"], max_age=31_536_000, samesite="Strict", path="/"
                )
    return response


async def _answered(request: web.Request, handler: Handle) -> web.StreamResponse:
    try:
        if not names_this_box(request.host, request.app[OFFICE].config.box.id):
            return await problem(request, 421, _("Địa chỉ này không phải của hộp."))
        if request.method not in ("GET", "HEAD") and not from_own_page(request):
            return await problem(request, 403, _("Yêu cầu không đến từ trang của hộp nên không được thực hiện."))
        return await handler(request)
    except web.HTTPForbidden:
        return await problem(request, 403, _("Yêu cầu không đến từ trang của hộp nên không được thực hiện."))
    except web.HTTPNotFound:
        return await problem(request, 404, _("Không có trang này."))
    except web.HTTPException as error:
        return await problem(request, error.status, _("Yêu cầu không hợp lệ."))
    except CommandRefused as error:
        return await problem(request, 409, text_of(error.code, **spoken(error.params)))
    except NoSuchDocument as error:
        return await problem(request, 404, text_of("no-such-document", document_id=error))
    except (BlobMissing, StoreFull) as error:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()
        return await problem(request, 503, text_of(name))
    except (ConnectionError, web.RequestPayloadError):
        raise
    except Exception:
        log.exception("a page failed: %s %s", request.method, request.path)
        return await problem(request, 500, _("Có lỗi bên trong hộp. Văn bản không bị mất; hãy thử lại."))


async def problem(request: web.Request, state: int, sentence: str) -> web.Response:
    """A page that says in one sentence why the request was not done."""
    return await page(request, "problem.html", state, sentence=sentence, number=state, live_url="")
