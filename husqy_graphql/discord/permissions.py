"""What a member may do in a guild, from roles alone, and in one of its channels; which roles a member may give.

Source: Discord's API reference, section "Permissions", with its pseudocode.
"""

from __future__ import annotations

from husqy_graphql.core.access import ADMINISTRATOR_PERMISSION
from husqy_graphql.discord.port import DiscordChannel, DiscordGuild, DiscordMember, DiscordRole

ALL_PERMISSIONS = (1 << 53) - 1
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11


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


def roles_to_give(guild: DiscordGuild, giver: DiscordMember) -> frozenset[int]:
    """The roles that stand below the giver's highest one, so that the giver may give and take them with the permission
    Manage Roles. Never @everyone, nor a role that an integration manages."""
    highest = max((_rank(role) for role in guild.roles if role.id in giver.role_ids), default=(-1, 0))
    owner = giver.user.id == guild.owner_id
    return frozenset(
        role.id for role in guild.roles if role.id != guild.id and not role.managed and (owner or _rank(role) < highest)
    )


def _rank(role: DiscordRole) -> tuple[int, int]:
    return (role.position, -role.id)  # of two at one position, Discord ranks the older one higher
