"""Rounds of background work: one worker at a time, again and again."""

from __future__ import annotations

import asyncio

import pytest

from husqy_graphql.app import create_program
from husqy_graphql.worker.loop import Round, do_round
from husqy_graphql.worker.resources import WorkerResources
from tests.conftest import Api, Monotonic, settings_for


async def test_one_of_two_workers_does_a_round(api: Api, database_url: str) -> None:
    done: list[WorkerResources] = []

    async def run(resources: WorkerResources) -> None:
        done.append(resources)

    each = Round("test", 60.0, run)
    other = create_program(settings_for(database_url), clock=api.clock, now=Monotonic())
    async with other.running():
        workers = (api.program.worker, other.worker)
        assert sorted(await asyncio.gather(*(do_round(each, worker) for worker in workers))) == [False, True]
        assert len(done) == 1
        api.clock.advance(seconds=47)
        assert [await do_round(each, worker) for worker in workers] == [False, False]
        api.clock.advance(seconds=2)
        assert [await do_round(each, worker) for worker in workers] == [True, False]


async def test_a_round_that_takes_long_is_not_begun_twice_and_one_of_a_dead_worker_is(api: Api) -> None:
    worker, waiting = api.program.worker, asyncio.Event()

    async def run(_: WorkerResources) -> None:
        await waiting.wait()

    each = Round("test", 60.0, run)
    running = asyncio.create_task(do_round(each, worker))
    await asyncio.sleep(0.1)
    api.clock.advance(minutes=10, seconds=59)
    assert await do_round(each, worker) is False
    waiting.set()
    api.clock.advance(seconds=2)  # by now it was taken for dead
    assert await do_round(each, worker) is True
    await running
    assert await do_round(each, worker) is False  # the late one's end takes nothing from the one that came after


async def test_a_round_that_fails_is_done_at_its_next_turn(api: Api) -> None:
    async def fail(_: WorkerResources) -> None:
        raise RuntimeError("no")

    each = Round("test", 60.0, fail)
    with pytest.raises(RuntimeError, match="no"):
        await do_round(each, api.program.worker)
    assert await do_round(each, api.program.worker) is False
    api.clock.advance(seconds=49)
    with pytest.raises(RuntimeError, match="no"):
        await do_round(each, api.program.worker)
