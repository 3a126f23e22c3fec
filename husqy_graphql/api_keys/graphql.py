"""API keys in the schema; everything here is for administrators who are signed in with Discord."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from husqy_graphql.api_keys import repository, service
from husqy_graphql.core.access import Permission
from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.gql.arguments import After, First, GuildId
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Info
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.nodes import Node, decode_node_id, encode_node_id
from husqy_graphql.gql.scalars import Snowflake


@strawberry.type(description="A key by which a program acts as an administrator of one guild.")
class ApiKey(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("ApiKey", self.database_id)

    database_id: int = strawberry.field(description="The row number, which the REST API calls `id`.")
    guild_id: Snowflake = strawberry.field(description="The one guild that it works for.")
    key: str = strawberry.field(description="The key in full. Whoever has it can do what an administrator can.")
    created_at: datetime = strawberry.field(description="When it was made.")
    last_use: datetime | None = strawberry.field(
        description="When it was used last, to the minute; null while it never was."
    )


@strawberry.input(one_of=True, description="Names an API key, by either of the two.")
class ApiKeyInput:
    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="The key's global `id`.")
    key: strawberry.Maybe[str] = strawberry.field(description="The key in full.")


@strawberry.type(description="What making an API key answers.")
class ApiKeyCreatePayload:
    api_key: ApiKey = strawberry.field(description="The new key.")


@strawberry.type(description="What deleting an API key answers.")
class ApiKeyDeletePayload:
    api_key: ApiKey = strawberry.field(description="The key that no longer works.")


@strawberry.type
class ApiKeyFields(GuildObject):
    """The API keys of `Guild`."""

    @strawberry.field(description="The API keys of the guild, the oldest first.")
    async def api_keys(self, first: First = None, after: After = None) -> Connection[ApiKey] | None:
        await self.context.authorize(self.guild_id, Permission.MANAGE_API_KEYS)
        resources = self.context.resources
        read = partial(repository.keys_of_guild, resources.reads, self.guild_id)
        return await load_page(
            self.context, first, after, read, lambda row: to_api_key(service.reveal(row, resources.key_ring))
        )


@strawberry.type
class ApiKeyMutation:
    @strawberry.mutation(description="Make an API key for a guild. Every call makes another one.")
    async def api_key_create(self, info: Info, guild_id: GuildId) -> ApiKeyCreatePayload | None:
        access = await info.context.authorize(guild_id, Permission.MANAGE_API_KEYS)
        async with info.context.change(access, LogEvent.SETTINGS_CHANGED) as uow:
            key = await service.create_key(uow, access, info.context.resources.key_ring)
        return ApiKeyCreatePayload(api_key=to_api_key(key))

    @strawberry.mutation(description="Delete an API key. Programs that use it are refused at once.")
    async def api_key_delete(
        self,
        info: Info,
        guild_id: GuildId,
        api_key: Annotated[ApiKeyInput, strawberry.argument(description="Which key.")],
    ) -> ApiKeyDeletePayload | None:
        access = await info.context.authorize(guild_id, Permission.MANAGE_API_KEYS)
        async with info.context.change(access, LogEvent.SETTINGS_CHANGED) as uow:
            key = await service.delete_key(
                uow,
                access,
                info.context.resources.key_ring,
                key=api_key.key.value if api_key.key else None,
                row_id=_row_id(api_key.id.value) if api_key.id else None,
            )
        return ApiKeyDeletePayload(api_key=to_api_key(key))


def to_api_key(key: service.RevealedKey) -> ApiKey:
    """A key as the schema shows it."""
    return ApiKey(
        database_id=key.id,
        guild_id=Snowflake(key.guild_id),
        key=key.key,
        created_at=key.created_at,
        last_use=key.last_use,
    )


def _row_id(node_id: str) -> int:
    type_name, row_id = decode_node_id(node_id, "apiKey.id")
    if type_name != "ApiKey":
        raise BadUserInput("This is the id of something else.", {"apiKey.id": "must be the `id` of an API key"})
    return row_id
