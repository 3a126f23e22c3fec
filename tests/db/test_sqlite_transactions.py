"""Transactions and connections of SQLite in one hop live as they do with SQLAlchemy's own adapter for aiosqlite."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import exc, insert, select, text
from sqlalchemy.util import greenlet_spawn

from husqy_graphql.db.engines import Engines, Reads
from husqy_graphql.db.sqlite import OneHopConnection
from tests.db.things import ROWS, THINGS, ids


async def test_connections_are_prepared_and_writers_hold_the_lock_from_the_start(
    one_hop: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}
    for engine in (one_hop.read, one_hop.write):
        async with engine.connect() as connection:
            assert {each: await connection.scalar(text(f"PRAGMA {each}")) for each in pragmas} == pragmas
    async with one_hop.write.connect() as connection, one_hop.read.connect() as other:
        await connection.begin()
        await other.execute(text("PRAGMA busy_timeout = 1"))
        with pytest.raises(exc.OperationalError, match="locked"):
            await other.execute(text("BEGIN IMMEDIATE"))


async def test_commit_keeps_and_rollback_undoes(engines: Engines) -> None:
    async with engines.write.connect() as connection:
        await connection.execute(insert(THINGS), {"id": 100, "name": "kept"})
        await connection.commit()
        await connection.execute(insert(THINGS), {"id": 101, "name": "undone"})
        await connection.rollback()
        await connection.execute(insert(THINGS), {"id": 102, "name": "given back"})
    with pytest.raises(ZeroDivisionError):
        async with engines.write.begin() as connection:
            await connection.execute(insert(THINGS), {"id": 103, "name": "raised"})
            raise ZeroDivisionError
    async with engines.write.begin() as connection:
        await connection.execute(insert(THINGS), {"id": 104, "name": "outer"})
        nested = await connection.begin_nested()
        await connection.execute(insert(THINGS), {"id": 105, "name": "nested"})
        await nested.rollback()

    assert await ids(engines, above=99) == [100, 104]


async def test_a_transaction_begun_by_hand_ends_with_the_checkout(engines: Engines) -> None:
    async with engines.read.connect() as connection:
        await connection.execute(text("BEGIN IMMEDIATE"))
        await connection.execute(insert(THINGS), {"id": 100})

    assert await ids(engines, above=99) == []
    async with engines.write.begin() as connection:
        await connection.execute(insert(THINGS), {"id": 101})


async def test_a_busy_database_is_an_operational_error_and_passes(
    engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("husqy_graphql.db.engines._PRAGMAS", ("PRAGMA busy_timeout = 20",))
    await engines.dispose()
    holder = sqlite3.connect(tmp_path / "either.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(exc.OperationalError, match="database is locked") as caught:
        async with engines.write.begin():
            pass

    assert isinstance(caught.value.orig, sqlite3.OperationalError)
    assert caught.value.orig.sqlite_errorname == "SQLITE_BUSY"
    assert not caught.value.connection_invalidated
    holder.execute("ROLLBACK")
    holder.close()
    async with engines.write.begin() as connection:
        await connection.execute(insert(THINGS), {"id": 100})
    assert await ids(engines, above=99) == [100]


@pytest.mark.parametrize("moment", ["begin", "statement", "commit"])
async def test_a_cancelled_transaction_is_undone_or_done_and_the_next_one_works(engines: Engines, moment: str) -> None:
    gate = threading.Event()

    async def change() -> None:
        async with engines.write.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            if moment == "begin":
                block(driver, gate)
            await connection.execute(insert(THINGS), {"id": 100})
            if moment == "statement":
                block(driver, gate)
            await connection.execute(insert(THINGS), {"id": 101})
            block(driver, gate)
            await connection.commit()

    await cancelled(change(), gate)

    # What is on the thread cannot be called back: a commit that has been handed over happens.
    assert await ids(engines, above=99) == ([100, 101] if moment == "commit" else [])
    async with engines.write.begin() as connection:
        await connection.execute(insert(THINGS), {"id": 102})
    assert (await ids(engines, above=99))[-1] == 102
    assert engines.write.sync_engine.pool.checkedout() == 0  # pyright: ignore[reportAttributeAccessIssue]


async def test_a_cancelled_read_leaves_the_pool_whole(engines: Engines) -> None:
    gate = threading.Event()

    async def read() -> None:
        async with engines.read.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            block(driver, gate)
            await connection.execute(select(THINGS))

    for _ in range(20):  # more than the pool has
        gate.clear()
        await cancelled(read(), gate)

    reads = Reads(engines.read)
    found = await asyncio.gather(*(reads.all(select(THINGS.c.id)) for _ in range(50)))
    assert [len(rows) for rows in found] == [len(ROWS)] * 50


async def test_rolling_back_waits_for_a_begin_that_was_cancelled(one_hop: Engines) -> None:
    connection = await greenlet_spawn(one_hop.read.sync_engine.raw_connection)
    adapted = connection.dbapi_connection
    assert isinstance(adapted, OneHopConnection)
    gate = threading.Event()
    block(adapted.driver_connection, gate)

    # Without SQLAlchemy's connection around it, which would close this one.
    begin = asyncio.create_task(greenlet_spawn(adapted.cursor().execute, "BEGIN IMMEDIATE"))
    await asyncio.sleep(0.01)
    begin.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begin
    assert not adapted.driver_connection.in_transaction
    rollback = asyncio.create_task(greenlet_spawn(adapted.rollback))
    await asyncio.sleep(0.01)
    gate.set()
    await rollback
    await greenlet_spawn(adapted.cursor().execute, "SELECT 1")  # after all that waited

    assert not adapted.driver_connection.in_transaction
    await greenlet_spawn(connection.close)
    async with one_hop.write.begin() as other:
        await other.execute(insert(THINGS), {"id": 100})


def block(driver: Any, gate: threading.Event) -> None:
    """Let the thread of a connection do nothing until the gate is open."""
    driver._tx.put_nowait((None, gate.wait))


async def cancelled(coroutine: Coroutine[Any, Any, None], gate: threading.Event) -> None:
    task = asyncio.create_task(coroutine)
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_streaming_reads_as_it_goes_and_gives_the_connection_back_clean(engines: Engines) -> None:
    async with engines.write.begin() as connection:
        await connection.execute(insert(THINGS), [{"id": 1000 + index} for index in range(300)])

    async with engines.read.connect() as connection:
        result = await connection.stream(select(THINGS.c.id).order_by(THINGS.c.id))
        seen = [row.id async for row in result]
        half_read = await connection.stream(select(THINGS.c.id).order_by(THINGS.c.id))
        assert (await half_read.first() or (None,))[0] == 1
        left_open = await connection.stream(select(THINGS.c.id))
        assert len(await left_open.fetchmany(2)) == 2

    assert seen == [1, 2, 3, *range(1000, 1300)]
    assert await ids(engines, above=1298) == [1299]
    async with engines.write.begin() as connection:
        await connection.execute(text("DROP TABLE parts"))


async def test_a_closed_connection_is_a_disconnect(engines: Engines) -> None:
    async with engines.read.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.close()
        with pytest.raises(exc.OperationalError, match=r"(?i)connection") as caught:
            await connection.execute(select(THINGS.c.id))
        assert caught.value.connection_invalidated

    assert await ids(engines, above=0) == [1, 2, 3]


async def test_many_readers_and_writers_at_once(one_hop: Engines) -> None:
    reads = Reads(one_hop.read)

    async def write(index: int) -> None:
        async with one_hop.write.begin() as connection:
            await connection.execute(insert(THINGS), {"id": 100 + index, "big": index})

    async def read() -> int:
        return len(await reads.all(select(THINGS.c.id)))

    await asyncio.gather(*(each for index in range(40) for each in (write(index), read(), read())))

    assert await ids(one_hop, above=99) == list(range(100, 140))
