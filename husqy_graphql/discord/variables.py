"""What template variables say of Discord's objects: the port's dataclasses as the groups of a `TemplateContext`."""

from __future__ import annotations

from datetime import datetime, tzinfo

from husqy_graphql.core.templates import ChannelContext, ServerContext, TemplateContext, UserContext
from husqy_graphql.discord.cdn import default_avatar_url, member_avatar_url, user_avatar_url
from husqy_graphql.discord.lookup import find_channel
from husqy_graphql.discord.port import BotPort, ChannelType, DiscordChannel, DiscordGuild, DiscordMember, DiscordUser

# Discord numbers its levels; these are its names for them, by number.
MFA_LEVELS = ("NONE", "ELEVATED")
PREMIUM_TIERS = ("NONE", "TIER_1", "TIER_2", "TIER_3")
VERIFICATION_LEVELS = ("NONE", "LOW", "MEDIUM", "HIGH", "VERY_HIGH")
NSFW_LEVELS = ("DEFAULT", "EXPLICIT", "SAFE", "AGE_RESTRICTED")


def display_name(person: DiscordMember | DiscordUser) -> str:
    """The name that Discord shows: the nickname in the guild, else the global name, else the username."""
    if isinstance(person, DiscordMember):
        return person.nick or display_name(person.user)
    return person.global_name or person.username


def member_context(member: DiscordMember, guild: DiscordGuild) -> UserContext:
    """The user group for a member of the guild. Roles come highest first, without @everyone and deleted ones."""
    held = frozenset(member.role_ids)
    roles = [role for role in guild.roles if role.id in held and role.id != guild.id]
    # Of two roles at one position, Discord ranks the older one higher.
    roles.sort(key=lambda role: (-role.position, role.id))
    return UserContext(
        id=member.user.id,
        avatar_url=member_avatar_url(guild.id, member),
        display_name=display_name(member),
        nickname=member.nick,
        deaf=member.deaf,
        mute=member.mute,
        pending=member.pending,
        joined_at=member.joined_at,
        premium_since=member.premium_since,
        communication_disabled_until=member.communication_disabled_until,
        role_ids=tuple(role.id for role in roles),
    )


def user_context(user_id: int, user: DiscordUser | None) -> UserContext:
    """The user group for somebody who left the guild, or without a guild; None for a user Discord does not know."""
    if user is None:
        return UserContext(id=user_id, avatar_url=default_avatar_url(user_id))
    return UserContext(id=user_id, avatar_url=user_avatar_url(user), display_name=display_name(user))


def channel_context(channel_id: int, channel: DiscordChannel | None) -> ChannelContext:
    """The channel group; None for a channel that is not there (any more)."""
    if channel is None:
        return ChannelContext(id=channel_id)
    return ChannelContext(id=channel_id, name=channel.name, type=_channel_type(channel.type))


def server_context(guild_id: int, guild: DiscordGuild | None) -> ServerContext:
    """The server group; None for a guild that the bot is not in (any more)."""
    if guild is None:
        return ServerContext(id=guild_id)
    return ServerContext(
        id=guild_id,
        name=guild.name,
        owner_id=guild.owner_id,
        description=guild.description,
        afk_timeout=guild.afk_timeout,
        mfa_level=_level(MFA_LEVELS, guild.mfa_level),
        preferred_locale=guild.preferred_locale,
        premium_subscription_count=guild.premium_subscription_count,
        premium_tier=_level(PREMIUM_TIERS, guild.premium_tier),
        verification_level=_level(VERIFICATION_LEVELS, guild.verification_level),
        nsfw_level=_level(NSFW_LEVELS, guild.nsfw_level),
        public_updates_channel_id=guild.public_updates_channel_id,
        rules_channel_id=guild.rules_channel_id,
        system_channel_id=guild.system_channel_id,
        widget_channel_id=guild.widget_channel_id,
    )


def _channel_type(number: int) -> str | None:
    """None for a type that Discord added later."""
    try:
        return ChannelType(number).name
    except ValueError:
        return None


def _level(names: tuple[str, ...], number: int) -> str | None:
    """None for a level that Discord added later."""
    return names[number] if 0 <= number < len(names) else None


async def load_context(
    bot: BotPort,
    *,
    language: str,
    zone: tzinfo,
    now: datetime,
    guild_id: int | None,
    user_id: int | None,
    channel_id: int | None,
) -> TemplateContext:
    """The groups of the given objects, as Discord knows them now; one that is not there leaves its fallbacks.

    Raises what Discord answers.
    """
    guild = await bot.guild(guild_id) if guild_id is not None else None
    return TemplateContext(
        language=language,
        zone=zone,
        now=now,
        user=await load_user(bot, user_id, guild) if user_id is not None else None,
        # Without a guild nobody has shown to be allowed to see the channel.
        channel=await _load_channel(bot, channel_id, guild) if channel_id is not None else None,
        server=server_context(guild_id, guild) if guild_id is not None else None,
    )


async def load_user(bot: BotPort, user_id: int, guild: DiscordGuild | None) -> UserContext:
    """The user group of somebody, as a member of the guild where that is so. Raises what Discord answers."""
    member = await bot.member(guild.id, user_id) if guild else None
    if guild is not None and member is not None:
        return member_context(member, guild)
    return user_context(user_id, await bot.user(user_id))


async def _load_channel(bot: BotPort, channel_id: int, guild: DiscordGuild | None) -> ChannelContext:
    return channel_context(channel_id, await find_channel(bot, guild.id, channel_id) if guild else None)
