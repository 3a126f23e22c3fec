"""The look-ups of a dashboard: guilds, roles, channels, emojis, people, supported values, replaced variables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ADMIN, FOREIGN_GUILD, GUILD, MEMBER, MEMBER_2, OWNER, QUIET_GUILD, Api

GUILD_HELPERS = ["get-guild-roles", "get-guild-users", "get-guild-channels", "get-guild-emojis"]
CONTENT = "/helpers/get-variable-replaced-content"


async def helper(api: Api, name: str, **options: Any) -> dict[str, Any]:
    response = await api.rest("GET", f"/helpers/{name}", **options)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def test_supported_values(api: Api) -> None:
    languages = await helper(api, "get-supported-languages", token="sandbox-outsider")
    assert languages == {"languages": [{"full_name": "English", "abbreviation": "en"}]}
    assert await helper(api, "get-supported-unit-systems") == {"unit_systems": ["imperial", "metric"]}
    zones = (await helper(api, "get-supported-timezones"))["timezones"]
    assert zones == sorted(zones)
    assert {"UTC", "Europe/Amsterdam", "America/New_York"} <= set(zones)
    assert "US/Pacific" not in zones


@pytest.mark.parametrize("name", ["get-supported-languages", "get-supported-timezones", "get-supported-unit-systems"])
async def test_supported_values_need_a_credential(api: Api, name: str) -> None:
    assert (await api.rest("GET", f"/helpers/{name}", token=None)).status_code == 401


async def test_the_guilds_that_a_user_administers(api: Api) -> None:
    assert (await helper(api, "get-husqy-for-guild"))["guilds"] == [
        {"name": "Husqy demo", "id": str(GUILD), "icon": None, "active": True},
        {"name": "Quiet corner", "id": str(QUIET_GUILD), "icon": None, "active": True},
        {"name": "Not yet", "id": str(FOREIGN_GUILD), "icon": None, "active": False},
    ]
    assert (await helper(api, "get-husqy-for-guild", token="sandbox-member"))["guilds"] == []
    assert (await api.rest("GET", "/helpers/get-husqy-for-guild", token="sandbox-service")).status_code == 403


async def test_a_guild_without_husqy_shows_its_name_and_nothing_more(api: Api) -> None:
    query = "{ guilds { id active settings { id } modules { name } roles { id } channels { id } premium } }"

    guild = (await api.data(query))["guilds"][2]

    assert guild == {
        "id": str(FOREIGN_GUILD), "active": False, "settings": None, "modules": None, "roles": None, "channels": None,
        "premium": False,
    }  # fmt: skip


async def test_roles_come_highest_first(api: Api) -> None:
    roles = (await helper(api, "get-guild-roles", params={"guild_id": GUILD}))["roles"]

    names = ["Founders", "Admins", "Husqy", "Integration", "Moderators", "Members", "@everyone"]
    assert [role["name"] for role in roles] == names
    assert roles[-1]["id"] == str(GUILD)


async def test_people_come_without_bots_and_with_their_choice(api: Api) -> None:
    choose = """mutation ($user: Snowflake!) { memberDataCollectionSet(
      guildId: "1300000000000000001", userId: $user, input: {prevented: true}) { member { preventDataCollection } } }"""
    await api.data(choose, token="sandbox-service", user=str(MEMBER))

    users = (await helper(api, "get-guild-users", params={"guild_id": GUILD}))["users"]

    assert [user["id"] for user in users] == [str(each) for each in (OWNER, ADMIN, MEMBER, MEMBER_2)]
    assert [user["prevent_data_collection"] for user in users] == [False, False, True, False]
    assert all(user["image"].startswith("https://cdn.discordapp.com/") for user in users)


@pytest.mark.parametrize(
    ("types", "kinds"),
    [
        ([], {"GUILD_TEXT", "GUILD_VOICE", "GUILD_CATEGORY", "GUILD_NEWS", "GUILD_STAGE", "GUILD_FORUM"}),
        (["text"], {"GUILD_TEXT", "GUILD_VOICE"}),
        (["voice"], {"GUILD_VOICE"}),
        (["category", "forum"], {"GUILD_CATEGORY", "GUILD_FORUM"}),
        (["news"], {"GUILD_NEWS"}),
        (["stage"], {"GUILD_STAGE"}),
    ],
)
async def test_channels_by_kind(api: Api, types: list[str], kinds: set[str]) -> None:
    params = [("guild_id", str(GUILD)), *(("types", kind) for kind in types)]

    channels = (await helper(api, "get-guild-channels", params=params))["channels"]

    assert {channel["type"] for channel in channels} == kinds
    assert all(channel["id"].isdigit() and channel["name"] for channel in channels)


async def test_an_unknown_kind_of_channel_is_refused(api: Api) -> None:
    params = [("guild_id", str(GUILD)), ("types", "text"), ("types", "thread")]

    response = await api.rest("GET", "/helpers/get-guild-channels", params=params)

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "#/types/1"


async def test_emojis(api: Api) -> None:
    emojis = (await helper(api, "get-guild-emojis", params={"guild_id": GUILD}))["emojis"]

    assert [(emoji["name"], emoji["animated"]) for emoji in emojis] == [("husky", False), ("wag", True)]
    assert emojis[1]["url"] == f"https://cdn.discordapp.com/emojis/{emojis[1]['id']}.gif"
    assert all(emoji["colons_required"] and not emoji["managed"] for emoji in emojis)


@pytest.mark.parametrize("name", GUILD_HELPERS)
async def test_guild_helpers_are_for_administrators(api: Api, name: str) -> None:
    async def status(guild: object, token: str | None) -> int:
        return (await api.rest("GET", f"/helpers/{name}", token=token, params={"guild_id": guild})).status_code

    assert await status(GUILD, "sandbox-admin") == 200
    assert await status(GUILD, None) == 401
    assert await status("x", "sandbox-admin") == 400
    assert await status(GUILD, "sandbox-member") == 403
    assert await status(GUILD, "sandbox-service") == 403
    assert await status(FOREIGN_GUILD, "sandbox-owner") == 404
    assert (await api.rest("GET", f"/helpers/{name}")).status_code == 400


async def test_members_are_paged_over_graphql(api: Api) -> None:
    query = """query ($after: String) { guild(id: "1300000000000000001") {
      members(first: 3, after: $after) { edges { cursor } nodes { id } pageInfo { hasNextPage endCursor } } } }"""

    first = (await api.data(query))["guild"]["members"]
    assert [node["id"] for node in first["nodes"]] == [str(each) for each in (OWNER, ADMIN, MEMBER)]
    assert first["pageInfo"] == {"hasNextPage": True, "endCursor": first["edges"][-1]["cursor"]}
    second = (await api.data(query, after=first["pageInfo"]["endCursor"]))["guild"]["members"]
    assert [node["id"] for node in second["nodes"]] == [str(MEMBER_2)]
    assert second["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize("arguments", ["first: 0", "first: 101", "first: -1", 'after: "x"', 'after: "-1"'])
async def test_a_page_that_cannot_be_is_refused(api: Api, arguments: str) -> None:
    query = f'{{ guild(id: "{GUILD}") {{ members({arguments}) {{ nodes {{ id }} }} }} }}'

    assert (await api.error(query))["extensions"]["code"] == "BAD_USER_INPUT"


async def content(api: Api, text: str, token: str = "sandbox-owner", **params: object) -> str:
    given = {"content": text, "language": "en", "timezone": "Europe/Amsterdam", **params}
    response = await api.rest("GET", CONTENT, token=token, params=given)
    assert response.status_code == 200, response.text
    return response.json()["data"]["content"]


async def test_variables_are_replaced_where_their_object_is_given(api: Api) -> None:
    text = "<user_mention> <channel_name> <server_name> <current_datetime> <unknown>"

    assert await content(api, text) == "<user_mention> <channel_name> <server_name> 01-03-2026 13:00:00 <unknown>"
    replaced = await content(api, text, guild_id=GUILD, user_id=MEMBER, channel_id=GUILD)
    assert replaced == f"<@{MEMBER}> Unknown Husqy demo 01-03-2026 13:00:00 <unknown>"


async def test_a_channel_of_the_guild_is_known_and_one_without_guild_is_not(api: Api) -> None:
    channels = (await helper(api, "get-guild-channels", params={"guild_id": GUILD}))["channels"]
    general = next(channel["id"] for channel in channels if channel["name"] == "general")

    assert await content(api, "<channel_name>", guild_id=GUILD, channel_id=general) == "general"
    assert await content(api, "<channel_name>", "sandbox-outsider", channel_id=general) == "Unknown"
    assert await content(api, "<channel_name>", guild_id=QUIET_GUILD, channel_id=general) == "Unknown"


async def test_replaced_content_refuses(api: Api) -> None:
    async def status(token: str | None = "sandbox-owner", **changed: object) -> int:
        params = {"content": "x", "language": "en", "timezone": "UTC", **changed}
        return (await api.rest("GET", CONTENT, token=token, params=params)).status_code

    assert await status() == 200
    assert await status("sandbox-outsider") == 200
    assert await status(None) == 401
    assert await status(language="xx") == 400
    assert await status(timezone="Mars/Base") == 400
    assert await status(user_id="x") == 400
    assert await status("sandbox-member", guild_id=GUILD) == 403
    assert await status("sandbox-member", guild_id=GUILD, language="xx") == 403
    assert (await api.rest("GET", CONTENT, params={"content": "x"})).status_code == 400


async def test_a_busy_dashboard_asks_discord_once_in_ten_seconds(api: Api) -> None:
    query = f'{{ guild(id: "{GUILD}") {{ name roles {{ id }} channels {{ id }} members {{ nodes {{ id }} }} }} }}'

    async def asked() -> int:
        return sum(f"/guilds/{GUILD}" in call["path"] for call in await api.calls())

    for _ in range(20):
        await api.data(query)
    assert await asked() == 3
    api.monotonic.advance(seconds=11)
    await api.data(query)
    assert await asked() == 6
