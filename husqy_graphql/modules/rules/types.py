"""The types of the rules in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
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
from husqy_graphql.modules.rules import models, repository
from husqy_graphql.modules.rules.repository import FullSettings
from husqy_graphql.modules.rules.service import DeniedAction

graphql_enum(
    DeniedAction,
    "What happens to a member who denies the rules. The roles of accepting are taken in any case.",
    {
        "NOTHING": "Nothing more.",
        "ADD_ROLES": "The member gets the roles for denying.",
        "KICK": "The member is put out of the guild.",
    },
    name="RulesDeniedAction",
)

EntryId = Annotated[strawberry.ID, strawberry.argument(description="The rule's `entryId`.")]


@strawberry.type(description="Where the rules of a guild stand, and what accepting and denying them does.")
class RulesSettings(Node):
    roles: strawberry.Private[Mapping[str, Sequence[int]]]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("RulesSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    channel_id: Snowflake | None = strawberry.field(
        description="The Discord id of the channel that the rules stand in; null when members get them by direct "
        "message."
    )
    message_id: Snowflake | None = strawberry.field(
        description="The Discord id of the message with the rules in that channel; null while there is none."
    )
    actions_enabled: bool = strawberry.field(description="Whether there are buttons to accept and to deny the rules.")
    denied_action: DeniedAction = strawberry.field(description="What happens to a member who denies the rules.")

    @strawberry.field(description="The channel that the rules stand in; null when there is none, or it is gone.")
    async def channel(self, info: Info) -> Channel | None:
        if self.channel_id is None:
            return None
        return await info.context.load(load_channels, (int(self.guild_id), int(self.channel_id)))

    @strawberry.field(description="The Discord ids of the roles that accepting gives, and denying takes.")
    def accepted_role_ids(self) -> list[Snowflake]:
        return [Snowflake(each) for each in self.roles["accepted"]]

    @strawberry.field(description="The Discord ids of the roles that accepting takes, and denying gives if it may.")
    def denied_role_ids(self) -> list[Snowflake]:
        return [Snowflake(each) for each in self.roles["denied"]]

    @strawberry.field(description="The roles that accepting gives, without those that are gone.")
    async def accepted_roles(self, info: Info) -> list[Role]:
        return await self._roles(info.context, "accepted")

    @strawberry.field(description="The roles that denying gives if it may, without those that are gone.")
    async def denied_roles(self, info: Info) -> list[Role]:
        return await self._roles(info.context, "denied")

    async def _roles(self, context: Context, kind: str) -> list[Role]:
        found = [await context.load(load_roles, (int(self.guild_id), each)) for each in self.roles[kind]]
        return [role for role in found if role is not None]


@strawberry.type(description="A rule of a guild.")
class RulesEntry(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("RulesEntry", self.database_id)

    database_id: int = strawberry.field(description="The row number; by it the rules are in order.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    entry_id: str = strawberry.field(description="The id by which it is named: a UUID.")
    text: str = strawberry.field(description="What it says, with variables like `<server_name>`.")


@strawberry.type(description="A direct message with the rules that a member has not answered yet.")
class RulesActiveEntry(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("RulesActiveEntry", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    user_id: Snowflake = strawberry.field(description="The Discord id of the member.")
    channel_id: Snowflake = strawberry.field(description="The Discord id of the channel of direct messages.")
    message_id: Snowflake = strawberry.field(description="The Discord id of the message.")
    sent_at: datetime = strawberry.field(description="When it was sent.")


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[RulesSettings | None]:
    """The settings of each guild; a batch for `context.load`."""
    found = {
        each.guild_id: to_settings(each)
        for each in await repository.settings_of_guilds(context.resources.reads, guild_ids)
    }
    return [found.get(guild_id) for guild_id in guild_ids]


@strawberry.type(description="The rules module of a guild that has it on.")
class RulesModule:
    guild_id: strawberry.Private[int]
    settings: RulesSettings = strawberry.field(
        description="Where the rules stand, and what accepting and denying them does."
    )

    @strawberry.field(description="The rules in the order in which they are numbered.")
    async def entries(self, info: Info, first: First = None, after: After = None) -> Connection[RulesEntry]:
        context = info.context
        read = partial(
            repository.entries,
            context.resources.reads,
            self.guild_id,
        )
        return await load_page(context, first, after, read, ENTRY_ROWS)

    @strawberry.field(description="One rule; null when it is not there.")
    async def entry(self, info: Info, entry_id: EntryId) -> RulesEntry | None:
        row = await repository.entry(info.context.resources.reads, self.guild_id, entry_id)
        return to_entry(row) if row else None

    @strawberry.field(description="The direct messages that no member has answered yet, the oldest first.")
    async def active_entries(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        user_id: Annotated[Snowflake | None, strawberry.argument(description="Only the one of this member.")] = None,
    ) -> Connection[RulesActiveEntry]:
        context = info.context
        read = partial(
            repository.active_entries,
            context.resources.reads,
            self.guild_id,
            user_id=user_id,
        )
        return await load_page(context, first, after, read, ACTIVE_ENTRY_ROWS)


def to_settings(settings: FullSettings) -> RulesSettings:
    """Settings with their roles, as the schema shows them."""
    row = settings.row
    return RulesSettings(
        roles=settings.roles,
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        channel_id=None if row.rules_channel is None else Snowflake(row.rules_channel),
        message_id=None if row.rules_message_id is None else Snowflake(row.rules_message_id),
        actions_enabled=row.rules_actions_enabled,
        denied_action=DeniedAction(row.rules_denied_action),
    )


def to_entry(row: Any) -> RulesEntry:
    """A rule, loaded either way, as the schema shows it."""
    return RulesEntry(database_id=row.id, guild_id=Snowflake(row.guild_id), entry_id=row.rule_id, text=row.rule_text)


def to_active_entry(row: Any) -> RulesActiveEntry:
    """An unanswered direct message, loaded either way, as the schema shows it."""
    return RulesActiveEntry(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        user_id=Snowflake(row.user_id),
        channel_id=Snowflake(row.channel_id),
        message_id=Snowflake(row.message_id),
        sent_at=row.timestamp,
    )


ENTRY_ROWS = row_type(
    RulesEntry, to_entry, models.RulesEntry.__table__, database_id="id", entry_id="rule_id", text="rule_text"
)
ACTIVE_ENTRY_ROWS = row_type(
    RulesActiveEntry, to_active_entry, models.RulesActiveEntry.__table__, database_id="id", sent_at="timestamp"
)
