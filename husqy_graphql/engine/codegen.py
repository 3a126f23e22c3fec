"""Generated functions that turn objects and rows into the answer of a selection.

They are optimistic: whatever is not exactly what the schema promises (null, another class, an awaitable, an exception)
raises, and the executor gives that value to graphql-core, whose errors, paths and nulls are the specification's. So
reads must be free of side effects.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownParameterType=false, reportUnknownLambdaType=false, reportMissingTypeArgument=false
# graphql-core's types of types are recursive, and its hooks are half typed: pyright cannot follow them.

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from types import GeneratorType
from typing import Any, Final, TypeAlias

from graphql import (
    GraphQLBoolean,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
    Undefined,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.pyutils import is_awaitable

from husqy_graphql.gql.rows import Rows, RowType

Read: TypeAlias = Callable[[Any], Any]
Complete: TypeAlias = Callable[[Any], Any]
BuildRows: TypeAlias = Callable[[Iterable[Sequence[Any]]], list[dict[str, Any]]]

# The most that a GraphQL Int holds (specification, section 3.5.1).
_INT: Final = "{v}.__class__ is not int or not -2147483648 <= {v} <= 2147483647"


class Unusual(Exception):
    """A value that graphql-core must look at."""


@dataclass(frozen=True, slots=True)
class PlainField:
    """A field of a selection that needs no resolver: a constant, an attribute of its object, or a function of it.

    `complete` makes the answer out of its value where its type is no leaf.
    """

    key: str
    type: GraphQLOutputType
    constant: str | None
    attribute: str | None
    inline: Read | None
    complete: Complete | None


@dataclass(slots=True, eq=False)
class PlainSelection:
    """A selection of plain fields. `classes` are those whose instances are known to be objects of its type. Its
    functions are generated when the first object, or the first row, is met."""

    type: GraphQLObjectType
    fields: tuple[PlainField, ...]
    classes: set[builtins.type] = field(default_factory=set[Any])
    _build: Callable[[Any], dict[str, Any]] | None = None
    _row_builds: dict[RowType[Any], BuildRows | None] = field(default_factory=dict[Any, Any])

    def build(self, source: Any) -> dict[str, Any]:
        """The answer of an object. Raises for anything unusual."""
        build = self._build
        if build is None:
            build = self._build = generate_build(self.type, self.fields, self.classes)
        return build(source)

    def rows(self, rows: Rows[Any]) -> list[dict[str, Any]]:
        """The answers of rows, read by position where every field is one of their columns."""
        if rows.type not in self._row_builds:
            self._row_builds[rows.type] = generate_rows(self, rows.type)
        build = self._row_builds[rows.type]
        return [self.build(each) for each in rows] if build is None else build(rows.rows)


def generate_build(
    of: GraphQLObjectType, fields: tuple[PlainField, ...], classes: set[type]
) -> Callable[[Any], dict[str, Any]]:
    """The function that answers a selection of one object."""
    source = _Source({"classes": classes, "accept": lambda value: accept(of, classes, value)})
    source.add("def build(source):")
    source.add("    if source.__class__ not in classes: accept(source)")
    members: list[str] = []
    for index, each in enumerate(fields):
        value = f"value{index}"
        if each.attribute is not None:
            source.add(f"    {value} = source.{each.attribute}")
        elif each.inline is not None:
            source.add(f"    {value} = {source.name('inline', each.inline)}(source)")
        members.append(f"{each.key!r}: {_member(source, '    ', each, value)}")
    source.add(f"    return {{{', '.join(members)}}}")
    return source.function("build")


def generate_rows(selection: PlainSelection, of: RowType[Any]) -> BuildRows | None:
    """The function that answers a selection of rows; None where a field is more than a column."""
    definition = selection.type.extensions.get("strawberry-definition")
    if definition is None or definition.origin is not of.type:
        return None
    source = _Source({})
    source.add("def build(rows):")
    source.add("    answers = []")
    source.add("    append = answers.append")
    source.add(f"    for ({', '.join(f'value{index}' for index in range(len(of.attributes)))},) in rows:")
    members: list[str] = []
    for each in selection.fields:
        if each.constant is None and (each.attribute not in of.attributes or each.complete is not None):
            return None
        value = f"value{of.attributes.index(each.attribute)}" if each.attribute else ""
        enum = of.enums.get(each.attribute or "")
        if enum is not None and enum is not getattr(get_named_type(each.type), "wrapped_cls", None):
            return None
        members.append(f"{each.key!r}: {_member(source, '        ', each, value, enum)}")
    source.add(f"        append({{{', '.join(members)}}})")
    source.add("    return answers")
    return source.function("build")


def completer(of: GraphQLOutputType, selection: PlainSelection | None) -> Complete:
    """The function from a value to its answer, by the field's type: a leaf, an object, or lists of them.

    `selection` is what is selected of the object. The function raises for anything unusual.
    """
    if is_non_null_type(of):
        return _present(of.of_type, selection)
    complete = _present(of, selection)
    return lambda value: None if value is None else complete(value)


def accept(of: GraphQLObjectType, classes: set[type], value: Any) -> None:
    """Note that instances of the value's class are objects of the type; raises Unusual unless they are."""
    cls = value.__class__
    if value is None or value is Undefined or issubclass(cls, BaseException | GeneratorType) or is_awaitable(value):
        raise Unusual
    if of.is_type_of is not None and not issubclass(cls, of.extensions["strawberry-definition"].origin):
        raise Unusual
    classes.add(cls)


def _present(of: Any, selection: PlainSelection | None) -> Complete:
    """The function for values that are not null."""
    if is_list_type(of):
        return _list(of.of_type, selection)
    if is_leaf_type(of):
        return _complete_leaf(of)
    assert selection is not None
    return selection.build


@lru_cache(maxsize=256)  # a schema has fewer leaf types
def _complete_leaf(of: GraphQLLeafType) -> Complete:
    source = _Source({})
    source.add("def complete(value):")
    source.add(f"    return {_leaf(source, '    ', of, 'value')}")
    return source.function("complete")


def _list(item: Any, selection: PlainSelection | None) -> Complete:
    complete = completer(item, selection)
    of_objects = None if is_list_type(get_nullable_type(item)) else selection

    def complete_list(value: Any) -> Any:
        if value.__class__ is list or value.__class__ is tuple:
            return [complete(each) for each in value]
        if value.__class__ is Rows and of_objects is not None:
            return of_objects.rows(value)
        raise Unusual

    return complete_list


class _Source:
    """Lines of a function, and the names that it uses."""

    def __init__(self, names: dict[str, Any]) -> None:
        self._names: dict[str, Any] = {"Unusual": Unusual, **names}
        self._lines: list[str] = []

    def add(self, line: str) -> None:
        self._lines.append(line)

    def name(self, word: str, value: Any) -> str:
        """A name for a value."""
        name = f"{word}_{len(self._names)}"
        self._names[name] = value
        return name

    def function(self, name: str) -> Any:
        # All that is not ours in the text are response keys, written with repr, and names of attributes.
        exec(compile("\n".join(self._lines), f"<compiled {name}>", "exec"), self._names)  # noqa: S102
        return self._names[name]


def _member(source: _Source, indent: str, field: PlainField, value: str, enum: type[Enum] | None = None) -> str:
    """The expression of a field's answer, behind the lines that check its value."""
    if field.constant is not None:
        return repr(field.constant)
    if field.complete is not None:
        return f"{source.name('complete', field.complete)}({value})"
    of: Any = field.type
    if is_non_null_type(of):
        return _leaf(source, indent, of.of_type, value, enum)
    source.add(f"{indent}if {value} is not None:")
    written = _leaf(source, f"{indent}    ", of, value, enum)
    if written == value:
        return value
    source.add(f"{indent}    {value} = {written}")
    return value


def _leaf(source: _Source, indent: str, of: GraphQLLeafType, value: str, enum: type[Enum] | None = None) -> str:
    """The expression that writes a leaf, behind the line that checks it. `enum`: its value stands for a member."""
    refused, written = _SCALARS.get(of, ("", ""))
    coerce: Any = of.coerce_output_value
    wrapped = getattr(of, "wrapped_cls", None)
    if refused:
        written = "{v}"
    elif of.extensions.get("native") is datetime:
        utc, cls = source.name("utc", UTC), source.name("datetime", datetime)
        refused, written = f"{{v}}.__class__ is not {cls} or {{v}}.tzinfo is not {utc}", "{v}"
    elif coerce is str:
        refused, written = "{v}.__class__ is not int and {v}.__class__ is not str", "str({v})"
    elif coerce is int:
        refused, written = "{v}.__class__ is not int", "{v}"
    elif wrapped is not None and enum is wrapped:
        written = f"{source.name('values', _enum_values(of))}[{{v}}]"
    elif wrapped is not None and issubclass(wrapped, Enum):
        refused = f"{{v}}.__class__ is not {source.name('enum', wrapped)}"
        written = f"{source.name('names', _enum_names(of))}[{{v}}._name_]"
    else:
        written = f"{source.name('coerce', _checked(coerce))}({{v}})"
    if refused:
        source.add(f"{indent}if {refused.format(v=value)}: raise Unusual")
    return written.format(v=value)


@lru_cache(maxsize=256)
def _enum_values(of: Any) -> Mapping[Any, str]:
    return {member.value: of.coerce_output_value(member) for member in of.wrapped_cls}


@lru_cache(maxsize=256)
def _enum_names(of: Any) -> Mapping[str, str]:
    return {member.name: of.coerce_output_value(member) for member in of.wrapped_cls}


def _checked(coerce: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if value is None or isinstance(value, Exception) or is_awaitable(value):
            raise Unusual
        written = coerce(value)
        if written is None or written is Undefined:
            raise Unusual
        return written

    return write


_SCALARS: Final[Mapping[Any, tuple[str, str]]] = {
    GraphQLString: ("{v}.__class__ is not str", "{v}"),
    GraphQLID: ("{v}.__class__ is not str", "{v}"),
    GraphQLInt: (_INT, "{v}"),
    GraphQLFloat: ("{v}.__class__ is not float or {v} - {v} != 0.0", "{v}"),
    GraphQLBoolean: ("{v}.__class__ is not bool", "{v}"),
}
