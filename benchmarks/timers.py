"""How late timers are: `make bench-timers`, or `python -m benchmarks.timers --help`.

Polls that members have sent come to their end, evenly spread over a minute, while one worker runs. Such an end changes
rows and nothing on Discord, and says when it was.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import click
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from benchmarks.load import LoadFailed
from benchmarks.measuring import say
from benchmarks.servers import ROOT
from benchmarks.world import GENERAL, POSTGRES, World, forget_settings, postgres_world, reach, sqlite_world
from husqy_graphql.core.clock import system_clock
from husqy_graphql.core.jobs import JobKind, JobState
from husqy_graphql.db.engines import create_engines
from husqy_graphql.db.guilds import GuildSettings
from husqy_graphql.db.jobs import JobRow
from husqy_graphql.modules.polls.models import Poll, PollAnswerType, PollsSettings, PollType

FIRST_GUILD = 1_400_000_000_000_000_000
AHEAD = timedelta(seconds=5)  # in which the worker starts
PATIENCE = 120.0  # seconds


@click.command()
@click.option("--timers", default=10_000, show_default=True, help="How many.")
@click.option("--seconds", default=60.0, show_default=True, help="Over how long they are spread.")
@click.option("--guilds", default=100, show_default=True, help="Of how many guilds they are.")
@click.option("--postgres", default=POSTGRES, show_default=True, help="The PostgreSQL server.")
@click.option("--databases", default="sqlite,postgresql", show_default=True, help="Which of the two.")
def main(timers: int, seconds: float, guilds: int, postgres: str, databases: str) -> None:
    """Print how late the timers of a minute are, and what a worker pays for one."""
    forget_settings()
    unreachable = reach(postgres) if "postgresql" in databases else None
    if unreachable:
        say(unreachable)
    print("| database | timers | p50 ms late | p99 ms late | most ms late | ms of processor for one |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in databases.split(","):
        if name == "postgresql" and unreachable:
            continue
        with ExitStack() as stack:
            world = stack.enter_context(sqlite_world(0) if name == "sqlite" else postgres_world(0, postgres))
            try:
                late, cost = measure_lateness(world, timers, seconds, guilds)
            except LoadFailed as error:
                raise click.ClickException(str(error)) from None
        p50, p99, most = (late[min(len(late) - 1, int(len(late) * part))] * 1000 for part in (0.5, 0.99, 1))
        print(f"| {name} | {timers:,} in {seconds:g} s | {p50:.0f} | {p99:.0f} | {most:.0f} | {cost * 1000:.1f} |")


def measure_lateness(world: World, timers: int, seconds: float, guilds: int) -> tuple[list[float], float]:
    """The seconds by which each timer was late, in ascending order, and the worker's seconds of processor for one.

    Raises LoadFailed when they do not all come to their end.
    """
    began = system_clock() + AHEAD
    dues = [began + timedelta(seconds=seconds * number / timers) for number in range(timers)]
    asyncio.run(_prepare(world, dues, guilds))
    log = world.folder / "worker.log"
    with log.open("ab") as output:
        worker = subprocess.Popen(
            [Path(sys.executable).with_name("husqy-graphql"), "worker"],
            cwd=ROOT,
            env={**world.environment, "PYTHONPATH": str(ROOT), "HUSQY_LOG_LEVEL": "warning"},
            stdout=output,
            stderr=output,
        )
    try:
        sleep((began - system_clock()).total_seconds())
        used = _processor_seconds(worker.pid)
        ends = asyncio.run(_ends(world, timers))
        cost = (_processor_seconds(worker.pid) - used) / timers
    finally:
        worker.terminate()
        worker.wait(30)
    if "Traceback" in log.read_text():
        raise LoadFailed(f"the worker said: {log.read_text()[-800:]}")
    return sorted((end - due).total_seconds() for due, end in zip(dues, ends, strict=True)), cost


async def _prepare(world: World, dues: Sequence[datetime], guilds: int) -> None:
    engines = create_engines(world.database_url)
    guild_ids = [FIRST_GUILD + number for number in range(guilds)]
    async with AsyncSession(engines.write) as session:
        session.add_all([GuildSettings(guild_id=guild_id, module_polls=True) for guild_id in guild_ids])
        await session.flush()
        session.add_all([PollsSettings(guild_id=guild_id) for guild_id in guild_ids])
        await session.commit()
    async with engines.write.begin() as connection:
        await add_ending_polls(connection, dues, guild_ids)
    await engines.dispose()


async def add_ending_polls(connection: AsyncConnection, dues: Sequence[datetime], guild_ids: Sequence[int]) -> None:
    """Polls of members that end at these moments, in these guilds by turns; by ascending row id."""
    now = system_clock()
    names = [f"00000000-0000-4000-8000-{number:012d}" for number in range(len(dues))]
    polls: list[dict[str, Any]] = [
        {
            "guild_id": guild_ids[number % len(guild_ids)],
            "poll_id": name,
            "channel_id": GENERAL,
            "message_id": number + 1,
            "published": True,
            "type": PollType.DISCORD.value,
            "answer_type": PollAnswerType.BUTTON.value,
            "question": "Whose?",
            "is_anonymous": False,
            "is_multi_select": False,
            "max_votes_per_answer": 1,
            "sent_by_husqy": False,
            "created_at": now,
            "end_time": due,
            "ended": False,
        }
        for number, (name, due) in enumerate(zip(names, dues, strict=True))
    ]
    jobs: list[dict[str, Any]] = [
        {
            "guild_id": guild_ids[number % len(guild_ids)],
            "kind": JobKind.POLL_END.value,
            "object_key": f"poll:{name}",
            "part": "",
            "ordered": False,
            "payload": {},
            "created_at": now,
            "due_at": due,
            "state": JobState.PENDING.value,
            "asked": 1,
            "attempts": 0,
        }
        for number, (name, due) in enumerate(zip(names, dues, strict=True))
    ]
    await connection.execute(insert(Poll), polls)
    await connection.execute(insert(JobRow), jobs)


async def _ends(world: World, timers: int) -> list[datetime]:
    """When each poll came to its end, once all have."""
    engines = create_engines(world.database_url)
    statement = select(Poll.end_time).where(Poll.ended).order_by(Poll.id)
    deadline = perf_counter() + PATIENCE
    try:
        while True:
            rows = await engines.reads.all(statement)
            if len(rows) == timers:
                return [row.end_time for row in rows]
            if perf_counter() > deadline:
                raise LoadFailed(f"{len(rows)} of {timers} timers have fired")
            await asyncio.sleep(0.5)
    finally:
        await engines.dispose()


def _processor_seconds(pid: int) -> float:
    """What a process has used of processors so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
