"""Deletes sessions that have expired."""

from __future__ import annotations

import structlog

from husqy_graphql.identity import sessions
from husqy_graphql.worker.resources import WorkerResources

log = structlog.get_logger()

INTERVAL = 3_600.0  # seconds


async def delete_expired_sessions(resources: WorkerResources) -> int:
    """Returns how many there were."""
    async with resources.unit_of_work("sessions") as uow:
        deleted = await sessions.delete_expired_sessions(uow)
    if deleted:
        log.info("expired_sessions_deleted", deleted=deleted)
    return deleted
