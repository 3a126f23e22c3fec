"""The sandbox's objects as JSON in one SQLite file (or in memory), each under its kind and key."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

import orjson

WAL_TURNS = 100
WAL_TURN = 0.02  # seconds
_LAST = "\U0010ffff"  # above every character that a key has


class Store:
    """Small objects, read and written in microseconds; several processes may share the file."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._switch_to_wal()
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS objects "
            "(kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )

    def close(self) -> None:
        self._connection.close()

    def _switch_to_wal(self) -> None:
        # Processes that make the file together are in each other's way, and SQLite itself does not wait here.
        for _ in range(WAL_TURNS):
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:
                sleep(WAL_TURN)
            else:
                return
        self._connection.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Let no other process in between a read and the write that follows from it. Nothing is awaited inside."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def is_empty(self) -> bool:
        return self._connection.execute("SELECT 1 FROM objects LIMIT 1").fetchone() is None

    def clear(self) -> None:
        self._connection.execute("DELETE FROM objects")

    def get(self, kind: str, key: object) -> dict[str, Any] | None:
        """The object, or None."""
        row = self._connection.execute("SELECT value FROM objects WHERE kind = ? AND key = ?", (kind, str(key)))
        found = row.fetchone()
        return None if found is None else orjson.loads(found[0])

    def put(self, kind: str, key: object, value: dict[str, Any]) -> None:
        """Add the object, or replace it."""
        self._connection.execute(
            "INSERT OR REPLACE INTO objects VALUES (?, ?, ?)", (kind, str(key), orjson.dumps(value))
        )

    def delete(self, kind: str, key: object) -> bool:
        """Remove the object; False when it was not there."""
        cursor = self._connection.execute("DELETE FROM objects WHERE kind = ? AND key = ?", (kind, str(key)))
        return cursor.rowcount > 0

    def all(self, kind: str, prefix: str = "") -> list[dict[str, Any]]:
        """Every object of a kind whose key begins with `prefix`, by key."""
        rows = self._connection.execute(
            "SELECT value FROM objects WHERE kind = ? AND key >= ? AND key < ? ORDER BY length(key), key",
            (kind, prefix, prefix + _LAST),
        )
        return [orjson.loads(value) for (value,) in rows]

    def items(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Every key of a kind with its object."""
        rows = self._connection.execute("SELECT key, value FROM objects WHERE kind = ? ORDER BY key", (kind,))
        return [(key, orjson.loads(value)) for key, value in rows]

    def next_number(self, name: str, floor: int) -> int:
        """A number above all that this name has had, and not below `floor`."""
        row = self._connection.execute(
            "INSERT INTO objects VALUES ('number', ?, ?) ON CONFLICT (kind, key) "
            "DO UPDATE SET value = max(value + 1, excluded.value) RETURNING value",
            (name, floor),
        )
        return int(row.fetchone()[0])
