"""Which variable feeds which argument, so that an error about an argument can name what the client sent.

A resolver says `input.timeZone`; the client sent `gmt`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLArgument,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    is_composite_type,
)

from rest_compat.coerce import snake_case
from rest_compat.shape import fragment_of
from rest_compat.types import declared_type, named_type

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What an operation's variables feed.

    `feeds`: response path of a field -> path of an argument -> variable. `descriptions`: variable -> the description of
    an argument that it feeds. `order`: response path -> its place in the selection.
    """

    feeds: Mapping[Keys, Mapping[Keys, str]]
    descriptions: Mapping[str, str]
    order: Mapping[Keys, int]

    def source(self, keys: Keys, argument: Keys, written: Mapping[str, str]) -> Keys:
        """What the client calls an argument of the field at a response path; the argument's own path if unknown.

        `written` is what the contract calls each variable.
        """
        itself: Mapping[Keys, str] = {(name,): name for name in written}
        elsewhere = (feeds for path, feeds in self.feeds.items() if path != keys)
        for feeds in (self.feeds.get(keys, {}), itself, *elsewhere):
            for length in range(len(argument), 0, -1):
                name = feeds.get(argument[:length])
                if name is not None and name in written:
                    return (written[name], *(snake_case(step) for step in argument[length:]))
        return argument


@dataclass(slots=True)
class _Walk:
    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    feeds: dict[Keys, dict[Keys, str]] = field(default_factory=dict[Keys, dict[Keys, str]])
    descriptions: dict[str, str] = field(default_factory=dict[str, str])
    order: dict[Keys, int] = field(default_factory=dict[Keys, int])


def read_arguments(
    schema: GraphQLSchema,
    root: GraphQLObjectType,
    selection: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> Arguments:
    """The arguments of a valid selection."""
    walk = _Walk(schema, fragments)
    _selection(walk, root, selection, ())
    return Arguments(walk.feeds, walk.descriptions, walk.order)


def _selection(walk: _Walk, parent: GraphQLCompositeType, selection: SelectionSetNode, keys: Keys) -> None:
    for node in selection.selections:
        if isinstance(node, FieldNode):
            _field(walk, parent, node, keys)
            continue
        fragment = fragment_of(node, walk.fragments)
        condition = fragment.type_condition
        inner = cast("GraphQLCompositeType", walk.schema.type_map[condition.name.value]) if condition else parent
        _selection(walk, inner, fragment.selection_set, keys)


def _field(walk: _Walk, parent: GraphQLCompositeType, node: FieldNode, keys: Keys) -> None:
    keys = (*keys, node.alias.value if node.alias else node.name.value)
    walk.order.setdefault(keys, len(walk.order))
    fields: Mapping[str, GraphQLField] = getattr(parent, "fields", {})
    definition = fields.get(node.name.value)
    if definition is None:  # __typename
        return
    feeds = walk.feeds.setdefault(keys, {})
    for argument in node.arguments or ():
        name = argument.name.value
        for path, variable, source in _variables(argument.value, (name,), definition.args[name]):
            feeds[path] = variable
            if source.description:
                walk.descriptions.setdefault(variable, source.description)
    named = named_type(declared_type(definition))
    if node.selection_set and is_composite_type(named):
        _selection(walk, named, node.selection_set, keys)


def _variables(
    value: ValueNode, path: Keys, source: GraphQLArgument | GraphQLInputField
) -> Iterator[tuple[Keys, str, GraphQLArgument | GraphQLInputField]]:
    if isinstance(value, VariableNode):
        yield path, value.name.value, source
    elif isinstance(value, ListValueNode):
        for index, item in enumerate(value.values):
            yield from _variables(item, (*path, str(index)), source)
    elif isinstance(value, ObjectValueNode):
        type_ = named_type(declared_type(source))
        for member in value.fields:
            inner = type_.fields[member.name.value] if isinstance(type_, GraphQLInputObjectType) else source
            yield from _variables(member.value, (*path, member.name.value), inner)
