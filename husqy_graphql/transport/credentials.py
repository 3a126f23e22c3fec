"""Opens the context of a request: finds its credential, and asks whose it is."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from husqy_graphql.core.errors import Unauthenticated
from husqy_graphql.gql.context import Caller, Context, Resources
from husqy_graphql.identity.service import Identity, authenticate
from husqy_graphql.transport.middleware import request_id_of


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


async def open_context(
    resources: Resources, identity: Identity, connection: HTTPConnection, *, stored: bool
) -> Context:
    """The context of a request; raises what `authenticate` raises."""
    caller: Caller = await authenticate(
        identity, credential_of(connection), connection.headers.get("x-husqy-acting-user")
    )
    return Context(resources, caller, request_id_of(connection.scope), stored=stored)
