"""The reads as Strawberry's documentation teaches them: its own ASGI app, a session in the resolver, ORM objects."""

from __future__ import annotations

from datetime import datetime
from typing import NewType

import strawberry
from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

from benchmarks.peers.access import Person, person_of, require_guild
from benchmarks.peers.orm import Entry, Settings, new_session

Snowflake = NewType("Snowflake", int)
Info = strawberry.Info[Person, None]


@strawberry.type
class VerifierEntry:
    database_id: int
    guild_id: Snowflake
    verifier_id: str
    user_id: Snowflake
    verified: bool
    message_id: Snowflake
    channel_id: Snowflake
    created_at: datetime


@strawberry.type
class VerifierEntries:
    nodes: list[VerifierEntry]


@strawberry.type
class Guild:
    guild_id: strawberry.Private[int]

    @strawberry.field
    async def verifier_entries(self, first: int) -> VerifierEntries | None:
        async with new_session() as session:
            settings = await session.scalar(select(Settings).where(Settings.guild_id == self.guild_id))
            if settings is None or not settings.module_verifier:
                return None
            rows = await session.scalars(
                select(Entry).where(Entry.guild_id == self.guild_id).order_by(Entry.id).limit(first)
            )
            return VerifierEntries(nodes=[to_entry(row) for row in rows])


def to_entry(row: Entry) -> VerifierEntry:
    return VerifierEntry(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        verifier_id=row.verifier_id,
        user_id=Snowflake(row.user_id),
        verified=row.is_verified,
        message_id=Snowflake(row.message_id),
        channel_id=Snowflake(row.channel_id),
        created_at=row.created_at,
    )


@strawberry.type
class Query:
    @strawberry.field
    async def verifier_entry(self, info: Info, verifier_id: strawberry.ID) -> VerifierEntry | None:
        async with new_session() as session:
            row = await session.scalar(select(Entry).where(Entry.verifier_id == verifier_id))
        if row is None:
            return None
        require_guild(info.context, row.guild_id)
        return to_entry(row)

    @strawberry.field
    async def guild(self, info: Info, id: Snowflake) -> Guild:
        require_guild(info.context, id)
        return Guild(guild_id=id)


class App(GraphQL[Person, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Person:  # noqa: ARG002
        return person_of(request.headers.get("authorization"))


SNOWFLAKE = strawberry.scalar(name="Snowflake", serialize=str, parse_value=int)
schema = strawberry.Schema(Query, config=StrawberryConfig(scalar_map={Snowflake: SNOWFLAKE}))
app = App(schema, graphql_ide=None)
