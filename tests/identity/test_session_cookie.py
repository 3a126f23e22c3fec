"""What a session cookie may do, on both doors, and what another page may not do with it."""

from __future__ import annotations

from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from husqy_graphql.config import Settings
from tests.conftest import ADMIN, GUILD, MEMBER, OWNER, Api, FixedClock, client, settings_for
from tests.serving import graphql_socket, served
from tests.sign_in import ORIGIN, TRUSTED, ask, query_of, set_cookies, sign_in, started

VIEWER = "{ viewer { kind subject } }"
SETTINGS_PATH = f"/v1/settings?guild_id={GUILD}"
CHANGE = (
    f'mutation {{ guildSettingsUpdate(guildId: "{GUILD}", input: {{autoDelete: 7}}) {{ settings {{ autoDelete }} }} }}'
)
WRITES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/graphql", {"query": CHANGE}),
    ("PUT", "/v1/settings", {"guild_id": GUILD, "auto_delete": 7}),
    ("POST", "/v1/auth/api-key", {"guild_id": GUILD}),
    ("DELETE", "/v1/auth/api-key", {"guild_id": GUILD, "api_key": "hq_x"}),
)


@pytest.mark.parametrize("header", ["GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name"])
async def test_a_cookie_reads_and_changes_on_both_doors(api: Api, header: str) -> None:
    await sign_in(api.http)
    headers = {"origin": ORIGIN, header: "1"}

    assert (await ask(api.http, CHANGE, headers))["data"]["guildSettingsUpdate"]["settings"] == {"autoDelete": 7}
    change = {"guild_id": GUILD, "auto_delete": 8}
    assert (await api.http.put("/v1/settings", json=change, headers=headers)).status_code == 200
    assert (await api.http.get(SETTINGS_PATH)).json()["data"]["settings"]["auto_delete"] == "8"
    [*_, entry] = await api.rows("audit_log")
    assert (entry["actor_kind"], entry["actor_user_id"]) == ("user", OWNER)


async def test_what_a_cookie_opened_stays_out_of_caches(api: Api) -> None:
    await sign_in(api.http)
    for path in (SETTINGS_PATH, "/graphql?query={viewer{subject}}"):
        response = await api.http.get(path, headers={"graphql-require-preflight": "1"})
        assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    assert (await api.http.get("/v1/docs")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=[f"{method} {path}" for method, path, _ in WRITES])
@pytest.mark.parametrize(
    ("headers", "missing"),
    [
        ({}, "Origin"),
        ({"graphql-require-preflight": "1"}, "Origin"),
        ({"origin": "http://evil.example", "graphql-require-preflight": "1"}, "Origin"),
        ({"origin": "null", "graphql-require-preflight": "1"}, "Origin"),
        ({"origin": "http://127.0.0.1:8001", "graphql-require-preflight": "1"}, "Origin"),
        ({"origin": f"{ORIGIN}.evil.example", "graphql-require-preflight": "1"}, "Origin"),
        ({"origin": ORIGIN}, "GraphQL-Require-Preflight"),
        ({"origin": ORIGIN, "graphql-require-preflight": ""}, "GraphQL-Require-Preflight"),
    ],
)
async def test_a_forged_request_changes_nothing(
    api: Api, method: str, path: str, body: dict[str, Any], headers: dict[str, str], missing: str
) -> None:
    await sign_in(api.http)
    before = await api.everything()

    response = await api.http.request(method, path, json=body, headers=headers)

    assert response.status_code == 403
    assert missing in response.text
    assert await api.everything() == before


async def test_a_get_of_graphql_by_cookie_needs_the_header_too(api: Api) -> None:
    await sign_in(api.http)
    for headers, status in (({}, 403), ({"graphql-require-preflight": "1"}, 200)):
        response = await api.http.get("/graphql", params={"query": VIEWER}, headers=headers)
        assert response.status_code == status


async def test_a_trusted_origin_may_act_by_cookie(database_url: str, clock: FixedClock) -> None:
    listed = "https://dashboard.example.com"
    settings = Settings(database_url=database_url, sandbox_path=None, cors_origins=listed)
    async with started(settings, clock) as program, client(program) as http:
        await sign_in(http)
        assert "data" in await ask(http, VIEWER, {**TRUSTED, "origin": listed})
        assert "errors" in await ask(http, VIEWER, {**TRUSTED, "origin": "https://other.example.com"})


async def test_a_bearer_wins_over_the_cookie(api: Api) -> None:
    await sign_in(api.http, MEMBER)
    assert (await api.data(VIEWER, token="sandbox-admin"))["viewer"]["subject"] == str(ADMIN)
    api.http.cookies.set("husqy_session", "never-issued", domain="127.0.0.1")
    assert (await api.data(VIEWER, token="sandbox-admin"))["viewer"]["subject"] == str(ADMIN)


@pytest.mark.parametrize("value", ["never-issued", "x" * 3000, "sandbox-owner"])
async def test_an_unknown_session_is_refused_but_not_by_probes(api: Api, value: str) -> None:
    cookie = {"cookie": f"husqy_session={value}"}
    over_rest = await api.http.get(SETTINGS_PATH, headers=cookie)
    assert (over_rest.status_code, over_rest.json()["detail"]) == (401, "Your session has ended: sign in again.")
    over_graphql = await api.http.post("/graphql", json={"query": VIEWER}, headers={**TRUSTED, **cookie})
    assert over_graphql.status_code == 401
    assert (await api.http.get("/auth/session", headers=cookie)).status_code == 401
    assert (await api.http.get("/v1/livez", headers=cookie)).status_code == 200


async def test_an_acting_user_beside_a_cookie_is_refused(api: Api) -> None:
    await sign_in(api.http)
    response = await api.http.get(SETTINGS_PATH, headers={"x-husqy-acting-user": str(OWNER)})
    assert response.status_code == 403


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://localhost:8443"])
async def test_the_attributes_of_the_cookies(database_url: str, clock: FixedClock, origin: str) -> None:
    settings = Settings(database_url=database_url, sandbox_path=None, public_url=origin)
    https = origin.startswith("https")
    name = "__Host-husqy_session" if https else "husqy_session"
    login_name = "__Host-husqy_login" if https else "husqy_login"
    login_path = "Path=/" if https else "Path=/auth"
    secure = {"Secure"} if https else set()
    async with started(settings, clock) as program, client(program, origin) as http:
        page = await http.get("/auth/login")
        assert query_of(page.headers["location"])["redirect_uri"] == f"{origin}/auth/callback"
        [(login, (_, attributes))] = set_cookies(page).items()
        assert login == login_name
        assert attributes == {"HttpOnly", "Max-Age=600", login_path, "SameSite=lax", *secure}

        landed = await sign_in(http)

        cookies = set_cookies(landed)
        assert cookies.keys() == {name, login_name}
        assert cookies[name][1] == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=lax", *secure}
        assert cookies[login_name] == ("", {"HttpOnly", "Max-Age=0", login_path, "SameSite=lax", *secure})
        assert "data" in await ask(http, VIEWER, {**TRUSTED, "origin": origin})
        other_name = "husqy_session" if https else "__Host-husqy_session"
        other = {"cookie": f"{other_name}={cookies[name][0]}"}
        assert (await http.get("/auth/session", headers=other)).status_code == 401
        gone = set_cookies(await http.post("/auth/logout"))[name]
        assert gone == ("", {"HttpOnly", "Max-Age=0", "Path=/", "SameSite=lax", *secure})


async def test_a_socket_by_cookie_must_come_from_our_own_page(api: Api) -> None:
    await sign_in(api.http)
    cookie = f"husqy_session={api.http.cookies['husqy_session']}"
    async with served(api.program) as address:
        own = {"cookie": cookie, "origin": f"http://{address}"}
        async with graphql_socket(address, additional_headers={"cookie": cookie}, origin=own["origin"]) as socket:
            await socket.initialise(None)
            await socket.subscribe("1", VIEWER)
            assert (await socket.receive())["payload"]["data"]["viewer"]["subject"] == str(OWNER)
            await api.http.post("/auth/logout")
        async with graphql_socket(address, additional_headers={"cookie": cookie}) as socket:
            await socket.send("connection_init")  # without an Origin
            assert (await socket.closed())[0] == 4403
        with pytest.raises(InvalidStatus):
            async with graphql_socket(address, additional_headers={"cookie": cookie}, origin="https://evil.example"):
                pass


async def test_signing_out_ends_the_sockets_of_the_session(database_url: str, clock: FixedClock) -> None:
    settings = settings_for(database_url, socket_recheck_seconds=0.05)
    async with started(settings, clock) as program, served(program) as address, client(program) as http:
        await sign_in(http)
        cookie = f"husqy_session={http.cookies['husqy_session']}"
        async with graphql_socket(address, additional_headers={"cookie": cookie}, origin=f"http://{address}") as socket:
            await socket.initialise(None)
            await http.post("/auth/logout")
            assert (await socket.closed())[0] == 4403
