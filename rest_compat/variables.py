"""The variables of an operation: where in a request they come from, and how their values get checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

from graphql import (
    GraphQLSchema,
    GraphQLType,
    VariableDefinitionNode,
    value_from_ast_untyped,
)

from rest_compat.body import MAX_FAULTS, unstorable
from rest_compat.coerce import Check, Read, checker, reader
from rest_compat.problem import Fault, Refusal, pointer
from rest_compat.types import item_type, nullability, type_of

Place: TypeAlias = Literal["path", "query", "body"]
MAX_PARAMETERS = 1000


@dataclass(frozen=True, slots=True)
class Variable:
    """One value of a request. `name` is the variable's, `written` what the contract calls it."""

    name: str
    written: str
    place: Place
    type: GraphQLType
    is_list: bool
    required: bool
    default: Any
    description: str | None
    check: Check
    read: Read


def read_variable(
    schema: GraphQLSchema,
    node: VariableDefinitionNode,
    written: str,
    place: Place,
    description: str | None,
) -> Variable:
    """The variable of a definition.

    Raises ValueError when no value that a request can carry fits its type.
    """
    type_ = type_of(schema, node)
    inner, nullable = nullability(type_)
    is_list = item_type(inner) is not None
    if is_list and place == "path":
        raise ValueError("a path has no room for a list")
    return Variable(
        name=node.variable.name.value,
        written=written,
        place=place,
        type=type_,
        is_list=is_list,
        required=not nullable and node.default_value is None,
        default=value_from_ast_untyped(node.default_value) if node.default_value else None,
        description=description,
        check=checker(type_),
        read=reader(type_),
    )


def parse_query(query: bytes) -> dict[str, list[str]]:
    """The parameters of a query string, all values of each.

    Raises Refusal (BAD_USER_INPUT) when it is not percent-encoded UTF-8, or has too many parameters.
    """
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except UnicodeDecodeError:
        detail = "The query string is not percent-encoded UTF-8."
        raise Refusal("BAD_USER_INPUT", detail, (Fault("#", "must be percent-encoded UTF-8"),)) from None
    except ValueError:
        detail = f"The query string has more than {MAX_PARAMETERS} parameters."
        raise Refusal("BAD_USER_INPUT", detail, (Fault("#", "has too many parameters"),)) from None
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return parameters


def coerce_variables(
    variables: Iterable[Variable],
    path: Mapping[str, str],
    query: Mapping[str, Sequence[str]],
    body: Mapping[str, Any],
    faults: Iterable[Fault] = (),
) -> dict[str, Any]:
    """The values of the variables that a request gives; what it leaves out stays out, null stays null.

    Raises Refusal (BAD_USER_INPUT) with every fault, those handed in among them.
    """
    found = list(faults)
    values: dict[str, Any] = {}
    for variable in variables:
        written = variable.written
        source: Mapping[str, Any] = body if variable.place == "body" else path if variable.place == "path" else query
        if written not in source:
            if variable.required:
                found.append(Fault(pointer([written]), "is required"))
            continue
        value = source[written]
        if variable.place != "body":
            texts: Sequence[str] = [value] if variable.place == "path" else value
            if (value := _from_text(variable, texts, found)) is None:
                continue
        values[variable.name] = variable.check(value, (written,), found)
    if found:
        raise bad_values(found)
    return values


def bad_values(faults: Iterable[Fault], detail: str | None = None) -> Refusal:
    """The refusal of values: one fault a pointer, the first; a single one becomes the sentence of the whole."""
    firsts: dict[str, Fault] = {}
    for fault in faults:
        firsts.setdefault(fault.pointer, fault)
    shown = tuple(firsts.values())
    if detail is None and len(shown) == 1:
        name = shown[0].pointer.removeprefix("#/")
        detail = f"`{name}` {shown[0].detail}."
    elif detail is None:
        detail = f"{len(shown)} values of the request cannot be accepted; `errors` says which."
    return Refusal("BAD_USER_INPUT", detail, shown[:MAX_FAULTS])


def _from_text(variable: Variable, texts: Sequence[str], faults: list[Fault]) -> Any:
    """The JSON value of a text, or of the texts of a list; None after a fault."""
    known = len(faults)
    for index, text in enumerate(texts):
        if reason := unstorable(text):
            path = [variable.written, index] if variable.is_list else [variable.written]
            faults.append(Fault(pointer(path), reason))
    if len(texts) > 1 and not variable.is_list:
        faults.append(Fault(pointer([variable.written]), f"is there {len(texts)} times, and may be there once"))
    if len(faults) > known:
        return None
    values = [variable.read(text) for text in texts]
    return values if variable.is_list else values[0]
