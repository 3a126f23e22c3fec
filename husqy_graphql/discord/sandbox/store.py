"""The sandbox's objects as JSON in one SQLite file (or in memory), each under its kind and key."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import orjson


class Store:
    """Small objects, read and written in microseconds; several processes may share the file."""

    def __init__(self, path: Path | None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA busy_timeout = 5000")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS objects "
            "(kind TEXT, key TEXT, value BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID"
        )

    def close(self) -> None:
        self._connection.close()

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
            "SELECT value FROM objects WHERE kind = ? AND substr(key, 1, ?) = ? ORDER BY length(key), key",
            (kind, len(prefix), prefix),
        )
        return [orjson.loads(value) for (value,) in rows]

    def items(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Every key of a kind with its object."""
        rows = self._connection.execute("SELECT key, value FROM objects WHERE kind = ? ORDER BY key", (kind,))
        return [(key, orjson.loads(value)) for key, value in rows]
