"""Two worker processes and many timers: each fires once, and none is lost when a worker is killed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from benchmarks.timers import add_ending_polls
from husqy_graphql.core.clock import system_clock
from husqy_graphql.db.journals import LogLine
from husqy_graphql.modules.logging.models import LoggingSettings
from tests.conftest import GUILD
from tests.faults.processes import Stage, make_ready, staged

TIMERS = 5_000
ENDED = "SELECT count(*) AS ended FROM polls WHERE ended"


async def keep_log_lines(stage: Stage) -> None:
    """Switch polls and logs on; somebody else is about to write the lines, and never does."""
    process = await stage.start()
    await make_ready(process, GUILD)
    enabled = await process.rest("POST", "/modules/logging/enable", json={"guild_id": GUILD})
    assert enabled.status_code == 200, enabled.text
    await process.kill()
    async with stage.engines.write.begin() as connection:
        until = system_clock() + timedelta(days=1)
        await connection.execute(update(LoggingSettings).values(posting_until=until))
        await connection.execute(delete(LogLine))


async def ended(stage: Stage) -> int:
    [row] = await stage.rows(ENDED)
    return row["ended"]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_each_timer_fires_once_though_a_worker_is_killed(database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with staged(database_url, HUSQY_LOG_LEVEL="warning") as stage:
        await keep_log_lines(stage)
        async with stage.engines.write.begin() as connection:
            await add_ending_polls(connection, [system_clock() - timedelta(hours=1)] * TIMERS, [GUILD])
        first, _ = await stage.start("worker", log), await stage.start("worker", log)
        async with asyncio.timeout(120):
            while await ended(stage) < TIMERS // 3:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await ended(stage) < TIMERS
        await first.kill()
        # The other one goes on, and takes what the dead one had claimed once that lease is over.
        async with asyncio.timeout(120):
            while await ended(stage) < TIMERS:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await asyncio.sleep(0.5)

        lines = await stage.rows("SELECT data FROM log_lines WHERE event = 'polls_closed'")
        jobs = await stage.rows("SELECT kind, count(*) AS jobs, sum(asked) AS asked FROM jobs GROUP BY kind")
    assert len(lines) == TIMERS
    assert len({str(each["data"]) for each in lines}) == TIMERS
    assert jobs == [{"kind": "polls.purge", "jobs": TIMERS, "asked": TIMERS}]
    assert "Traceback" not in log.read_text()
    assert "job_broken" not in log.read_text()
