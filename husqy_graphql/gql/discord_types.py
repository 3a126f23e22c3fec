"""Discord's objects in the schema, and how an id that is stored becomes the object that it names."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

import strawberry

from husqy_graphql.db.guilds import preventing_members
from husqy_graphql.discord.cdn import member_avatar_url
from husqy_graphql.discord.port import ChannelType, DiscordChannel, DiscordMember, DiscordRole
from husqy_graphql.discord.variables import display_name
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.scalars import Snowflake


class GuildChannelType(Enum):
    GUILD_TEXT = "GUILD_TEXT"
    GUILD_VOICE = "GUILD_VOICE"
    GUILD_CATEGORY = "GUILD_CATEGORY"
    GUILD_NEWS = "GUILD_NEWS"
    GUILD_STAGE = "GUILD_STAGE"
    GUILD_FORUM = "GUILD_FORUM"


graphql_enum(
    GuildChannelType,
    "The kind of a channel, with Discord's name for it.",
    {
        "GUILD_TEXT": "Messages.",
        "GUILD_VOICE": "Voice, with messages beside it.",
        "GUILD_CATEGORY": "Holds other channels.",
        "GUILD_NEWS": "Announcements that other guilds can follow.",
        "GUILD_STAGE": "Speakers and an audience.",
        "GUILD_FORUM": "Posts, each with a thread of its own.",
    },
)


@strawberry.type(description="A role of a guild.")
class Role:
    id: Snowflake = strawberry.field(description="The role's Discord id.")
    name: str = strawberry.field(description="The role's name.")
    color: int = strawberry.field(description="The colour as a number, 0xRRGGBB; 0 has none.")
    position: int = strawberry.field(description="The place in the hierarchy; a higher number stands above.")
    managed: bool = strawberry.field(description="Whether an integration owns it, so that nobody can be given it.")


@strawberry.type(description="A channel of a guild.")
class Channel:
    id: Snowflake = strawberry.field(description="The channel's Discord id.")
    name: str | None = strawberry.field(description="The channel's name, without the leading #.")
    type: GuildChannelType = strawberry.field(description="What kind of channel it is.")
    parent_id: Snowflake | None = strawberry.field(description="The category that holds it; null outside of one.")
    position: int = strawberry.field(description="The place among its neighbours, from 0.")


async def load_preventing_members(context: Context, guild_ids: Sequence[int]) -> list[set[int]]:
    """The members of each guild who forbid that data about them is collected; a batch for `context.load`."""
    found: dict[int, set[int]] = {guild_id: set() for guild_id in guild_ids}
    for row in await preventing_members(context.resources.reads, guild_ids):
        found[row.guild_id].add(row.user_id)
    return [found[guild_id] for guild_id in guild_ids]


@strawberry.type(description="A person in a guild.")
class Member:
    guild_id: strawberry.Private[int]
    id: Snowflake = strawberry.field(description="The person's Discord id.")
    name: str = strawberry.field(description="The name that the guild sees: nickname, else global name, else username.")
    image_url: str = strawberry.field(description="The address of the picture that the guild sees.")

    @strawberry.field(description="Whether the person forbids that Husqy collects data about them in this guild.")
    async def prevent_data_collection(self, info: Info) -> bool:
        return int(self.id) in await info.context.load(load_preventing_members, self.guild_id)


def to_role(role: DiscordRole) -> Role:
    """A role of Discord's as the schema shows it."""
    return Role(id=Snowflake(role.id), name=role.name, color=role.color, position=role.position, managed=role.managed)


def to_channel(channel: DiscordChannel) -> Channel:
    """A channel of Discord's as the schema shows it; it must be of one of the six kinds."""
    return Channel(
        id=Snowflake(channel.id),
        name=channel.name,
        type=GuildChannelType(ChannelType(channel.type).name),
        parent_id=Snowflake(channel.parent_id) if channel.parent_id else None,
        position=channel.position,
    )


def to_member(guild_id: int, member: DiscordMember) -> Member:
    """A member of Discord's as the schema shows it."""
    return Member(
        guild_id=guild_id,
        id=Snowflake(member.user.id),
        name=display_name(member),
        image_url=member_avatar_url(guild_id, member),
    )


async def load_channels(context: Context, keys: Sequence[tuple[int, int]]) -> list[Channel | None]:
    """The channel of each (guild id, channel id); null for one that is gone, or no channel of the guild. A batch for
    `context.load`."""
    found: dict[tuple[int, int], Channel] = {}
    for guild_id in {guild_id for guild_id, _ in keys}:
        for channel in await context.resources.view.channels(guild_id) or ():
            if channel.type in SHOWN_CHANNELS:
                found[guild_id, channel.id] = to_channel(channel)
    return [found.get(key) for key in keys]


async def load_roles(context: Context, keys: Sequence[tuple[int, int]]) -> list[Role | None]:
    """The role of each (guild id, role id); null for one that is gone. A batch for `context.load`."""
    found: dict[tuple[int, int], Role] = {}
    for guild_id in {guild_id for guild_id, _ in keys}:
        guild = await context.resources.view.guild(guild_id)
        for role in guild.roles if guild else ():
            found[guild_id, role.id] = to_role(role)
    return [found.get(key) for key in keys]


async def load_members(context: Context, keys: Sequence[tuple[int, int]]) -> list[Member | None]:
    """The member of each (guild id, user id); null for one who is not in the guild. A batch for `context.load`."""
    found: dict[tuple[int, int], Member] = {}
    for guild_id in {guild_id for guild_id, _ in keys}:
        for member in await context.resources.view.members(guild_id) or ():
            if (guild_id, member.user.id) in keys:
                found[guild_id, member.user.id] = to_member(guild_id, member)
    return [found.get(key) for key in keys]


SHOWN_CHANNELS = frozenset(ChannelType[each.name] for each in GuildChannelType)
