"""SQLite with one thread hop a statement.

aiosqlite runs sqlite3 on a thread of its own for each connection, and handing a call to that thread and its result back
costs several times what a read by primary key does. SQLAlchemy's adapter does so five times a select: to open a cursor,
execute, fetch, close, and roll back a transaction that there was none of. Here the first four are one function that
runs on the thread, and the last is left out where SQLite says that there is no transaction.

It is the adapter's classes that differ, not the dialect, so `create_async_engine` gets them as its `module`: the
address stays what the user wrote, and nothing is registered for the whole process.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    AsyncAdapt_aiosqlite_ss_cursor,
)
from sqlalchemy.util import EMPTY_DICT
from sqlalchemy.util.concurrency import await_

P = ParamSpec("P")
T = TypeVar("T")


class _Finished(NamedTuple):
    """What is left of a cursor of sqlite3 that was closed on its thread; the adapter reads these as if it were one."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None


_UNUSED = _Finished()


class OneHopCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that has all rows, and nothing left to close, when `execute` returns."""

    __slots__ = ("_one_hop", "_size")

    _cursor: Any  # a `_Finished`

    def __init__(self, adapt_connection: OneHopConnection) -> None:
        # Not the adapter's own, which opens a cursor of the driver: a hop.
        self._adapt_connection = self._one_hop = adapt_connection
        self._connection = adapt_connection.driver_connection
        self._cursor = _UNUSED
        self._rows = deque()
        self._soft_closed_memoized = EMPTY_DICT
        self._size = 1

    @property
    def arraysize(self) -> int:
        return self._size

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._size = value

    def execute(self, operation: Any, parameters: Any = None) -> None:
        self._forget()
        self._cursor, rows = self._one_hop.run(_execute, operation, () if parameters is None else parameters)
        self._rows = deque(rows)

    def executemany(self, operation: Any, seq_of_parameters: Any) -> None:
        self._forget()
        self._cursor = self._one_hop.run(_execute_many, operation, seq_of_parameters)

    def close(self) -> None:
        self._rows.clear()

    async def _async_soft_close(self) -> None:
        """The driver's cursor is closed already."""

    def _forget(self) -> None:
        self._cursor = _UNUSED
        self._rows.clear()


class StreamingCursor(AsyncAdapt_aiosqlite_ss_cursor):
    """The adapter's own cursor for rows that are fetched as they are read, counted as unanswered until it is closed."""

    __slots__ = ("_one_hop",)

    _cursor: Any  # None once closed

    def __init__(self, adapt_connection: OneHopConnection) -> None:
        adapt_connection.unanswered += 1
        self._one_hop = adapt_connection
        super().__init__(adapt_connection)

    def close(self) -> None:
        if self._cursor is not None:
            super().close()
            self._one_hop.unanswered -= 1


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """A connection that goes to its thread once a statement, and to commit or roll back only what was begun."""

    __slots__ = ("unanswered",)

    _cursor_cls = OneHopCursor
    _ss_cursor_cls = StreamingCursor

    # How many calls the thread may be busy with. A cancelled one stays among them, since it is not known when it ends:
    # from then on every commit and rollback waits for its turn on the thread.
    unanswered: int

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.unanswered = 0

    def run(self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a function that is called with the connection of sqlite3 on its thread."""
        self.unanswered += 1
        try:
            driver = self._connection
            result = await_(driver._execute(function, driver._conn, *args, **kwargs))  # noqa: SLF001 -- no other door
        except Exception as error:  # noqa: BLE001 -- handed on as what the adapter makes of it
            self.unanswered -= 1
            self._handle_exception(error)
        self.unanswered -= 1
        return result

    def commit(self) -> None:
        if self._may_have_begun():
            self.run(sqlite3.Connection.commit)

    def rollback(self) -> None:
        if self._may_have_begun():
            self.run(sqlite3.Connection.rollback)

    def _may_have_begun(self) -> bool:
        """Whether there is something to end, which SQLite knows for certain only while the thread rests."""
        try:
            return self._connection.in_transaction or self.unanswered > 0
        except ValueError:  # it is closed, which ended everything
            return False


class OneHopDbapi(AsyncAdapt_aiosqlite_dbapi):
    """aiosqlite as SQLAlchemy's dialect for it wants it, with connections that are `OneHopConnection`s."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, sqlite3)

    def connect(self, *arg: Any, **kw: Any) -> OneHopConnection:
        return OneHopConnection(self, super().connect(*arg, **kw).driver_connection)


def _execute(connection: sqlite3.Connection, operation: str, parameters: Any) -> tuple[_Finished, list[Any]]:
    cursor = connection.cursor()
    try:
        cursor.execute(operation, parameters)
        rows = cursor.fetchall() if cursor.description else []
        return _Finished(cursor.description, cursor.rowcount, cursor.lastrowid), rows
    finally:
        cursor.close()


def _execute_many(connection: sqlite3.Connection, operation: str, parameters: Any) -> _Finished:
    cursor = connection.cursor()
    try:
        cursor.executemany(operation, parameters)
        return _Finished(cursor.description, cursor.rowcount, cursor.lastrowid)
    finally:
        cursor.close()
