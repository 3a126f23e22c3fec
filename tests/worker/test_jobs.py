"""Timers that are due together, and a worker that is stopped in the middle of its work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import event, text

from husqy_graphql.worker.jobs import AT_ONCE, STOP_SECONDS
from tests.conftest import GUILD, Api
from tests.modules.helpers import enable, make_premium
from tests.modules.polling import ask, effects, path_of, standing_message


async def ending(api: Api, polls: int) -> list[dict[str, Any]]:
    """Polls whose time has come."""
    await enable(api, "polls")
    await make_premium(api)
    asked = [await ask(api, poll_duration="1h") for _ in range(polls)]
    api.clock.advance(hours=1)
    return asked


async def test_timers_that_are_due_together_end_in_one_transaction(api: Api) -> None:
    await ending(api, 5)
    runner = api.program.worker.runner
    timers = await runner._claim(effects=False, most=AT_ONCE)
    assert len(timers) == 5
    commits: list[Any] = []
    event.listen(api.program.resources.engines.write.sync_engine, "commit", commits.append)

    await runner._do_together(timers)

    assert len(commits) == 1
    assert [row["ended"] for row in await api.rows("polls")] == [True] * 5
    assert runner.counters.timers == 5


async def test_a_timer_that_was_lost_keeps_no_other_one_back(api: Api) -> None:
    polls = await ending(api, 3)
    runner = api.program.worker.runner
    timers = await runner._claim(effects=False, most=AT_ONCE)
    lost = polls[1]["entry"]["poll_id"]
    async with api.program.worker.unit_of_work("test") as uow:
        await uow.session.execute(
            text("UPDATE jobs SET lease = 'of another' WHERE object_key = :key"), {"key": f"poll:{lost}"}
        )

    await runner._do_together(timers)

    assert {row["poll_id"]: row["ended"] for row in await api.rows("polls")} == {
        each["entry"]["poll_id"]: each["entry"]["poll_id"] != lost for each in polls
    }
    [left] = [row for row in await api.rows("jobs") if row["kind"] == "polls.end"]
    assert left["lease"] == "of another"
    assert runner.counters.timers == 2


@pytest.mark.parametrize("together", [True, False])
async def test_who_is_stopped_leaves_timers_to_others(api: Api, together: bool) -> None:
    await ending(api, 3)
    runner = api.program.worker.runner
    timers = await runner._claim(effects=False, most=AT_ONCE)
    doing = asyncio.create_task(runner._do_together(timers) if together else runner._do(timers[0]))
    await asyncio.sleep(0)
    doing.cancel()
    await asyncio.gather(doing, return_exceptions=True)
    given_back = timers if together else timers[:1]

    assert [row["ended"] for row in await api.rows("polls")] == [False] * 3
    assert await runner._claim(effects=False, most=AT_ONCE) == []
    api.clock.advance(seconds=STOP_SECONDS)
    assert len(await runner._claim(effects=False, most=AT_ONCE)) == len(given_back)


async def test_a_stopped_worker_gives_back_an_effect_that_discord_does_not_answer(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api)
    await api.fault({"path": "/messages", "method": "PATCH", "times": 99, "status": 502})
    await api.rest("PUT", path_of(poll), json={"guild_id": GUILD, "question": "Pasta?"})
    assert await effects(api) == [("polls.show", "PENDING")]
    await api.fault({"path": "/messages", "method": "PATCH", "delay": 30})
    api.clock.advance(minutes=1)
    worker = asyncio.create_task(api.program.worker.runner.run())
    async with asyncio.timeout(5):
        while not [row for row in await api.rows("jobs") if row["lease"]]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)

    [left] = await api.rows("jobs")
    assert left["lease"] is None
    await api.fault()
    api.clock.advance(seconds=STOP_SECONDS)
    assert await api.program.worker.runner.run_due() == 1  # no need to wait for the end of a lease
    assert "Pasta?" in (await standing_message(api, poll))["embeds"][0]["description"]
