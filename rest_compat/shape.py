"""The response of a document: its selection, with the contract's names and the directives applied.

`read_shape` turns a selection into a tree of `Record`, `Items` and `Leaf`; `transform.py` makes the function out of it
that rewrites data, `openapi.py` the JSON schema, so that the two can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLType,
    InlineFragmentNode,
    Node,
    SelectionNode,
    SelectionSetNode,
    TypeNameMetaFieldDef,
    is_abstract_type,
    is_composite_type,
    is_object_type,
)

from rest_compat.coerce import contract_values
from rest_compat.types import declared_type, item_type, nullability

_CONDITIONS: Final = frozenset({"skip", "include"})
_NO_NUMBERS: Final = frozenset({"String", "ID", "Boolean"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or an enum. `text`: a number written as text."""

    type: GraphQLScalarType | GraphQLEnumType
    nullable: bool
    text: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list. `joined`: written as one string."""

    item: Value
    nullable: bool
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """An object. `fragment` names the fragment that is all of its selection, if there is one."""

    type: GraphQLCompositeType
    nullable: bool
    members: tuple[Member, ...]
    fragment: str | None


@dataclass(frozen=True, slots=True)
class Member:
    """A field of a record.

    `dissolves`: its own members stand in its place. `optional`: only some types have it. `searches`: it has arguments.
    """

    key: str
    name: str
    description: str | None
    value: Value
    optional: bool
    dissolves: bool
    searches: bool


Value: TypeAlias = Leaf | Items | Record
Report: TypeAlias = Callable[[Node, str], None]


@dataclass(slots=True)
class _Selected:
    """All selections of one response key."""

    parent: GraphQLCompositeType
    definition: GraphQLField
    optional: bool
    nodes: list[FieldNode] = field(default_factory=list[FieldNode])


@dataclass(frozen=True, slots=True)
class _Reader:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    report: Report


def read_shape(
    schema: GraphQLSchema,
    root: GraphQLObjectType,
    selection: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    report: Report,
) -> Record:
    """The shape of a valid selection; what the contract can't express goes to `report` with its node."""
    return _record(_Reader(schema, fragments, report), root, [selection], nullable=False)


def fragment_of(
    node: SelectionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> FragmentDefinitionNode | InlineFragmentNode:
    """The fragment that a selection other than a field stands for."""
    return fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else cast("InlineFragmentNode", node)


def shown_members(record: Record) -> Iterator[tuple[Member, bool]]:
    """The members that a record shows, those of dissolved records in place; with whether it may lack them."""
    for member in record.members:
        if member.dissolves and isinstance(member.value, Record):
            for inner, optional in shown_members(member.value):
                yield inner, optional or member.optional
        else:
            yield member, member.optional


def _record(
    reader: _Reader, type_: GraphQLCompositeType, selections: list[SelectionSetNode], *, nullable: bool
) -> Record:
    selected: dict[str, _Selected] = {}
    for selection in selections:
        _collect(reader, type_, selection, selected, optional=False)
    members = tuple(_member(reader, key, found) for key, found in selected.items())
    record = Record(type_, nullable, members, _only_fragment(selections))
    _report_clashes(reader, record, selected)
    return record


def _collect(
    reader: _Reader,
    parent: GraphQLCompositeType,
    selection_set: SelectionSetNode,
    selected: dict[str, _Selected],
    *,
    optional: bool,
) -> None:
    for node in selection_set.selections:
        for directive in node.directives or ():
            if directive.name.value in _CONDITIONS:
                reader.report(node, f"@{directive.name.value} would make the response depend on the request")
        if isinstance(node, FieldNode):
            key = node.alias.value if node.alias else node.name.value
            found = selected.get(key)
            if found is None:
                definition = _field(parent, node.name.value)
                found = selected[key] = _Selected(parent, definition, optional)
            found.optional = found.optional and optional
            found.nodes.append(node)
            continue
        fragment = fragment_of(node, reader.fragments)
        inner, narrows = parent, False
        if fragment.type_condition:
            condition = cast("GraphQLCompositeType", reader.schema.type_map[fragment.type_condition.name.value])
            if is_abstract_type(parent):
                inner, narrows = condition, not _includes(reader.schema, condition, parent)
            elif is_object_type(condition) and condition != parent:
                continue
        _collect(reader, inner, fragment.selection_set, selected, optional=optional or narrows)


def _includes(schema: GraphQLSchema, condition: GraphQLCompositeType, parent: GraphQLCompositeType) -> bool:
    if condition == parent:
        return True
    return is_abstract_type(condition) and schema.is_sub_type(condition, cast("GraphQLInterfaceType", parent))


def _member(reader: _Reader, key: str, selected: _Selected) -> Member:
    node = selected.nodes[0]
    directives = {directive.name.value for found in selected.nodes for directive in found.directives or ()}
    selections = [found.selection_set for found in selected.nodes if found.selection_set]
    dissolves = key.startswith("_") and key != "__typename"
    value = _value(reader, declared_type(selected.definition), selections)
    if "joined" in directives:
        if isinstance(value, Items) and isinstance(value.item, Leaf):
            value = replace(value, joined=True)
        else:
            reader.report(node, "@joined is for lists of scalars and enums")
    if "text" in directives:
        if isinstance(value, Leaf) and isinstance(value.type, GraphQLScalarType) and value.type.name not in _NO_NUMBERS:
            value = replace(value, text=True)
        else:
            reader.report(node, "@text is for single numbers")
    if dissolves and not isinstance(value, Record):
        what = "a list" if isinstance(value, Items) else "a scalar or enum"
        reader.report(node, f"`{key}` dissolves into its parent, which only an object can do; this is {what}")
    for leaf in _leaves(value):
        if isinstance(leaf.type, GraphQLEnumType):
            try:
                contract_values(leaf.type)
            except ValueError as error:
                reader.report(node, f"{error}, so the contract can't write it")
    return Member(
        key=key,
        name=node.name.value,
        description=selected.definition.description,
        value=value,
        optional=selected.optional,
        dissolves=dissolves,
        searches=bool(node.arguments),
    )


def _value(reader: _Reader, type_: GraphQLType, selections: list[SelectionSetNode]) -> Value:
    inner, nullable = nullability(type_)
    item = item_type(inner)
    if item is not None:
        return Items(_value(reader, item, selections), nullable)
    if is_composite_type(inner):
        return _record(reader, inner, selections, nullable=nullable)
    return Leaf(cast("GraphQLScalarType | GraphQLEnumType", inner), nullable)


def _field(parent: GraphQLCompositeType, name: str) -> GraphQLField:
    fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
    return TypeNameMetaFieldDef if name == "__typename" else fields[name]


def _leaves(value: Value) -> Iterator[Leaf]:
    """The leaf that a field answers, through its lists; the fields of a record report for themselves."""
    while isinstance(value, Items):
        value = value.item
    if isinstance(value, Leaf):
        yield value


def _only_fragment(selections: list[SelectionSetNode]) -> str | None:
    names = {
        node.name.value if isinstance(node, FragmentSpreadNode) else None
        for selection_set in selections
        for node in selection_set.selections
    }
    return names.pop() if len(names) == 1 else None


def _report_clashes(reader: _Reader, record: Record, selected: Mapping[str, _Selected]) -> None:
    owners: dict[str, str] = {}
    for member in record.members:
        inner: Iterable[tuple[Member, bool]] = [(member, False)]
        if member.dissolves:
            inner = shown_members(member.value) if isinstance(member.value, Record) else ()
        for shown, _ in inner:
            owner = owners.setdefault(shown.key, member.key)
            if owner != member.key:
                detail = f"`{shown.key}` comes out of `{owner}` and `{member.key}` at once: two fields with one name"
                reader.report(selected[member.key].nodes[0], detail)
