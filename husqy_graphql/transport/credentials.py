"""Lets requests in: finds the credential, asks whose it is, and opens the context."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from husqy_graphql.core.errors import Unauthenticated
from husqy_graphql.gql.context import Context, Resources
from husqy_graphql.identity.service import Caller, Identity, authenticate
from husqy_graphql.transport.middleware import request_id_of
from husqy_graphql.transport.rate_limits import RateLimits


@dataclass(frozen=True, slots=True)
class Gate:
    """The one way in, for HTTP and WebSockets, `/graphql` and `/v1`."""

    resources: Resources
    identity: Identity
    rates: RateLimits

    async def caller(self, connection: HTTPConnection, *, fresh: bool = False) -> Caller:
        """Who sends the request. `fresh` asks again about a credential that was accepted more than half a minute ago.

        Raises what `authenticate` raises, and RateLimited for an address that has sent too many bad credentials.
        """
        self.rates.check_address(connection)
        try:
            credential = credential_of(connection)
            acting_user = connection.headers.get("x-husqy-acting-user")
            return await authenticate(self.identity, credential, acting_user, fresh=fresh)
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
        return self.context(connection, await self.caller(connection), stored=stored)


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
