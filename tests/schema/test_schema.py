"""The schema itself: described to the last argument, and kept in `schema.graphql`."""

from __future__ import annotations

from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    is_specified_scalar_type,
)

from husqy_graphql.schema import build_schema, graphql_schema, print_schema

SCHEMA = graphql_schema(build_schema())
OWN_TYPES = {
    name: kind
    for name, kind in SCHEMA.type_map.items()
    if not name.startswith("__") and not is_specified_scalar_type(kind)
}


def test_everything_in_the_schema_has_a_description() -> None:
    missing: list[str] = []
    counted = 0
    for name, kind in OWN_TYPES.items():
        parts: list[tuple[str, str | None]] = [(name, kind.description)]
        match kind:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field_name, field in kind.fields.items():
                    parts.append((f"{name}.{field_name}", field.description))
                    parts += [(f"{name}.{field_name}({each})", arg.description) for each, arg in field.args.items()]
            case GraphQLInputObjectType():
                parts += [(f"{name}.{each}", field.description) for each, field in kind.fields.items()]
            case GraphQLEnumType():
                parts += [(f"{name}.{each}", value.description) for each, value in kind.values.items()]
            case _:
                pass
        counted += len(parts)
        missing += [path for path, description in parts if not description]

    assert counted > 200
    assert missing == []


def test_schema_graphql_is_what_the_code_says() -> None:
    kept = (Path(__file__).parents[2] / "schema.graphql").read_text(encoding="utf-8")

    assert kept == print_schema(build_schema())


def test_mutations_have_one_nullable_payload_of_their_own_name() -> None:
    mutation = SCHEMA.mutation_type
    assert mutation is not None
    for name, field in mutation.fields.items():
        assert not isinstance(field.type, GraphQLNonNull), name
        assert str(field.type) == f"{name[0].upper()}{name[1:]}Payload"


def test_enum_values_are_the_integers_or_words_of_the_contract() -> None:
    values = {name: SCHEMA.type_map[name].values for name in ("EntitlementType", "ChannelFilter")}

    assert [value.value for value in values["EntitlementType"].values()] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [value.value for value in values["ChannelFilter"].values()] == [
        "text", "voice", "category", "news", "stage", "forum"
    ]  # fmt: skip
