"""The declarative base, the column types that both databases share, and the names of constraints."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Dialect, ForeignKey, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase, MappedAsDataclass, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite, which knows no zones, stores it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone must not reach the database")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def result_processor(  # pyright: ignore[reportIncompatibleMethodOverride] - what comes is not always a datetime
        self,
        dialect: Dialect,
        coltype: object,  # noqa: ARG002
    ) -> Callable[[Any], datetime | None] | None:
        # Once a row: PostgreSQL's driver answers times in UTC, SQLite's the text that was stored.
        return _parse_utc if dialect.name == "sqlite" else None


def _parse_utc(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(f"{text}+00:00")


class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):
    """Every table; rows are dataclasses that are made by keyword."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


# SQLite counts up only a column that is declared INTEGER; `sqlite_autoincrement` on the table keeps it from using a
# number twice, which `api-key:<row id>` and "newest = highest id" rely on.
row_id = Annotated[
    int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)
]
snowflake = Annotated[int, mapped_column(BigInteger)]
utc = Annotated[datetime, mapped_column(UtcDateTime)]
# A row of a guild lives and dies with the guild's settings row, so leaving a guild cannot forget a table.
# Each such table has an index that begins with it.
guild_key = Annotated[int, mapped_column(BigInteger, ForeignKey("guild_settings.guild_id", ondelete="CASCADE"))]
