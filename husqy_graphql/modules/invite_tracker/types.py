"""The types of the invite tracker in the schema, and how rows become them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import strawberry

from husqy_graphql.gql.arguments import After, First, UserId
from husqy_graphql.gql.connections import PAGE_DEFAULT, Connection, load_page, page_size
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Member, load_channels, load_members
from husqy_graphql.gql.enums import graphql_enum
from husqy_graphql.gql.nodes import Node, encode_node_id
from husqy_graphql.gql.scalars import Snowflake
from husqy_graphql.modules.invite_tracker import repository
from husqy_graphql.modules.invite_tracker.inviting import ReportOutcome
from husqy_graphql.modules.invite_tracker.joining import JoinOutcome
from husqy_graphql.modules.invite_tracker.service import since

graphql_enum(
    JoinOutcome,
    "What became of the report that somebody joined.",
    {
        "TRACKED": "The member counts for who invited them.",
        "NOT_TRACKED": "The member, or who invited them, forbids that data is collected: nothing is stored.",
        "OWN_INVITE": "The member came back by an invite of their own, which this guild does not count.",
        "NO_KNOWN_INVITE": "No invite that is followed was used: it was another one, or the guild's vanity address.",
        "BOT": "It was a bot, which nobody invites by a link.",
    },
    name="InviteJoinOutcome",
)
graphql_enum(
    ReportOutcome,
    "What became of the report that an invite was made.",
    {
        "TRACKED": "It is followed from now on.",
        "KNOWN": "It is followed already, or Husqy itself is just making it.",
        "NOT_TRACKED": "Its owner forbids that data is collected: it is not followed.",
    },
    name="InviteReportOutcome",
)

InviteCode = Annotated[str, strawberry.argument(description="The code of the invite, which its address ends with.")]
_CHANNEL_ID = "The Discord id of the channel that it is sent to; null when none is chosen."
_CONTENT = "Its text, or the JSON of its embeds, with variables; null when there is none."


@strawberry.type(description="A message that Husqy sends when somebody joins or leaves.")
class InviteMessage:
    guild_id: strawberry.Private[int]
    enabled: bool = strawberry.field(description="Whether it is sent.")
    channel_id: Snowflake | None = strawberry.field(description=_CHANNEL_ID)
    is_embed: bool = strawberry.field(description="Whether its content is the JSON of embeds.")
    content: str | None = strawberry.field(description=_CONTENT)

    @strawberry.field(description="The channel that it is sent to; null when none is chosen, or it is gone.")
    async def channel(self, info: Info) -> Channel | None:
        if self.channel_id is None:
            return None
        return await info.context.load(load_channels, (self.guild_id, int(self.channel_id)))


@strawberry.type(description="How a guild follows its invites.")
class InviteTrackerSettings(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("InviteTrackerSettings", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    join_message: InviteMessage = strawberry.field(description="What is said when somebody joins by a known invite.")
    leave_message: InviteMessage = strawberry.field(description="What is said when such a member leaves.")
    prevent_own_invite_code: bool = strawberry.field(
        description="Whether members who come back by an invite of their own are not counted."
    )
    server_shared_invite_link: str | None = strawberry.field(
        description="The address that members are told to invite others with; null when there is none."
    )


@strawberry.type(description="An invite to a guild that Husqy follows.")
class TrackedInvite(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("TrackedInvite", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    code: str = strawberry.field(description="Its code, which its address ends with.")
    channel_id: Snowflake = strawberry.field(description="The Discord id of the channel that it leads to.")
    current_uses: int = strawberry.field(description="How often it was used, as far as Husqy has seen.")
    expires_at: datetime | None = strawberry.field(description="When it ends; null when it never does.")
    owner_id: Snowflake | None = strawberry.field(
        description="Who made it; null when nobody knows, or that person's data was erased."
    )

    @strawberry.field(description="Its address.")
    def url(self) -> str:
        return invite_url(self.code)

    @strawberry.field(description="The channel that it leads to; null when that is gone.")
    async def channel(self, info: Info) -> Channel | None:
        return await info.context.load(load_channels, (int(self.guild_id), int(self.channel_id)))

    @strawberry.field(description="The member who made it; null when nobody knows, or that member is gone.")
    async def owner(self, info: Info) -> Member | None:
        return await _member(info, self.guild_id, self.owner_id)


@strawberry.type(description="A member who joined by an invite that Husqy follows.")
class InviteUse(Node):
    @strawberry.field(description="The global id: opaque, and unique over all types.")
    def id(self) -> strawberry.ID:
        return encode_node_id("InviteUse", self.database_id)

    database_id: int = strawberry.field(description="The row number.")
    guild_id: Snowflake = strawberry.field(description="The guild.")
    code: str = strawberry.field(description="The code of the invite, which may be gone.")
    channel_id: Snowflake = strawberry.field(description="The Discord id of the channel that the invite leads to.")
    member_id: Snowflake | None = strawberry.field(
        description="Who joined; null once that member's data was erased, or Husqy was told that they left."
    )
    member_reference: str = strawberry.field(
        description="The same as a text: the member's id, or `0` where it is not kept."
    )
    inviter_id: Snowflake | None = strawberry.field(
        description="Who owned the invite then; null when nobody knows, or that person's data was erased."
    )
    timestamp: datetime = strawberry.field(description="When the member joined.")
    has_left: bool = strawberry.field(description="Whether the member has left since.")

    @strawberry.field(description="The member who joined; null when they are gone.")
    async def member(self, info: Info) -> Member | None:
        return await _member(info, self.guild_id, self.member_id)

    @strawberry.field(description="The member who owned the invite; null when nobody knows, or they are gone.")
    async def inviter(self, info: Info) -> Member | None:
        return await _member(info, self.guild_id, self.inviter_id)


@strawberry.type(description="How many members somebody has brought in the last 31 days.")
class Inviter:
    guild_id: strawberry.Private[int]
    user_id: Snowflake = strawberry.field(description="Who invited them.")
    joins: int = strawberry.field(description="How many have joined.")
    leaves: int = strawberry.field(description="How many of them have left since.")
    total: int = strawberry.field(description="How many of them are still there.")

    @strawberry.field(description="The member who invited them; null when that member is gone.")
    async def member(self, info: Info) -> Member | None:
        return await info.context.load(load_members, (self.guild_id, int(self.user_id)))


@strawberry.type(description="The invite tracker of a guild that has it on.")
class InviteTrackerModule:
    settings: InviteTrackerSettings = strawberry.field(description="How the guild follows its invites.")

    @strawberry.field(description="The invites that are followed, the oldest first.")
    async def invites(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        owner_id: Annotated[Snowflake | None, strawberry.argument(description="Only those that this one made.")] = None,
    ) -> Connection[TrackedInvite]:
        read = partial(repository.invites, info.context.resources.reads, int(self.settings.guild_id), owner_id=owner_id)
        return await load_page(info.context, first, after, read, to_invite)

    @strawberry.field(description="One invite that is followed; null when it is not.")
    async def invite(self, info: Info, code: InviteCode) -> TrackedInvite | None:
        found = await info.context.load(_load_invites, (int(self.settings.guild_id), code))
        return None if found is None else to_invite(found)

    @strawberry.field(description="Who joined by a known invite in the last 31 days, the first first.")
    async def uses(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        inviter_id: Annotated[
            Snowflake | None, strawberry.argument(description="Only those whom this one invited.")
        ] = None,
    ) -> Connection[InviteUse]:
        resources = info.context.resources
        read = partial(
            repository.uses,
            resources.reads,
            int(self.settings.guild_id),
            since=since(resources.clock()),
            inviter_id=inviter_id,
        )
        return await load_page(info.context, first, after, read, to_use)

    @strawberry.field(
        description="Who brought the most members in the last 31 days who are still there, the best first."
    )
    async def inviters(self, info: Info, first: First = None) -> list[Inviter]:
        resources, guild_id = info.context.resources, int(self.settings.guild_id)
        most = page_size(info.context, first) or PAGE_DEFAULT
        found = await repository.inviters(resources.reads, guild_id, since=since(resources.clock()), limit=most)
        return [_to_inviter(guild_id, row.inviter_id, row) for row in found]

    @strawberry.field(description="How many members somebody has brought in the last 31 days.")
    async def inviter(self, info: Info, user_id: UserId) -> Inviter:
        resources, guild_id = info.context.resources, int(self.settings.guild_id)
        found = await repository.inviter(resources.reads, guild_id, user_id, since=since(resources.clock()))
        return _to_inviter(guild_id, user_id, found)


async def load_settings(context: Context, guild_ids: Sequence[int]) -> list[InviteTrackerSettings | None]:
    """The settings of each guild; None while the module is off. A batch for `context.load`."""
    found = {row.guild_id: row for row in await repository.settings_of_guilds(context.resources.reads, guild_ids)}
    return [to_settings(found[guild_id]) if guild_id in found else None for guild_id in guild_ids]


async def _load_invites(context: Context, keys: Sequence[tuple[int, str]]) -> list[Any]:
    rows = await repository.invites_by_codes(context.resources.reads, [code for _, code in keys])
    found = {(row.guild_id, row.code): row for row in rows}
    return [found.get(key) for key in keys]


async def _member(info: Info, guild_id: Snowflake, user_id: Snowflake | None) -> Member | None:
    if user_id is None:
        return None
    return await info.context.load(load_members, (int(guild_id), int(user_id)))


def invite_url(code: str) -> str:
    """The address of an invite."""
    return f"https://discord.gg/{code}"


def to_settings(row: Any) -> InviteTrackerSettings:
    """A settings row, loaded either way, as the schema shows it."""
    return InviteTrackerSettings(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        join_message=InviteMessage(
            guild_id=row.guild_id,
            enabled=row.join_messages_enabled,
            channel_id=_id(row.join_messages_channel_id),
            is_embed=row.join_message_is_embed,
            content=row.join_message_content,
        ),
        leave_message=InviteMessage(
            guild_id=row.guild_id,
            enabled=row.leave_messages_enabled,
            channel_id=_id(row.leave_messages_channel_id),
            is_embed=row.leave_message_is_embed,
            content=row.leave_message_content,
        ),
        prevent_own_invite_code=row.prevent_own_invite_code,
        server_shared_invite_link=row.server_shared_invite_link,
    )


def to_invite(row: Any) -> TrackedInvite:
    """A row of a known invite, loaded either way, as the schema shows it."""
    return TrackedInvite(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        code=row.code,
        channel_id=Snowflake(row.channel_id),
        current_uses=row.current_uses,
        expires_at=row.expires_at,
        owner_id=_id(row.owner_id),
    )


def to_use(row: Any) -> InviteUse:
    """A row of a use, loaded either way, as the schema shows it."""
    return InviteUse(
        database_id=row.id,
        guild_id=Snowflake(row.guild_id),
        code=row.code,
        channel_id=Snowflake(row.channel_id),
        member_id=_id(row.member_id),
        member_reference=str(row.member_id or 0),
        inviter_id=_id(row.inviter_id),
        timestamp=row.timestamp,
        has_left=row.has_left,
    )


def _to_inviter(guild_id: int, user_id: int, row: Any) -> Inviter:
    return Inviter(
        guild_id=guild_id,
        user_id=Snowflake(user_id),
        joins=row.joins,
        leaves=row.leaves,
        total=row.joins - row.leaves,
    )


def _id(value: int | None) -> Snowflake | None:
    return None if value is None else Snowflake(value)
