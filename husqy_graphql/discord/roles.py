"""Which roles the bot can give. Source: Discord's API reference, section "Permission Hierarchy"."""

from __future__ import annotations

from husqy_graphql.discord.port import DiscordGuild, DiscordMember, DiscordRole


def role_fault(guild: DiscordGuild, bot: DiscordMember, role: DiscordRole) -> str | None:
    """Why the bot cannot give or take the role, as the end of a sentence; None when it can, as far as the hierarchy
    goes."""
    if role.id == guild.id:
        return "must not be @everyone, which every member has"
    if role.managed:
        return "must not be a role that an integration owns"
    if bot.user.id != guild.owner_id and _rank(role) >= highest_rank(guild, bot):
        return "must stand below the highest role of Husqy; move Husqy's role up, or choose another one"
    return None


def roles_to_give(guild: DiscordGuild, bot: DiscordMember) -> frozenset[int]:
    """The ids of the roles that the bot can give and take, as far as the hierarchy goes."""
    return frozenset(role.id for role in guild.roles if role_fault(guild, bot, role) is None)


def highest_rank(guild: DiscordGuild, member: DiscordMember) -> tuple[int, int]:
    """Where the member's highest role stands; a higher value stands above."""
    held = {guild.id, *member.role_ids}  # the id of @everyone is the guild's
    return max((_rank(role) for role in guild.roles if role.id in held), default=(0, 0))


def _rank(role: DiscordRole) -> tuple[int, int]:
    return role.position, -role.id  # of two roles at one position, the older one stands above
