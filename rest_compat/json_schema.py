"""JSON schemas (2020-12, the dialect of OpenAPI 3.1) of variables and shapes."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from typing import Any, Final, TypeAlias, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLScalarType,
    GraphQLType,
    is_required_input_field,
)

from rest_compat.coerce import contract_values, json_schema_of, snake_case
from rest_compat.shape import Items, Leaf, Record, Value, shown_members
from rest_compat.types import declared_type, item_type, nullability

Schema: TypeAlias = dict[str, Any]

_INT: Final[Schema] = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
_REQUEST: Final[Mapping[str, Schema]] = {
    "Int": _INT,
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "String": {"type": "string"},
    "ID": {"type": ["string", "integer"]},
}
_RESPONSE: Final[Mapping[str, Schema]] = {**_REQUEST, "Int": {"type": "integer"}, "ID": {"type": "string"}}


class Components:
    """The named schemas of a document. Two different schemas never share a name: the later takes its service's."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self.inputs: dict[str, str] = {}  # the names of input types, by the types' own

    def add(self, name: str, service: str, schema: Schema) -> Schema:
        """A reference to a schema, under this name if no other schema has it."""
        names = (f"{service}_{name}{number}" for number in ("", *range(2, 1000)))
        free = next(free for free in chain((name,), names) if self.schemas.get(free, schema) == schema)
        self.schemas[free] = schema
        return reference(free)

    def reserve(self, type_name: str) -> Schema:
        """The schema of an input type, empty and to be filled."""
        name = f"{type_name}_Request" if type_name in self.schemas else type_name
        self.inputs[type_name] = name
        self.schemas[name] = {}
        return self.schemas[name]


def reference(name: str) -> Schema:
    """A reference to a named schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def request_schema(type_: GraphQLType, components: Components, service: str) -> Schema:
    """The JSON schema of what a variable takes; null where its type is nullable."""
    inner, nullable = nullability(type_)
    schema = _request(inner, components, service)
    return or_null(schema) if nullable else schema


def response_schema(value: Value, components: Components, service: str) -> Schema:
    """The JSON schema of what a shape writes. An object is never null there: that is a 404."""
    match value:
        case Record():
            schema = record_schema(value, components, service)
            return components.add(value.fragment, service, schema) if value.fragment else schema
        case Items(joined=True):
            return {"type": ["string", "null"], "description": "Joined by commas without blanks; null when empty."}
        case Items(item=item):
            items = response_schema(item, components, service)
            # Only an item of a list of objects may be null without a 404.
            items = or_null(items) if isinstance(item, Record) and item.nullable else items
            schema = {"type": "array", "items": items}
            return or_null(schema) if value.nullable and isinstance(item, Leaf) else schema
        case Leaf():
            schema = _leaf(value)
            return or_null(schema) if value.nullable else schema


def record_schema(record: Record, components: Components, service: str) -> Schema:
    """The JSON schema of an object with what dissolves into it; all that is selected is required."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for member, optional in shown_members(record):
        schema = response_schema(member.value, components, service)
        properties[member.key] = described(schema, member.description)
        if not optional:
            required.append(member.key)
    return object_schema(properties, required)


def object_schema(properties: Mapping[str, Schema], required: list[str]) -> Schema:
    """An object; `required` is left out where it is empty."""
    schema: Schema = {"type": "object", "properties": dict(properties)}
    if required:
        schema["required"] = required
    return schema


def or_null(schema: Schema) -> Schema:
    """The schema that also admits null."""
    kinds = schema.get("type")
    if kinds is None or "const" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = [kinds] if isinstance(kinds, str) else [*kinds]
    if "null" in kinds:
        return schema
    nullable = {**schema, "type": [*kinds, "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def described(schema: Schema, description: str | None) -> Schema:
    """The schema with a description in front of its own."""
    if not description:
        return schema
    own = schema.get("description")
    return {**schema, "description": f"{description}\n\n{own}" if own else description}


def _request(type_: GraphQLType, components: Components, service: str) -> Schema:
    item = item_type(type_)
    if item is not None:
        return {"type": "array", "items": request_schema(item, components, service)}
    if isinstance(type_, GraphQLInputObjectType):
        return _input(type_, components, service)
    if isinstance(type_, GraphQLEnumType):
        return _enum(type_)
    scalar = cast("GraphQLScalarType", type_)
    if scalar.name in _REQUEST:
        return dict(_REQUEST[scalar.name])
    return dict(json_schema_of(scalar, "request"))


def _input(type_: GraphQLInputObjectType, components: Components, service: str) -> Schema:
    if type_.name in components.inputs:
        return reference(components.inputs[type_.name])
    # Before its fields, because an input type may contain itself.
    schema = components.reserve(type_.name)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for name, field in type_.fields.items():
        written = snake_case(name)
        own = request_schema(declared_type(field), components, service)
        properties[written] = described(own, field.description)
        if is_required_input_field(field):
            required.append(written)
    schema.update(described(object_schema(properties, required), type_.description))
    return reference(components.inputs[type_.name])


def _leaf(leaf: Leaf) -> Schema:
    if leaf.text:
        return {"type": "string", "pattern": "^-?[0-9.]+$"}
    if isinstance(leaf.type, GraphQLEnumType):
        return _enum(leaf.type)
    if leaf.type.name in _RESPONSE:
        return dict(_RESPONSE[leaf.type.name])
    return dict(json_schema_of(leaf.type, "response"))


def _enum(enum: GraphQLEnumType) -> Schema:
    values = contract_values(enum)
    kinds = list(dict.fromkeys("integer" if isinstance(value, int) else "string" for value in values.values()))
    meanings = (f"- `{value}` {name}: {enum.values[name].description or ''}" for name, value in values.items())
    schema: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": list(values.values())}
    return {**schema, "description": "\n".join(meaning.removesuffix(": ") for meaning in meanings)}
