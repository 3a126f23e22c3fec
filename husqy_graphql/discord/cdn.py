"""The addresses of Discord's images. Source: Discord's API reference, section "Image Formatting"."""

from __future__ import annotations

from husqy_graphql.discord.port import DiscordMember, DiscordUser

BASE = "https://cdn.discordapp.com"
DEFAULT_AVATARS = 6


def guild_icon_url(guild_id: int, icon: str) -> str:
    return f"{BASE}/icons/{guild_id}/{_file(icon)}"


def emoji_url(emoji_id: int, *, animated: bool) -> str:
    return f"{BASE}/emojis/{emoji_id}.{'gif' if animated else 'png'}"


def default_avatar_url(user_id: int) -> str:
    """The picture of somebody who has not chosen one."""
    return f"{BASE}/embed/avatars/{(user_id >> 22) % DEFAULT_AVATARS}.png"


def user_avatar_url(user: DiscordUser) -> str:
    """The user's own picture, else the default one."""
    return f"{BASE}/avatars/{user.id}/{_file(user.avatar)}" if user.avatar else default_avatar_url(user.id)


def member_avatar_url(guild_id: int, member: DiscordMember) -> str:
    """The picture that the guild sees: the one for this guild, else the user's own, else the default one."""
    if member.avatar:
        return f"{BASE}/guilds/{guild_id}/users/{member.user.id}/avatars/{_file(member.avatar)}"
    return user_avatar_url(member.user)


def _file(image_hash: str) -> str:
    return f"{image_hash}.{'gif' if image_hash.startswith('a_') else 'png'}"
