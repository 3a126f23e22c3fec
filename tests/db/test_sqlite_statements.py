"""A statement in one hop has the outcome that it has with SQLAlchemy's own adapter for aiosqlite, in fewer hops."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, delete, exc, func, insert, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from husqy_graphql.db.engines import Engines, Reads, create_engines
from tests.db.things import PARTS, ROWS, THINGS, Make, count_hops, filled

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


async def test_a_streamed_connection_makes_one_hop_again_once_the_stream_is_closed(
    one_hop: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with one_hop.read.connect() as connection:
        async with connection.stream(select(THINGS.c.id).order_by(THINGS.c.id)) as result:
            assert [row.id async for row in result] == [1, 2, 3]
        hops = count_hops(monkeypatch)
        await connection.execute(select(THINGS.c.id))
    assert hops == ["_execute"]
