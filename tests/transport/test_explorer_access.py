"""Who sees the explorer at `/`, and what the others see there."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from husqy_graphql.app import Program, create_program
from husqy_graphql.config import Settings
from tests.conftest import FixedClock, client, settings_for
from tests.sign_in import ORIGIN, sign_in

REAL: dict[str, Any] = {
    "discord_bot_token": "bot-token",
    "discord_client_id": 1,
    "service_credentials": "s" * 32,
    "secret_keys": "k" * 32,
}
SIGN_IN: dict[str, Any] = {"discord_client_secret": "secret", "public_url": "https://api.example.com"}
STRICT = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src 'self'; img-src 'self'"
)
# What graphql-cop asks for, and the words by which it knows an explorer.
PROBES = ("/", "/graphql", "/graphiql", "/playground", "/console", "/graphql/console", "/v1/graphiql", "/altair")
MARKS = re.compile(r"graphiql|playground|apollo|altair|voyager|<script", re.IGNORECASE)


@asynccontextmanager
async def browsing(settings: Settings, clock: FixedClock) -> AsyncGenerator[tuple[Program, httpx2.AsyncClient]]:
    program = create_program(settings, clock=clock)
    async with program.running(), client(program, settings.public_url or ORIGIN) as http:
        yield program, http


async def test_the_sandbox_shows_it_to_everybody(database_url: str, clock: FixedClock) -> None:
    async with browsing(settings_for(database_url), clock) as (_, http):
        page = await http.get("/")
        assert page.status_code == 200
        assert 'data-signed-in="no"' in page.text
        assert 'href="/auth/login?next=/"' in page.text

        await sign_in(http)
        page = await http.get("/")
        assert 'data-signed-in="yes"' in page.text
        assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("cookie", [None, "husqy_session=", "husqy_session=unknown"])
async def test_whoever_must_sign_in_is_sent_there(database_url: str, clock: FixedClock, cookie: str | None) -> None:
    async with browsing(settings_for(database_url, explorer="signed-in"), clock) as (_, http):
        for method in ("GET", "HEAD"):
            response = await http.request(method, "/", headers={"cookie": cookie} if cookie else {})
            assert (response.status_code, response.content) == (302, b"")
            assert response.headers["location"] == "/auth/login?next=/"
            assert response.headers["cache-control"] == "no-store"


async def test_a_credential_is_no_session(database_url: str, clock: FixedClock) -> None:
    async with browsing(settings_for(database_url, explorer="signed-in"), clock) as (_, http):
        response = await http.get("/", headers={"authorization": "Bearer sandbox-owner"})
        assert response.status_code == 302


async def test_whoever_has_signed_in_comes_back_to_it(database_url: str, clock: FixedClock) -> None:
    async with browsing(settings_for(database_url, explorer="signed-in"), clock) as (_, http):
        callback = await sign_in(http, next_path="/")
        assert callback.headers["location"] == "/"
        page = await http.get("/")
        assert page.status_code == 200
        assert 'data-signed-in="yes"' in page.text

        clock.advance(days=31)
        assert (await http.get("/")).status_code == 302


async def test_whoever_has_signed_out_sees_it_no_longer(database_url: str, clock: FixedClock) -> None:
    async with browsing(settings_for(database_url, explorer="signed-in"), clock) as (_, http):
        await sign_in(http)
        assert (await http.get("/")).status_code == 200
        assert (await http.post("/auth/logout")).status_code == 204
        assert (await http.get("/")).status_code == 302


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, {"HUSQY_DISCORD_CLIENT_SECRET", "HUSQY_PUBLIC_URL"}),
        ({"discord_client_secret": "secret"}, {"HUSQY_PUBLIC_URL"}),
        ({"explorer": "off"}, {"HUSQY_EXPLORER"}),
        ({**SIGN_IN, "explorer": "off"}, {"HUSQY_EXPLORER"}),
    ],
)
async def test_where_nobody_sees_it_a_page_says_why(
    database_url: str, clock: FixedClock, given: dict[str, Any], missing: set[str]
) -> None:
    async with browsing(settings_for(database_url, **REAL, **given), clock) as (_, http):
        response = await http.get("/", headers={"cookie": "husqy_session=x"})

        assert response.status_code == 404
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert response.headers["content-security-policy"] == STRICT
        assert response.headers["cache-control"] == "no-store"
        assert "<h1>Husqy GraphQL</h1>" in response.text
        assert {"/graphql", "/v1"} <= set(re.findall(r"<code>([^<]*)</code>", response.text))
        assert set(re.findall(r"HUSQY_\w+", response.text)) == missing
        for url in re.findall(r'(?:href|src)="([^"]*)"', response.text):
            assert (await http.get(url)).status_code == 200
        assert 'href="/"' not in (await http.get("/v1/docs")).text
        bare = await http.head("/")
        assert (bare.status_code, bare.content) == (404, b"")


@pytest.mark.parametrize("given", [{}, SIGN_IN, {**SIGN_IN, "explorer": "off"}], ids=["no sign-in", "sign-in", "off"])
async def test_probes_find_no_explorer_on_a_server(database_url: str, clock: FixedClock, given: dict[str, Any]) -> None:
    async with browsing(settings_for(database_url, **REAL, **given), clock) as (_, http):
        for path in PROBES:
            for accept in ("text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"):
                response = await http.get(path, headers={"accept": accept})
                assert not MARKS.search(response.text), path
                assert response.status_code in {302, 400, 403, 404, 406}, path


@pytest.mark.parametrize("given", [{}, {"explorer": "open"}], ids=["default", "open"])
async def test_on_a_server_it_has_no_demo_users(database_url: str, clock: FixedClock, given: dict[str, Any]) -> None:
    async with browsing(settings_for(database_url, **REAL, **given), clock) as (_, http):
        page = await http.get("/")
        assert page.status_code == (200 if given else 404)
        assert "sandbox" not in page.text
        assert "/auth/login" not in page.text  # nobody can sign in before the other settings are there
