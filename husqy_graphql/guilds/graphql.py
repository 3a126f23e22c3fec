"""Guilds in the schema: what a dashboard shows of one, and the settings that it changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

import strawberry

from husqy_graphql.core.access import ADMINISTRATOR_PERMISSION, ApiKeyActor, Permission, ServiceActor
from husqy_graphql.core.errors import Forbidden, NotFound
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.premium import is_active
from husqy_graphql.discord.cdn import guild_icon_url
from husqy_graphql.discord.port import ChannelType, DiscordChannel, DiscordGuild, DiscordRole
from husqy_graphql.gql.arguments import After, First, GuildId
from husqy_graphql.gql.connections import Connection, decode_cursor, encode_cursor, page_size, to_connection
from husqy_graphql.gql.context import Context, Info
from husqy_graphql.gql.discord_types import Channel, Member, Role, to_channel, to_member, to_role
from husqy_graphql.gql.guild import GuildObject
from husqy_graphql.gql.scalars import AutoDeleteSeconds, Snowflake
from husqy_graphql.guilds import repository, service
from husqy_graphql.guilds.types import (
    ChannelFilter,
    Emoji,
    Entitlement,
    GuildSettings,
    ModuleStatus,
    to_emoji,
    to_entitlement,
    to_settings,
)
from husqy_graphql.lifecycle import NO_GUILD, is_enabled

_CHANNEL_TYPES = {
    ChannelFilter.TEXT: {ChannelType.GUILD_TEXT, ChannelType.GUILD_VOICE},
    ChannelFilter.VOICE: {ChannelType.GUILD_VOICE},
    ChannelFilter.CATEGORY: {ChannelType.GUILD_CATEGORY},
    ChannelFilter.NEWS: {ChannelType.GUILD_NEWS},
    ChannelFilter.STAGE: {ChannelType.GUILD_STAGE},
    ChannelFilter.FORUM: {ChannelType.GUILD_FORUM},
}


async def _load_entitlements(context: Context, guild_ids: Sequence[int]) -> list[list[Entitlement]]:
    found: dict[int, list[Entitlement]] = {guild_id: [] for guild_id in guild_ids}
    for row in await repository.entitlements_of_guilds(context.resources.reads, guild_ids):
        found[row.guild_id].append(to_entitlement(row))
    return [found[guild_id] for guild_id in guild_ids]


@strawberry.type
class GuildFields(GuildObject):
    """The fields of `Guild` that belong to no module."""

    @strawberry.field(description="The guild's Discord id.")
    def id(self) -> Snowflake:
        return Snowflake(self.guild_id)

    @strawberry.field(description="The guild's name.")
    async def name(self) -> str:
        return self.seen.name if self.seen else (await self._discord_guild()).name

    @strawberry.field(description="The address of the guild's icon; null without one.")
    async def icon_url(self) -> str | None:
        icon = self.seen.icon if self.seen else (await self._discord_guild()).icon
        return guild_icon_url(self.guild_id, icon) if icon else None

    @strawberry.field(description="Whether Husqy is in the guild. The fields below are null while it is not.")
    async def active(self) -> bool:
        return await self._settings() is not None

    @strawberry.field(description="The general settings.")
    async def settings(self) -> GuildSettings | None:
        return await self._settings()

    @strawberry.field(description="All modules of Husqy, and which of them are switched on.")
    async def modules(self) -> list[ModuleStatus] | None:
        settings = await self._settings()
        if settings is None:
            return None
        return [ModuleStatus(name=name, enabled=is_enabled(settings.row, name)) for name in ModuleName]

    @strawberry.field(description="One module of Husqy, and whether it is switched on.")
    async def module(
        self, name: Annotated[ModuleName, strawberry.argument(description="Which module.")]
    ) -> ModuleStatus | None:
        settings = await self._settings()
        return None if settings is None else ModuleStatus(name=name, enabled=is_enabled(settings.row, name))

    @strawberry.field(description="What the guild has bought or been given, ended and taken back ones included.")
    async def entitlements(self) -> list[Entitlement] | None:
        if await self._settings() is None:
            return None
        return await self.context.load(_load_entitlements, self.guild_id)

    @strawberry.field(description="Whether the guild has Husqy+ now.")
    async def premium(self) -> bool:
        now = self.context.resources.clock()
        return any(
            is_active(deleted=each.deleted, start_at=each.start_at, ends_at=each.ends_at, now=now)
            for each in await self.context.load(_load_entitlements, self.guild_id)
        )

    @strawberry.field(description="All roles, @everyone included, the highest first. For administrators.")
    async def roles(self) -> list[Role] | None:
        guild = await self._administered_discord_guild()
        return [to_role(role) for role in sorted(guild.roles, key=_role_order)] if guild else None

    @strawberry.field(description="Channels in Discord's order, without threads. For administrators.")
    async def channels(
        self,
        types: Annotated[
            list[ChannelFilter] | None,
            strawberry.argument(description="Answer these kinds only; all of them when left out or empty."),
        ] = None,
    ) -> list[Channel] | None:
        if not await self._administered():
            return None
        wanted = set[ChannelType]().union(*(_CHANNEL_TYPES[each] for each in types or ChannelFilter))
        channels = await self.context.resources.view.channels(self.guild_id) or ()
        return [to_channel(each) for each in sorted(channels, key=_channel_order) if each.type in wanted]

    @strawberry.field(description="The guild's own emojis. For administrators.")
    async def emojis(self) -> list[Emoji] | None:
        guild = await self._administered_discord_guild()
        return [to_emoji(emoji) for emoji in guild.emojis] if guild else None

    @strawberry.field(description="The people in the guild by Discord id, without bots. For administrators.")
    async def members(self, first: First = None, after: After = None) -> Connection[Member] | None:
        if not await self._administered():
            return None
        size, after_id = page_size(self.context, first), decode_cursor(after) or 0
        members = await self.context.resources.view.members(self.guild_id) or ()
        people = [
            to_member(self.guild_id, member) for member in members if not member.user.bot and member.user.id > after_id
        ]
        return to_connection(people, size, lambda person: encode_cursor(person.id))

    async def _settings(self) -> GuildSettings | None:
        row = await self.context.guild_settings(self.guild_id)
        return None if row is None else to_settings(row)

    async def _administered(self) -> bool:
        """Whether Husqy is in the guild; raises Forbidden for callers who do not administer it."""
        await self.context.authorize(self.guild_id, Permission.ADMINISTER)
        return await self._settings() is not None

    async def _administered_discord_guild(self) -> DiscordGuild | None:
        return await self._discord_guild() if await self._administered() else None

    async def _discord_guild(self) -> DiscordGuild:
        guild = await self.context.resources.view.guild(self.guild_id)
        if guild is None:
            raise NotFound(NO_GUILD)
        return guild


GuildFieldsT = TypeVar("GuildFieldsT", bound=GuildFields)


async def administered_guilds(info: Info, make: type[GuildFieldsT]) -> list[GuildFieldsT]:
    """The guilds of the caller as `make` objects: those a user administers, or the one of an API key.

    Raises Unauthenticated, and Forbidden for the service credential, which has no guilds of its own.
    """
    context = info.context
    match context.actor:
        case ServiceActor():
            raise Forbidden("Husqy itself has no list of guilds: ask with a person's access token or with an API key.")
        case ApiKeyActor(guild_id=guild_id):
            return [make(guild_id=guild_id, context=context)]
        case _:
            return [
                make(guild_id=guild.id, context=context, seen=guild)
                for guild in await context.caller.guilds(fresh=False)
                if guild.owner or guild.permissions & ADMINISTRATOR_PERMISSION
            ]


async def find_guild(info: Info, guild_id: int, make: type[GuildFieldsT]) -> GuildFieldsT:
    """The guild as a `make` object. Raises Unauthenticated, Forbidden, or NotFound when Husqy is not in it."""
    await info.context.authorize(guild_id, Permission.READ)
    if await info.context.guild_settings(guild_id) is None:
        raise NotFound(NO_GUILD)
    return make(guild_id=guild_id, context=info.context)


@strawberry.input(description="Changes to the general settings. What is left out, or null, stays as it is.")
class GuildSettingsUpdateInput:
    language: strawberry.Maybe[str | None] = strawberry.field(
        description="One of `supportedLanguages`, by abbreviation.", default=None
    )
    time_zone: strawberry.Maybe[str | None] = strawberry.field(description="One of `supportedTimeZones`.", default=None)
    unit_system: strawberry.Maybe[str | None] = strawberry.field(
        description="One of `supportedUnitSystems`.", default=None
    )
    auto_delete: strawberry.Maybe[AutoDeleteSeconds | None] = strawberry.field(
        description="Seconds until Husqy removes its own replies. Left out it stays; 0 and null keep replies.",
        default=None,
    )


@strawberry.type(description="What a change of the general settings answers.")
class GuildSettingsUpdatePayload:
    settings: GuildSettings = strawberry.field(description="The settings as they are now.")


@strawberry.type
class GuildsMutation:
    @strawberry.mutation(description="Change the general settings of a guild. For administrators.")
    async def guild_settings_update(
        self,
        info: Info,
        guild_id: GuildId,
        input: Annotated[GuildSettingsUpdateInput, strawberry.argument(description="What to change.")],
    ) -> GuildSettingsUpdatePayload | None:
        access = await info.context.authorize(guild_id, Permission.ADMINISTER)
        changes: dict[str, Any] = {
            column: given.value
            for column in ("language", "time_zone", "unit_system")
            if (given := getattr(input, column)) is not None and given.value is not None
        }
        if input.auto_delete is not None:
            changes["auto_delete"] = input.auto_delete.value or 0
        async with info.context.change(access, LogEvent.SETTINGS_CHANGED) as uow:
            settings = await service.update_settings(uow, access, changes)
        info.context.forget()
        return GuildSettingsUpdatePayload(settings=to_settings(settings))


def _role_order(role: DiscordRole) -> tuple[int, int]:
    return -role.position, role.id


def _channel_order(channel: DiscordChannel) -> tuple[int, int]:
    return channel.position, channel.id
