"""Rows of a select that stand for objects of the schema, without becoming objects one by one.

A resolver answers `Rows`. graphql-core iterates over it and finds objects; the compiled executor reads the rows behind
it by position.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class RowType(Generic[T]):
    """How rows become objects of a type: `make` makes the object of a row.

    `attributes` says of each column of the rows, in their order, which attribute of the object it holds; an attribute
    in `enums` is the enum whose value its column holds.
    """

    type: builtins.type[T]
    make: Callable[[Any], T]
    attributes: tuple[str, ...]
    enums: Mapping[str, builtins.type[Enum]] = field(default_factory=dict[str, Any])


def row_type(
    of: type[T], make: Callable[[Any], T], table: Any, enums: Mapping[str, type[Enum]] | None = None, **names: str
) -> RowType[T]:
    """The row type of a table whose columns are called like the attributes; `names` has the columns that are called
    otherwise: `database_id="id"`."""
    attribute_of: dict[str, str] = {column: attribute for attribute, column in names.items()}
    columns: list[str] = [column.key for column in table.c]
    attributes = tuple(attribute_of.get(column, column) for column in columns)
    return RowType(of, make, attributes, enums or {})


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
