"""Migrations: twice, at once, back and forth, and what the models say."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from husqy_graphql.app import METADATA
from husqy_graphql.db.engines import create_engines
from husqy_graphql.db.migrate import check_models, downgrade, migrate, pending_revision
from tests.conftest import POSTGRES_URL


async def tables(connection: AsyncConnection) -> set[str]:
    return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


async def test_migrating_back_and_forth_leaves_what_the_models_say(database_url: str) -> None:
    engines = create_engines(database_url)

    await downgrade(engines.write, METADATA, "base")
    async with engines.read.connect() as connection:
        assert await tables(connection) == {"alembic_version"}
    assert await pending_revision(engines.read) is not None
    before, after = await migrate(engines.write, METADATA)
    assert (before, after is not None) == (None, True)
    assert await migrate(engines.write, METADATA) == (after, after)
    assert await pending_revision(engines.read) is None
    await check_models(engines.write, METADATA)
    await engines.dispose()


async def test_two_processes_migrate_at_once(database_url: str) -> None:
    engines = create_engines(database_url)
    await downgrade(engines.write, METADATA, "base")
    await engines.dispose()

    command = (Path(sys.executable).with_name("husqy-graphql"), "migrate")
    environment = {
        "HUSQY_DATABASE_URL": database_url,
        "PATH": "",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),  # the tested code, where another one is installed
    }
    processes = [
        await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        for _ in range(4)
    ]
    answers = [(await process.communicate())[1].decode() for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, answers
    assert sum("Went from nothing" in answer for answer in answers) == 1
    assert sum("up to date" in answer for answer in answers) == 3
    engines = create_engines(database_url)
    await check_models(engines.write, METADATA)
    await engines.dispose()


@pytest.mark.skipif(POSTGRES_URL is not None, reason="speaks of SQLite's own settings")
async def test_sqlite_is_durable_and_checks_foreign_keys(database_url: str) -> None:
    engines = create_engines(database_url)
    for engine in (engines.read, engines.write):
        async with engine.connect() as connection:
            pragmas = [
                (await connection.execute(text(f"PRAGMA {name}"))).scalar()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            ]
            assert pragmas == ["wal", 1, 2, 10_000]
    await engines.dispose()
