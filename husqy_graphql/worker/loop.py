"""Runs the background jobs until it is cancelled; inside `serve`, or alone in `worker`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from husqy_graphql.worker import modules
from husqy_graphql.worker.entitlements import INTERVAL as ENTITLEMENTS_INTERVAL
from husqy_graphql.worker.entitlements import sync_entitlements
from husqy_graphql.worker.resources import WorkerResources
from husqy_graphql.worker.sessions import INTERVAL as SESSIONS_INTERVAL
from husqy_graphql.worker.sessions import delete_expired_sessions

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is repeated, `interval` seconds after it was done."""

    name: str
    interval: float
    run: Callable[[WorkerResources], Awaitable[object]]


JOBS = (
    Job("entitlements", ENTITLEMENTS_INTERVAL, sync_entitlements),
    Job("sessions", SESSIONS_INTERVAL, delete_expired_sessions),
    Job("log-lines", modules.LOG_LINES_INTERVAL, modules.write_log_lines),
    Job("intents", modules.INTENTS_INTERVAL, modules.sweep_intents),
    Job("timed-roles", modules.TIMED_ROLES_INTERVAL, modules.give_timed_roles),
    Job("trim", modules.TRIM_INTERVAL, modules.trim_guilds),
)


async def run_worker(resources: WorkerResources) -> None:
    """Run every job at once and then again and again; a job that fails is tried again at its next turn."""
    async with asyncio.TaskGroup() as group:
        for job in JOBS:
            group.create_task(_repeat(job, resources), name=f"worker {job.name}")


async def _repeat(job: Job, resources: WorkerResources) -> None:
    while True:
        try:
            await job.run(resources)
        except Exception as error:  # noqa: BLE001 - one bad turn must not end all later ones
            log.warning("job_failed", job=job.name, error=type(error).__name__, detail=str(error))
        # Several workers that started together must not go on asking together.
        await asyncio.sleep(job.interval * random.uniform(0.9, 1.0))  # noqa: S311
