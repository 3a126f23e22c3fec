"""Lets requests in: finds the credential or the session cookie, asks whose it is, and opens the context."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from husqy_graphql.core.errors import Forbidden, Unauthenticated
from husqy_graphql.gql.context import Context, Resources
from husqy_graphql.identity.service import ACTING_USER_REFUSED, Caller, Identity, authenticate
from husqy_graphql.identity.sessions import Sessions, find_caller
from husqy_graphql.transport.csrf import check_csrf
from husqy_graphql.transport.middleware import header_of, request_id_of
from husqy_graphql.transport.origins import Origins
from husqy_graphql.transport.rate_limits import RateLimits

SESSION_COOKIE: Final = "husqy_session"


@dataclass(frozen=True, slots=True)
class Gate:
    """The one way in, for HTTP and WebSockets, `/graphql` and `/v1`; without `sessions` cookies mean nothing."""

    resources: Resources
    identity: Identity
    sessions: Sessions | None
    origins: Origins
    rates: RateLimits

    async def caller(self, connection: HTTPConnection, *, safe_reads: bool = False, fresh: bool = False) -> Caller:
        """Who sends the request. `safe_reads` says that a GET can do nothing but read one answer; `fresh` asks again
        about a credential that was accepted more than half a minute ago.

        Raises what `authenticate`, `check_csrf` and `find_caller` raise, and RateLimited for an address that has sent
        too many bad credentials.
        """
        self.rates.check_address(connection)
        try:
            return await self._caller(connection, safe_reads=safe_reads, fresh=fresh)
        except Unauthenticated:
            await self.rates.charge_bad_credential(connection)
            raise

    def context(self, connection: HTTPConnection, caller: Caller, *, stored: bool = False) -> Context:
        """The context of one operation of a caller."""
        budget = self.rates.budget(caller.actor, connection)
        connection.scope["state"]["budget"] = budget  # the middleware tells of it
        return Context(self.resources, caller, request_id_of(connection.scope), budget, stored=stored)

    async def open(self, connection: HTTPConnection, *, stored: bool = False) -> Context:
        """The context of a request; raises what `caller` raises."""
        # A GET of /v1 is one fixed read; a GET of /graphql may be any query, and as dear as that.
        caller = await self.caller(connection, safe_reads=stored)
        return self.context(connection, caller, stored=stored)

    async def _caller(self, connection: HTTPConnection, *, safe_reads: bool, fresh: bool) -> Caller:
        credential = credential_of(connection)
        acting_user = header_of(connection.scope, b"x-husqy-acting-user")
        by_cookie = credential is None and self.sessions is not None
        session_id = session_id_of(self.origins, connection) if by_cookie else None
        if self.sessions is None or session_id is None:
            return await authenticate(self.identity, credential, acting_user, fresh=fresh)
        check_csrf(self.origins, connection, safe_reads=safe_reads)
        caller = await find_caller(self.sessions, session_id)
        if acting_user is not None:
            raise Forbidden(ACTING_USER_REFUSED)
        if fresh and caller.token is not None:
            await self.identity.resolve(caller.token, fresh=True)  # Discord may have revoked what is behind the session
        return caller


def credential_of(connection: HTTPConnection) -> str | None:
    """The value of `Authorization: Bearer` or of `X-API-Key`, or None without either.

    Raises Unauthenticated for another scheme, for an empty value, and for two that differ.
    """
    found: set[str] = set()
    for name, raw in connection.scope["headers"]:
        if name == b"authorization":
            scheme, _, value = raw.decode("latin-1").partition(" ")
            if scheme.lower() != "bearer" or not value.strip():
                raise Unauthenticated("The Authorization header must be `Bearer` and a credential.")
            found.add(value.strip())
        elif name == b"x-api-key":
            found.add(raw.decode("latin-1").strip())
    if len(found) > 1:
        raise Unauthenticated("Two different credentials were sent. Send one.")
    if "" in found:
        raise Unauthenticated("The credential is empty.")
    return next(iter(found), None)


def session_cookie_name(origins: Origins, connection: HTTPConnection) -> str:
    """The cookie that holds a session id."""
    return host_cookie_name(SESSION_COOKIE, origins, connection)


def host_cookie_name(name: str, origins: Origins, connection: HTTPConnection) -> str:
    """The name of a cookie of ours. On https its prefix keeps other hosts of the same domain from setting it
    (RFC 6265bis, section 4.1.3.2)."""
    return f"__Host-{name}" if origins.own(connection).startswith("https://") else name


def session_id_of(origins: Origins, connection: HTTPConnection) -> str | None:
    """The session id that a browser sent, or None."""
    return connection.cookies.get(session_cookie_name(origins, connection))
