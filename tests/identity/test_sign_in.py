"""Signing in with Discord over HTTP: who gets in, what is refused, and signing out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from husqy_graphql.config import Settings
from husqy_graphql.discord.sandbox import world
from husqy_graphql.transport.sign_in import local_path
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, Api, FixedClock, client
from tests.sign_in import CANCEL, ORIGIN, ask, begin, press, query_of, set_cookies, sign_in, started

SETTINGS_PATH = f"/v1/settings?guild_id={GUILD}"


@pytest.mark.parametrize(("user", "guilds"), [(OWNER, 3), (ADMIN, 2), (MEMBER, 0), (MEMBER_2, 0), (OUTSIDER, 0)])
async def test_everybody_of_the_demo_world_can_sign_in(api: Api, user: int, guilds: int) -> None:
    landed = await sign_in(api.http, user, "/dashboard?tab=polls#top")

    assert landed.headers["location"] == "/dashboard?tab=polls#top"
    session = await api.http.get("/auth/session")
    assert session.json() == {"user": {"id": str(user)}, "expiresAt": "2026-03-31T12:00:00Z"}
    body = await ask(api.http, "{ viewer { kind subject } guilds { id } }")
    assert body["data"]["viewer"] == {"kind": "USER", "subject": str(user)}
    assert len(body["data"]["guilds"]) == guilds
    assert (await api.http.get(SETTINGS_PATH)).status_code == (200 if user in {OWNER, ADMIN} else 403)


async def test_a_session_id_is_never_taken_over_from_the_browser(api: Api) -> None:
    api.http.cookies.set("husqy_session", "chosen-by-an-attacker", domain="127.0.0.1")

    landed = await sign_in(api.http)

    value, _ = set_cookies(landed)["husqy_session"]
    assert len(value) == 43
    assert value != "chosen-by-an-attacker"
    response = await api.http.get(SETTINGS_PATH, headers={"cookie": "husqy_session=chosen-by-an-attacker"})
    assert response.status_code == 401


@pytest.mark.parametrize("user", [OWNER, ADMIN])
async def test_signing_in_again_ends_the_browsers_old_session(api: Api, user: int) -> None:
    first, _ = set_cookies(await sign_in(api.http))["husqy_session"]

    second, _ = set_cookies(await sign_in(api.http, user))["husqy_session"]

    assert first != second
    assert [row["user_id"] for row in await api.rows("sessions")] == [user]
    assert (await api.http.get(SETTINGS_PATH, headers={"cookie": f"husqy_session={first}"})).status_code == 401
    revoked = [call for call in await api.calls() if call["path"].endswith("/revoke")]
    assert len(revoked) == (0 if user == OWNER else 1)  # at Discord it would end the new tokens of the same person too
    assert (await ask(api.http, "{ guilds { id } }"))["data"]


def assert_refused(response: httpx2.Response, status: int = 400) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    assert 'href="/auth/login' in response.text
    assert "<script" not in response.text
    assert " style=" not in response.text
    assert "husqy_session" not in set_cookies(response)


async def test_a_callback_works_once(api: Api) -> None:
    callback = await press(api.http, await begin(api.http), OWNER)
    login = api.http.cookies["husqy_login"]
    assert (await api.http.get(callback)).status_code == 303

    assert_refused(await api.http.get(callback))
    async with client(api.program) as other:  # with a copy of the login cookie, too
        assert_refused(await other.get(callback, headers={"cookie": f"husqy_login={login}"}))
    assert len(await api.rows("sessions")) == 1


async def test_the_state_belongs_to_one_browser(api: Api) -> None:
    callback = await press(api.http, await begin(api.http), OWNER)
    async with client(api.program) as victim:
        assert_refused(await victim.get(callback))  # without any login
        own = await press(victim, await begin(victim), MEMBER)
        assert_refused(await victim.get(callback))  # with a login of one's own
        assert (await victim.get(own)).status_code == 303  # which nobody could break off
    for query in ("", "?code=x", "?state=", "?code=x&state=%F0%9F%90%95"):
        assert_refused(await api.http.get(f"/auth/callback{query}"))
    assert len(await api.rows("sessions")) == 1


async def test_a_login_lasts_ten_minutes(api: Api) -> None:
    for minutes, status in ((9.9, 303), (10, 400)):
        page = await begin(api.http)
        api.clock.advance(minutes=minutes)
        assert (await api.http.get(await press(api.http, page, OWNER))).status_code == status


async def test_a_login_cookie_cannot_be_made_up(api: Api) -> None:
    page = await begin(api.http)
    callback = await press(api.http, page, OWNER)
    good = api.http.cookies["husqy_login"]
    async with client(api.program) as http:
        for value in ("", "x", good[:-3], f"{good[:60]}{'A' if good[60] != 'A' else 'B'}{good[61:]}"):
            assert_refused(await http.get(callback, headers={"cookie": f"husqy_login={value}"}))
    state = query_of(page)["state"]
    assert state not in good
    assert await api.rows("sessions") == []


NASTY = (
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\/evil.example",
    "/\t/evil.example", "/\n/evil.example", "/a\r\nset-cookie: x=1", "javascript:alert(1)", "evil.example", "", " /x",
    "/\x00", "/\x7f", "/\u2028x", "http:/x", "/" + "x" * 500,
)  # fmt: skip


@pytest.mark.parametrize("next_path", NASTY)
async def test_a_sign_in_leads_nowhere_else(api: Api, next_path: str) -> None:
    landed = await sign_in(api.http, next_path=next_path)

    assert landed.headers["location"] == "/"


@pytest.mark.parametrize(
    ("next_path", "location"),
    [
        ("/", "/"),
        ("/a//b", "/a//b"),
        ("/a?x=1&y=//evil.example", "/a?x=1&y=//evil.example"),
        ("/caf\u00e9 au lait", "/caf%C3%A9%20au%20lait"),
        ("/%2F%5Cx", "/%2F%5Cx"),
        ("/" + "x" * 499, "/" + "x" * 499),
    ],
)
async def test_a_local_path_is_where_a_sign_in_leads(api: Api, next_path: str, location: str) -> None:
    landed = await sign_in(api.http, next_path=next_path)

    assert landed.headers["location"] == location
    assert urlsplit(location).netloc == ""


@pytest.mark.parametrize("character", [chr(number) for number in (*range(32), 127, *range(0x80, 0xA0), 0xA0)])
def test_no_control_character_gets_into_a_location(character: str) -> None:
    assert local_path(f"/a{character}b") == "/"


async def test_a_stolen_code_is_worth_nothing_without_its_verifier(api: Api) -> None:
    stolen = query_of(await press(api.http, await begin(api.http), OWNER))["code"]
    async with client(api.program) as thief:
        state = query_of(await begin(thief))["state"]
        assert_refused(await thief.get("/auth/callback", params={"code": stolen, "state": state}))
    assert await api.rows("sessions") == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"application_id": world.OTHER_APPLICATION_ID}, "another application"),
        ({"scopes": ["identify"]}, "`guilds`"),
        ({"scopes": ["guilds"]}, "`identify`"),
    ],
)
async def test_a_token_that_is_not_for_us_begins_no_session(api: Api, told: dict[str, Any], words: str) -> None:
    callback = await press(api.http, await begin(api.http, "/back"), OWNER)
    await api.discord("PUT", "/control/next-token", json=told)

    response = await api.http.get(callback)

    assert_refused(response)
    assert words in response.text
    assert 'href="/auth/login?next=%2Fback"' in response.text
    assert "husqy_login" in set_cookies(response)
    assert await api.rows("sessions") == []
    assert api.program.sandbox
    assert api.program.sandbox.state.store.all("refresh_token") == []  # given back


async def test_consent_can_be_denied(api: Api) -> None:
    callback = await press(api.http, await begin(api.http), CANCEL)
    assert query_of(callback)["error"] == "access_denied"

    response = await api.http.get(callback)

    assert_refused(response)
    assert "did not consent" not in response.text
    assert not [call for call in await api.calls() if "/oauth2/token" in call["path"]]


async def test_nothing_of_the_address_is_shown_on_the_page(api: Api) -> None:
    state = query_of(await begin(api.http, "/\"><script>alert('next')</script>"))["state"]
    attack = {"state": state, "error": "<script>1</script>", "error_description": "<script>2</script>"}

    response = await api.http.get("/auth/callback", params=attack)

    assert_refused(response)


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/oauth2/token$", "status": 503},
        {"path": "/oauth2/token$", "drop": "after"},
        {"path": "/oauth2/@me$", "status": 500, "times": 9},
        {"path": "/oauth2/token$", "status": 401},
    ],
)
async def test_while_discord_is_down_nobody_signs_in_and_is_told_so(api: Api, fault: dict[str, Any]) -> None:
    callback = await press(api.http, await begin(api.http), OWNER)
    await api.fault(fault)

    response = await api.http.get(callback)

    assert_refused(response, 503)
    assert int(response.headers["retry-after"]) > 0
    assert len([call for call in await api.calls() if call["path"].endswith("/oauth2/token")]) == 1  # never repeated
    assert await api.rows("sessions") == []


async def test_signing_out_ends_the_session_everywhere_at_once(database_url: str, clock: FixedClock, api: Api) -> None:
    session_id, _ = set_cookies(await sign_in(api.http))["husqy_session"]
    cookie = {"cookie": f"husqy_session={session_id}"}
    store = api.program.sandbox.state.store if api.program.sandbox else None
    assert store
    async with (
        started(Settings(database_url=database_url, sandbox_path=None), clock) as other,
        client(other) as elsewhere,
    ):
        assert (await elsewhere.get("/auth/session", headers=cookie)).status_code == 200
        assert len(store.all("refresh_token")) == 1

        response = await api.http.post("/auth/logout", headers={"origin": ORIGIN})

        assert response.status_code == 204
        assert set_cookies(response)["husqy_session"][1] >= {"Max-Age=0", "Path=/", "HttpOnly"}
        assert (await elsewhere.get("/auth/session", headers=cookie)).status_code == 401
        assert (await elsewhere.get(SETTINGS_PATH, headers=cookie)).status_code == 401
    assert (await api.http.get(SETTINGS_PATH, headers=cookie)).status_code == 401
    assert await api.rows("sessions") == []
    assert store.all("refresh_token") == []
    assert {token["expires"] for token in store.all("token")} == {"2036-02-27T12:00:00+00:00"}  # the demo world's own
    assert (await api.http.post("/auth/logout")).status_code == 204  # without a session, too


async def test_signing_out_does_not_wait_for_discord_to_answer(api: Api) -> None:
    await sign_in(api.http)
    await api.fault({"path": "/revoke", "status": 503, "times": 9})

    assert (await api.http.post("/auth/logout")).status_code == 204
    assert await api.rows("sessions") == []


async def test_another_page_cannot_sign_anybody_out(api: Api) -> None:
    await sign_in(api.http)
    for origin in ("http://evil.example", "null"):
        assert (await api.http.post("/auth/logout", headers={"origin": origin})).status_code == 403
    assert len(await api.rows("sessions")) == 1


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/auth/login", "GET, HEAD, OPTIONS"),
        ("POST", "/auth/callback", "GET, HEAD, OPTIONS"),
        ("GET", "/auth/logout", "POST, OPTIONS"),
        ("DELETE", "/auth/session", "GET, HEAD, OPTIONS"),
    ],
)
async def test_other_methods_are_refused(api: Api, method: str, path: str, allow: str) -> None:
    await sign_in(api.http)
    response = await api.http.request(method, path)

    assert (response.status_code, response.headers["allow"]) == (405, allow)
    assert response.json()["errors"][0]["extensions"]["code"] == "METHOD_NOT_ALLOWED"
    assert response.headers["cache-control"] == "no-store"
    assert len(await api.rows("sessions")) == 1
    assert (await api.http.options(path)).headers["allow"] == allow


async def test_no_answer_of_auth_is_kept(api: Api) -> None:
    for path in ("/auth/login", "/auth/callback", "/auth/session"):
        for method in ("GET", "HEAD"):
            response = await api.http.request(method, path)
            assert response.headers["cache-control"] == "no-store"
            assert method == "GET" or response.content == b""
    assert (await api.http.post("/auth/logout")).headers["cache-control"] == "no-store"


LOCAL = "http://127.0.0.1:8000"
REAL: dict[str, Any] = {
    "discord_bot_token": "bot-token",
    "discord_client_id": 1,
    "service_credentials": "s" * 32,
    "secret_keys": "k" * 32,
}


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, {"HUSQY_DISCORD_CLIENT_SECRET", "HUSQY_PUBLIC_URL"}),
        ({"discord_client_secret": "secret"}, {"HUSQY_PUBLIC_URL"}),
        ({"public_url": "https://api.example.com"}, {"HUSQY_DISCORD_CLIENT_SECRET"}),
    ],
)
async def test_without_its_settings_nobody_signs_in(
    database_url: str, clock: FixedClock, given: dict[str, Any], missing: set[str]
) -> None:
    settings = Settings(database_url=database_url, **REAL, **given)
    async with started(settings, clock) as program, client(program, given.get("public_url", LOCAL)) as http:
        for method, path in (
            ("GET", "/auth/login"), ("GET", "/auth/callback"), ("POST", "/auth/logout"), ("GET", "/auth/session"),
            ("PUT", "/auth/session"),
        ):  # fmt: skip
            response = await http.request(method, path)
            [error] = response.json()["errors"]
            assert (response.status_code, error["extensions"]["code"]) == (404, "NOT_FOUND")
            assert {word for word in error["message"].split() if word.startswith("HUSQY")} == missing
        cookie = {"cookie": "husqy_session=x"}  # means nothing
        assert (await http.post("/graphql", json={"query": "{ service { message } }"}, headers=cookie)).is_success


async def test_discord_itself_is_asked_without_a_second_consent(database_url: str, clock: FixedClock) -> None:
    given = {"discord_client_secret": "secret", "public_url": "https://api.example.com/"}
    settings = Settings(database_url=database_url, **REAL, **given)
    async with started(settings, clock) as program, client(program, given["public_url"]) as http:
        page = (await http.get("/auth/login")).headers["location"]
        assert page.startswith("https://discord.com/oauth2/authorize?")
        question = query_of(page)
        assert question["prompt"] == "none"
        assert question["redirect_uri"] == "https://api.example.com/auth/callback"
        assert (question["client_id"], question["scope"]) == ("1", "identify guilds")
        assert (question["response_type"], question["code_challenge_method"]) == ("code", "S256")
        assert "secret" not in page
