"""Runs the background work until it is cancelled; inside `serve`, or alone in `worker`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from husqy_graphql.db.rounds import claim_round, end_round
from husqy_graphql.worker import modules
from husqy_graphql.worker.entitlements import INTERVAL as ENTITLEMENTS_INTERVAL
from husqy_graphql.worker.entitlements import sync_entitlements
from husqy_graphql.worker.resources import WorkerResources
from husqy_graphql.worker.sessions import INTERVAL as SESSIONS_INTERVAL
from husqy_graphql.worker.sessions import delete_expired_sessions

log = structlog.get_logger()

# A process that does not end a round for so long after its interval has died: another one does it.
TAKEN_FOR_DEAD = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Round:
    """Work that is done again and again, `interval` seconds after it was done."""

    name: str
    interval: float
    run: Callable[[WorkerResources], Awaitable[object]]


ROUNDS = (
    Round("entitlements", ENTITLEMENTS_INTERVAL, sync_entitlements),
    Round("sessions", SESSIONS_INTERVAL, delete_expired_sessions),
    Round("log-lines", modules.LOG_LINES_INTERVAL, modules.write_log_lines),
    Round("intents", modules.INTENTS_INTERVAL, modules.sweep_intents),
    Round("timed-roles", modules.TIMED_ROLES_INTERVAL, modules.give_timed_roles),
    Round("invites", modules.INVITES_INTERVAL, modules.clean_invites),
    Round("trim", modules.TRIM_INTERVAL, modules.trim_guilds),
)


async def run_worker(resources: WorkerResources) -> None:
    """Do what is due as soon as it is, and every round at once and then again and again; a round that fails is tried
    again at its next turn."""
    async with asyncio.TaskGroup() as group:
        group.create_task(resources.runner.run(), name="worker jobs")
        for each in ROUNDS:
            group.create_task(_repeat(each, resources), name=f"worker {each.name}")


async def _repeat(each: Round, resources: WorkerResources) -> None:
    while True:
        try:
            await do_round(each, resources)
        except Exception as error:  # noqa: BLE001 - one bad turn must not end all later ones
            log.warning("round_failed", round=each.name, error=type(error).__name__, detail=str(error))
        # Several workers that started together must not go on asking together.
        await asyncio.sleep(each.interval * random.uniform(0.9, 1.0))  # noqa: S311


async def do_round(each: Round, resources: WorkerResources) -> bool:
    """Do a round, unless another process does it or has just done it; whether it was done. Raises what it raises."""
    began = resources.clock()
    until = began + timedelta(seconds=each.interval) + TAKEN_FOR_DEAD
    async with resources.unit_of_work("rounds") as uow:
        if not await claim_round(uow.session, each.name, now=began, until=until):
            return False
    try:
        await each.run(resources)
    finally:
        next_at = began + timedelta(seconds=each.interval) * 0.8  # before the next turn of whoever comes first
        async with resources.unit_of_work("rounds") as uow:
            await end_round(uow.session, each.name, until=until, next_at=next_at)
    return True
