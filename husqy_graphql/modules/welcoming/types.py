"""The welcoming module's types in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.gql.arguments import After, First
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Role, load_channels, load_roles
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.rows import row_type
from husqy_graphql.gql.scalars import MembershipSeconds, Snowflake
from husqy_graphql.modules.welcoming import models, repository
from husqy_graphql.modules.welcoming.repository import FullSettings
from husqy_graphql.modules.welcoming.service import ResponseType

graphql_enum(
    ResponseType,
    "What a welcoming response is for.",
    {
        "DM_WELCOME": "It is sent to a new member as a direct message.",
        "CHANNEL_WELCOME": "It greets a new member in a channel.",
        "CHANNEL_LEAVE": "It tells in a channel that a member has left.",
    },
    name="WelcomingResponseType",
)

ResponseId = Annotated[strawberry.ID, strawberry.argument(description="The response's `responseId`.")]
TimedRoleId = Annotated[strawberry.ID, strawberry.argument(description="The timed role's `timedRoleId`.")]
_RESPONSE = "The response that is sent while they are not randomized; null for none, and for one that is gone."
_RESPONSE_ID = "The chosen response by its `responseId`, gone or not; null for none."
_ENABLED = "Whether it is on. What is not set up completely does nothing."
_RANDOMIZED = "Whether each message is any of the responses of this type, in place of the chosen one."


@strawberry.type(description="A message that Husqy sends to members who join, or about those who leave.")
class WelcomingResponse(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("WelcomingResponse", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    response_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    type: ResponseType = strawberry.field(description="What it is for.")
    is_embed: bool = strawberry.field(description="Whether its content is the JSON of embeds, not a text.")
    content: str = strawberry.field(
        description="The text, or the JSON of embeds, with variables like `<user_mention>`."
    )


@strawberry.type(description="A role that members get once they have been in the guild for some time.")
class WelcomingTimedRole(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("WelcomingTimedRole", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    timed_role_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    role_id: Snowflake = strawberry.field(description="The Discord id of the role that is given.")
    add_after: MembershipSeconds = strawberry.field(description="How long after joining it is given.")

    @strawberry.field(description="The role that is given; null when it is gone.")
    async def role(self, info: Info) -> Role | None:
        return await info.context.load(load_roles, (int(self.guild_id), int(self.role_id)))


async def load_responses(context: Context, keys: Sequence[tuple[int, str]]) -> list[WelcomingResponse | None]:
    """The response of each (guild id, response id); null for one that is gone. A batch for `context.load`."""
    rows = await repository.responses_by_names(context.resources.reads, [response_id for _, response_id in keys])
    found = {(row.guild_id, row.response_id): to_response(row) for row in rows}
    return [found.get(key) for key in keys]


@strawberry.type(description="The direct message to new members.")
class WelcomingDirectMessage:
    guild_id: strawberry.Private[int]
    enabled: bool = strawberry.field(description=_ENABLED)
    randomized: bool = strawberry.field(description=_RANDOMIZED)
    response_id: str | None = strawberry.field(description=_RESPONSE_ID)

    @strawberry.field(description=_RESPONSE)
    async def response(self, info: Info) -> WelcomingResponse | None:
        return await _response(info.context, self.guild_id, self.response_id)


@strawberry.type(description="The message in a channel about members who join, or who leave.")
class WelcomingChannelMessage:
    guild_id: strawberry.Private[int]
    enabled: bool = strawberry.field(description=_ENABLED)
    randomized: bool = strawberry.field(description=_RANDOMIZED)
    channel_id: Snowflake | None = strawberry.field(
        description="The Discord id of the channel that it is written in; null for none."
    )
    response_id: str | None = strawberry.field(description=_RESPONSE_ID)

    @strawberry.field(description="The channel that it is written in; null for none, and when it is gone.")
    async def channel(self, info: Info) -> Channel | None:
        if self.channel_id is None:
            return None
        return await info.context.load(load_channels, (self.guild_id, int(self.channel_id)))

    @strawberry.field(description=_RESPONSE)
    async def response(self, info: Info) -> WelcomingResponse | None:
        return await _response(info.context, self.guild_id, self.response_id)


@strawberry.type(description="The roles that everybody gets on joining.")
class WelcomingAutorole:
    guild_id: strawberry.Private[int]
    enabled: bool = strawberry.field(description=_ENABLED)
    role_ids: list[Snowflake] = strawberry.field(description="The Discord ids of the roles, in order.")

    @strawberry.field(description="The roles, without those that are gone.")
    async def roles(self, info: Info) -> list[Role]:
        found = [await info.context.load(load_roles, (self.guild_id, int(each))) for each in self.role_ids]
        return [role for role in found if role is not None]


@strawberry.type(description="What Husqy does when members join, leave, and stay.")
class WelcomingSettings(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("WelcomingSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    direct_message: WelcomingDirectMessage = strawberry.field(description="The direct message to new members.")
    welcome_message: WelcomingChannelMessage = strawberry.field(description="The greeting in a channel.")
    leave_message: WelcomingChannelMessage = strawberry.field(description="The message about who left.")
    autorole: WelcomingAutorole = strawberry.field(description="The roles that everybody gets on joining.")
    timed_roles_enabled: bool = strawberry.field(description="Whether timed roles are given.")


@strawberry.type(description="The welcoming module of a guild that has it on.")
class WelcomingModule:
    settings: WelcomingSettings = strawberry.field(description="What is on, and how.")

    @strawberry.field(description="The responses, the oldest first.")
    async def responses(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        type: Annotated[ResponseType | None, strawberry.argument(description="Only this type.")] = None,
    ) -> Connection[WelcomingResponse]:
        context = info.context
        read = partial(
            repository.responses,
            context.resources.reads,
            int(self.settings.guild_id),
            response_type=type.value if type else None,
        )
        return await load_page(context, first, after, read, RESPONSE_ROWS)

    @strawberry.field(description="One response; null when it is not there.")
    async def response(self, info: Info, response_id: ResponseId) -> WelcomingResponse | None:
        return await _response(info.context, int(self.settings.guild_id), response_id)

    @strawberry.field(description="The timed roles, the oldest first.")
    async def timed_roles(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        role_id: Annotated[Snowflake | None, strawberry.argument(description="Only those that give this role.")] = None,
    ) -> Connection[WelcomingTimedRole]:
        context = info.context
        read = partial(
            repository.timed_roles,
            context.resources.reads,
            int(self.settings.guild_id),
            role_id=role_id,
        )
        return await load_page(context, first, after, read, TIMED_ROLE_ROWS)

    @strawberry.field(description="One timed role; null when it is not there.")
    async def timed_role(self, info: Info, timed_role_id: TimedRoleId) -> WelcomingTimedRole | None:
        row = await repository.timed_role(info.context.resources.reads, int(self.settings.guild_id), timed_role_id)
        return to_timed_role(row) if row else None


def to_settings(settings: FullSettings) -> WelcomingSettings:
    """The settings with the roles of the autorole, as the schema shows them."""
    row, guild_id = settings.row, settings.guild_id
    return WelcomingSettings(
        database_id=row.id,
        guild_id=Snowflake(guild_id),
        direct_message=WelcomingDirectMessage(
            guild_id=guild_id,
            enabled=row.dm_enabled,
            randomized=row.dm_randomized,
            response_id=row.dm_response_id,
        ),
        welcome_message=_to_channel_message(row, "welcome"),
        leave_message=_to_channel_message(row, "leave"),
        autorole=WelcomingAutorole(
            guild_id=guild_id,
            enabled=row.autorole_enabled,
            role_ids=[Snowflake(each) for each in settings.autorole_ids],
        ),
        timed_roles_enabled=row.timed_roles_enabled,
    )


def to_response(row: Any) -> WelcomingResponse:
    """A response row, loaded either way, as the schema shows it."""
    return WelcomingResponse(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        response_id=row.response_id,
        type=ResponseType(row.response_type),
        is_embed=row.is_embed,
        content=row.content,
    )


def to_timed_role(row: Any) -> WelcomingTimedRole:
    """A timed role's row, loaded either way, as the schema shows it."""
    return WelcomingTimedRole(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        timed_role_id=row.timed_role_id,
        role_id=Snowflake(row.role_id),
        add_after=MembershipSeconds(row.add_after),
    )


def _to_channel_message(row: Any, name: str) -> WelcomingChannelMessage:
    channel_id = getattr(row, f"{name}_channel_id")
    return WelcomingChannelMessage(
        guild_id=row.guild_id,
        enabled=getattr(row, f"{name}_enabled"),
        randomized=getattr(row, f"{name}_randomized"),
        channel_id=None if channel_id is None else Snowflake(channel_id),
        response_id=getattr(row, f"{name}_response_id"),
    )


async def _response(context: Context, guild_id: int, response_id: str | None) -> WelcomingResponse | None:
    if response_id is None:
        return None
    return await context.load(load_responses, (guild_id, response_id))


RESPONSE_ROWS = row_type(
    WelcomingResponse,
    to_response,
    models.WelcomingResponse.__table__,
    {"type": ResponseType},
    database_id="id",
    type="response_type",
)
TIMED_ROLE_ROWS = row_type(WelcomingTimedRole, to_timed_role, models.WelcomingTimedRole.__table__, database_id="id")
