"""GraphQL types without the generics that graphql-core leaves open, so that the rest of this package is fully typed."""

from __future__ import annotations

from typing import Any, cast

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLType,
    VariableDefinitionNode,
    get_named_type,
    type_from_ast,  # pyright: ignore[reportUnknownVariableType] - what this module is there for
)


def nullability(type_: GraphQLType) -> tuple[GraphQLType, bool]:
    """The type without its `!`, and whether it had none."""
    return (inner_type(type_), False) if isinstance(cast("object", type_), GraphQLNonNull) else (type_, True)


def item_type(type_: GraphQLType) -> GraphQLType | None:
    """The type of a list's items; None when it is not a list (or a list with a `!`)."""
    return inner_type(type_) if isinstance(cast("object", type_), GraphQLList) else None


def inner_type(type_: GraphQLType) -> GraphQLType:
    """What a list or a non-null wraps."""
    return cast("Any", type_).of_type


def declared_type(definition: GraphQLField | GraphQLArgument | GraphQLInputField) -> GraphQLType:
    """The type of a field or an argument."""
    return cast("Any", definition).type


def named_type(type_: GraphQLType) -> GraphQLType:
    """The type in the middle of all lists and non-nulls."""
    return cast("Any", get_named_type)(type_)


def type_of(schema: GraphQLSchema, node: VariableDefinitionNode) -> GraphQLType:
    """The type of a variable in a valid document."""
    return cast("Any", type_from_ast)(schema, node.type)
