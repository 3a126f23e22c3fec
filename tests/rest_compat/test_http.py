"""Paths, methods and credentials."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.rest_compat.toy import World, make_world

ENTRIES = "/v1/modules/invite_tracker/entries"


async def test_home_is_served_with_and_without_a_slash(world: World) -> None:
    for path in ("/v1", "/v1/"):
        response = await world.client.get(path)
        assert (response.status_code, response.json()) == (200, {"data": {"message": "echo"}})


@pytest.mark.parametrize("path", [f"{ENTRIES}?guild_id=1", f"{ENTRIES}/?guild_id=1"])
async def test_a_trailing_slash_is_the_same_path(world: World, path: str) -> None:
    plain = await world.send("GET", path)
    alias = await world.send("GET", path.replace("invite_tracker", "invite-tracker"))

    assert plain.status_code == alias.status_code == 200
    assert plain.content == alias.content


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/v1/modules",
        "/v1/modules/invite_tracker",
        "/v1/v1/settings",
        "/v1//settings",
        "/v1/settings//",
        f"{ENTRIES}//",
        f"{ENTRIES}/a/b",
        f"{ENTRIES}/a%2Fb",
        "/v1/SETTINGS",
        "/v1/" + "a/" * 5000,
        "/v1/%ff",
        "/v1/%0A",
    ],
)
async def test_an_unknown_path_is_not_found_with_or_without_a_credential(world: World, path: str) -> None:
    for response in (await world.client.get(path), await world.send("POST", path)):
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["detail"] == "There is nothing at this path."


async def test_a_literal_segment_goes_before_a_variable(world: World) -> None:
    checked = await world.send("POST", f"{ENTRIES}/check?guild_id=1")
    read = await world.send("GET", f"{ENTRIES}/check1?guild_id=1")

    assert checked.json() == {"data": {"name": "Demo"}}
    assert read.json()["data"]["entry_id"] == "echo"


async def test_head_answers_like_get_without_a_body(world: World) -> None:
    get = await world.send("GET", "/v1/settings?guild_id=1")
    head = await world.send("HEAD", "/v1/settings?guild_id=1")

    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == get.headers["content-length"]
    assert (await world.send("HEAD", "/v1/settings")).status_code == 400
    assert (await world.send("HEAD", "/v1/settings")).content == b""


async def test_options_tells_the_methods_without_a_credential(world: World) -> None:
    response = await world.client.options(ENTRIES)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", ENTRIES, "GET, HEAD, OPTIONS, POST"),
        ("POST", "/v1/settings", "GET, HEAD, OPTIONS"),
        ("HEAD", f"{ENTRIES}/check", "OPTIONS, POST"),
        ("A" * 500, "/v1", "GET, HEAD, OPTIONS"),
        ("PUT", "/v1/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
async def test_another_method_is_refused_with_those_that_are_served(
    world: World, method: str, path: str, allow: str
) -> None:
    response = await world.client.request(method, path)

    assert response.status_code == 405
    assert response.headers["allow"] == allow
    if method != "HEAD":
        assert response.json()["type"] == "urn:husqy:problem:method-not-allowed"


@pytest.mark.parametrize(
    ("headers", "detail"), [({}, "This operation needs"), ({"authorization": "Bearer wrong"}, "The")]
)
async def test_a_credential_is_looked_at_before_anything_else(
    world: World, headers: dict[str, str], detail: str
) -> None:
    for method, path, body in (
        ("GET", "/v1/settings", b""),
        ("POST", ENTRIES, b"{"),
        ("POST", ENTRIES, b"a" * 2_000_000),
        ("DELETE", f"{ENTRIES}/1", b"a=1"),
    ):
        response = await world.client.request(method, path, content=body, headers=headers)

        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.json()["detail"].startswith(detail)
    assert world.calls == []


async def test_an_anonymous_operation_does_not_look_at_a_credential(world: World) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Bearer crash"}):
        assert (await world.client.get("/v1/", headers=headers)).status_code == 200


async def test_a_defect_is_left_to_the_application(world: World) -> None:
    with pytest.raises(RuntimeError, match="a secret"):
        await world.client.get("/v1/settings", headers={"authorization": "Bearer crash"})


async def test_the_api_can_be_mounted_below_a_path() -> None:
    import httpx2

    world = make_world()
    inner = world.client._transport.app
    app = Starlette(routes=[Mount("/api", inner)])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test") as client:
        response = await client.get("/api/v1/settings?guild_id=1", headers={"authorization": "Bearer token"})

    assert response.status_code == 200


async def test_the_openapi_document_needs_no_credential(world: World) -> None:
    response = await world.client.get("/v1/openapi.json")

    assert response.status_code == 200
    assert response.json()["info"] == {"title": "Toy", "version": "1.2.3", "description": "A toy."}
