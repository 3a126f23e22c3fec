"""The types of giveaways in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.core.privacy import REMOVED_USER
from husqy_graphql.discord.messages import message_url
from husqy_graphql.gql.arguments import After, First
from husqy_graphql.gql.connections import Connection, load_page
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Member, load_channels, load_members
from husqy_graphql.gql.effects import Effect, load_effects
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.giveaways import repository
from husqy_graphql.modules.giveaways.repository import FullGiveaway
from husqy_graphql.modules.giveaways.service import object_key


class GiveawayState(Enum):
    RUNNING = "running"
    DRAWING = "drawing"
    ENDED = "ended"


graphql_enum(
    GiveawayState,
    "Where a giveaway stands.",
    {
        "RUNNING": "Members can enter and leave.",
        "DRAWING": "Its time is up; its winners are drawn as soon as Discord says who is still in the server.",
        "ENDED": "Its winners are drawn, and its message shows them.",
    },
)

GiveawayId = Annotated[strawberry.ID, strawberry.argument(description="The giveaway's `giveawayId`.")]


@strawberry.type(description="How a guild keeps its giveaways.")
class GiveawaysSettings(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("GiveawaysSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    save_duration_timeout: int = strawberry.field(description="Seconds that a giveaway is kept after its end.")
    delete_ended_giveaways: bool = strawberry.field(
        description="Whether the message goes too, once the giveaway is not kept any more."
    )


@strawberry.type(description="The message that a giveaway stands in.")
class GiveawayMessage:
    id: Snowflake = strawberry.field(description="The message's Discord id.")
    url: str = strawberry.field(description="The address of the message in Discord's client.")


@strawberry.type(description="Something that a member gives away to those whom Husqy draws.")
class Giveaway(Node):
    full: strawberry.Private[FullGiveaway | None]

    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("Giveaway", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    giveaway_id: str = strawberry.field(description="The id by which it is named, by members too: a UUID.")
    channel_id: Snowflake = strawberry.field(description="The channel that it is announced in.")
    message_id: Snowflake = strawberry.field(description="The Discord id of its message.")
    prize: str = strawberry.field(description="What is given away.")
    description: str | None = strawberry.field(description="What else is said about it.")
    winner_count: int = strawberry.field(description="How many winners are drawn, where so many take part.")
    owner_id: Snowflake | None = strawberry.field(
        description="The member who may change, delete and reroll it; null once that member's data was erased."
    )
    owner_reference: str = strawberry.field(
        description=f"The same as a text: the owner's id, or `{REMOVED_USER}` once that member's data was erased."
    )
    ends_at: datetime = strawberry.field(description="When it ends, or has ended.")
    delete_at: datetime = strawberry.field(description="When it is forgotten.")
    ended: bool = strawberry.field(description="Whether its winners are drawn.")
    state: GiveawayState = strawberry.field(description="Where it stands.")
    message: GiveawayMessage = strawberry.field(description="The message that it stands in.")

    @strawberry.field(description="The ids of those who take part, in the order in which they entered.")
    async def participants(self, info: Info) -> list[Snowflake]:
        if self.full is not None:
            return [Snowflake(each) for each in self.full.participant_ids]
        return [Snowflake(each) for each in await info.context.load(_load_participants, self.database_id)]

    @strawberry.field(description="How many take part.")
    async def participant_count(self, info: Info) -> int:
        if self.full is not None:
            return len(self.full.participant_ids)
        return await info.context.load(_load_numbers, self.database_id)

    @strawberry.field(
        description="The ids of those whom the last draw has drawn; empty while it runs, and where nobody won. 0 is a "
        "winner whose data is erased."
    )
    async def winners(self, info: Info) -> list[Snowflake]:
        if self.full is not None:
            return [Snowflake(each) for each in self.full.winner_ids]
        return [Snowflake(each) for each in await info.context.load(_load_winners, self.database_id)]

    @strawberry.field(description="Its channel; null when that is gone.")
    async def channel(self, info: Info) -> Channel | None:
        return await info.context.load(load_channels, (int(self.guild_id), int(self.channel_id)))

    @strawberry.field(description="The member who owns it; null when that member is gone.")
    async def owner(self, info: Info) -> Member | None:
        if self.owner_id is None:
            return None
        return await info.context.load(load_members, (int(self.guild_id), int(self.owner_id)))

    @strawberry.field(description="What is still to be done for it on Discord, or was refused there; in order.")
    async def effects(self, info: Info) -> list[Effect]:
        return await info.context.load(load_effects, (int(self.guild_id), object_key(self.giveaway_id)))


@strawberry.type(description="The giveaways module of a guild that has it on.")
class GiveawaysModule:
    settings: GiveawaysSettings = strawberry.field(description="How giveaways are kept.")

    @strawberry.field(description="The giveaways, the oldest first.")
    async def giveaways(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        state: Annotated[GiveawayState | None, strawberry.argument(description="Only these.")] = None,
        owner_id: Annotated[Snowflake | None, strawberry.argument(description="Only those of this member.")] = None,
    ) -> Connection[Giveaway]:
        context = info.context
        read = partial(
            repository.giveaways,
            context.resources.reads,
            int(self.settings.guild_id),
            closed=None if state is None else state is not GiveawayState.RUNNING,
            ended=None if state is None else state is GiveawayState.ENDED,
            owner_id=owner_id,
        )
        return await load_page(context, first, after, read, to_giveaway)

    @strawberry.field(description="One giveaway; null when it is not there.")
    async def giveaway(self, info: Info, giveaway_id: GiveawayId) -> Giveaway | None:
        found = await info.context.load(_load_giveaways, str(giveaway_id))
        return to_giveaway(found) if found is not None and found.guild_id == int(self.settings.guild_id) else None


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[GiveawaysSettings | None]:
    """The settings of each guild; None while the module is off. A batch for `context.load`."""
    found = {row.guild_id: row for row in await repository.settings_of_guilds(context.resources.reads, guild_ids)}
    return [to_settings(found[guild_id]) if guild_id in found else None for guild_id in guild_ids]


async def _load_giveaways(context: Context, giveaway_ids: Sequence[str]) -> list[Any]:
    rows = await repository.giveaways_by_giveaway_ids(context.resources.reads, giveaway_ids)
    found = {row.giveaway_id: row for row in rows}
    return [found.get(giveaway_id) for giveaway_id in giveaway_ids]


async def _load_participants(context: Context, row_ids: Sequence[int]) -> list[list[int]]:
    found = await repository.participants_of(context.resources.reads, row_ids)
    return [found[row_id] for row_id in row_ids]


async def _load_numbers(context: Context, row_ids: Sequence[int]) -> list[int]:
    found = await repository.numbers_of_participants(context.resources.reads, row_ids)
    return [found[row_id] for row_id in row_ids]


async def _load_winners(context: Context, row_ids: Sequence[int]) -> list[list[int]]:
    found = await repository.winners_of(context.resources.reads, row_ids)
    return [found[row_id] for row_id in row_ids]


def to_settings(row: Any) -> GiveawaysSettings:
    """A settings row, loaded either way, as the schema shows it."""
    return GiveawaysSettings(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        save_duration_timeout=row.save_duration_timeout,
        delete_ended_giveaways=row.delete_ended_giveaways,
    )


def to_giveaway(row: Any, full: FullGiveaway | None = None) -> Giveaway:
    """A row of a giveaway, loaded either way, as the schema shows it; who takes part and who won is loaded when it is
    asked for."""
    url = message_url(row.guild_id, row.channel_id, row.message_id)
    unended = GiveawayState.DRAWING if row.closed else GiveawayState.RUNNING
    return Giveaway(
        full=full,
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        giveaway_id=row.giveaway_id,
        channel_id=Snowflake(row.channel_id),
        message_id=Snowflake(row.message_id),
        prize=row.prize,
        description=row.description,
        winner_count=row.winner_count,
        owner_id=None if row.owner_id is None else Snowflake(row.owner_id),
        owner_reference=REMOVED_USER if row.owner_id is None else str(row.owner_id),
        ends_at=row.end_time,
        delete_at=row.delete_at,
        ended=row.ended,
        state=GiveawayState.ENDED if row.ended else unended,
        message=GiveawayMessage(id=Snowflake(row.message_id), url=url),
    )


def to_full_giveaway(full: FullGiveaway) -> Giveaway:
    """A giveaway that was loaded with who took part and who won, such as one that is gone."""
    return to_giveaway(full.row, full)
