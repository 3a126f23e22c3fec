"""Opens the context of a request: finds its credential or its session cookie, and asks whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from husqy_graphql.core.errors import Forbidden, Unauthenticated
from husqy_graphql.gql.context import Caller, Context, Resources
from husqy_graphql.identity.service import ACTING_USER_REFUSED, Identity, authenticate
from husqy_graphql.identity.sessions import Sessions, find_caller
from husqy_graphql.transport.csrf import check_csrf
from husqy_graphql.transport.middleware import request_id_of
from husqy_graphql.transport.origins import Origins

SESSION_COOKIE: Final = "husqy_session"


@dataclass(frozen=True, slots=True)
class Authentication:
    """What tells who sends a request; without `sessions` cookies mean nothing."""

    identity: Identity
    sessions: Sessions | None
    origins: Origins


def credential_of(connection: HTTPConnection) -> str | None:
    """The value of `Authorization: Bearer` or of `X-API-Key`, or None without either.

    Raises Unauthenticated for another scheme, for an empty value, and for two that differ.
    """
    found: set[str] = set()
    for header in connection.headers.getlist("authorization"):
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer" or not value.strip():
            raise Unauthenticated("The Authorization header must be `Bearer` and a credential.")
        found.add(value.strip())
    found.update(value.strip() for value in connection.headers.getlist("x-api-key"))
    if len(found) > 1:
        raise Unauthenticated("Two different credentials were sent. Send one.")
    if "" in found:
        raise Unauthenticated("The credential is empty.")
    return next(iter(found), None)


def session_cookie_name(origins: Origins, connection: HTTPConnection) -> str:
    """The cookie that holds a session id. On https its prefix keeps other hosts of the same domain from setting it
    (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{SESSION_COOKIE}" if origins.own(connection).startswith("https://") else SESSION_COOKIE


def session_id_of(origins: Origins, connection: HTTPConnection) -> str | None:
    """The session id that a browser sent, or None."""
    return connection.cookies.get(session_cookie_name(origins, connection))


async def open_context(
    resources: Resources, authentication: Authentication, connection: HTTPConnection, *, stored: bool
) -> Context:
    """The context of a request; raises what `authenticate`, `check_csrf` and `find_caller` raise."""
    caller: Caller = await _find_caller(authentication, connection, stored=stored)
    return Context(resources, caller, request_id_of(connection.scope), stored=stored)


async def _find_caller(authentication: Authentication, connection: HTTPConnection, *, stored: bool) -> Caller:
    identity, sessions, origins = authentication.identity, authentication.sessions, authentication.origins
    credential = credential_of(connection)
    acting_user = connection.headers.get("x-husqy-acting-user")
    session_id = None if credential is not None or sessions is None else session_id_of(origins, connection)
    if sessions is None or session_id is None:
        return await authenticate(identity, credential, acting_user)
    # A GET of /v1 is one fixed read; a GET of /graphql may be any query, and as dear as that.
    check_csrf(origins, connection, safe_reads=stored)
    caller = await find_caller(sessions, session_id)
    if acting_user is not None:
        raise Forbidden(ACTING_USER_REFUSED)
    return caller
