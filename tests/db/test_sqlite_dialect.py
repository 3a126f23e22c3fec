"""SQLite in one hop does what SQLAlchemy's own adapter for aiosqlite does, in fewer hops."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    bindparam,
    delete,
    exc,
    func,
    insert,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.util import greenlet_spawn

from husqy_graphql.db.engines import Engines, Reads, create_engines
from husqy_graphql.db.sqlite import OneHopConnection

METADATA = MetaData()
THINGS = Table(
    "things",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True),
    Column("big", BigInteger),
    Column("blob", LargeBinary),
    Column("share", Float),
    Column("price", Numeric(10, 2)),
    Column("on", Boolean),
    Column("day", Date),
    Column("at", DateTime),
    Column("data", JSON),
)
PARTS = Table("parts", METADATA, Column("id", Integer, primary_key=True), Column("thing_id", ForeignKey(THINGS.c.id)))

ROWS: list[dict[str, Any]] = [
    {
        "id": 1,
        "name": "grüße \N{DOG FACE}\x00 end",
        "big": 2**63 - 1,
        "blob": bytes(range(256)),
        "share": 0.1,
        "price": Decimal("12.34"),
        "on": True,
        "day": date(2026, 3, 1),
        "at": datetime(2026, 3, 1, 12, 0, 0, 123456),  # noqa: DTZ001 -- SQLite keeps no zone
        "data": {"a": [1, None, "ü"]},
    },
    {"id": 2, "name": "", "big": -(2**63), "blob": b"", "share": -1e308, "price": Decimal(0), "on": False, "data": []},
    {"id": 3, "name": None, "big": None, "blob": None, "share": None, "price": None, "on": None, "data": None},
]
ROWS = [{column.name: row.get(column.name) for column in THINGS.columns} for row in ROWS]

# One after the other, on one connection in one transaction.
STATEMENTS: dict[str, Any] = {
    "insert one": (insert(THINGS), {"id": 10, "name": "ten"}),
    "insert, key by SQLite": (insert(THINGS), {"name": "eleven"}),
    "executemany": (insert(THINGS), [{"id": 20 + index, "name": f"many {index}"} for index in range(5)]),
    "executemany of none of a table": (delete(PARTS).where(PARTS.c.id == bindparam("which")), [{"which": 1}] * 3),
    "insert returning": (insert(THINGS).returning(THINGS.c.id, THINGS.c.big), {"name": "back", "big": 7}),
    "insert many returning": (
        insert(THINGS).returning(THINGS.c.id, sort_by_parameter_order=True),
        [{"name": f"ordered {index}"} for index in range(30)],
    ),
    "select": (select(THINGS).order_by(THINGS.c.id), None),
    "select none": (select(THINGS).where(THINGS.c.id == 999), None),
    "select by parameter": (select(THINGS).where(THINGS.c.big == bindparam("big")), {"big": 2**63 - 1}),
    "select without a table": (select(func.count(), literal_column("NULL"), literal_column("x'00ff'")), None),
    "update": (update(THINGS).values(share=2.5).where(THINGS.c.id < 3), None),
    "update none": (update(THINGS).values(share=2.5).where(THINGS.c.id == 999), None),
    "update returning": (update(THINGS).values(share=1.5).where(THINGS.c.id < 3).returning(THINGS), None),
    "executemany update": (
        update(THINGS).where(THINGS.c.id == bindparam("which")).values(share=9.5),
        [{"which": 1}, {"which": 2}, {"which": 999}],
    ),
    "delete": (delete(THINGS).where(THINGS.c.id == 10), None),
    "delete returning": (delete(THINGS).where(THINGS.c.id == 20).returning(THINGS.c.name), None),
    "raw": (text("SELECT 1 AS one, 'two' AS two, 3.0 AS three WHERE :yes"), {"yes": True}),
    "common table expression": (
        text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i FROM n"),
        None,
    ),
    "pragma with an answer": (text("PRAGMA foreign_keys"), None),
    "pragma without one": (text("PRAGMA cache_size = -2000"), None),
    "create table": (text("CREATE TABLE extra (a, b)"), None),
    "savepoint": (text("SAVEPOINT here"), None),
    "insert after savepoint": (text("INSERT INTO extra VALUES (1, x'ff'), (2, NULL)"), None),
    "roll back to savepoint": (text("ROLLBACK TO here"), None),
    "select after savepoint": (text("SELECT count(*) FROM extra"), None),
    "drop table": (text("DROP TABLE extra"), None),
    # Errors
    "unique": (insert(THINGS), {"id": 1, "name": "first again"}),
    "unique in executemany": (insert(THINGS), [{"id": 90, "name": "a"}, {"id": 1, "name": "b"}]),
    "unique returning": (insert(THINGS).returning(THINGS.c.id), {"id": 1}),
    "foreign key": (insert(PARTS), {"id": 1, "thing_id": 12345}),
    "no such table": (text("SELECT * FROM nowhere"), None),
    "syntax": (text("SELEKT 1"), None),
    "two statements": (text("SELECT 1; SELECT 2"), None),
    "integer too big": (text("SELECT :n"), {"n": 2**63}),
    "unsupported type": (text("SELECT :n"), {"n": object()}),
    "missing parameter": (text("SELECT :n"), {}),
    "text that is none": (text("SELECT CAST(x'ff' AS TEXT)"), None),
    "surrogate": (text("SELECT :n"), {"n": "\ud800"}),
    "executemany of a select": (text("SELECT :n"), [{"n": 1}, {"n": 2}]),
    "overflow in SQL": (text("SELECT abs(-9223372036854775808)"), None),
    "too much json": (text("SELECT json(:n)"), {"n": "{"}),
    "begin twice": (text("BEGIN"), None),
    "what is left": (select(THINGS.c.id, THINGS.c.name, THINGS.c.share).order_by(THINGS.c.id), None),
}


Make = Callable[[str], Engines]


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> Make:
    """The program's engines with SQLAlchemy's own adapter."""

    def make(url: str) -> Engines:
        with monkeypatch.context() as patch:
            patch.setattr("husqy_graphql.db.engines.OneHopDbapi", SQLiteDialect_aiosqlite.import_dbapi)
            return create_engines(url)

    return make


async def filled(make: Make, path: Path) -> Engines:
    engines = make(f"sqlite+aiosqlite:///{path}")
    async with engines.write.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(insert(THINGS), ROWS)
    return engines


@pytest.fixture(params=["one hop", "stock"])
async def engines(request: pytest.FixtureRequest, tmp_path: Path, stock: Make) -> AsyncGenerator[Engines]:
    """For what both must do."""
    engines = await filled(create_engines if request.param == "one hop" else stock, tmp_path / "either.db")
    yield engines
    await engines.dispose()


@pytest.fixture
async def one_hop(tmp_path: Path) -> AsyncGenerator[Engines]:
    engines = await filled(create_engines, tmp_path / "one_hop.db")
    yield engines
    await engines.dispose()


async def outcome(connection: AsyncConnection, statement: Any, parameters: Any) -> dict[str, Any]:
    """Everything of a result or an error that a caller could see."""
    try:
        result = await connection.execute(statement, parameters)
    except Exception as error:  # noqa: BLE001 -- the driver has some of its own
        return {
            "class": type(error),
            "original": type(getattr(error, "orig", None)),
            "text": str(error),
            "invalidated": getattr(error, "connection_invalidated", None),
            "usable": await connection.scalar(text("SELECT 1")),
        }
    seen: dict[str, Any] = {"rowcount": result.rowcount, "returns rows": result.returns_rows}
    if result.context.isinsert and not result.context.executemany and not result.returns_rows:
        seen["key"] = result.inserted_primary_key
    if not result.context.executemany:
        seen["lastrowid"] = result.lastrowid
    if result.returns_rows:
        assert result.cursor is not None
        rows = result.all()
        seen["description"] = list(result.keys())
        seen["rows"] = [tuple(row) for row in rows]
        seen["types"] = [[type(value) for value in row] for row in rows]
    return seen


async def test_every_statement_has_the_outcome_it_has_with_the_stock_adapter(tmp_path: Path, stock: Make) -> None:
    found: list[dict[str, Any]] = []
    for name, make in (("stock", stock), ("one_hop", create_engines)):
        engines = await filled(make, tmp_path / f"{name}.db")
        async with engines.write.connect() as connection:
            found.append({key: await outcome(connection, *case) for key, case in STATEMENTS.items()})
            await connection.commit()
            found[-1]["after"] = await outcome(connection, *STATEMENTS["what is left"])
        await engines.dispose()

    for key, expected in found[0].items():
        assert found[1][key] == expected, key
    errors = {each["class"] for each in found[1].values() if "class" in each}
    assert {exc.IntegrityError, exc.OperationalError, exc.ProgrammingError, exc.StatementError} <= errors


async def test_raw_cursors_say_the_same_as_stock_ones(tmp_path: Path, stock: Make) -> None:
    def use(connection: Connection) -> list[Any]:
        cursor = connection.connection.cursor()
        seen: list[Any] = [cursor.description, cursor.rowcount, cursor.lastrowid, cursor.arraysize]
        cursor.execute("SELECT id, name FROM things ORDER BY id")
        seen += [cursor.description, cursor.rowcount, cursor.fetchone(), cursor.fetchmany(), cursor.fetchmany(9)]
        seen += [cursor.fetchone(), cursor.fetchall(), cursor.fetchmany(2)]
        cursor.execute("SELECT id FROM things ORDER BY id DESC", ())
        cursor.arraysize = 2
        seen += [cursor.fetchmany(), list(cursor), list(cursor), cursor.arraysize]
        cursor.execute("INSERT INTO parts (thing_id) VALUES (?) RETURNING id", (1,))
        seen += [cursor.description, cursor.rowcount, cursor.lastrowid, cursor.fetchall()]
        cursor.executemany("INSERT INTO parts (thing_id) VALUES (?)", [(1,), (2,)])
        seen += [cursor.description, cursor.rowcount, cursor.fetchall()]
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            cursor.execute("SELECT * FROM nowhere")
        seen += [cursor.description, cursor.fetchall()]
        cursor.close()
        cursor.close()
        return seen

    found: list[list[Any]] = []
    for name, make in (("stock", stock), ("one_hop", create_engines)):
        engines = await filled(make, tmp_path / f"{name}.db")
        async with engines.write.connect() as connection:
            found.append(await connection.run_sync(use))
        await engines.dispose()

    assert found[1] == found[0]


async def test_a_read_is_one_hop_and_giving_the_connection_back_is_none(
    one_hop: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Reads(one_hop.read).all(select(THINGS.c.id))  # opens the connection
    hops = count_hops(monkeypatch)

    assert len(await Reads(one_hop.read).all(select(THINGS.c.id))) == len(ROWS)
    assert hops == ["_execute"]

    async with one_hop.read.connect() as connection:
        hops.clear()
        await connection.execute(select(THINGS))
        assert hops == ["_execute"]
        hops.clear()
    assert hops == []


async def test_a_transaction_is_a_hop_to_begin_one_a_statement_and_one_to_end(
    one_hop: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops = count_hops(monkeypatch)

    async with one_hop.write.begin() as connection:
        await connection.execute(update(THINGS).values(share=1.0))
        await connection.execute(insert(PARTS), [{"thing_id": 1}, {"thing_id": 2}])

    assert hops == ["_execute", "_execute", "_execute_many", "commit"]


async def test_the_stock_adapter_makes_five_hops(tmp_path: Path, stock: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    engines = await filled(stock, tmp_path / "stock.db")
    await Reads(engines.read).all(select(THINGS.c.id))
    hops = count_hops(monkeypatch)

    await Reads(engines.read).all(select(THINGS.c.id))

    assert hops == ["cursor", "execute", "fetchall", "close", "rollback"]
    await engines.dispose()


def count_hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that are handed to a thread from now on."""
    hops: list[str] = []
    hand_over = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, function: Any, *args: Any, **kwargs: Any) -> Any:
        hops.append(function.__name__)
        return await hand_over(self, function, *args, **kwargs)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return hops


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


async def test_a_streamed_connection_makes_one_hop_again_once_the_stream_is_closed(
    one_hop: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with one_hop.read.connect() as connection:
        async with connection.stream(select(THINGS.c.id).order_by(THINGS.c.id)) as result:
            assert [row.id async for row in result] == [1, 2, 3]
        hops = count_hops(monkeypatch)
        await connection.execute(select(THINGS.c.id))
    assert hops == ["_execute"]


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


async def ids(engines: Engines, *, above: int) -> list[int]:
    rows = await Reads(engines.read).all(select(THINGS.c.id).where(THINGS.c.id > above).order_by(THINGS.c.id))
    return [row.id for row in rows]
