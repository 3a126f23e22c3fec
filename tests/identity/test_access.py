"""Who is let in, as whom, and what happens while Discord does not answer."""

from __future__ import annotations

import pytest

from tests.conftest import ADMIN, GUILD, MEMBER, OUTSIDER, OWNER, Api

VIEWER = "{ viewer { kind subject userId guildId } }"
SETTINGS_PATH = f"/settings?guild_id={GUILD}"


@pytest.mark.parametrize(
    ("token", "user"),
    [
        ("sandbox-owner", OWNER),
        ("sandbox-admin", ADMIN),
        ("sandbox-member", MEMBER),
        ("sandbox-outsider", OUTSIDER),
    ],
)
async def test_an_access_token_is_its_user(api: Api, token: str, user: int) -> None:
    assert (await api.data(VIEWER, token=token))["viewer"] == {
        "kind": "USER",
        "subject": str(user),
        "userId": str(user),
        "guildId": None,
    }


async def test_the_service_credential_acts_for_a_member(api: Api) -> None:
    alone = (await api.data(VIEWER, token="sandbox-service"))["viewer"]
    assert alone == {"kind": "SERVICE", "subject": "service", "userId": None, "guildId": None}
    acting = (await api.data(VIEWER, token="sandbox-service", acting=MEMBER))["viewer"]
    assert acting["userId"] == str(MEMBER)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("sandbox-foreign-app", "another application"),
        ("sandbox-expired", "expired"),
        ("sandbox-no-guilds-scope", "`guilds`"),
        ("never-issued", "does not know"),
        ("hq_never-made", "API key"),
        ("x" * 513, "512"),
    ],
)
async def test_a_credential_that_is_not_valid_says_why(api: Api, token: str, words: str) -> None:
    over_rest = await api.rest("GET", SETTINGS_PATH, token=token)
    assert over_rest.status_code == 401
    assert over_rest.headers["www-authenticate"] == "Bearer"
    assert words in over_rest.json()["detail"]
    assert token not in over_rest.text

    over_graphql = await api.http.post("/graphql", json={"query": VIEWER}, headers={"authorization": f"Bearer {token}"})
    assert over_graphql.status_code == 401
    assert over_graphql.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic c2FuZGJveDpvd25lcg=="},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "sandbox-owner"},
        {"x-api-key": ""},
        {"authorization": "Bearer sandbox-owner", "x-api-key": "sandbox-admin"},
    ],
)
async def test_a_malformed_credential_is_refused(api: Api, headers: dict[str, str]) -> None:
    response = await api.http.get("/v1/helpers/get-supported-languages", headers=headers)

    assert response.status_code == 401


@pytest.mark.parametrize("token", ["sandbox-owner", "sandbox-member"])
async def test_an_acting_user_beside_another_credential_is_refused(api: Api, token: str) -> None:
    assert (await api.rest("GET", SETTINGS_PATH, token=token, acting=OWNER)).status_code == 403


async def test_an_acting_user_that_is_no_id_is_refused(api: Api) -> None:
    headers = {"authorization": "Bearer sandbox-service", "x-husqy-acting-user": "me"}
    response = await api.http.get(f"/v1{SETTINGS_PATH}", headers=headers)

    assert response.status_code == 400
    assert "X-Husqy-Acting-User" in response.json()["detail"]


async def test_discord_is_asked_twice_for_a_new_token_and_not_again(api: Api) -> None:
    await api.calls()
    for _ in range(5):
        assert (await api.rest("GET", "/helpers/get-husqy-for-guild")).status_code == 200

    paths = [call["path"] for call in await api.calls()]
    assert paths.count("/api/v10/oauth2/@me") == 1
    assert paths.count("/api/v10/users/@me/guilds") == 1


async def test_while_discord_is_down_reads_go_on_with_what_was_known_and_changes_wait(api: Api) -> None:
    settings = '{ guild(id: "1300000000000000001") { settings { autoDelete } } }'
    change = """mutation { guildSettingsUpdate(guildId: "1300000000000000001", input: {autoDelete: 3}) {
      settings { autoDelete } } }"""
    await api.data(settings)
    await api.fault({"status": 503, "times": 1000})

    assert (await api.data(settings))["guild"]["settings"] == {"autoDelete": 60}
    api.monotonic.advance(seconds=400)
    assert (await api.data(settings))["guild"]["settings"] == {"autoDelete": 60}
    error = await api.error(change)
    assert error["extensions"]["code"] == "UNAVAILABLE"
    refused = await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 3})
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    api.monotonic.advance(seconds=300)
    assert (await api.rest("GET", SETTINGS_PATH)).status_code == 503
    never_seen = await api.rest("GET", SETTINGS_PATH, token="sandbox-admin")
    assert never_seen.status_code == 503

    await api.fault()
    assert (await api.data(settings))["guild"]["settings"] == {"autoDelete": 60}


async def test_a_removed_administrator_loses_access_within_a_minute(api: Api) -> None:
    assert (await api.rest("GET", SETTINGS_PATH, token="sandbox-admin")).status_code == 200
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{ADMIN}")

    api.monotonic.advance(seconds=61)

    assert (await api.rest("GET", SETTINGS_PATH, token="sandbox-admin")).status_code == 403
    acting = await api.rest("PUT", "/settings", token="sandbox-service", acting=ADMIN, json={"guild_id": GUILD})
    assert acting.status_code == 403


async def test_authorize_tells_whom_a_token_stands_for(api: Api) -> None:
    response = await api.rest("POST", "/auth/authorize", json={"access_token": "sandbox-admin"})

    assert response.status_code == 200
    assert response.json()["data"] == {"sub": str(ADMIN), "access_token": "sandbox-admin", "target": str(ADMIN)}


async def test_authorize_tells_which_key_it_is_and_notes_the_use(api: Api) -> None:
    key = (await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})).json()["data"]["api_key"]["api_key"]

    response = await api.rest("POST", "/auth/authorize", token="sandbox-service", json={"access_token": key})

    assert response.json()["data"] == {"sub": "api-key:1", "access_token": key, "target": "api-key:1"}
    [row] = await api.rows("api_keys")
    assert row["last_use"] is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"access_token": ""}, 400),
        ({}, 400),
        ({"access_token": 5}, 400),
        ({"access_token": "unknown"}, 401),
        ({"access_token": "sandbox-expired"}, 401),
        ({"access_token": "sandbox-foreign-app"}, 401),
    ],
)
async def test_authorize_refuses(api: Api, body: dict[str, object], status: int) -> None:
    assert (await api.rest("POST", "/auth/authorize", json=body)).status_code == status
    assert (await api.rest("POST", "/auth/authorize", token=None, json=body)).status_code == 401


@pytest.mark.parametrize(
    ("guild", "target", "access"),
    [
        (GUILD, str(OWNER), True),
        (str(GUILD), str(ADMIN), True),
        (GUILD, str(MEMBER), False),
        (GUILD, str(OUTSIDER), False),
        (GUILD, "1300000000000009998", False),
        (1300000000000009999, str(OWNER), False),
        (GUILD, "api-key:1", True),
        (1300000000000000002, "api-key:1", False),
        (GUILD, "api-key:2", False),
        (GUILD, "service", False),
    ],
)
async def test_permissions_of_a_target(api: Api, guild: object, target: str, access: bool) -> None:
    await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})

    body = {"guild_id": guild, "target": target}
    response = await api.rest("POST", "/auth/validate-user-permissions", token="sandbox-member", json=body)

    assert response.status_code == 200
    assert response.json()["data"] == {"has_access": access}


@pytest.mark.parametrize("body", [{"guild_id": "x", "target": "1"}, {"guild_id": GUILD, "target": "somebody"}])
async def test_a_target_that_can_be_nobody_is_refused(api: Api, body: dict[str, object]) -> None:
    assert (await api.rest("POST", "/auth/validate-user-permissions", json=body)).status_code == 400
