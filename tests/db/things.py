"""A database that the stock adapter and ours are compared on."""

from __future__ import annotations

from collections.abc import Callable
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
    insert,
    select,
)

from husqy_graphql.db.engines import Engines, Reads

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

Make = Callable[[str], Engines]


async def filled(make: Make, path: Path) -> Engines:
    engines = make(f"sqlite+aiosqlite:///{path}")
    async with engines.write.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(insert(THINGS), ROWS)
    return engines


async def ids(engines: Engines, *, above: int) -> list[int]:
    rows = await Reads(engines.read).all(select(THINGS.c.id).where(THINGS.c.id > above).order_by(THINGS.c.id))
    return [row.id for row in rows]


def count_hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the functions that are handed to a thread from now on."""
    hops: list[str] = []
    hand_over = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, function: Any, *args: Any, **kwargs: Any) -> Any:
        hops.append(function.__name__)
        return await hand_over(self, function, *args, **kwargs)

    monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
    return hops
