"""The drivers that prepared reads run on: a few connections each, opened when they are needed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

import aiosqlite
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import Dialect

C = TypeVar("C")

# Arguments of SQLAlchemy's asyncpg dialect that the driver does not know.
_DIALECT_ARGUMENTS: Final = ("async_fallback", "async_creator_fn", "prepared_statement_name_func")


# That closing waits for reads: a request that failed early may have left some behind.
CLOSING_SECONDS: Final = 2.0


class _ConnectionLost(OSError):
    """The database server is gone, or closed the connection."""


class Driver(Protocol):
    """Runs a select on one of its connections."""

    async def fetch(self, text: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The rows as the driver answers them."""
        ...

    async def close(self) -> None:
        """Close every connection, once what it is used for is done."""
        ...


@dataclass(slots=True, eq=False)
class ConnectionPool(Generic[C]):
    """At most `size` connections; the one used last is used next. Whoever waits is served in order."""

    open: Callable[[], Awaitable[C]]
    size: int
    _idle: list[C] = field(default_factory=list[Any])
    _waiting: deque[asyncio.Future[C | None]] = field(default_factory=deque[Any])
    _opened: int = 0

    async def acquire(self) -> C:
        """A connection of one's own, until it is released or dropped."""
        while not self._idle:
            if self._opened < self.size:
                return await self._open()
            connection = await self._turn()
            if connection is not None:
                return connection
        return self._idle.pop()

    def release(self, connection: C) -> None:
        """Give a connection back that can be used again."""
        self._pass_on(connection)

    def drop(self) -> None:
        """Tell that a connection is gone, so that another may be opened."""
        self._opened -= 1
        self._pass_on(None)

    def take_idle(self) -> list[C]:
        """All connections that nobody uses, to be closed."""
        idle, self._idle = self._idle, []
        self._opened -= len(idle)
        return idle

    async def take_all(self) -> list[C]:
        """All connections, each once nobody uses it any more, to be closed; what is used for long is left."""
        taken = self.take_idle()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                while self._opened:
                    connection = await self._turn()
                    if connection is not None:
                        self._opened -= 1
                        taken.append(connection)
        return taken

    async def _turn(self) -> C | None:
        """The next connection that is given back; None for the right to open one."""
        turn: asyncio.Future[C | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on(turn.result())
            raise

    async def _open(self) -> C:
        self._opened += 1
        try:
            return await self.open()
        except BaseException:
            self.drop()
            raise

    def _pass_on(self, connection: C | None) -> None:
        """Hand a connection, or the right to open one, to whoever waits longest."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        if connection is not None:
            self._idle.append(connection)


@dataclass(frozen=True, slots=True, eq=False)
class SQLiteDriver:
    """aiosqlite: a thread a connection, and one hop to it for a select."""

    pool: ConnectionPool[aiosqlite.Connection]

    async def fetch(self, text: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        connection = await self.pool.acquire()
        try:
            # What is cancelled ends on its thread, before anything that follows on the connection.
            return await connection.execute_fetchall(text, arguments)  # pyright: ignore[reportReturnType]
        finally:
            self.pool.release(connection)

    async def close(self) -> None:
        for connection in await self.pool.take_all():
            await connection.close()


@dataclass(frozen=True, slots=True, eq=False)
class PostgresDriver:
    """asyncpg, without transactions around selects."""

    pool: ConnectionPool[Any]

    async def fetch(self, text: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        try:
            return await self._fetch(text, arguments)
        except _ConnectionLost:
            # The server closed it while nobody looked, and maybe all others: a select may be asked again, on a new one.
            for connection in self.pool.take_idle():
                connection.terminate()
            return await self._fetch(text, arguments)

    async def _fetch(self, text: str, arguments: Sequence[Any]) -> Sequence[Sequence[Any]]:
        connection = await self._usable()
        try:
            rows = await connection.fetch(text, *arguments)
        except BaseException as error:
            lost = connection.is_closed()
            if lost or getattr(error, "sqlstate", None) is None:
                connection.terminate()  # cancelled, or broken: what it is doing is not known
                self.pool.drop()
            else:
                self.pool.release(connection)
            if lost and isinstance(error, Exception):
                raise _ConnectionLost from error
            raise
        self.pool.release(connection)
        return rows

    async def close(self) -> None:
        for connection in await self.pool.take_all():
            await connection.close(timeout=5)

    async def _usable(self) -> Any:
        """A connection that the server has not closed meanwhile."""
        while (connection := await self.pool.acquire()).is_closed():
            self.pool.drop()
        return connection


def sqlite_driver(url: URL, size: int, pragmas: Sequence[str]) -> SQLiteDriver | None:
    """The driver of a database file; None for one in memory, which each connection would have its own of."""
    path = url.database
    if not path or path == ":memory:" or url.query:
        return None

    async def connect() -> aiosqlite.Connection:
        connection = await aiosqlite.connect(path, isolation_level=None)
        try:
            for pragma in pragmas:
                await connection.execute_fetchall(pragma)
        except BaseException:
            connection.stop()  # pyright: ignore[reportUnknownMemberType] - cut off: nobody else would end its thread
            raise
        return connection

    return SQLiteDriver(ConnectionPool(connect, size))


def postgres_driver(url: URL, dialect: Dialect, size: int, options: dict[str, Any]) -> PostgresDriver:
    """The driver of a PostgreSQL database; `options` are more arguments of asyncpg's `connect`."""
    _, arguments = dialect.create_connect_args(url)
    known: dict[str, Any] = {name: value for name, value in arguments.items() if name not in _DIALECT_ARGUMENTS}
    if "prepared_statement_cache_size" in known:
        known["statement_cache_size"] = known.pop("prepared_statement_cache_size")

    async def connect() -> Any:
        # Imported here, because the package is an extra.
        import asyncpg  # pyright: ignore[reportMissingTypeStubs]

        return await asyncpg.connect(**known, **options)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    return PostgresDriver(ConnectionPool(connect, size))
