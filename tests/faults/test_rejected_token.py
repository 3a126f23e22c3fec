"""Discord rejects the bot's token: nothing is done and readiness says so, until the token is accepted again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

from tests.conftest import GUILD, MEMBER, Api
from tests.modules.helpers import enable
from tests.modules.polling import AS_MEMBER, PATH, ask, body, effects, path_of, standing_message

REJECTED = {"path": "/(channels|guilds|users)/", "status": 401, "times": 1_000}
READINESS = "{ service { readiness } }"


async def bot_calls(api: Api) -> int:
    return len([each for each in await api.calls() if "/oauth2" not in each["path"]])


async def test_a_rejected_token_pauses_the_worker_until_it_is_accepted(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_owner_id=MEMBER)
    async with working(api):
        await check_pause(api, poll)


@asynccontextmanager
async def working(api: Api) -> AsyncGenerator[None]:
    """Let a worker run meanwhile."""
    task = asyncio.create_task(api.program.worker.runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def check_pause(api: Api, poll: dict[str, Any]) -> None:
    runner = api.program.worker.runner
    await api.fault(REJECTED)

    changed = await api.rest("PUT", path_of(poll), json={"guild_id": GUILD, "question": "Pasta?"}, **AS_MEMBER)

    assert changed.status_code == 200, changed.text
    assert runner.paused
    assert await effects(api) == [("polls.show", "PENDING")]
    asked = await bot_calls(api)
    assert (await api.http.get("/readyz")).json() == {"status": "not ready", "unusable": ["Discord"]}
    assert (await api.rest("GET", "/readyz", token=None)).status_code == 503
    assert (await api.error(READINESS, token=None))["extensions"]["code"] == "UNAVAILABLE"
    refused = await api.rest("POST", f"{PATH}/entries", json=body(poll_owner_id=MEMBER), **AS_MEMBER)
    assert refused.status_code in {500, 503}, refused.text
    api.clock.advance(seconds=59)
    await asyncio.sleep(1.2)  # the worker looks each second
    assert await bot_calls(api) == asked  # Discord would ban who goes on asking

    await api.fault()
    api.clock.advance(seconds=2)
    api.monotonic.advance(10)  # what was told of readiness is old
    api.program.http.limits.now = lambda: monotonic() + 31

    async with asyncio.timeout(10):
        while await effects(api):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert not runner.paused
    assert "Pasta?" in (await standing_message(api, poll))["embeds"][0]["description"]
    assert (await api.http.get("/readyz")).json() == {"status": "ready"}
    assert (await api.rest("GET", "/readyz", token=None)).status_code == 200
    assert (await api.data(READINESS, token=None)) == {"service": {"readiness": "ready"}}
