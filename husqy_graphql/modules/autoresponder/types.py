"""The autoresponder's types in the schema, and how rows become them."""

from __future__ import annotations

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
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.autoresponder import models, repository
from husqy_graphql.modules.autoresponder.matching import TriggerType
from husqy_graphql.modules.autoresponder.repository import FullTrigger
from husqy_graphql.modules.autoresponder.service import ResponseType

graphql_enum(
    TriggerType,
    "Where a trigger looks for its text.",
    {
        "WILDCARD": "Nowhere: every message hits it.",
        "CONTAINS": "Anywhere in the message.",
        "STARTS_WITH": "At the beginning of the message.",
        "ENDS_WITH": "At the end of the message.",
    },
    name="AutoresponderTriggerType",
)
graphql_enum(
    ResponseType,
    "What a response does.",
    {
        "MESSAGE": "Sends a text to the channel of the message.",
        "EMBED": "Sends embeds to the channel of the message.",
        "REACTION": "Reacts to the message.",
    },
    name="AutoresponderResponseType",
)

TriggerId = Annotated[strawberry.ID, strawberry.argument(description="The trigger's `triggerId`.")]
ResponseId = Annotated[strawberry.ID, strawberry.argument(description="The response's `responseId`.")]


@strawberry.type(description="What Husqy does when a trigger is hit.")
class AutoresponderResponse(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("AutoresponderResponse", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    response_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    type: ResponseType = strawberry.field(description="What it does.")
    content: str | None = strawberry.field(
        description="The text of a message, or the JSON of embeds, with variables like `<user_mention>`; null for a "
        "reaction."
    )
    emoji_name: str | None = strawberry.field(description="The emoji of a reaction, or the name of a custom one.")
    emoji_id: str | None = strawberry.field(description="The Discord id of a custom emoji.")


@strawberry.type(description="When Husqy reacts to a message.")
class AutoresponderTrigger(Node):
    filters: strawberry.Private[dict[str, list[int]]]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("AutoresponderTrigger", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    trigger_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    type: TriggerType = strawberry.field(description="Where it looks for its text.")
    match_case: bool = strawberry.field(description="Whether upper and lower case must agree.")
    text: str | None = strawberry.field(description="What it looks for; null for a wildcard.")
    responses: list[AutoresponderResponse] = strawberry.field(
        description="What is done, in this order; none only logs the hit."
    )
    response_ids: list[str] = strawberry.field(description="The ids of the responses, in their order.")

    @strawberry.field(description="It reacts in these channels alone; in all but the ignored ones when there is none.")
    def allowed_channel_ids(self) -> list[Snowflake]:
        return self._ids("allowed_channel")

    @strawberry.field(description="It does not react in these channels; no matter while some are allowed.")
    def ignored_channel_ids(self) -> list[Snowflake]:
        return self._ids("ignored_channel")

    @strawberry.field(description="It reacts to members with one of these roles alone.")
    def allowed_role_ids(self) -> list[Snowflake]:
        return self._ids("allowed_role")

    @strawberry.field(description="It does not react to members with one of these roles.")
    def ignored_role_ids(self) -> list[Snowflake]:
        return self._ids("ignored_role")

    @strawberry.field(description="The allowed channels, without those that are gone.")
    async def allowed_channels(self, info: Info) -> list[Channel]:
        return await self._channels(info.context, "allowed_channel")

    @strawberry.field(description="The ignored channels, without those that are gone.")
    async def ignored_channels(self, info: Info) -> list[Channel]:
        return await self._channels(info.context, "ignored_channel")

    @strawberry.field(description="The allowed roles, without those that are gone.")
    async def allowed_roles(self, info: Info) -> list[Role]:
        return await self._roles(info.context, "allowed_role")

    @strawberry.field(description="The ignored roles, without those that are gone.")
    async def ignored_roles(self, info: Info) -> list[Role]:
        return await self._roles(info.context, "ignored_role")

    def _ids(self, kind: str) -> list[Snowflake]:
        return [Snowflake(each) for each in self.filters.get(kind, ())]

    async def _channels(self, context: Context, kind: str) -> list[Channel]:
        found = [await context.load(load_channels, (int(self.guild_id), each)) for each in self.filters.get(kind, ())]
        return [channel for channel in found if channel is not None]

    async def _roles(self, context: Context, kind: str) -> list[Role]:
        found = [await context.load(load_roles, (int(self.guild_id), each)) for each in self.filters.get(kind, ())]
        return [role for role in found if role is not None]


@strawberry.type(description="The autoresponder of a guild that has it on.")
class AutoresponderModule:
    guild_id: strawberry.Private[int]

    @strawberry.field(description="The triggers, the oldest first.")
    async def triggers(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        type: Annotated[TriggerType | None, strawberry.argument(description="Only this type.")] = None,
    ) -> Connection[AutoresponderTrigger]:
        context = info.context
        read = partial(
            repository.triggers,
            context.resources.reads,
            self.guild_id,
            trigger_type=type.value if type else None,
        )
        return await load_page(context, first, after, read, to_trigger)

    @strawberry.field(description="One trigger; null when it is not there.")
    async def trigger(self, info: Info, trigger_id: TriggerId) -> AutoresponderTrigger | None:
        found = await repository.trigger(info.context.resources.reads, self.guild_id, trigger_id)
        return to_trigger(found) if found else None

    @strawberry.field(description="The responses, the oldest first.")
    async def responses(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        type: Annotated[ResponseType | None, strawberry.argument(description="Only this type.")] = None,
    ) -> Connection[AutoresponderResponse]:
        context = info.context
        read = partial(
            repository.responses,
            context.resources.reads,
            self.guild_id,
            response_type=type.value if type else None,
        )
        return await load_page(context, first, after, read, RESPONSE_ROWS)

    @strawberry.field(description="One response; null when it is not there.")
    async def response(self, info: Info, response_id: ResponseId) -> AutoresponderResponse | None:
        row = await repository.response(info.context.resources.reads, self.guild_id, response_id)
        return to_response(row) if row else None


def to_trigger(trigger: FullTrigger) -> AutoresponderTrigger:
    """A trigger with what hangs on it, as the schema shows it."""
    row = trigger.row
    responses = [to_response(each) for each in trigger.responses]
    return AutoresponderTrigger(
        filters=trigger.filters,
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        trigger_id=row.trigger_id,
        type=TriggerType(row.trigger_type),
        match_case=row.match_case,
        text=row.trigger,
        responses=responses,
        response_ids=[each.response_id for each in responses],
    )


def to_response(row: Any) -> AutoresponderResponse:
    """A response row, loaded either way, as the schema shows it."""
    return AutoresponderResponse(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        response_id=row.response_id,
        type=ResponseType(row.response_type),
        content=row.response_content,
        emoji_name=row.emoji_name,
        emoji_id=row.emoji_id,
    )


RESPONSE_ROWS = row_type(
    AutoresponderResponse,
    to_response,
    models.AutoresponderResponse.__table__,
    {"type": ResponseType},
    database_id="id",
    type="response_type",
    content="response_content",
)
