"""Selects that are compiled once and then run on the driver itself.

SQLAlchemy builds them, and says how the values of its types become those of the database and back; between the two
there is only the driver. A read costs a half to a third of what it costs through an AsyncConnection.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import CompoundSelect, Dialect, Select, types

RawRows: TypeAlias = Iterable[Sequence[Any]]

# Types whose values need no more than their processors; others are read through SQLAlchemy.
_PLAIN = (types.Integer, types.String, types.Boolean, types.LargeBinary, types.DateTime)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A select for the life of the process; made once, at the top of a module."""

    statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
    _reads: dict[str, PreparedRead | None] = field(default_factory=dict[str, "PreparedRead | None"])

    def read(self, dialect: Dialect) -> PreparedRead | None:
        """How to run it on a driver; None where only SQLAlchemy can: a list of values in an IN, or a type with a life
        of its own."""
        if dialect.name not in self._reads:
            self._reads[dialect.name] = _prepare(self.statement, dialect)
        return self._reads[dialect.name]


@dataclass(frozen=True, slots=True, eq=False)
class PreparedRead:
    """The text of a select. `arguments` makes the driver's arguments, `rows` named tuples out of what it answers."""

    text: str
    names: tuple[str, ...]
    fixed: Mapping[str, Any]
    processors: Mapping[str, Callable[[Any], Any]]
    rows: Callable[[RawRows], list[Any]]

    def arguments(self, parameters: Mapping[str, Any]) -> list[Any]:
        """The arguments in their order. Raises KeyError for a parameter that is missing."""
        values = {**self.fixed, **parameters}
        if not self.processors:
            return [values[name] for name in self.names]
        processors = self.processors
        return [processors[name](values[name]) if name in processors else values[name] for name in self.names]


def _prepare(
    statement: Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]], dialect: Dialect
) -> PreparedRead | None:
    compiled: Any = statement.compile(dialect=dialect)
    columns = statement.selected_columns
    if compiled.post_compile_params or not all(_is_plain(column.type) for column in columns):
        return None
    bound: Mapping[str, Any] = compiled.binds
    processors = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in bound.items()}
    return PreparedRead(
        text=compiled.string,
        names=tuple(compiled.positiontup),
        fixed={name: bind.effective_value for name, bind in bound.items() if not bind.required},
        processors={name: process for name, process in processors.items() if process is not None},
        rows=_row_maker(
            [column.key or f"column{index}" for index, column in enumerate(columns)],
            [_result_processor(column.type, dialect) for column in columns],
        ),
    )


def _is_plain(of: types.TypeEngine[Any]) -> bool:
    implementation = of.impl_instance if isinstance(of, types.TypeDecorator) else of
    return isinstance(implementation, _PLAIN)


def _result_processor(of: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    return of.dialect_impl(dialect).result_processor(dialect, None)


def _row_maker(names: list[str], processors: list[Callable[[Any], Any] | None]) -> Callable[[RawRows], list[Any]]:
    row_class: Any = namedtuple("Row", names)  # noqa: PYI024  # pyright: ignore[reportUntypedNamedTuple]
    make: Callable[[Sequence[Any]], Any] = partial(tuple.__new__, row_class)  # pyright: ignore[reportUnknownMemberType]
    if not any(processors):
        return lambda rows: list(map(make, rows))
    values = [f"value{index}" for index in range(len(names))]
    written = [
        f"process{index}({value})" if process else value
        for index, (value, process) in enumerate(zip(values, processors, strict=True))
    ]
    scope: dict[str, Any] = {f"process{index}": process for index, process in enumerate(processors)}
    text = f"lambda rows: [make(({', '.join(written)},)) for ({', '.join(values)},) in rows]"
    return eval(text, {**scope, "make": make})  # noqa: S307 - no part of the text comes from outside
