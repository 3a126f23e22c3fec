"""Rows of a select that stand for objects of the schema, without becoming objects one by one.

A resolver answers `Rows`. graphql-core iterates over it and finds objects; the compiled executor reads the rows behind
it by position.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class RowType(Generic[T]):
    """How rows become objects of a type: `make` makes the object of a row.

    `attributes` says of each column of the rows, in their order, which attribute of the object it holds; an attribute
    in `enums` is the enum whose value its column holds. `columns` has their names, where some can be read alone.
    """

    type: builtins.type[T]
    make: Callable[[Any], T]
    attributes: tuple[str, ...]
    enums: Mapping[str, builtins.type[Enum]] = field(default_factory=dict[str, Any])
    columns: tuple[str, ...] = ()

    def narrow(self, attributes: AbstractSet[str]) -> RowType[T]:
        """The row type of the columns that hold these attributes, whose objects have no other ones; this one itself
        where one of them is no column, or no column can be left out."""
        if not self.columns or not attributes < set(self.attributes):
            return self
        held = tuple(each for each in self.attributes if each in attributes)
        columns = tuple(self.columns[self.attributes.index(each)] for each in held)
        return RowType(self.type, _maker(self.type, held, self.enums), held, self.enums, columns)


def row_type(
    of: type[T], make: Callable[[Any], T], table: Any, enums: Mapping[str, type[Enum]] | None = None, **names: str
) -> RowType[T]:
    """The row type of a table whose columns are called like the attributes; `names` has the columns that are called
    otherwise: `database_id="id"`."""
    attribute_of: dict[str, str] = {column: attribute for attribute, column in names.items()}
    columns: list[str] = [column.key for column in table.c]
    attributes = tuple(attribute_of.get(column, column) for column in columns)
    return RowType(of, make, attributes, enums or {}, tuple(columns))


def _maker(of: type[T], attributes: Sequence[str], enums: Mapping[str, type[Enum]]) -> Callable[[Any], T]:
    """What makes objects without their `__init__`, which wants all attributes."""
    converted = [(name, enums[name]) for name in attributes if name in enums]

    def make(row: Any) -> T:
        made = object.__new__(of)
        values = dict(zip(attributes, row, strict=True))
        for name, enum in converted:
            if values[name] is not None:
                values[name] = enum(values[name])
        made.__dict__.update(values)
        return made

    return make


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Sequence[T]):
    """The objects that rows stand for; each is made when it is asked for."""

    type: RowType[T]
    rows: Sequence[Any]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[T]:
        return map(self.type.make, self.rows)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Rows[T]: ...
    def __getitem__(self, index: int | slice) -> T | Rows[T]:
        if isinstance(index, slice):
            return Rows(self.type, self.rows[index])
        return self.type.make(self.rows[index])
