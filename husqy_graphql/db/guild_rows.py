"""Reads that every domain makes: the rows of a guild page by page, and rows by their keys.

A statement is built once for each of its forms: building one anew costs more than running it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson
from sqlalchemy import ARRAY, Row, Select, String, any_, bindparam, func, select, tuple_
from sqlalchemy.sql.expression import ColumnElement, FromClause

from husqy_graphql.db.engines import Reads
from husqy_graphql.db.prepared import Prepared

NO_LIMIT: Final = 2**31 - 1
# Of a table: documents choose the columns, and a statement takes 12 KiB.
MAX_STATEMENTS: Final = 32

# Those that a read answers, by their names; None for all of them.
Columns: TypeAlias = tuple[str, ...] | None


def after(table: FromClause, dialect: str) -> tuple[ColumnElement[bool], ...]:
    """That a row is one of the guild `guild_id`, and above the row `after_id`.

    PostgreSQL compares both columns as one: it does not know the limit when it plans, and else walks along the primary
    key through the rows of all guilds. SQLite, asked like that, goes on to the guilds behind.
    """
    column: Any = table.c
    guild_id, row_id = bindparam("guild_id", type_=column.guild_id.type), bindparam("after_id", type_=column.id.type)
    if dialect == "sqlite":
        return column.guild_id == guild_id, column.id > row_id
    return column.guild_id == guild_id, tuple_(column.guild_id, column.id) > tuple_(guild_id, row_id)


@dataclass(frozen=True, slots=True, eq=False)
class GuildRows:
    """The rows of a table that has a `guild_id` and an `id`, with one statement for each set of columns and
    filters; those used last are kept."""

    table: FromClause
    _statements: dict[tuple[Any, ...], Prepared] = field(default_factory=dict[tuple[Any, ...], Prepared])

    async def read(
        self,
        reads: Reads,
        guild_id: int,
        *,
        after_id: int = 0,
        limit: int | None = None,
        columns: Columns = None,
        **filters: Any,
    ) -> Sequence[Row[Any]]:
        """The rows of a guild by row id, from above `after_id`, with these columns, or all in the order of the table. A
        filter names a column and the value that it must have; None filters nothing."""
        given = {name: value for name, value in filters.items() if value is not None}
        dialect = reads.engine.dialect.name
        key = (dialect, columns, *given)
        statement = self._statements.pop(key, None) or self._build(dialect, tuple(given), columns)
        self._statements[key] = statement
        if len(self._statements) > MAX_STATEMENTS:
            del self._statements[next(iter(self._statements))]
        limit = NO_LIMIT if limit is None else limit
        return await reads.all(statement, guild_id=guild_id, after_id=after_id, limit=limit, **given)

    def _build(self, dialect: str, names: Sequence[str], columns: Columns) -> Prepared:
        column: Any = self.table.c
        where: list[ColumnElement[bool]] = [column[name] == bindparam(name) for name in names]
        return Prepared(
            (select(self.table) if columns is None else select(*[column[name] for name in columns]))
            .where(*after(self.table, dialect), *where)
            .order_by(column.guild_id, column.id)
            .limit(bindparam("limit"))
        )


@dataclass(frozen=True, slots=True, eq=False)
class RowsByKeys:
    """The rows of a select whose column has one of some keys: one text whatever their number, and a shorter one for a
    single key, which most requests have."""

    one: Prepared
    many: Mapping[str, Prepared]  # by dialect

    async def read(self, reads: Reads, keys: Sequence[Any]) -> Sequence[Row[Any]]:
        """The rows with these keys, in the order of the select."""
        if len(keys) == 1:
            return await reads.all(self.one, key=keys[0])
        dialect = reads.engine.dialect.name
        given = orjson.dumps(list(keys)).decode() if dialect == "sqlite" else list(keys)
        return await reads.all(self.many[dialect], keys=given)


def rows_by_keys(statement: Select[*tuple[Any, ...]], column: ColumnElement[Any]) -> RowsByKeys:
    """The rows of a select by the keys in a column."""
    listed = func.json_each(bindparam("keys", type_=String)).table_valued("value")
    return RowsByKeys(
        one=Prepared(statement.where(column == bindparam("key"))),
        many={
            "sqlite": Prepared(statement.where(column.in_(select(listed.c.value)))),
            "postgresql": Prepared(statement.where(column == any_(bindparam("keys", type_=ARRAY(column.type))))),
        },
    )
