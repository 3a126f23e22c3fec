"""What a member may do in a guild, from roles alone, and in one of its channels.

Source: Discord's API reference, section "Permissions", with its pseudocode.
"""

from __future__ import annotations

from husqy_graphql.core.access import ADMINISTRATOR_PERMISSION
from husqy_graphql.discord.port import ChannelType, DiscordChannel, DiscordGuild, DiscordMember

ALL_PERMISSIONS = (1 << 53) - 1
CREATE_INSTANT_INVITE = 1 << 0
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
# Where a member who may can write beside the threads.
TEXT_CHANNELS = frozenset({ChannelType.GUILD_TEXT, ChannelType.GUILD_NEWS, ChannelType.GUILD_VOICE})


def base_permissions(guild: DiscordGuild, member: DiscordMember) -> int:
    """The guild-wide permissions as a bit field, before any channel's overwrites."""
    if member.user.id == guild.owner_id:
        return ALL_PERMISSIONS
    held = {guild.id, *member.role_ids}  # the id of @everyone is the guild's
    permissions = 0
    for role in guild.roles:
        if role.id in held:
            permissions |= role.permissions
    return ALL_PERMISSIONS if permissions & ADMINISTRATOR_PERMISSION else permissions


def is_administrator(guild: DiscordGuild, member: DiscordMember) -> bool:
    """Whether the member owns the guild or has the permission Administrator."""
    return bool(base_permissions(guild, member) & ADMINISTRATOR_PERMISSION)


def channel_permissions(guild: DiscordGuild, channel: DiscordChannel, member: DiscordMember) -> int:
    """The permissions in a channel as a bit field; nothing at all for who does not see it.

    A thread has no overwrites of its own: ask about its parent. A timeout is not looked at.
    """
    permissions = base_permissions(guild, member)
    if permissions & ADMINISTRATOR_PERMISSION:
        return ALL_PERMISSIONS
    overwrites = {each.id: each for each in channel.permission_overwrites}
    # Everyone's first, then those of all roles together, then the member's own: the later one wins.
    for ids in ((guild.id,), member.role_ids, (member.user.id,)):
        allow = deny = 0
        for each in ids:
            overwrite = overwrites.get(each)
            if overwrite is not None:
                allow |= overwrite.allow
                deny |= overwrite.deny
        permissions = permissions & ~deny | allow
    return permissions if permissions & VIEW_CHANNEL else 0
