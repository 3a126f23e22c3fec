"""What the tests of all modules need: switching them on, looking at Discord, and refusals that change nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

from tests.conftest import GUILD, Api

GENERAL_CHANNEL = 1300000000000000311
CLOSED_CHANNEL = 1300000000000000317
FORUM = 1300000000000000319
ENTITLE = """mutation ($guild: Snowflake!, $ends: DateTime) { guildEntitlementUpsert(guildId: $guild,
  input: {entitlementId: "1", skuId: "1", type: PURCHASE, startAt: "2026-01-01T00:00:00Z", endsAt: $ends}) {
  entitlement { id } } }"""


async def kill(*tasks: asyncio.Task[Any]) -> None:
    """End tasks as the death of a process does: again and again, so that they give nothing back."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.sleep(0)


async def enable(api: Api, module: str, guild: int = GUILD) -> dict[str, Any]:
    """Switch a module on over `/v1`; the data of the answer."""
    response = await api.rest("POST", f"/modules/{module}/enable", json={"guild_id": guild})
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def make_premium(api: Api, guild: int = GUILD, ends: str | None = None) -> None:
    """Give the guild Husqy+."""
    await api.data(ENTITLE, token="sandbox-service", guild=str(guild), ends=ends)


async def run_due(api: Api, **advance: float) -> int:
    """Let time pass, and the worker do what is due then; how many jobs were tried."""
    api.clock.advance(**advance)
    return await api.program.worker.runner.run_due()


async def channel_messages(api: Api, channel_id: int | str) -> list[dict[str, Any]]:
    """The messages of a channel in order, as Discord has them; those of the logs once they are written."""
    for guild_id in list(api.program.worker.log_poster._running):
        assert await api.program.worker.log_poster.wait(guild_id, 10)
    return await api.discord("GET", f"/control/channels/{channel_id}/messages")


async def post_as(api: Api, token: str, content: str, channel_id: int = GENERAL_CHANNEL) -> int:
    """Let a demo user write a message; its id."""
    headers = {"authorization": f"Bearer {token}"}
    path = f"/api/v10/channels/{channel_id}/messages"
    return int((await api.discord("POST", path, headers=headers, json={"content": content}))["id"])


async def writes(api: Api) -> list[tuple[str, str]]:
    """What Discord was asked to change."""
    return [(call["method"], call["path"]) for call in await api.calls() if call["method"] != "GET"]


async def refused(
    api: Api, status: int, method: str, path: str, *, discord: bool = False, **options: Any
) -> dict[str, Any]:
    """The problem of a request that must be refused, without a row changed and, unless `discord` was to be asked,
    without a call that changes something there."""
    before, asked = await api.everything(), await writes(api)
    response: httpx2.Response = await api.rest(method, path, **options)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert await api.everything() == before
    if not discord:
        log_lines = [each for each in (await writes(api))[len(asked) :] if not each[1].endswith("/messages")]
        assert log_lines == []
    return response.json()
