"""What the tests of the rules share: the places of the demo world, and short words for requests."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from husqy_graphql.discord.sandbox import world
from tests.conftest import GUILD, MEMBER, Api

BASE = "/modules/rules"
CHANNELS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
RULES, GENERAL, CLOSED, FORUM, NEWS = (CHANNELS[name] for name in ("rules", "general", "closed", "forum", "news"))
MEMBERS, MODERATORS, INTEGRATION, HUSQY_ROLE, ADMINS = (world.BASE + 201 + index for index in range(5))
DOWN = {"status": 503, "times": 99}
WRITES = {"POST", "PUT", "PATCH", "DELETE"}
ENTITLE = """mutation ($input: GuildEntitlementUpsertInput!) {
  guildEntitlementUpsert(guildId: "1300000000000000001", input: $input) { entitlement { id } } }"""
ENTITLEMENT: dict[str, Any] = {"entitlementId": "77", "skuId": "88", "type": "APPLICATION_SUBSCRIPTION"}


async def call(api: Api, method: str, path: str, /, **body: Any) -> httpx2.Response:
    """The answer of an operation of the module; `token` and `acting` say by whom."""
    options = {name: body.pop(name) for name in ("token", "acting") if name in body}
    given = {"guild_id": GUILD, **body}
    return await api.rest(method, f"{BASE}{path}", **{"params" if method == "GET" else "json": given}, **options)


async def ok(api: Api, method: str, path: str, /, **body: Any) -> dict[str, Any]:
    """The data of an operation that must succeed."""
    response = await call(api, method, path, **body)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def enable(api: Api) -> None:
    await ok(api, "POST", "/enable")


async def add(api: Api, text: str = "Be kind.", **body: Any) -> dict[str, Any]:
    return (await ok(api, "POST", "/entries", rule_text=text, **body))["entry"]


async def put(api: Api, **changes: Any) -> dict[str, Any]:
    return (await ok(api, "PUT", "/settings", **changes))["settings"]


async def in_channel(api: Api, *texts: str) -> dict[str, Any]:
    """The module on, with rules that stand in a channel; the settings."""
    await enable(api)
    for text in texts or ("Be kind.",):
        await add(api, text)
    return await put(api, rules_channel=RULES)


async def by_message(api: Api, *texts: str, **changes: Any) -> None:
    """The module on, with rules that are sent by direct message."""
    await enable(api)
    for text in texts or ("Be kind.",):
        await add(api, text)
    if changes:
        await put(api, **changes)


async def send(api: Api, member: int | None = MEMBER, **body: Any) -> httpx2.Response:
    return await call(api, "POST", "/check/send", token="sandbox-service", acting=member, **body)


async def sent(api: Api, member: int = MEMBER) -> dict[str, Any]:
    """Send the rules to a member; the row that waits for the answer."""
    response = await send(api, member)
    assert response.status_code == 200, response.text
    return (await api.rows("rules_active_entries"))[-1]


async def click(
    api: Api, place: dict[str, Any], word: str = "accept", *, member: int | None = MEMBER, token: str = "click-1"
) -> httpx2.Response:
    body = {
        "channel_id": int(place["channel_id"]),
        "message_id": int(place["message_id"]),
        "interaction_custom_id": f"rules:{word}",
        "interaction_id_token": token,
        "application_id": world.APPLICATION_ID,
    }
    return await api.rest("POST", f"{BASE}/check/interaction", json=body, token="sandbox-service", acting=member)


async def messages(api: Api, channel_id: int) -> list[dict[str, Any]]:
    return await api.discord("GET", f"/control/channels/{channel_id}/messages")


async def answered(api: Api, token: str = "click-1") -> dict[str, Any]:
    """What an interaction was answered."""
    return await api.discord("GET", f"/interactions/{token}")


async def roles_of(api: Api, member: int = MEMBER) -> set[int]:
    found = await api.program.resources.bot.member(GUILD, member)
    assert found is not None
    return set(found.role_ids)


async def writes(api: Api) -> list[dict[str, Any]]:
    """What Discord was asked to change."""
    return [each for each in await api.calls() if each["method"] in WRITES and "/oauth2" not in each["path"]]


@asynccontextmanager
async def nothing_changes(api: Api, *, asked: bool = False) -> AsyncGenerator[None]:
    """Every row is the same after the block, and Discord was asked to change nothing, unless it was `asked`."""
    before, calls = await api.everything(), await writes(api)
    yield
    assert await api.everything() == before
    assert asked or await writes(api) == calls


async def go_premium(api: Api, **more: Any) -> None:
    await api.data(ENTITLE, token="sandbox-service", input={**ENTITLEMENT, **more})


async def log_lines(api: Api, channel_id: int) -> str:
    """All that stands in the logs channel, once it is written."""
    await api.program.worker.log_poster.wait(GUILD, 5)
    return "\n".join(each["content"] for each in await messages(api, channel_id))


async def enable_logging(api: Api) -> int:
    made = await api.rest("POST", "/modules/logging/enable", json={"guild_id": GUILD})
    return int(made.json()["data"]["settings"]["logs_channel_id"])
