from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from husqy_graphql.core.templates import TemplateContext, render
from husqy_graphql.core.time_zones import time_zone
from husqy_graphql.discord.port import (
    ChannelType,
    DiscordChannel,
    DiscordGuild,
    DiscordMember,
    DiscordRole,
    DiscordUser,
)
from husqy_graphql.discord.variables import (
    channel_context,
    display_name,
    member_context,
    server_context,
    user_context,
)

GUILD_ID = 1300000000000000001
USER_ID = 1300000000000000103


def role(role_id: int, position: int) -> DiscordRole:
    return DiscordRole(
        id=role_id,
        name=f"role {role_id}",
        color=0,
        position=position,
        permissions=0,
        managed=False,
        hoist=False,
        mentionable=False,
    )


GUILD = DiscordGuild(
    id=GUILD_ID,
    name="Husqy demo",
    owner_id=1300000000000000101,
    icon=None,
    description="Sled dogs only",
    afk_timeout=300,
    mfa_level=1,
    preferred_locale="en-US",
    premium_subscription_count=14,
    premium_tier=2,
    verification_level=4,
    nsfw_level=3,
    public_updates_channel_id=21,
    rules_channel_id=22,
    system_channel_id=23,
    widget_channel_id=24,
    # Two roles share position 2.
    roles=(role(GUILD_ID, 0), role(11, 1), role(12, 3), role(14, 2), role(13, 2)),
    emojis=(),
)
USER = DiscordUser(id=USER_ID, username="nanook", global_name="Nanook", avatar="a1b2", discriminator="0", bot=False)
MEMBER = DiscordMember(
    user=USER,
    nick="Lead dog",
    avatar="c3d4",
    role_ids=(11, 14, 12, 13),
    joined_at=datetime(2025, 7, 4, 22, 30, 9, tzinfo=UTC),
    premium_since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    deaf=True,
    mute=True,
    pending=True,
    communication_disabled_until=datetime(2026, 3, 2, tzinfo=UTC),
)
CHANNEL = DiscordChannel(
    id=205, guild_id=GUILD_ID, name="welcome", type=0, position=0, parent_id=None, topic=None, nsfw=False
)
BARE = TemplateContext(language="en", zone=time_zone("Europe/Amsterdam"), now=datetime(2026, 3, 1, 13, 5, tzinfo=UTC))
MEMBER_FACTS = (
    "<user_nickname>|<user_is_deaf>|<user_is_mute>|<user_is_pending>|<user_joined_at>|<user_premium_since>|"
    "<user_roles>|<user_communication_disabled_until>"
)


def test_a_member_is_described_in_full() -> None:
    context = replace(BARE, user=member_context(MEMBER, GUILD))

    assert render("<user_id> <user_mention> <user_display_name>", context) == f"{USER_ID} <@{USER_ID}> Lead dog"
    assert render(MEMBER_FACTS, context) == (
        "Lead dog|Deafend|Muted|Pending|05-07-2025 00:30:09|02-01-2026 04:04:05|"
        "<@&12>, <@&13>, <@&14>, <@&11>|02-03-2026 01:00:00"
    )


def test_a_plain_member_has_nothing_special() -> None:
    plain = replace(
        MEMBER,
        nick=None,
        role_ids=(),
        joined_at=None,
        premium_since=None,
        deaf=False,
        mute=False,
        pending=False,
        communication_disabled_until=None,
    )

    assert render(MEMBER_FACTS, replace(BARE, user=member_context(plain, GUILD))) == (
        "No nickname|Not deafend|Not muted|Not pending|Unknown|Unknown|Unknown|Not timed-out"
    )


def test_roles_come_highest_first_without_everyone_and_deleted_roles() -> None:
    member = replace(MEMBER, role_ids=(11, GUILD_ID, 999, 14, 12))

    assert member_context(member, GUILD).role_ids == (12, 14, 11)


@pytest.mark.parametrize(
    ("nick", "global_name", "expected"),
    [
        ("Lead dog", "Nanook", "Lead dog"),
        (None, "Nanook", "Nanook"),
        (None, None, "nanook"),
        ("", "", "nanook"),
        ("Lead dog", None, "Lead dog"),
    ],
)
def test_the_display_name_is_nickname_else_global_name_else_username(
    nick: str | None, global_name: str | None, expected: str
) -> None:
    member = replace(MEMBER, nick=nick, user=replace(USER, global_name=global_name))

    assert display_name(member) == expected
    assert member_context(member, GUILD).display_name == expected


def test_a_user_who_left_keeps_name_and_avatar_and_loses_the_rest() -> None:
    context = replace(BARE, user=user_context(USER_ID, USER))

    assert render("<user_id> <user_mention> <user_display_name>", context) == f"{USER_ID} <@{USER_ID}> Nanook"
    assert render("<user_avatar_url>", context).startswith(f"https://cdn.discordapp.com/avatars/{USER_ID}/a1b2.")
    assert render(MEMBER_FACTS, context) == (
        "No nickname|Not deafend|Not muted|Not pending|Unknown|Unknown|Unknown|Not timed-out"
    )


def test_a_user_that_discord_does_not_know_has_an_id_and_a_default_avatar() -> None:
    context = replace(BARE, user=user_context(USER_ID, None))

    assert render("<user_id> <user_mention> <user_display_name>", context) == f"{USER_ID} <@{USER_ID}> Unknown"
    assert render("<user_avatar_url>", context) == f"https://cdn.discordapp.com/embed/avatars/{(USER_ID >> 22) % 6}.png"


@pytest.mark.parametrize(
    ("guild_avatar", "avatar", "expected"),
    [
        ("c3d4", "a1b2", f"https://cdn.discordapp.com/guilds/{GUILD_ID}/users/{USER_ID}/avatars/c3d4."),
        ("c3d4", None, f"https://cdn.discordapp.com/guilds/{GUILD_ID}/users/{USER_ID}/avatars/c3d4."),
        (None, "a1b2", f"https://cdn.discordapp.com/avatars/{USER_ID}/a1b2."),
        (None, None, f"https://cdn.discordapp.com/embed/avatars/{(USER_ID >> 22) % 6}."),
    ],
)
def test_the_avatar_is_that_of_the_guild_else_of_the_user_else_the_default(
    guild_avatar: str | None, avatar: str | None, expected: str
) -> None:
    member = replace(MEMBER, avatar=guild_avatar, user=replace(USER, avatar=avatar))

    assert member_context(member, GUILD).avatar_url.startswith(expected)


def test_a_guild_is_described_in_full() -> None:
    text = (
        "<server_name>|<server_description>|<server_afk_timeout>|<server_mfa_level>|<server_owner>|"
        "<server_preferred_locale>|<server_premium_subscription_count>|<server_premium_tier>|"
        "<server_verification_level>|<server_nsfw_level>|<server_public_updates_channel>|<server_rules_channel>|"
        "<server_system_channel>|<server_widget_channel>"
    )

    assert render(text, replace(BARE, server=server_context(GUILD_ID, GUILD))) == (
        "Husqy demo|Sled dogs only|0:05:00|ELEVATED|<@1300000000000000101>|en-US|14|TIER_2|VERY_HIGH|AGE_RESTRICTED|"
        "<#21>|<#22>|<#23>|<#24>"
    )


@pytest.mark.parametrize(
    ("number", "mfa", "tier", "verification", "nsfw"),
    [
        (0, "NONE", "NONE", "NONE", "DEFAULT"),
        (1, "ELEVATED", "TIER_1", "LOW", "EXPLICIT"),
        (2, None, "TIER_2", "MEDIUM", "SAFE"),
        (3, None, "TIER_3", "HIGH", "AGE_RESTRICTED"),
        (4, None, None, "VERY_HIGH", None),
        (-1, None, None, None, None),
    ],
)
def test_levels_have_discords_names(
    number: int, mfa: str | None, tier: str | None, verification: str | None, nsfw: str | None
) -> None:
    guild = replace(GUILD, mfa_level=number, premium_tier=number, verification_level=number, nsfw_level=number)

    context = server_context(GUILD_ID, guild)

    assert context.mfa_level == mfa
    assert context.premium_tier == tier
    assert context.verification_level == verification
    assert context.nsfw_level == nsfw


def test_a_guild_without_extras_has_fallbacks() -> None:
    guild = replace(
        GUILD,
        description=None,
        public_updates_channel_id=None,
        rules_channel_id=None,
        system_channel_id=None,
        widget_channel_id=None,
    )
    text = (
        "<server_description>|<server_public_updates_channel>|<server_rules_channel>|"
        "<server_system_channel>|<server_widget_channel>"
    )

    assert render(text, replace(BARE, server=server_context(GUILD_ID, guild))) == "|".join(["Not in use!"] * 5)


def test_a_guild_that_is_not_there_has_its_id() -> None:
    context = replace(BARE, server=server_context(GUILD_ID, None))

    assert render("<server_id> <server_name> <server_owner>", context) == f"{GUILD_ID} Unknown Unknown"


@pytest.mark.parametrize("kind", list(ChannelType))
def test_a_channel_has_discords_name_of_its_type(kind: ChannelType) -> None:
    context = channel_context(205, replace(CHANNEL, type=int(kind)))

    assert (context.id, context.name, context.type) == (205, "welcome", kind.name)


def test_a_type_that_discord_added_later_is_unknown() -> None:
    context = replace(BARE, channel=channel_context(205, replace(CHANNEL, type=99)))

    assert render("<channel_name> <channel_type>", context) == "welcome Unknown"


def test_a_channel_without_a_name_or_gone_is_unknown() -> None:
    nameless = replace(BARE, channel=channel_context(205, replace(CHANNEL, name=None, type=1)))
    gone = replace(BARE, channel=channel_context(205, None))

    assert render("<channel_name> <channel_type>", nameless) == "Unknown DM"
    assert render("<channel_mention> <channel_name> <channel_type>", gone) == "<#205> Unknown Unknown"


def test_a_nickname_brings_no_placeholder_in() -> None:
    member = replace(MEMBER, nick="<server_name>")
    context = replace(BARE, user=member_context(member, GUILD), server=server_context(GUILD_ID, GUILD))

    assert render("<user_nickname> of <server_name>", context) == "<server_name> of Husqy demo"
