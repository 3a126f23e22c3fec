"""Functions that turn an operation's data into the response of the contract, made once at start-up.

Where nothing changes there is no function at all (None): a list of a hundred plain rows is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from graphql import GraphQLEnumType

from rest_compat.coerce import contract_values
from rest_compat.shape import Items, Leaf, Member, Record, Value

Transform: TypeAlias = Callable[[Any], Any]


class Absent(Exception):
    """There is null where the contract has an object or a list of them. `type` is its GraphQL type."""

    def __init__(self, type: str, detail: str) -> None:
        super().__init__(detail)
        self.type = type
        self.detail = detail


def transformer(record: Record) -> Transform:
    """The function from an operation's data to the members of the contract's `data`.

    The function raises Absent for a null in the place of an object. It changes nothing in what it is given.
    """
    return _record(record) or _same


def _same(value: Any) -> Any:
    return value


def _value(value: Value) -> Transform | None:
    match value:
        case Leaf():
            return _leaf(value)
        case Items():
            return _items(value)
        case Record():
            return _record(value)


def _leaf(leaf: Leaf) -> Transform | None:
    if isinstance(leaf.type, GraphQLEnumType):
        values: Mapping[str | None, int | str | None] = {None: None, **contract_values(leaf.type)}
        return values.__getitem__
    return _text if leaf.text else None


def _text(value: Any) -> Any:
    return None if value is None else str(value)


def _items(items: Items) -> Transform | None:
    change = _value(items.item)
    if items.joined:
        write = change or _same

        def joined(value: Any) -> Any:
            return ",".join([str(write(item)) for item in value if item is not None]) if value else None

        return joined
    if change is None:
        return None

    def each(value: Any) -> Any:
        return value and [None if item is None else change(item) for item in value]

    return each


def _record(record: Record) -> Transform | None:
    """A plan of steps for each row; a row whose names all stay is copied, and only what changes is written again."""
    parts = [(member, _member(record, member)) for member in record.members]
    if not any(member.dissolves or member.optional for member in record.members):
        changes = tuple((member.key, change) for member, change in parts if change)
        return _rewrite(changes) if changes else None
    return _rebuild(tuple((member.key, change, member.dissolves) for member, change in parts))


def _rewrite(changes: tuple[tuple[str, Transform], ...]) -> Transform:
    def rewrite(value: Any) -> Any:
        row = dict(value)
        for key, change in changes:
            row[key] = change(row[key])
        return row

    return rewrite


def _rebuild(steps: tuple[tuple[str, Transform | None, bool], ...]) -> Transform:
    def rebuild(value: Any) -> Any:
        row: dict[str, Any] = {}
        for key, change, dissolves in steps:
            if key not in value:  # a field of another type than this one's
                continue
            part = change(value[key]) if change else value[key]
            if dissolves:
                row.update(part)
            else:
                row[key] = part
        return row

    return rebuild


def _member(record: Record, member: Member) -> Transform | None:
    change = _value(member.value)
    inner = member.value
    while isinstance(inner, Items):
        inner = inner.item
    if not isinstance(inner, Record) or not member.value.nullable:
        return change
    type_, detail = inner.type.name, absence(record.type.name, member)

    def present(value: Any) -> Any:
        if value is None:
            raise Absent(type_, detail)
        return change(value) if change else value

    return present


def absence(parent: str, member: Member) -> str:
    """What is missing, in words: "There is no such guild.", "This guild has no polls."."""
    name = words(member.name)
    if parent == "Mutation":
        return "What was to be changed does not exist."
    if member.searches or parent == "Query" or parent.endswith(("Payload", "Edge", "Connection")):
        return f"There is no such {name}." if isinstance(member.value, Record) else f"There are no {name}."
    return f"This {words(parent)} has no {name}."


def words(name: str) -> str:
    """`guildSettings` as a person says it: "guild settings"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).replace("_", " ").lower()
