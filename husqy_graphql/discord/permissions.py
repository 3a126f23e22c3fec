"""What a member may do in a guild, from roles alone.

Source: Discord's API reference, section "Permissions", base permissions.
"""

from __future__ import annotations

from husqy_graphql.core.access import ADMINISTRATOR_PERMISSION
from husqy_graphql.discord.port import DiscordGuild, DiscordMember

ALL_PERMISSIONS = (1 << 53) - 1


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
