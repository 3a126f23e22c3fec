"""GET and PUT /v1/settings, and the same over GraphQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.conftest import ADMIN, FOREIGN_GUILD, GUILD, MEMBER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api

SETTINGS = """
query ($guild: Snowflake!) {
  guild(id: $guild) {
    id name iconUrl active premium
    settings { databaseId guildId language timeZone unitSystem autoDelete moduleEnabled(name: POLLS) }
    modules { name enabled }
    entitlements { skuId }
  }
}
"""
UPDATE = """
mutation ($guild: Snowflake!, $input: GuildSettingsUpdateInput!) {
  guildSettingsUpdate(guildId: $guild, input: $input) {
    settings { language timeZone unitSystem autoDelete }
  }
}
"""
MODULE_FLAGS = {
    "module_logging", "module_tempchannel", "module_socials", "module_reactionroles", "module_autoresponder",
    "module_tickets", "module_serverstats", "module_tags", "module_welcoming", "module_verifier", "module_rules",
    "module_invite_tracker", "module_polls", "module_reminders", "module_giveaways",
}  # fmt: skip


async def test_a_guild_starts_with_the_defaults(api: Api) -> None:
    data = await api.data(SETTINGS, guild=str(GUILD))

    assert data["guild"]["id"] == str(GUILD)
    assert data["guild"]["name"] == "Husqy demo"
    assert data["guild"]["active"] is True
    assert data["guild"]["premium"] is False
    assert data["guild"]["settings"] == {
        "databaseId": 1,
        "guildId": str(GUILD),
        "language": "en",
        "timeZone": "UTC",
        "unitSystem": "metric",
        "autoDelete": 60,
        "moduleEnabled": False,
    }
    assert len(data["guild"]["modules"]) == 15
    assert not any(module["enabled"] for module in data["guild"]["modules"])
    assert data["guild"]["entitlements"] == []


async def test_rest_answers_the_same_settings_in_the_words_of_the_contract(api: Api) -> None:
    response = await api.rest("GET", f"/settings?guild_id={GUILD}")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    data = response.json()["data"]
    assert data["metadata"] == {"name": "Husqy demo", "id": str(GUILD), "icon": None, "active": True}
    assert data["entitlements"] == []
    flags = {name: data["settings"].pop(name) for name in MODULE_FLAGS}
    assert flags == dict.fromkeys(MODULE_FLAGS, False)
    assert data["settings"] == {
        "id": 1,
        "guild_id": str(GUILD),
        "language": "en",
        "gmt": "UTC",
        "unit_system": "metric",
        "auto_delete": "60",
    }


async def test_a_change_over_graphql_is_read_over_rest(api: Api) -> None:
    data = await api.data(
        UPDATE, guild=str(GUILD), input={"timeZone": "Europe/Amsterdam", "unitSystem": "imperial", "autoDelete": 0}
    )

    assert data["guildSettingsUpdate"]["settings"] == {
        "language": "en", "timeZone": "Europe/Amsterdam", "unitSystem": "imperial", "autoDelete": 0
    }  # fmt: skip
    settings = (await api.rest("GET", f"/settings?guild_id={GUILD}")).json()["data"]["settings"]
    assert settings["gmt"] == "Europe/Amsterdam"
    assert settings["unit_system"] == "imperial"
    assert settings["auto_delete"] == "0"


async def test_a_change_over_rest_is_read_over_graphql(api: Api) -> None:
    response = await api.rest(
        "PUT", "/settings", json={"guild_id": GUILD, "gmt": "America/New_York", "auto_delete": 900}
    )

    assert response.status_code == 200
    assert response.json()["data"]["settings"]["gmt"] == "America/New_York"
    settings = (await api.data(SETTINGS, guild=str(GUILD)))["guild"]["settings"]
    assert settings["timeZone"] == "America/New_York"
    assert settings["autoDelete"] == 900


@pytest.mark.parametrize("token", ["sandbox-owner", "sandbox-admin"])
async def test_administrators_may_read_and_change(api: Api, token: str) -> None:
    assert (await api.rest("GET", f"/settings?guild_id={GUILD}", token=token)).status_code == 200
    body = {"guild_id": str(GUILD), "auto_delete": 5}
    assert (await api.rest("PUT", "/settings", token=token, json=body)).status_code == 200


async def test_the_bot_may_read_but_changes_only_for_an_administrator(api: Api) -> None:
    before = await api.everything()
    body = {"guild_id": GUILD, "auto_delete": 5}

    assert (await api.rest("GET", f"/settings?guild_id={GUILD}", token="sandbox-service")).status_code == 200
    assert (await api.rest("PUT", "/settings", token="sandbox-service", json=body)).status_code == 403
    for_member = await api.rest("PUT", "/settings", token="sandbox-service", acting=MEMBER, json=body)
    assert for_member.status_code == 403
    assert await api.everything() == before

    for_admin = await api.rest("PUT", "/settings", token="sandbox-service", acting=ADMIN, json=body)
    assert for_admin.status_code == 200
    [entry] = [row for row in await api.rows("audit_log") if row["action"] == "guild.settings.update"]
    assert (entry["actor_kind"], entry["actor_user_id"]) == ("service", ADMIN)


@pytest.mark.parametrize(
    ("guild", "token", "status"),
    [
        (GUILD, None, 401),
        (GUILD, "sandbox-nobody", 401),
        (GUILD, "sandbox-member", 403),
        (GUILD, "sandbox-outsider", 403),
        (UNKNOWN_GUILD, "sandbox-owner", 403),
        (QUIET_GUILD, "sandbox-member", 403),
        (FOREIGN_GUILD, "sandbox-owner", 404),
        (FOREIGN_GUILD, "sandbox-admin", 403),
        (UNKNOWN_GUILD, "sandbox-service", 404),
    ],
)
async def test_reading_and_changing_are_refused_alike(api: Api, guild: int, token: str | None, status: int) -> None:
    before = await api.everything()

    read = await api.rest("GET", f"/settings?guild_id={guild}", token=token)
    acting = OWNER if token == "sandbox-service" else None
    changed = await api.rest("PUT", "/settings", token=token, acting=acting, json={"guild_id": guild, "language": "en"})

    assert read.status_code == status
    # The bot may read any guild, so only there it learns that one is unknown.
    assert changed.status_code == (403 if token == "sandbox-service" else status)
    assert read.headers["content-type"] == "application/problem+json"
    assert read.json()["status"] == status
    assert await api.everything() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"language": "xx"}, "#/language"),
        ({"gmt": "US/Pacific"}, "#/gmt"),
        ({"gmt": "europe/amsterdam"}, "#/gmt"),
        ({"gmt": ""}, "#/gmt"),
        ({"unit_system": "cubits"}, "#/unit_system"),
        ({"auto_delete": -1}, "#/auto_delete"),
        ({"auto_delete": 901}, "#/auto_delete"),
        ({"auto_delete": 1.5}, "#/auto_delete"),
        ({"auto_delete": "60"}, "#/auto_delete"),
        ({"auto_delete": True}, "#/auto_delete"),
        ({"language": 5}, "#/language"),
        ({"language": "e\x00n"}, "#/language"),
    ],
)
async def test_a_value_that_cannot_be_is_refused_by_name(api: Api, body: dict[str, Any], pointer: str) -> None:
    before = await api.everything()

    response = await api.rest("PUT", "/settings", json={"guild_id": GUILD, **body})

    assert response.status_code == 400
    problem = response.json()
    assert problem["type"] == "urn:husqy:problem:bad-user-input"
    assert problem["detail"] == problem["message"]
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert await api.everything() == before


async def test_half_a_surrogate_pair_is_refused_by_name(api: Api) -> None:
    before = await api.everything()
    body = f'{{"guild_id": {GUILD}, "language": "\\ud800"}}'

    response = await api.rest("PUT", "/settings", content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["#/language"]
    assert await api.everything() == before


async def test_all_faults_of_syntax_come_at_once(api: Api) -> None:
    body = {"guild_id": "x", "auto_delete": 901, "language": [], "unit_system": "metric"}

    response = await api.rest("PUT", "/settings", json=body)

    assert response.status_code == 400
    assert {error["pointer"] for error in response.json()["errors"]} == {"#/guild_id", "#/auto_delete", "#/language"}


async def test_syntax_comes_before_permission_and_sign_in_before_syntax(api: Api) -> None:
    assert (await api.rest("GET", "/settings?guild_id=x", token=None)).status_code == 401
    assert (await api.rest("GET", "/settings?guild_id=x", token="sandbox-member")).status_code == 400
    semantic = {"guild_id": GUILD, "language": "xx"}
    assert (await api.rest("PUT", "/settings", token="sandbox-member", json=semantic)).status_code == 403
    assert (await api.rest("PUT", "/settings", json={**semantic, "guild_id": FOREIGN_GUILD})).status_code == 404


async def test_null_counts_as_missing_but_for_auto_delete(api: Api) -> None:
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "gmt": "Asia/Tokyo", "auto_delete": 30})

    body = {"guild_id": GUILD, "language": None, "gmt": None, "unit_system": None, "auto_delete": None}
    settings = (await api.rest("PUT", "/settings", json=body)).json()["data"]["settings"]

    assert settings["gmt"] == "Asia/Tokyo"
    assert settings["language"] == "en"
    assert settings["auto_delete"] == "0"


async def test_an_update_that_changes_nothing_leaves_no_trace(api: Api) -> None:
    before = await api.everything()

    assert (await api.rest("PUT", "/settings", json={"guild_id": GUILD})).status_code == 200
    assert (await api.rest("PUT", "/settings", json={"guild_id": GUILD, "language": "en"})).status_code == 200

    assert await api.everything() == before


async def test_flags_cannot_be_changed_here(api: Api) -> None:
    response = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "module_polls": True, "id": 7})

    assert response.status_code == 200
    assert response.json()["data"]["settings"]["module_polls"] is False
    assert response.json()["data"]["settings"]["id"] == 1


async def test_a_change_leaves_one_audit_row_with_what_was_before_and_after(api: Api) -> None:
    response = await api.http.put(
        "/v1/settings",
        json={"guild_id": GUILD, "auto_delete": 10, "language": "en"},
        headers={"authorization": "Bearer sandbox-admin", "x-request-id": "test-request-1"},
    )

    assert response.headers["x-request-id"] == "test-request-1"
    query = """{ guild(id: "1300000000000000001") { auditLog(first: 1) {
      nodes { action actor { kind userId } target changes { field before after } requestId at }
      pageInfo { hasNextPage } } } }"""
    log = (await api.data(query))["guild"]["auditLog"]
    assert log == {
        "nodes": [
            {
                "action": "GUILD_SETTINGS_UPDATE",
                "actor": {"kind": "USER", "userId": str(ADMIN)},
                "target": "guild settings",
                "changes": [{"field": "autoDelete", "before": "60", "after": "10"}],
                "requestId": "test-request-1",
                "at": "2026-03-01T12:00:00Z",
            }
        ],
        "pageInfo": {"hasNextPage": True},
    }


async def test_fifty_changes_at_once_are_all_kept_in_order(api: Api) -> None:
    async def change(seconds: int) -> int:
        body = {"guild_id": GUILD, "auto_delete": seconds}
        return (await api.rest("PUT", "/settings", json=body)).status_code

    statuses = await asyncio.gather(*(change(100 + index) for index in range(50)))

    assert statuses == [200] * 50
    entries = [row for row in await api.rows("audit_log") if row["action"] == "guild.settings.update"]
    assert len(entries) == 50
    [settings, _] = await api.rows("guild_settings")
    assert f'"after": {settings["auto_delete"]}' in str(entries[-1]["changes"]).replace("'", '"')


async def test_settings_are_found_again_by_their_global_id(api: Api) -> None:
    query = '{ guild(id: "1300000000000000001") { settings { id language } } }'
    settings = (await api.data(query))["guild"]["settings"]

    node = "query ($id: ID!) { node(id: $id) { __typename id ... on GuildSettings { language } } }"
    assert (await api.data(node, id=settings["id"]))["node"] == {"__typename": "GuildSettings", **settings}
    assert (await api.data(node, id=settings["id"], token="sandbox-member"))["node"] is None
    assert (await api.error(node, id="nonsense"))["extensions"]["code"] == "BAD_USER_INPUT"
    assert (await api.error(node, id=settings["id"], token=None))["extensions"]["code"] == "UNAUTHENTICATED"
