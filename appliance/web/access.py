"""Which roles may use which route: one table an application, filled next to the routes, enforced by the middleware.

How a page module says it, in its ``prepare(app)``, next to ``add_routes`` (paths as aiohttp's canonical ones, that is
``/papers/{id}/pages/{number}.jpg`` without the pattern)::

    app.add_routes([web.get("/books", show), web.post("/books/{id}/void", void)])
    allow(app, "/books")                                    # whoever is signed in may look
    allow(app, "/books/{id}/void", write=only(Role.CLERK))  # only the clerk may send

``read`` is for GET and HEAD, ``write`` for everything else. Without arguments: whoever is signed in reads; clerk,
leader and administrator send. A handler that needs the person asks ``request.app[OFFICE].people.person(request)``,
which is never None behind a rule that is not ``EVERYBODY``. Every POST carries the hidden field ``csrf``, which
``presenting.page`` puts into each form by itself; scripts send it in the header ``X-Commune-Csrf`` (``data-csrf`` of
the body element). A route that streams its body declares ``streamed=True`` and checks the token itself.

Refuses to know accounts or sessions. Invariant: what is not in the table is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from appliance.store.standing import Role

SIGNED_IN: frozenset[Role] = frozenset(Role)
"""Whoever has an account that is not blocked, whatever the role."""
OFFICERS: frozenset[Role] = frozenset({Role.CLERK, Role.LEADER})
"""Those who decide about papers."""
DOERS: frozenset[Role] = OFFICERS | {Role.ADMINISTRATOR}
NOBODY: frozenset[Role] = frozenset()
EVERYBODY = None
"""Also who is not signed in: the sign-in page, what it looks like, and the box's health."""


@dataclass(frozen=True)
class Rule:
    """Who may read and who may send; None: everybody. ``streamed``: the handler reads the body and its token itself."""

    read: frozenset[Role] | None
    write: frozenset[Role] | None
    streamed: bool = False

    def roles(self, method: str) -> frozenset[Role] | None:
        """The roles for an HTTP method; None: everybody."""
        return self.read if method in ("GET", "HEAD") else self.write


RULES = web.AppKey("who may use which route", dict[str, Rule])


def only(*roles: Role) -> frozenset[Role]:
    """The set of these roles, as ``allow`` wants it."""
    return frozenset(roles)


def allow(
    app: web.Application,
    path: str,
    *,
    read: frozenset[Role] | None = SIGNED_IN,
    write: frozenset[Role] | None = DOERS,
    streamed: bool = False,
) -> None:
    """Say who may use the routes at ``path``; a path is said once.

    Raises:
        ValueError: somebody said it before.
    """
    rules = app.setdefault(RULES, {})
    if path in rules:
        raise ValueError(f"two rules for {path}")
    rules[path] = Rule(read, write, streamed)


def rule_of(request: web.Request) -> Rule | None:
    """The rule of the route that this request reached, or None when nobody said one."""
    resource = request.match_info.route.resource
    return request.app[RULES].get(resource.canonical) if resource else None


def may_use(app: web.Application, path: str, method: str, role: Role | None) -> bool:
    """Whether somebody of this role (None: not signed in) may use the route at ``path``; pages offer no other."""
    rule = app[RULES].get(path)
    roles = rule.roles(method) if rule else NOBODY
    return roles is None or role in roles


def unsaid(app: web.Application) -> list[str]:
    """Canonical paths of the application that have no rule, and rules of paths that it does not have."""
    rules = app[RULES]
    said, routed = set(rules), {resource.canonical for resource in app.router.resources()}
    return sorted(said ^ routed)
