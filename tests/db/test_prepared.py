"""Prepared reads answer what SQLAlchemy answers, and no failure of one spoils the next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    bindparam,
    func,
    insert,
    null,
    select,
    text,
)

from husqy_graphql.db import drivers
from husqy_graphql.db.base import UtcDateTime
from husqy_graphql.db.drivers import ConnectionPool, PostgresDriver
from husqy_graphql.db.engines import Engines, Reads, create_engines
from husqy_graphql.db.guild_rows import GuildRows, rows_by_keys
from husqy_graphql.db.prepared import Prepared
from tests.conftest import POSTGRES_URL

postgres_only = pytest.mark.skipif(POSTGRES_URL is None, reason="PostgreSQL's own: set HUSQY_TEST_POSTGRES_URL")
NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
LARGE = 1300000000000000001

_metadata = MetaData()
THINGS = Table(
    "prepared_things",
    _metadata,
    Column("id", Integer, primary_key=True),
    Column("guild_id", BigInteger),
    Column("name", String(50)),
    Column("content", Text),
    Column("enabled", Boolean),
    Column("secret", LargeBinary),
    Column("at", UtcDateTime),
)
ROWS: list[dict[str, Any]] = [
    {
        "id": 1, "guild_id": LARGE, "name": "ä 🐺 'x'", "content": "", "enabled": True,
        "secret": b"\x00\xff", "at": NOW,
    },
    {
        "id": 2, "guild_id": LARGE, "name": None, "content": None, "enabled": None,
        "secret": None, "at": None,
    },
    {
        "id": 3, "guild_id": -LARGE, "name": "b", "content": "c" * 5_000, "enabled": False,
        "secret": b"", "at": datetime(1970, 1, 1, tzinfo=UTC),
    },
]  # fmt: skip


@dataclass
class Stage:
    engines: Engines

    @property
    def reads(self) -> Reads:
        return self.engines.reads

    @property
    def through_sqlalchemy(self) -> Reads:
        return Reads(self.engines.read)


@pytest.fixture
async def stage(database_url: str) -> AsyncGenerator[Stage]:
    engines = create_engines(database_url, 3)
    async with engines.write.begin() as connection:
        await connection.run_sync(_metadata.create_all)
        await connection.execute(insert(THINGS), ROWS)
    yield Stage(engines)
    await engines.dispose()


async def test_rows_are_what_sqlalchemy_makes_of_them(stage: Stage) -> None:
    statement = Prepared(select(THINGS).order_by(THINGS.c.id))
    assert statement.read(stage.engines.read.dialect) is not None

    found = await stage.reads.all(statement)

    expected = await stage.through_sqlalchemy.all(statement)
    assert [tuple(row) for row in found] == [tuple(row) for row in expected]
    assert [list(map(type, row)) for row in found] == [list(map(type, row)) for row in expected]
    assert [row.at for row in found] == [NOW, None, ROWS[2]["at"]]
    assert found[0].at.tzinfo is UTC
    assert found[0].name == ROWS[0]["name"]


async def test_parameters_are_bound_as_sqlalchemy_binds_them(stage: Stage) -> None:
    statement = Prepared(
        select(THINGS.c.id, func.count().over())
        .where(THINGS.c.at <= bindparam("at"), THINGS.c.enabled == bindparam("enabled"))
        .union_all(select(THINGS.c.id, null()).where(THINGS.c.guild_id == bindparam("guild_id")))
        .order_by("id")
        .limit(bindparam("most"))
    )
    given = {"at": NOW, "enabled": True, "guild_id": -LARGE, "most": 9}
    found = await stage.reads.all(statement, **given)
    assert [tuple(row) for row in found] == [(1, 1), (3, None)]
    assert [tuple(row) for row in await stage.through_sqlalchemy.all(statement, **given)] == [(1, 1), (3, None)]
    assert [row.id for row in await stage.reads.all(statement, **{**given, "most": 1})] == [1]
    with pytest.raises(KeyError, match="most"):
        await stage.reads.all(statement, at=NOW, enabled=True, guild_id=1)


async def test_what_the_driver_cannot_do_goes_through_sqlalchemy(stage: Stage) -> None:
    several = Prepared(select(THINGS.c.id).where(THINGS.c.id.in_(bindparam("ids", expanding=True))))
    as_json = Prepared(select(func.coalesce(null(), None).cast(JSON).label("value")))
    dialect = stage.engines.read.dialect
    assert several.read(dialect) is None
    assert as_json.read(dialect) is None
    assert {row.id for row in await stage.reads.all(several, ids=[1, 3])} == {1, 3}


@pytest.mark.parametrize("keys", [[], [LARGE], [LARGE, -LARGE, 5], list(range(2_000))], ids=len)
async def test_rows_are_found_by_any_number_of_keys(stage: Stage, keys: list[int]) -> None:
    by_guild = rows_by_keys(select(THINGS).order_by(THINGS.c.id), THINGS.c.guild_id)
    found = [row.id for row in await by_guild.read(stage.reads, keys)]
    assert found == [row["id"] for row in ROWS if row["guild_id"] in keys]


async def test_rows_are_found_by_texts(stage: Stage) -> None:
    by_name = rows_by_keys(select(THINGS), THINGS.c.name)
    assert [row.id for row in await by_name.read(stage.reads, [ROWS[0]["name"], 'no"thing'])] == [1]


async def test_a_page_of_a_guild_has_a_statement_for_each_set_of_filters(stage: Stage) -> None:
    rows = GuildRows(THINGS)
    assert [row.id for row in await rows.read(stage.reads, LARGE)] == [1, 2]
    assert [row.id for row in await rows.read(stage.reads, LARGE, after_id=1, limit=5)] == [2]
    assert [row.id for row in await rows.read(stage.reads, LARGE, limit=1, enabled=None)] == [1]
    assert [row.id for row in await rows.read(stage.reads, LARGE, enabled=True, name=ROWS[0]["name"])] == [1]
    assert [row.id for row in await rows.read(stage.reads, LARGE, enabled=False)] == []
    assert len(rows._statements) == 3  # pyright: ignore[reportPrivateUsage]


async def test_a_cancelled_read_leaves_its_connection_or_its_place_to_others(stage: Stage) -> None:
    driver = stage.engines.driver
    assert driver is not None
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    slow = "SELECT pg_sleep(0.2)" if POSTGRES_URL else counting
    for _ in range(4):
        running = [asyncio.create_task(driver.fetch(slow, [])) for _ in range(6)]
        await asyncio.sleep(0.01)
        for each in running[::2]:
            each.cancel()
        results = await asyncio.gather(*running, return_exceptions=True)
        assert [isinstance(each, asyncio.CancelledError) for each in results] == [True, False] * 3
    many = await asyncio.gather(*(stage.reads.all(Prepared(select(THINGS.c.id))) for _ in range(20)))
    assert all(len(each) == 3 for each in many)


async def test_closing_waits_for_what_is_still_read(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "CLOSING_SECONDS", 30.0)  # however busy the machine is
    driver: Any = stage.engines.driver
    counting = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    slow = "SELECT 1 FROM pg_sleep(0.2)" if POSTGRES_URL else counting
    running: list[asyncio.Task[Any]] = [asyncio.create_task(driver.fetch(slow, [])) for _ in range(2)]
    running.append(asyncio.create_task(stage.reads.all(text(slow))))
    await asyncio.sleep(0.05)
    await stage.engines.dispose()
    assert driver.pool._opened == 0
    assert all(each.done() for each in running)
    assert [len(rows) for rows in await asyncio.gather(*running)] == [1, 1, 1]


async def test_a_refused_statement_leaves_its_connection_usable(stage: Stage) -> None:
    driver: Any = stage.engines.driver
    for _ in range(5):
        with pytest.raises(Exception, match="no_such_table"):
            await driver.fetch("SELECT 1 FROM no_such_table", [])
    assert driver.pool._opened == 1
    assert len(await stage.reads.all(Prepared(select(THINGS.c.id)))) == 3


@postgres_only
async def test_connections_that_the_server_closed_are_replaced(stage: Stage) -> None:
    statement = Prepared(select(THINGS.c.id))
    await asyncio.gather(*(stage.reads.all(statement) for _ in range(3)))
    async with stage.engines.write.begin() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    found = await asyncio.gather(*(stage.reads.all(statement) for _ in range(6)))
    assert all(len(each) == 3 for each in found)
    assert isinstance(stage.engines.driver, PostgresDriver)


async def test_a_pool_opens_no_more_than_its_size_and_serves_in_order() -> None:
    opened: list[int] = []

    async def connect() -> int:
        await asyncio.sleep(0)
        opened.append(len(opened))
        return opened[-1]

    pool = ConnectionPool(connect, 2)
    served: list[int] = []

    async def use(number: int) -> None:
        connection = await pool.acquire()
        served.append(number)
        await asyncio.sleep(0.001)
        pool.release(connection)

    waiting = [asyncio.create_task(use(number)) for number in range(8)]
    await asyncio.sleep(0)
    waiting[5].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert served == [0, 1, 2, 3, 4, 6, 7]
    assert opened == [0, 1]
    assert sorted(pool.take_idle()) == [0, 1]


async def test_a_pool_whose_connections_fail_to_open_lets_the_next_one_try() -> None:
    attempts = 0

    async def connect() -> str:
        nonlocal attempts
        attempts += 1
        await asyncio.sleep(0)
        if attempts < 3:
            raise OSError("refused")
        return "open"

    pool = ConnectionPool(connect, 1)
    results = await asyncio.gather(*(pool.acquire() for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in results[:2]] == [OSError, OSError]
    assert results[2] == "open"
