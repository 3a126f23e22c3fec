"""Whatever is sent, the answer is a 200 or a refusal that names the client's fault."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rest_compat.toy import World, make_world

ENTRIES = "/v1/modules/invite_tracker/entries"
NAMES = [
    "guild_id",
    "question",
    "poll_type",
    "answers",
    "gmt",
    "target",
    "answer_text",
    "user_id",
    "vote_count",
    "inner",
]
WORLD = make_world()

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=True)
    | st.text(st.characters(codec=None))
    | st.sampled_from(["1", "2", "why", "\x00", "1e9", str(2**63), 1, 2])
)
names = st.sampled_from(NAMES) | st.text(max_size=5)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5), max_leaves=20
)
bodies = st.dictionaries(names, values, max_size=8).map(lambda body: {"guild_id": 1, "answers": [], **body})


def check(response: Any) -> None:
    assert response.status_code in {200, 400, 404, 409, 413, 415}, response.text
    body = response.json()
    if response.status_code == 200:
        assert body.keys() == {"data"}
    else:
        assert body["status"] == response.status_code
        assert all(error["pointer"].startswith("#") and error["detail"] for error in body.get("errors", []))


def send(world: World, method: str, path: str, **kwargs: Any) -> Any:
    async def run() -> Any:
        return await world.send(method, path, **kwargs)

    return anyio.run(run)


@given(bodies)
@settings(max_examples=150, deadline=None)
def test_any_json_is_answered(body: dict[str, Any]) -> None:
    text = json.dumps(body)
    check(send(WORLD, "POST", ENTRIES, content=text, headers={"content-type": "application/json"}))


@given(st.binary(max_size=200) | st.text('{}[]",:0123456789.eE-+ntf\\u', max_size=60).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_answered(body: bytes) -> None:
    check(send(WORLD, "POST", ENTRIES, content=body, headers={"content-type": "application/json"}))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["text", "int", "float", "boolean", "id", "type", "kinds", "seconds", "snowflake", "x"]),
            st.text(max_size=8)
            | st.integers().map(str)
            | st.floats().map(str)
            | st.sampled_from(["true", "text", "2"]),
        ),
        max_size=8,
    )
)
@settings(max_examples=150, deadline=None)
def test_any_query_string_is_answered(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{name}={quote(value, errors='replace')}" for name, value in pairs)
    check(send(WORLD, "GET", f"/v1/echo?{query}"))


@given(st.text(max_size=20))
@settings(max_examples=80, deadline=None)
def test_any_path_is_answered(text: str) -> None:
    check(send(WORLD, "GET", f"{ENTRIES}/{quote(text, safe='', errors='replace')}?guild_id=1"))


@pytest.mark.parametrize("query", [b"\xff=1", b"%", b"%zz=%", b"&&==&", b"a", b"text=\xc3\xa9", b"text=%", b"int=+1"])
async def test_raw_query_strings_are_answered(query: bytes) -> None:
    app = WORLD.client._transport.app
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/echo",
        "root_path": "",
        "query_string": query,
        "headers": [(b"authorization", b"Bearer token")],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send_message(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send_message)

    assert sent[0]["status"] in {200, 400}


async def test_a_client_that_leaves_is_no_error() -> None:
    app = WORLD.client._transport.app
    headers = [(b"authorization", b"Bearer token"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": ENTRIES,
        "root_path": "",
        "query_string": b"",
        "headers": headers,
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send_message(message: Any) -> None:
        raise AssertionError("nobody listens")

    await app(scope, receive, send_message)
