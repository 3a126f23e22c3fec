from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from husqy_graphql.core.templates import (
    VARIABLE_NAMES,
    ChannelContext,
    CounterContext,
    InviteContext,
    ServerContext,
    TemplateContext,
    TicketContext,
    UserContext,
    render,
)
from husqy_graphql.core.time_zones import time_zone

NOW = datetime(2026, 3, 1, 13, 5, 0, 987654, tzinfo=UTC)

USER = UserContext(
    id=1300000000000000103,
    avatar_url="https://cdn.discordapp.com/avatars/1300000000000000103/a1.png",
    display_name="Nanook",
    nickname="Nanook",
    deaf=True,
    mute=True,
    pending=True,
    joined_at=datetime(2025, 7, 4, 22, 30, 9, tzinfo=UTC),
    premium_since=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    communication_disabled_until=datetime(2026, 3, 2, 0, 0, 0, tzinfo=UTC),
    role_ids=(1300000000000000013, 1300000000000000012),
)
GONE_USER = UserContext(id=USER.id, avatar_url="https://cdn.discordapp.com/embed/avatars/2.png")
# This id and its time are the example of Discord's reference.
CHANNEL = ChannelContext(id=175928847299117063, name="welcome", type="GUILD_TEXT")
SERVER = ServerContext(
    id=175928847299117063,
    name="Husqy demo",
    owner_id=1300000000000000101,
    description="Sled dogs only",
    afk_timeout=300,
    mfa_level="ELEVATED",
    preferred_locale="en-US",
    premium_subscription_count=14,
    premium_tier="TIER_2",
    verification_level="VERY_HIGH",
    nsfw_level="AGE_RESTRICTED",
    public_updates_channel_id=21,
    rules_channel_id=22,
    system_channel_id=23,
    widget_channel_id=24,
)
TICKET = TicketContext(id="0b8f4c1e-6a52-4d7e-9a35-3f0c8d1b2a47", type_title="Support", type_description="Ask for help")
INVITE = InviteContext(inviter=USER, code="sled42", current_count=7)
COUNTER = CounterContext(value="1.2K", online="3", offline="4", dnd="5", role_name="Moderators")

BARE = TemplateContext(language="en", zone=time_zone("Europe/Amsterdam"), now=NOW)
FULL = replace(BARE, user=USER, channel=CHANNEL, server=SERVER, ticket=TICKET, invite=INVITE, counter=COUNTER)

USER_VALUES = {
    "id": "1300000000000000103",
    "mention": "<@1300000000000000103>",
    "nickname": "Nanook",
    "display_name": "Nanook",
    "is_deaf": "Deafend",
    "is_mute": "Muted",
    "is_pending": "Pending",
    "joined_at": "05-07-2025 00:30:09",
    "premium_since": "02-01-2026 04:04:05",
    "roles": "<@&1300000000000000013>, <@&1300000000000000012>",
    "communication_disabled_until": "02-03-2026 01:00:00",
    "avatar_url": "https://cdn.discordapp.com/avatars/1300000000000000103/a1.png",
}
USER_FALLBACKS = {
    "id": "1300000000000000103",
    "mention": "<@1300000000000000103>",
    "nickname": "No nickname",
    "display_name": "Unknown",
    "is_deaf": "Not deafend",
    "is_mute": "Not muted",
    "is_pending": "Not pending",
    "joined_at": "Unknown",
    "premium_since": "Unknown",
    "roles": "Unknown",
    "communication_disabled_until": "Not timed-out",
    "avatar_url": "https://cdn.discordapp.com/embed/avatars/2.png",
}
CHANNEL_VALUES = {
    "channel_id": "175928847299117063",
    "channel_mention": "<#175928847299117063>",
    "channel_name": "welcome",
    "channel_type": "GUILD_TEXT",
    "channel_created_at": "30-04-2016 13:18:25",
}
CHANNEL_FALLBACKS = CHANNEL_VALUES | {"channel_name": "Unknown", "channel_type": "Unknown"}
SERVER_VALUES = {
    "server_id": "175928847299117063",
    "server_name": "Husqy demo",
    "server_created_at": "30-04-2016 13:18:25",
    "server_description": "Sled dogs only",
    "server_afk_timeout": "0:05:00",
    "server_mfa_level": "ELEVATED",
    "server_owner": "<@1300000000000000101>",
    "server_preferred_locale": "en-US",
    "server_premium_subscription_count": "14",
    "server_premium_tier": "TIER_2",
    "server_verification_level": "VERY_HIGH",
    "server_nsfw_level": "AGE_RESTRICTED",
    "server_public_updates_channel": "<#21>",
    "server_rules_channel": "<#22>",
    "server_system_channel": "<#23>",
    "server_widget_channel": "<#24>",
}
SERVER_FALLBACKS = {
    "server_id": "175928847299117063",
    "server_name": "Unknown",
    "server_created_at": "30-04-2016 13:18:25",
    "server_description": "Not in use!",
    "server_afk_timeout": "0:00:00",
    "server_mfa_level": "Unknown",
    "server_owner": "Unknown",
    "server_preferred_locale": "Unknown",
    "server_premium_subscription_count": "0",
    "server_premium_tier": "Unknown",
    "server_verification_level": "Unknown",
    "server_nsfw_level": "Unknown",
    "server_public_updates_channel": "Not in use!",
    "server_rules_channel": "Not in use!",
    "server_system_channel": "Not in use!",
    "server_widget_channel": "Not in use!",
}
OTHER_VALUES = {
    "current_date": "01-03-2026",
    "current_time": "14:05:00",
    "current_datetime": "01-03-2026 14:05:00",
    "current_datetime_iso": "2026-03-01T14:05:00+01:00",
}
TICKET_VALUES = {
    "ticket_id": "0b8f4c1e-6a52-4d7e-9a35-3f0c8d1b2a47",
    "ticket_type": "Support",
    "ticket_type_description": "Ask for help",
}
INVITE_VALUES = {"current_invite_count": "7", "invite_code": "sled42"}
COUNTER_VALUES = {"value": "1.2K", "online": "3", "offline": "4", "dnd": "5", "role_name": "Moderators"}
ALL_VALUES = {
    **{f"user_{field}": value for field, value in USER_VALUES.items()},
    **CHANNEL_VALUES,
    **SERVER_VALUES,
    **OTHER_VALUES,
    **TICKET_VALUES,
    **{f"inviter_{field}": value for field, value in USER_VALUES.items()},
    **INVITE_VALUES,
    **COUNTER_VALUES,
}


@pytest.mark.parametrize(("name", "value"), ALL_VALUES.items())
def test_a_variable_is_replaced_by_its_value(name: str, value: str) -> None:
    assert render(f"a <{name}> b", FULL) == f"a {value} b"


def test_these_are_all_variables_there_are() -> None:
    assert set(ALL_VALUES) == VARIABLE_NAMES


@pytest.mark.parametrize(("field", "value"), USER_FALLBACKS.items())
def test_a_user_who_cannot_be_loaded_has_fallbacks(field: str, value: str) -> None:
    assert render(f"<user_{field}>", replace(BARE, user=GONE_USER)) == value


@pytest.mark.parametrize(("name", "value"), CHANNEL_FALLBACKS.items())
def test_a_channel_that_cannot_be_found_has_fallbacks(name: str, value: str) -> None:
    assert render(f"<{name}>", replace(BARE, channel=ChannelContext(id=CHANNEL.id))) == value


@pytest.mark.parametrize(("name", "value"), SERVER_FALLBACKS.items())
def test_a_server_that_cannot_be_found_has_fallbacks(name: str, value: str) -> None:
    assert render(f"<{name}>", replace(BARE, server=ServerContext(id=SERVER.id))) == value


@pytest.mark.parametrize(("field", "value"), USER_FALLBACKS.items())
def test_an_inviter_who_left_is_described_like_a_user_who_left(field: str, value: str) -> None:
    context = replace(BARE, invite=replace(INVITE, inviter=GONE_USER))

    assert render(f"<inviter_{field}>", context) == value


@pytest.mark.parametrize("field", USER_VALUES)
def test_nobody_knows_an_unknown_inviter(field: str) -> None:
    context = replace(BARE, user=USER, invite=InviteContext(inviter=None, code=None, current_count=None))

    expected = "Unknown inviter" if field in {"mention", "nickname", "display_name"} else "Unknown"
    assert render(f"<inviter_{field}>", context) == expected
    assert render("<invite_code> <current_invite_count>", context) == "Unknown Unknown"


def test_an_invite_without_joins_left_counts_zero() -> None:
    assert render("<current_invite_count>", replace(BARE, invite=replace(INVITE, current_count=0))) == "0"


def test_a_ticket_without_a_type_leaves_nothing() -> None:
    context = replace(BARE, ticket=TicketContext(id="t", type_title=None, type_description=None))

    assert render("<ticket_id>[<ticket_type>|<ticket_type_description>]", context) == "t[|]"


def test_a_counter_leaves_the_variables_of_other_types_and_all_other_groups() -> None:
    text = "<value> <online> <offline> <dnd> <role_name> <current_date> <server_name>"
    single = replace(BARE, other=False, counter=CounterContext(value="12"))
    statuses = replace(BARE, other=False, counter=CounterContext(online="1", offline="2", dnd="0"))

    assert render(text, single) == "12 <online> <offline> <dnd> <role_name> <current_date> <server_name>"
    assert render(text, statuses) == "<value> 1 2 0 <role_name> <current_date> <server_name>"


@pytest.mark.parametrize("name", sorted(ALL_VALUES.keys() - OTHER_VALUES.keys()))
def test_a_variable_of_a_missing_group_stays(name: str) -> None:
    assert render(f"a <{name}> b", BARE) == f"a <{name}> b"


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_the_other_group_can_be_unsupported(name: str) -> None:
    assert render(f"<{name}>", replace(FULL, other=False)) == f"<{name}>"


@pytest.mark.parametrize(
    "text",
    [
        "<user_name>",
        "<user_username>",
        "<user_discriminator>",
        "<server_member_count>",
        "<channel_position>",
        "<channel_nsfw>",
        "<inviter_name>",
        "<id>",
        "<mention>",
        "<USER_ID>",
        "<User_id>",
        "< user_id>",
        "<user_id >",
        "<user id>",
        "<user-id>",
        "<_user_id>",
        "<user_id_>",
        "<user_id",
        "user_id>",
        "<user_id\n>",
        "<user_\u0131d>",
        "<>",
        "{user_id}",
        "&lt;user_id&gt;",
    ],
)
def test_unknown_names_and_other_spellings_stay(text: str) -> None:
    assert render(text, FULL) == text


@pytest.mark.parametrize(
    "form",
    [
        "<@1300000000000000103>",
        "<@!1300000000000000103>",
        "<@&1300000000000000013>",
        "<#175928847299117063>",
        "<:husky:1300000000000000301>",
        "<a:wag:1300000000000000302>",
        "<t:1772370300>",
        "<t:1772370300:R>",
        "</tags send:1300000000000000401>",
        "<id:customize>",
        "<https://husqy.test/user_id>",
        "@everyone",
    ],
)
def test_the_forms_of_discord_stay(form: str) -> None:
    assert render(f"{form}<user_id>{form}", FULL) == f"{form}1300000000000000103{form}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<user_id>>", "<1300000000000000103>"),
        ("<@<user_id>>", "<@1300000000000000103>"),
        ("<<<channel_name>", "<<welcome"),
        ("<user_<channel_name>", "<user_welcome"),
        ("<user_id<user_id>", "<user_id1300000000000000103"),
        ("<channel_name><channel_name>", "welcomewelcome"),
        ("<server_<channel_name>>", "<server_welcome>"),
        ("", ""),
    ],
)
def test_placeholders_inside_and_beside_other_text(text: str, expected: str) -> None:
    assert render(text, FULL) == expected


def test_a_value_that_looks_like_a_placeholder_is_not_replaced() -> None:
    context = replace(
        FULL,
        user=replace(USER, nickname="<server_name>", display_name="server_name"),
        server=replace(SERVER, description="<user_nickname>"),
    )

    assert render("<user_nickname>", context) == "<server_name>"
    assert render("<<user_display_name>>", context) == "<server_name>"
    assert render("<user_nickname><server_description>", context) == "<server_name><user_nickname>"


def test_backslashes_and_braces_in_values_mean_nothing() -> None:
    context = replace(BARE, user=replace(USER, nickname=r"\1\g<0>{0}%s$x"))

    assert render("<user_nickname>", context) == r"\1\g<0>{0}%s$x"


def test_empty_names_and_descriptions_count_as_missing() -> None:
    context = replace(
        BARE,
        user=replace(USER, nickname="", display_name=""),
        channel=replace(CHANNEL, name=""),
        server=replace(SERVER, description=""),
    )

    text = "<user_nickname>, <user_display_name>, <channel_name>, <server_description>"
    assert render(text, context) == "No nickname, Unknown, Unknown, Not in use!"


def test_a_timeout_that_is_over_is_none() -> None:
    over = replace(BARE, user=replace(USER, communication_disabled_until=NOW))

    assert render("<user_communication_disabled_until>", over) == "Not timed-out"


@pytest.mark.parametrize(
    ("seconds", "value"), [(0, "0:00:00"), (60, "0:01:00"), (900, "0:15:00"), (3600, "1:00:00"), (90061, "25:01:01")]
)
def test_the_afk_timeout_is_hours_minutes_seconds(seconds: int, value: str) -> None:
    assert render("<server_afk_timeout>", replace(BARE, server=replace(SERVER, afk_timeout=seconds))) == value


@pytest.mark.parametrize(
    ("zone", "moment", "value"),
    [
        ("UTC", "2026-03-01T13:05:00+00:00", "01-03-2026 13:05:00 2026-03-01T13:05:00+00:00"),
        ("Europe/Amsterdam", "2026-07-01T22:30:00+00:00", "02-07-2026 00:30:00 2026-07-02T00:30:00+02:00"),
        ("Europe/Amsterdam", "2026-12-31T23:00:00+00:00", "01-01-2027 00:00:00 2027-01-01T00:00:00+01:00"),
        ("America/New_York", "2026-03-08T07:00:00+00:00", "08-03-2026 03:00:00 2026-03-08T03:00:00-04:00"),
        ("Asia/Kolkata", "2026-03-01T13:05:00.999+00:00", "01-03-2026 18:35:00 2026-03-01T18:35:00+05:30"),
        ("America/St_Johns", "2026-01-01T00:00:00+00:00", "31-12-2025 20:30:00 2025-12-31T20:30:00-03:30"),
    ],
)
def test_times_are_those_of_the_zone(zone: str, moment: str, value: str) -> None:
    context = replace(BARE, zone=time_zone(zone), now=datetime.fromisoformat(moment))

    assert render("<current_datetime> <current_datetime_iso>", context) == value


def test_the_time_of_an_event_has_the_offset_of_its_own_day() -> None:
    winter_and_summer = replace(
        USER, joined_at=datetime(2026, 1, 1, 12, tzinfo=UTC), premium_since=datetime(2026, 7, 1, 12, tzinfo=UTC)
    )

    text = render("<user_joined_at>, <user_premium_since>", replace(BARE, user=winter_and_summer))
    assert text == "01-01-2026 13:00:00, 01-07-2026 14:00:00"


def test_the_current_time_needs_no_group() -> None:
    assert render("<current_date> <current_time>", BARE) == "01-03-2026 14:05:00"


@pytest.mark.parametrize("limit", [0, 1, 5, 6, 7, 20, 100])
def test_a_limit_cuts_the_result(limit: int) -> None:
    text = "Hello <channel_name>, <@1>"

    assert render(text, FULL, limit=limit) == "Hello welcome, <@1>"[:limit]


def test_a_language_without_translations_gets_english_labels() -> None:
    assert render("<user_display_name>", replace(BARE, language="tlh", user=GONE_USER)) == "Unknown"
