"""The consent page and the token endpoint of the fake Discord, through the adapter where there is one."""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from husqy_graphql.discord.adapter import OAuthDiscord, UserDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.port import InvalidGrant, TokenPair, Unauthorized, Unreachable
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import BASE_URL, create_sandbox
from tests.conftest import FixedClock

VERIFIER = "v" * 43
REDIRECT_URI = "http://127.0.0.1:8000/auth/callback"
QUESTION = {
    "client_id": str(world.APPLICATION_ID),
    "response_type": "code",
    "redirect_uri": REDIRECT_URI,
    "scope": "identify guilds",
    "state": "s<&>",
    "code_challenge": urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("="),
    "code_challenge_method": "S256",
}


@dataclass
class Stage:
    http: DiscordHTTP
    oauth: OAuthDiscord
    users: UserDiscord
    browser: httpx2.AsyncClient
    clock: FixedClock

    async def code(self, user_id: int = world.ADMIN) -> str:
        response = await self.browser.post("/oauth2/authorize", params=QUESTION, data={"choice": str(user_id)})
        assert response.status_code == 302
        return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]

    async def tokens(self) -> TokenPair:
        return await self.exchange(await self.code())

    async def exchange(self, code: str, redirect_uri: str = REDIRECT_URI, verifier: str = VERIFIER) -> TokenPair:
        return await self.oauth.exchange_code(code, redirect_uri=redirect_uri, code_verifier=verifier)


@pytest.fixture
async def stage(clock: FixedClock) -> AsyncGenerator[Stage]:
    sandbox = create_sandbox(None, clock)
    http = DiscordHTTP(BASE_URL, transport=sandbox.transport)
    browser = httpx2.AsyncClient(transport=sandbox.transport, base_url="http://sandbox")
    oauth = OAuthDiscord(http, world.APPLICATION_ID, world.CLIENT_SECRET)
    yield Stage(http, oauth, UserDiscord(http), browser, clock)
    await http.close()
    await browser.aclose()
    sandbox.close()


async def test_the_consent_page_offers_everybody(stage: Stage) -> None:
    page = await stage.browser.get("/oauth2/authorize", params=QUESTION)

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "form-action 'self' http://127.0.0.1:8000" in policy
    assert "unsafe" not in policy
    labels = re.findall(r"<button[^>]*>([^<]+)</button>", page.text)
    assert labels == [*(label for _, label in world.PEOPLE), "Cancel"]
    for word in ('lang="en"', "<main>", "<h1>", "<title>", 'name="viewport"'):
        assert word in page.text
    for word in ("<script", "<style", " style=", " onclick="):
        assert word not in page.text
    style = await stage.browser.get("/oauth2/consent.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "prefers-color-scheme: dark" in style.text


async def test_a_choice_leads_back_with_the_state(stage: Stage) -> None:
    for choice, name in ((str(world.OWNER), "code"), ("cancel", "error")):
        response = await stage.browser.post("/oauth2/authorize", params=QUESTION, data={"choice": choice})
        location = urlsplit(response.headers["location"])
        query = parse_qs(location.query)
        assert response.status_code == 302
        assert f"{location.scheme}://{location.netloc}{location.path}" == REDIRECT_URI
        assert query["state"] == [QUESTION["state"]]
        assert name in query
    assert query["error"] == ["access_denied"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("client_id", "1"),
        ("client_id", "<script>"),
        ("response_type", "token"),
        ("redirect_uri", "https://evil.example/auth/callback"),
        ("redirect_uri", "http://127.0.0.1:8000/elsewhere"),
        ("redirect_uri", "http://127.0.0.1:8000/auth/callback?x=1"),
        ("redirect_uri", "http://127.0.0.1:8000@evil.example/auth/callback"),
        ("redirect_uri", "http://127.0.0.1.evil.example/auth/callback"),
        ("redirect_uri", "javascript:alert(1)"),
        ("scope", "identify"),
        ("scope", "identify guilds bot"),
        ("state", ""),
        ("code_challenge", "short"),
        ("code_challenge_method", "plain"),
    ],
)
async def test_a_wrong_question_is_not_sent_back_anywhere(stage: Stage, name: str, value: str) -> None:
    for method in ("GET", "POST"):
        response = await stage.browser.request(method, "/oauth2/authorize", params={**QUESTION, name: value})
        assert response.status_code == 400
        assert name in response.text
        assert "<script" not in response.text
    missing = {key: each for key, each in QUESTION.items() if key != name}
    assert (await stage.browser.get("/oauth2/authorize", params=missing)).status_code == 400


async def test_a_question_with_a_parameter_twice_is_refused(stage: Stage) -> None:
    twice = [*QUESTION.items(), ("redirect_uri", "https://evil.example")]
    assert (await stage.browser.get("/oauth2/authorize", params=twice)).status_code == 400


@pytest.mark.parametrize("choice", ["", "1", str(world.HUSQY), "x"])
async def test_somebody_who_is_not_offered_cannot_be_chosen(stage: Stage, choice: str) -> None:
    response = await stage.browser.post("/oauth2/authorize", params=QUESTION, data={"choice": choice})
    assert response.status_code == 400


async def test_a_code_becomes_tokens_that_discord_takes(stage: Stage) -> None:
    pair = await stage.tokens()

    assert (pair.expires_in, pair.scopes) == (604_800, {"identify", "guilds"})
    info = await stage.users.token_info(pair.access_token)
    assert info.user is not None
    assert (info.user.id, info.application_id) == (world.ADMIN, world.APPLICATION_ID)
    assert info.expires_at == stage.clock.now.replace(day=8)
    assert len(await stage.users.user_guilds(pair.access_token)) == 2
    for secret in (pair.access_token, pair.refresh_token):
        assert secret not in repr(pair)
    assert world.CLIENT_SECRET not in repr(stage.oauth)


async def test_a_code_is_good_once(stage: Stage) -> None:
    code = await stage.code()
    await stage.exchange(code)
    with pytest.raises(InvalidGrant) as raised:
        await stage.exchange(code)
    assert code not in str(raised.value)


@pytest.mark.parametrize(
    ("redirect_uri", "verifier"),
    [(REDIRECT_URI, "w" * 43), (REDIRECT_URI, ""), ("http://localhost:8000/auth/callback", VERIFIER)],
)
async def test_a_code_is_burnt_by_a_wrong_use(stage: Stage, redirect_uri: str, verifier: str) -> None:
    code = await stage.code()
    with pytest.raises(InvalidGrant):
        await stage.exchange(code, redirect_uri, verifier)
    with pytest.raises(InvalidGrant):
        await stage.exchange(code)


async def test_a_code_is_good_for_a_minute(stage: Stage) -> None:
    early, late = await stage.code(), await stage.code()
    stage.clock.advance(seconds=59)
    await stage.exchange(early)
    stage.clock.advance(seconds=1)
    with pytest.raises(InvalidGrant):
        await stage.exchange(late)


async def test_a_wrong_client_gets_nothing(stage: Stage) -> None:
    pair = await stage.tokens()
    for client_id, secret in ((world.APPLICATION_ID, "wrong"), (1, world.CLIENT_SECRET)):
        stranger = OAuthDiscord(stage.http, client_id, secret)
        code = await stage.code()
        with pytest.raises(Unauthorized) as raised:
            await stranger.exchange_code(code, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER)
        assert secret not in str(raised.value)
        with pytest.raises(Unauthorized):
            await stranger.refresh(pair.refresh_token)
        with pytest.raises(Unauthorized):
            await stranger.revoke(pair.refresh_token)
        await stage.exchange(code)  # not burnt
    for authorization in ("Basic !", "Basic eA==", "Bearer x", ""):
        response = await stage.browser.post("/api/v10/oauth2/token", headers={"authorization": authorization})
        assert response.status_code in {400, 401}


async def test_refresh_tokens_rotate(stage: Stage) -> None:
    first = await stage.tokens()
    stage.clock.advance(days=8)
    with pytest.raises(Unauthorized):
        await stage.users.token_info(first.access_token)

    second = await stage.oauth.refresh(first.refresh_token)

    assert {second.access_token, second.refresh_token}.isdisjoint({first.access_token, first.refresh_token})
    assert (await stage.users.token_info(second.access_token)).scopes == {"identify", "guilds"}
    with pytest.raises(InvalidGrant):
        await stage.oauth.refresh(first.refresh_token)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_revoking_ends_all_tokens_of_a_consent(stage: Stage, kind: str) -> None:
    first, bystander = await stage.tokens(), await stage.tokens()
    second = await stage.oauth.refresh(first.refresh_token)

    await stage.oauth.revoke(getattr(second, kind))

    for pair in (first, second):
        with pytest.raises(Unauthorized):
            await stage.users.token_info(pair.access_token)
    with pytest.raises(InvalidGrant):
        await stage.oauth.refresh(second.refresh_token)
    await stage.users.token_info(bystander.access_token)
    await stage.oauth.revoke("nobody knows it")


async def test_a_grant_type_that_is_not_offered(stage: Stage) -> None:
    client = httpx2.BasicAuth(str(world.APPLICATION_ID), world.CLIENT_SECRET)
    response = await stage.browser.post("/api/v10/oauth2/token", data={"grant_type": "password"}, auth=client)
    assert (response.status_code, response.json()["error"]) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("fault", [{"status": 502}, {"drop": "before"}, {"drop": "after"}])
async def test_an_exchange_whose_fate_is_unknown_is_not_repeated(stage: Stage, fault: dict[str, object]) -> None:
    code = await stage.code()
    await stage.browser.put("/control/faults", json=[{"path": "/oauth2/token$", **fault}])

    with pytest.raises(Unreachable) as raised:
        await stage.exchange(code)

    assert raised.value.ambiguous
    calls = (await stage.browser.get("/control/calls")).json()
    assert len([call for call in calls if call["path"].endswith("/oauth2/token")]) == 1


async def test_an_exchange_waits_for_its_turn(stage: Stage) -> None:
    code = await stage.code()
    fault = {"path": "/oauth2/token$", "status": 429, "retry_after": 0.1}
    await stage.browser.put("/control/faults", json=[fault])

    assert (await stage.exchange(code)).expires_in == 604_800


@pytest.mark.parametrize(
    "change",
    [{"token_type": "mac"}, {"access_token": 5}, {"refresh_token": None}, {"expires_in": "soon"}, {"scope": 1}],
)
async def test_an_answer_that_is_no_token_pair_is_unusable(change: dict[str, object]) -> None:
    answer = {
        "token_type": "Bearer",
        "access_token": "hunter2",
        "refresh_token": "hunter2",
        "expires_in": 1,
        "scope": "",
    }
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, json={**answer, **change}))
    http = DiscordHTTP("http://x", transport=transport)

    with pytest.raises(Unreachable) as raised:
        await OAuthDiscord(http, 1, "secret").refresh("x")

    assert "hunter2" not in str(raised.value)
    await http.close()
