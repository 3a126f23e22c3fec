"""The demo world: its fixed ids, and the objects that a new sandbox begins with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from husqy_graphql.core.access import ADMINISTRATOR_PERMISSION
from husqy_graphql.discord.sandbox.store import Store

BASE = 1300000000000000000
DEMO_GUILD, QUIET_GUILD, FOREIGN_GUILD = BASE + 1, BASE + 2, BASE + 3
OWNER, ADMIN, MEMBER, MEMBER_2, OUTSIDER = (BASE + 101 + index for index in range(5))
OTHER_BOT, HUSQY = BASE + 108, BASE + 109
APPLICATION_ID = HUSQY
OTHER_APPLICATION_ID = BASE + 190
SKU_ID = BASE + 180
# These mean something to the sandbox alone.
BOT_TOKEN = "sandbox-bot"  # noqa: S105
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105

EVERYONE_PERMISSIONS = 0x2_0006_2A8D_DC41
# Besides: manage guild, channels, roles and messages, view the audit log, kick, ban, moderate, move; not administrator.
HUSQY_PERMISSIONS = EVERYONE_PERMISSIONS | 0x1_0000_0000_00 | 0x1100_32B6
SEND_MESSAGES = 1 << 11

ROLES = {
    "Members": (BASE + 201, EVERYONE_PERMISSIONS, False),
    "Moderators": (BASE + 202, EVERYONE_PERMISSIONS | 0x2006, False),
    "Integration": (BASE + 203, EVERYONE_PERMISSIONS, True),
    "Husqy": (BASE + 204, HUSQY_PERMISSIONS, True),
    "Admins": (BASE + 205, ADMINISTRATOR_PERMISSION, False),
    "Founders": (BASE + 206, EVERYONE_PERMISSIONS, False),
}
QUIET_ROLES = {
    "Members": (BASE + 250, EVERYONE_PERMISSIONS, False),
    "Husqy": (BASE + 251, HUSQY_PERMISSIONS, True),
    "Admins": (BASE + 252, ADMINISTRATOR_PERMISSION, False),
}
TEXT, VOICE, ARCHIVE = BASE + 301, BASE + 302, BASE + 303
CHANNELS: tuple[tuple[int, str, int, int | None], ...] = (
    (TEXT, "Text", 4, None),
    (BASE + 311, "general", 0, TEXT),
    (BASE + 312, "welcome", 0, TEXT),
    (BASE + 313, "logs", 0, TEXT),
    (BASE + 314, "rules", 0, TEXT),
    (BASE + 315, "polls", 0, TEXT),
    (BASE + 316, "tickets", 0, TEXT),
    (BASE + 317, "closed", 0, TEXT),
    (BASE + 318, "news", 5, TEXT),
    (BASE + 319, "forum", 15, TEXT),
    (VOICE, "Voice", 4, None),
    (BASE + 321, "Lounge", 2, VOICE),
    (BASE + 322, "Stage", 13, VOICE),
    (ARCHIVE, "Archive", 4, None),
)
EMOJIS = ((BASE + 401, "husky", False), (BASE + 402, "wag", True))
USERS = (
    (OWNER, "olivia", "Olivia", False),
    (ADMIN, "adam", "Adam", False),
    (MEMBER, "mia", "Mia", False),
    (MEMBER_2, "noah", None, False),
    (OUTSIDER, "zoe", "Zoe", False),
    (OTHER_BOT, "otherbot", None, True),
    (HUSQY, "Husqy", None, True),
)
# Whom the consent page offers.
PEOPLE = (
    (OWNER, "Owner Olivia"),
    (ADMIN, "Administrator Adam"),
    (MEMBER, "Member Mia"),
    (MEMBER_2, "Member Noah"),
    (OUTSIDER, "Outsider Zoe"),
)
ALL_SCOPES = ("identify", "guilds")
TOKENS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("sandbox-owner", OWNER, APPLICATION_ID, ALL_SCOPES),
    ("sandbox-admin", ADMIN, APPLICATION_ID, ALL_SCOPES),
    ("sandbox-member", MEMBER, APPLICATION_ID, ALL_SCOPES),
    ("sandbox-member-2", MEMBER_2, APPLICATION_ID, ALL_SCOPES),
    ("sandbox-outsider", OUTSIDER, APPLICATION_ID, ALL_SCOPES),
    ("sandbox-foreign-app", OWNER, OTHER_APPLICATION_ID, ALL_SCOPES),
    ("sandbox-no-guilds-scope", OWNER, APPLICATION_ID, ("identify",)),
)
# `sandbox-expired` is no token any more, so Discord does not know it.
DEMO_MEMBERS = {
    OWNER: ("Founders",),
    ADMIN: ("Admins",),
    MEMBER: ("Members",),
    MEMBER_2: (),
    OTHER_BOT: ("Integration",),
    HUSQY: ("Husqy",),
}
QUIET_MEMBERS = {OWNER: (), ADMIN: ("Admins",), HUSQY: ("Husqy",)}


def seed(store: Store, now: datetime) -> None:
    """Fill an empty store with the demo world."""
    for user_id, username, global_name, bot in USERS:
        store.put("user", user_id, user(user_id, username, global_name, bot=bot))
    for token, user_id, application_id, scopes in TOKENS:
        value = {"user_id": user_id, "application_id": application_id, "scopes": scopes}
        store.put("token", token, {**value, "expires": (now + timedelta(days=3650)).isoformat()})
    store.put("guild", DEMO_GUILD, guild(DEMO_GUILD, "Husqy demo", ROLES))
    store.put("guild", QUIET_GUILD, guild(QUIET_GUILD, "Quiet corner", QUIET_ROLES))
    store.put("guild", FOREIGN_GUILD, guild(FOREIGN_GUILD, "Not yet", {}))
    for members, roles, guild_id in (
        (DEMO_MEMBERS, ROLES, DEMO_GUILD),
        (QUIET_MEMBERS, QUIET_ROLES, QUIET_GUILD),
        ({OWNER: ()}, {}, FOREIGN_GUILD),
    ):
        for user_id, names in members.items():
            role_ids = [str(roles[name][0]) for name in names]
            store.put("member", f"{guild_id}:{user_id}", member(guild_id, user_id, role_ids, now))
    for position, (channel_id, name, kind, parent_id) in enumerate(CHANNELS):
        store.put("channel", f"{DEMO_GUILD}:{channel_id}", channel(channel_id, name, kind, parent_id, position))


def user(user_id: int, username: str, global_name: str | None, *, bot: bool) -> dict[str, Any]:
    return {
        "id": str(user_id),
        "username": username,
        "global_name": global_name,
        "discriminator": "0001" if bot else "0",
        "avatar": None,
        "bot": bot,
        "public_flags": 0,
        "flags": 0,
    }


def member(guild_id: int, user_id: int, role_ids: list[str], now: datetime) -> dict[str, Any]:
    return {
        "guild_id": str(guild_id),
        "user_id": str(user_id),
        "nick": None,
        "avatar": None,
        "roles": role_ids,
        "joined_at": now.isoformat(),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }


def guild(guild_id: int, name: str, roles: dict[str, tuple[int, int, bool]]) -> dict[str, Any]:
    everyone = _role(guild_id, "@everyone", 0, EVERYONE_PERMISSIONS, managed=False)
    return {
        "id": str(guild_id),
        "name": name,
        "icon": None,
        "splash": None,
        "owner_id": str(OWNER),
        "description": None,
        "banner": None,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "verification_level": 1,
        "default_message_notifications": 1,
        "explicit_content_filter": 0,
        "features": [],
        "mfa_level": 0,
        "application_id": None,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "widget_channel_id": None,
        "max_presences": None,
        "max_members": 500_000,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "nsfw_level": 0,
        "stickers": [],
        "roles": [
            everyone,
            *(
                _role(role_id, role_name, position, permissions, managed=managed)
                for position, (role_name, (role_id, permissions, managed)) in enumerate(roles.items(), 1)
            ),
        ],
        "emojis": [_emoji(*each) for each in EMOJIS] if guild_id == DEMO_GUILD else [],
    }


def channel(channel_id: int, name: str, kind: int, parent_id: int | None, position: int) -> dict[str, Any]:
    closed = [{"id": str(HUSQY), "type": 1, "allow": "0", "deny": str(SEND_MESSAGES)}] if name == "closed" else []
    return {
        "id": str(channel_id),
        "type": kind,
        "guild_id": str(DEMO_GUILD),
        "name": name,
        "position": position,
        "parent_id": None if parent_id is None else str(parent_id),
        "permission_overwrites": closed,
        "topic": None,
        "nsfw": False,
        "rate_limit_per_user": 0,
        "last_message_id": None,
        **({"bitrate": 64_000, "user_limit": 0, "rtc_region": None} if kind in {2, 13} else {}),
    }


def _role(role_id: int, name: str, position: int, permissions: int, *, managed: bool) -> dict[str, Any]:
    return {
        "id": str(role_id),
        "name": name,
        "color": 0,
        "hoist": False,
        "position": position,
        "permissions": str(permissions),
        "managed": managed,
        "mentionable": False,
        "flags": 0,
    }


def _emoji(emoji_id: int, name: str, animated: bool) -> dict[str, Any]:
    return {
        "id": str(emoji_id),
        "name": name,
        "roles": [],
        "require_colons": True,
        "managed": False,
        "animated": animated,
        "available": True,
    }
