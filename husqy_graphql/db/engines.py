"""One engine to read and one to write.

SQLite: WAL, foreign keys on, one writer that takes the write lock when its transaction begins (so that a deadlock
between two half-begun ones cannot happen), and a small pool of readers.
PostgreSQL: asyncpg; readers in autocommit, writers in transactions; no overflow, since connections opened under load
cost more than waiting for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Executable, Row, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry, Pool, QueuePool
from sqlalchemy.util import greenlet_spawn

from husqy_graphql.db.drivers import CLOSING_SECONDS, Driver, postgres_driver, sqlite_driver
from husqy_graphql.db.prepared import Prepared
from husqy_graphql.db.sqlite import OneHopDbapi

SQLITE_BUSY_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 10_000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {SQLITE_BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    # FULL costs a sync a commit and keeps acknowledged changes over a power cut too.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


@dataclass(frozen=True, slots=True)
class Engines:
    """`read` for selects of committed rows, `write` for units of work."""

    read: AsyncEngine
    write: AsyncEngine
    driver: Driver | None  # of prepared reads; without one they go through `read`

    @property
    def reads(self) -> Reads:
        """What selects run on."""
        return Reads(self.read, self.driver)

    async def dispose(self) -> None:
        """Close every connection, once what it is used for is done."""
        if self.driver is not None:
            await self.driver.close()
        for engine in (self.read, self.write):
            await _all_returned(engine.pool)
            await engine.dispose()


@dataclass(frozen=True, slots=True)
class Reads:
    """Runs selects, each on a connection that is given back at once."""

    engine: AsyncEngine
    driver: Driver | None = None

    async def all(self, statement: Executable | Prepared, **parameters: Any) -> Sequence[Row[Any]]:
        """Every row of a select."""
        if isinstance(statement, Prepared):
            read = statement.read(self.engine.dialect)
            if read is not None and self.driver is not None:
                return read.rows(await self.driver.fetch(read.text, read.arguments(parameters)))
            statement = statement.statement
        return await greenlet_spawn(self._all, statement, parameters)

    async def first(self, statement: Executable | Prepared, **parameters: Any) -> Row[Any] | None:
        """The first row of a select, or None."""
        return next(iter(await self.all(statement, **parameters)), None)

    def _all(self, statement: Executable, parameters: dict[str, Any]) -> Sequence[Row[Any]]:
        # One greenlet for the whole of it: an AsyncConnection takes one to connect, one to execute and one to close.
        with self.engine.sync_engine.connect() as connection:
            return connection.execute(statement, parameters).all()


async def _all_returned(pool: Pool) -> None:
    """Wait for what is still read or written: a pool closes the connections that it has, and no other ones."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            while isinstance(pool, QueuePool) and pool.checkedout():  # noqa: ASYNC110 - nobody tells of it
                await asyncio.sleep(0.01)


def create_engines(database_url: str, pool_size: int = 16) -> Engines:
    """Both engines for a database address; connects to nothing yet. Raises ValueError for another kind of database."""
    url = make_url(database_url)
    match url.drivername:
        case "sqlite+aiosqlite":
            return _sqlite(url, pool_size)
        case "postgresql+asyncpg":
            return _postgres(url, pool_size)
        case other:
            raise ValueError(f"{other}:// is not supported; use sqlite+aiosqlite:// or postgresql+asyncpg://")


def _sqlite(url: URL, pool_size: int) -> Engines:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    readers = min(pool_size, 8)
    dbapi = OneHopDbapi()
    # The connection given back last has the warmest cache.
    read = create_async_engine(url, module=dbapi, pool_size=readers, max_overflow=0, pool_use_lifo=True)
    write = create_async_engine(
        url, module=dbapi, pool_size=1, max_overflow=0, pool_timeout=SQLITE_BUSY_TIMEOUT_MS / 1000
    )
    for engine in (read, write):
        event.listen(engine.sync_engine, "connect", _prepare_sqlite_connection)
    event.listen(write.sync_engine, "begin", _begin_immediate)
    return Engines(read, write, sqlite_driver(url, readers, _PRAGMAS))


def _prepare_sqlite_connection(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver's own implicit BEGIN comes too late and leaves out DDL; SQLAlchemy's events begin instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgres(url: URL, pool_size: int) -> Engines:
    server_settings = {"statement_timeout": str(STATEMENT_TIMEOUT_MS), "application_name": "husqy-graphql"}
    connect_args = {"server_settings": server_settings, "timeout": 5}
    read = create_async_engine(
        url,
        pool_size=max(2, pool_size // 4),  # for the few selects that are not prepared
        max_overflow=0,
        isolation_level="AUTOCOMMIT",
        pool_reset_on_return=None,
        connect_args=connect_args,
    )
    write = create_async_engine(url, pool_size=pool_size, max_overflow=0, connect_args=connect_args)
    return Engines(read, write, postgres_driver(url, read.dialect, pool_size, connect_args))
