"""Signs in as a person does: follows the redirects, and presses a button of the consent page."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from husqy_graphql.app import Program, create_program
from husqy_graphql.config import Settings
from tests.conftest import OWNER, FixedClock

ORIGIN = "http://127.0.0.1:8000"
# What a page of our own sends beside the cookie.
TRUSTED = {"origin": ORIGIN, "graphql-require-preflight": "1"}
CANCEL = "cancel"


async def begin(http: httpx2.AsyncClient, next_path: str | None = None) -> str:
    """The address of the consent page."""
    response = await http.get("/auth/login", params={} if next_path is None else {"next": next_path})
    assert response.status_code == 302, response.text
    return response.headers["location"]


async def press(http: httpx2.AsyncClient, consent_page: str, choice: int | str) -> str:
    """The address that the consent page leads back to."""
    page = await http.get(consent_page)
    assert page.status_code == 200, page.text
    buttons = re.findall(r'<button[^>]*? name="choice" value="([^"]*)"', page.text)
    assert str(choice) in buttons
    response = await http.post(consent_page, data={"choice": str(choice)})
    assert response.status_code == 302, response.text
    return response.headers["location"]


async def sign_in(http: httpx2.AsyncClient, user: int = OWNER, next_path: str | None = None) -> httpx2.Response:
    """The answer of the callback; the client has the session cookie afterwards."""
    response = await http.get(await press(http, await begin(http, next_path), user))
    assert response.status_code == 303, response.text
    return response


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def set_cookies(response: httpx2.Response) -> dict[str, tuple[str, set[str]]]:
    """Value and attributes of every cookie that an answer sets."""
    found: dict[str, tuple[str, set[str]]] = {}
    for header in response.headers.get_list("set-cookie"):
        pair, *attributes = (part.strip() for part in header.split(";"))
        name, _, value = pair.partition("=")
        found[name] = (value.strip('"'), {each for each in attributes if not each.startswith("expires=")})
    return found


async def ask(http: httpx2.AsyncClient, query: str, headers: dict[str, str] = TRUSTED) -> dict[str, Any]:
    """The body of the answer to a query by cookie."""
    return (await http.post("/graphql", json={"query": query}, headers=headers)).json()


@asynccontextmanager
async def started(settings: Settings, clock: FixedClock) -> AsyncGenerator[Program]:
    program = create_program(settings, clock=clock)
    async with program.running():
        yield program
