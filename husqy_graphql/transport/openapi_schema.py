"""Reads the JSON schemas of an OpenAPI document the way a person would: types in words, fields, an example."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from husqy_graphql.discord.sandbox.world import DEMO_GUILD, OWNER

Schema = Mapping[str, Any]

_LONGEST_LISTED_ENUM: Final = 12
# Deeper than documents go; a schema that holds itself ends there.
_DEEPEST: Final = 6
# What the demo world has, by the end of a field's name: its first guild, and that guild's owner.
_KNOWN_IDS: Final = {
    "guild_id": DEMO_GUILD,
    "user_id": OWNER,
    "member_id": OWNER,
    "target": OWNER,
}
_KNOWN_WORDS: Final = {"language": "en", "timezone": "Europe/Amsterdam", "gmt": "Europe/Amsterdam"}
_BY_FORMAT: Final = {"date-time": "2030-01-01T12:00:00Z", "date": "2030-01-01", "uri": "https://example.com/"}


@dataclass(frozen=True, slots=True)
class Field:
    """A named value of a request or an answer; `place` is where a parameter stands, empty for fields of a body."""

    name: str
    schema: Schema
    required: bool
    description: str
    place: str = ""

    @property
    def reference(self) -> str | None:
        """The named schema that it is, or that it is a list of."""
        return next(_references(self.schema), None)


def resolve(document: Schema, schema: Schema) -> Schema:
    """The object that a `$ref` inside the document stands for; what stands beside the `$ref` wins."""
    seen: set[str] = set()
    while isinstance(reference := schema.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        target = _inside(document, reference)
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        schema = {**target, **beside}
    return schema


def _inside(document: Schema, reference: str) -> Schema:
    """What a JSON pointer leads to; an empty schema where it leads nowhere."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        name = step.replace("~1", "/").replace("~0", "~")
        found = cast("Schema", found).get(name) if isinstance(found, Mapping) else None
    return cast("Schema", found) if isinstance(found, Mapping) else {}


def children(document: Schema, schema: Schema) -> list[Field]:
    """The fields of an object, of the objects in a list, or of what is left of a union without its null."""
    fields: dict[str, Field] = {}
    for part in _objects(document, schema):
        required = set(part.get("required", ()))
        for name, inner in part.get("properties", {}).items():
            about = str(resolve(document, inner).get("description", ""))
            fields.setdefault(name, Field(name, inner, name in required, about))
        rest = part.get("additionalProperties")
        if isinstance(rest, Mapping) and rest:
            fields.setdefault("…", Field("…", cast("Schema", rest), required=False, description="Any other name."))
    return list(fields.values())


def type_of(document: Schema, schema: Schema, depth: int = 0) -> str:
    """The type in words, like `array of integers or null`."""
    schema = resolve(document, schema)
    if depth > _DEEPEST:
        return "anything"
    if "const" in schema:
        return _literal(schema["const"])
    if values := schema.get("enum"):
        return _listed(values)
    if union := _union(schema):
        return " or ".join(dict.fromkeys(type_of(document, each, depth + 1) for each in union))
    kinds = _kinds(schema)
    if not kinds and (parts := schema.get("allOf")):
        return " and ".join(dict.fromkeys(type_of(document, each, depth + 1) for each in parts))
    return " or ".join(_kind(document, schema, kind, depth) for kind in kinds) or "anything"


def example(document: Schema, name: str, schema: Schema, depth: int = 0) -> Any:
    """A value that the schema accepts, with nothing that is optional."""
    schema = resolve(document, schema)
    given = _given_example(schema)
    if given is not None or depth > _DEEPEST:
        return given
    for each in (*_union(schema), *schema.get("allOf", ())):
        if _kinds(resolve(document, each)) != ["null"]:
            return example(document, name, each, depth + 1)
    kind = next((kind for kind in _kinds(schema) if kind != "null"), "string")
    if kind in {"object", "array"}:
        return _nested_example(document, name, schema, kind, depth)
    known = next((value for ending, value in _KNOWN_IDS.items() if name.endswith(ending)), None)
    match kind:
        case "integer" | "number":
            return known or max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case _:
            return str(known or _KNOWN_WORDS.get(name) or _BY_FORMAT.get(schema.get("format", ""), "text"))


def _given_example(schema: Schema) -> Any:
    """What the schema itself offers; None when it offers nothing."""
    given = (
        schema.get("example"),
        *(schema.get("examples") or ()),
        schema.get("default"),
        schema.get("const"),
        *(schema.get("enum") or ()),
    )
    return next((value for value in given if value is not None), None)


def _nested_example(document: Schema, name: str, schema: Schema, kind: str, depth: int) -> Any:
    if kind == "array":
        items = schema.get("items", {})
        return [example(document, name.removesuffix("s"), items, depth + 1)] if depth < _DEEPEST else []
    return {
        field.name: example(document, field.name, field.schema, depth + 1)
        for field in children(document, schema)
        if field.required and depth < _DEEPEST
    }


def _objects(document: Schema, schema: Schema, depth: int = 0) -> Iterator[Schema]:
    schema = resolve(document, schema)
    if depth > _DEEPEST:
        return
    if "properties" in schema or "additionalProperties" in schema:
        yield schema
    for each in (*_union(schema), *schema.get("allOf", ())):
        yield from _objects(document, each, depth + 1)
    if isinstance(items := schema.get("items"), Mapping):
        yield from _objects(document, cast("Schema", items), depth + 1)


def _references(schema: Schema) -> Iterator[str]:
    if isinstance(reference := schema.get("$ref"), str):
        yield reference
    for each in (*_union(schema), *schema.get("allOf", ())):
        yield from _references(each)
    if isinstance(items := schema.get("items"), Mapping):
        yield from _references(cast("Schema", items))


def _union(schema: Schema) -> Sequence[Schema]:
    return schema.get("anyOf") or schema.get("oneOf") or ()


def _kinds(schema: Schema) -> list[str]:
    given = schema.get("type")
    if given is None:
        return ["object"] if "properties" in schema else []
    return [given] if isinstance(given, str) else list(given)


def _kind(document: Schema, schema: Schema, kind: str, depth: int) -> str:
    if kind == "array" and isinstance(items := schema.get("items"), Mapping):
        return f"array of {type_of(document, cast('Schema', items), depth + 1)}"
    if kind in {"string", "integer", "number"} and (form := schema.get("format")):
        return f"{kind} ({form})"
    return kind


def _listed(values: Sequence[Any]) -> str:
    shown = ", ".join(_literal(value) for value in values[:_LONGEST_LISTED_ENUM])
    return f"one of {shown}" + (", …" if len(values) > _LONGEST_LISTED_ENUM else "")


def _literal(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
