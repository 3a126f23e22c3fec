"""Proof that a request which acts by a cookie was meant by the page it comes from.

Browsers send a cookie with every request, whoever made them do it. They do not let a page choose the `Origin` header,
and they ask first (CORS) before a page of another origin may send a header of its own.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection

from husqy_graphql.core.errors import Forbidden
from husqy_graphql.transport.origins import Origins

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
# Any of these, with any text: a form or a link cannot send them. The names are those that GraphQL clients know.
PREFLIGHT_HEADERS: Final = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name")


def check_origin(origins: Origins, connection: HTTPConnection) -> None:
    """Raise Forbidden unless the `Origin` header names our own origin or a trusted one; all that a WebSocket upgrade
    can be asked for, since pages choose none of its headers."""
    if not origins.accepts(connection):
        raise Forbidden(
            "A request with the session cookie needs an Origin header that names this program's own origin or one of "
            "HUSQY_CORS_ORIGINS."
        )


def check_preflight(connection: HTTPConnection) -> None:
    """Raise Forbidden unless a header is there that pages of other origins cannot send unasked."""
    if not any(connection.headers.get(name) for name in PREFLIGHT_HEADERS):
        raise Forbidden(
            f"A GET, or a request with the session cookie, needs the header `{PREFLIGHT_HEADERS[0]}: 1` here."
        )


def check_csrf(origins: Origins, connection: HTTPConnection, *, safe_reads: bool) -> None:
    """Raise Forbidden for a request by cookie that another page may have forged. `safe_reads` says that a GET can do
    nothing but read one answer, which no page of another origin gets to see."""
    if connection.scope["type"] == "websocket":
        check_origin(origins, connection)
        return
    safe = connection.scope["method"] in SAFE_METHODS
    if not safe:
        check_origin(origins, connection)
    if not (safe and safe_reads):
        check_preflight(connection)
