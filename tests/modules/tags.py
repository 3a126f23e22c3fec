"""What the tests of tags have in common."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.conftest import GUILD, MEMBER, OWNER, Api
from tests.modules import helpers
from tests.modules.helpers import writes

PATH = "/modules/tags"
MISSING = "00000000-0000-4000-8000-000000000000"
PREVENT = """mutation ($guild: Snowflake!, $user: Snowflake!) {
  memberDataCollectionSet(guildId: $guild, userId: $user, input: {prevented: true}) { member { userId } } }"""
BOT = {"token": "sandbox-service"}
AS_MEMBER: dict[str, Any] = {**BOT, "acting": MEMBER}


def body(**values: Any) -> dict[str, Any]:
    """A request to make a tag."""
    return {"guild_id": GUILD, "owner_id": OWNER, "content": "hello", "visibility": 1, "names": ["hi"], **values}


async def create(api: Api, options: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Make a tag over `/v1`: the `entry` and the `entry_names` of the answer."""
    response = await api.rest("POST", f"{PATH}/entries", json=body(**values), **(options or {}))
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def create_as_member(api: Api, member: int = MEMBER, **values: Any) -> dict[str, Any]:
    """Let a member make a tag with the slash command."""
    return await create(api, {**BOT, "acting": member}, owner_id=member, **values)


async def change(
    api: Api, tag: dict[str, Any], options: dict[str, Any] | None = None, **values: Any
) -> httpx2.Response:
    request = {"guild_id": GUILD, **values}
    return await api.rest("PUT", entry_path(tag), json=request, **(options or {}))


async def entries(api: Api, guild: int = GUILD) -> list[dict[str, Any]]:
    response = await api.rest("GET", f"{PATH}/entries?guild_id={guild}")
    assert response.status_code == 200, response.text
    return response.json()["data"]["entries"]


def entry_path(tag: dict[str, Any], rest: str = "") -> str:
    return f"{PATH}/entries/{tag['entry']['tag_id']}{rest}"


def names(tag: dict[str, Any]) -> list[str]:
    return [each["name"] for each in tag["entry_names"]]


async def refused(api: Api, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
    """The problem of a request that must be refused, with no row changed and nothing changed on Discord. Only while the
    logging module is off, for it would tell of the refusal."""
    before = await writes(api)
    problem = await helpers.refused(api, status, method, path, **options)
    assert await writes(api) == before
    return problem


async def prevent_data_collection(api: Api, user: int, guild: int = GUILD) -> None:
    await api.data(PREVENT, token="sandbox-service", guild=str(guild), user=str(user))


async def leave(api: Api, user: int, guild: int = GUILD) -> None:
    """Let somebody leave the guild on Discord."""
    await api.discord("DELETE", f"/control/guilds/{guild}/members/{user}")


async def api_key(api: Api, guild: int = GUILD) -> dict[str, Any]:
    """The credential of a new API key of the guild, used once so that its first use is no change later."""
    made = await api.rest("POST", "/auth/api-key", json={"guild_id": guild})
    options = {"token": made.json()["data"]["api_key"]["api_key"]}
    await api.rest("GET", f"{PATH}/status?guild_id={guild}", **options)
    return options
