"""A request's values, by the GraphQL types of the variables that they fill.

A value stays external (GraphQL specification, section 3.5 "Input Coercion"): an enum's integer becomes the enum's name,
a name of the contract the input field's, and everything else is checked and passed on as it came. Checks report all
faults of a request instead of stopping at the first, in words for the people who read them.

Text (a path segment, a query parameter) first becomes the JSON value that its type asks for: digits a number for Int
and Float, `true`, `false`, `1` and `0` a boolean. A custom scalar gets a number only if its JSON schema for requests
admits numbers and no strings; in every other case it gets the text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, Final, Literal, cast

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLScalarType,
    GraphQLType,
    is_required_input_field,
)

from rest_compat.body import Unreadable
from rest_compat.problem import Fault, pointer
from rest_compat.types import declared_type, item_type, named_type, nullability

Path = tuple[str | int, ...]
# Returns the external value; on a fault adds it to the list, and returns something that nobody will look at.
Check = Callable[[Any, Path, list[Fault]], Any]
Read = Callable[[str], Any]

_INT: Final = re.compile(r"-?[0-9]{1,19}")
_FLOAT: Final = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_KINDS: Final[Mapping[str, str]] = {
    "Int": "integer",
    "Float": "number",
    "Boolean": "boolean",
    "String": "string",
    "ID": "string",
}
_INT_MIN: Final = -(2**31)
_INT_MAX: Final = 2**31 - 1


def snake_case(name: str) -> str:
    """`answerText` as the contract writes it: `answer_text`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def contract_values(enum: GraphQLEnumType) -> dict[str, int | str]:
    """Each value of an enum as the contract knows it: by its Python value, which is an integer or a string.

    Raises ValueError for an enum whose Python values are anything else.
    """
    values: dict[str, int | str] = {}
    for name, definition in enum.values.items():
        value = definition.value.value if isinstance(definition.value, Enum) else definition.value
        if not isinstance(value, int | str) or isinstance(value, bool):
            raise ValueError(f"the enum {enum.name} has values that are neither integers nor strings")  # noqa: TRY004
        values[name] = value
    return values


def json_schema_of(scalar: GraphQLScalarType, side: Literal["request", "response"]) -> Mapping[str, Any]:
    """The JSON schema of a custom scalar: `extensions["json"][side]` of its definition, else that of a string."""
    described: Mapping[str, Mapping[str, Any]] = scalar.extensions.get("json") or {}
    return described.get(side) or {"type": "string"}


def checker(type_: GraphQLType) -> Check:
    """The check of a JSON value against an input type, made once at start-up.

    Raises ValueError for an enum that the contract can't write.
    """
    return _checker(type_, {})


def reader(type_: GraphQLType) -> Read:
    """What turns text into the JSON value that a `checker` of the same type looks at; wrong text stays as it is."""
    type_ = named_type(type_)
    if not isinstance(type_, GraphQLScalarType):
        return _read_text  # an enum finds its integer in the text by itself
    kinds: str | Iterable[str] = _KINDS.get(type_.name) or json_schema_of(type_, "request").get("type", "string")
    kinds = {kinds} if isinstance(kinds, str) else {*kinds}
    if "string" not in kinds:
        for kind, read in (("integer", _read_int), ("number", _read_float), ("boolean", _read_boolean)):
            if kind in kinds:
                return read
    return _read_text


def _checker(type_: GraphQLType, objects: dict[str, Check]) -> Check:
    inner, nullable = nullability(type_)
    item = item_type(inner)
    if item is not None:
        check = _items(_checker(item, objects))
    elif isinstance(inner, GraphQLInputObjectType):
        check = _members(inner, objects)
    elif isinstance(inner, GraphQLEnumType):
        check = _enum(contract_values(inner))
    else:
        scalar = cast("GraphQLScalarType", inner)
        check = _BUILT_IN.get(scalar.name) or _scalar(scalar)
    return _guarded(check, nullable=nullable)


def _guarded(check: Check, *, nullable: bool) -> Check:
    def guarded(value: Any, path: Path, faults: list[Fault]) -> Any:
        if value is None:
            return None if nullable else _fault("must not be null", path, faults)
        # An unreadable value was reported where the body was parsed.
        return None if isinstance(value, Unreadable) else check(value, path, faults)

    return guarded


def _items(check: Check) -> Check:
    def items(value: Any, path: Path, faults: list[Fault]) -> Any:
        if not isinstance(value, list):
            return _fault("must be a list", path, faults)
        return [check(item, (*path, index), faults) for index, item in enumerate(cast("list[Any]", value))]

    return items


def _members(type_: GraphQLInputObjectType, objects: dict[str, Check]) -> Check:
    if type_.name in objects:
        return objects[type_.name]
    # Strawberry keeps `@oneOf` to itself instead of telling graphql-core.
    one_of = type_.is_one_of or getattr(type_.extensions.get("strawberry-definition"), "is_one_of", False)
    fields: list[tuple[str, str, Check, bool]] = []

    def members(value: Any, path: Path, faults: list[Fault]) -> Any:
        if not isinstance(value, dict):
            return _fault("must be an object", path, faults)
        given = cast("dict[str, Any]", value)
        taken: dict[str, Any] = {}
        for name, written, check, required in fields:
            if written in given:
                taken[name] = check(given[written], (*path, written), faults)
            elif required:
                _fault("is required", (*path, written), faults)
        chosen = [given[written] for _, written, _, _ in fields if written in given]
        if one_of and (len(chosen) != 1 or chosen[0] is None):
            names = ", ".join(f"`{written}`" for _, written, _, _ in fields)
            return _fault(f"must have exactly one of {names}", path, faults)
        return taken

    # Before its fields, because an input type may contain itself.
    objects[type_.name] = members
    for name, field in type_.fields.items():
        check = _checker(declared_type(field), objects)
        fields.append((name, snake_case(name), check, is_required_input_field(field)))
    return members


def _enum(values: Mapping[str, int | str]) -> Check:
    names = {value: name for name, value in values.items()}
    shown = [f"{value} ({name})" if isinstance(value, int) else f"`{value}`" for name, value in values.items()]
    detail = f"must be {shown[0]}" if len(shown) == 1 else f"must be one of {', '.join(shown)}"

    def enum(value: Any, path: Path, faults: list[Fault]) -> Any:
        if isinstance(value, int | str) and not isinstance(value, bool):
            name = names.get(value)
            if name is None and isinstance(value, str):
                name = names.get(_read_int(value))
            if name is not None:
                return name
        return _fault(detail, path, faults)

    return enum


def _int(value: Any, path: Path, faults: list[Fault]) -> Any:
    if isinstance(value, str):
        value = _read_int(value)
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and _INT_MIN <= value <= _INT_MAX:
        return value
    return _fault(f"must be a whole number from {_INT_MIN} to {_INT_MAX}", path, faults)


def _float(value: Any, path: Path, faults: list[Fault]) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    return _fault("must be a number", path, faults)


def _boolean(value: Any, path: Path, faults: list[Fault]) -> Any:
    return value if isinstance(value, bool) else _fault("must be true or false", path, faults)


def _string(value: Any, path: Path, faults: list[Fault]) -> Any:
    return value if isinstance(value, str) else _fault("must be a string", path, faults)


def _id(value: Any, path: Path, faults: list[Fault]) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else _fault("must be an id: a string or an integer", path, faults)


def _scalar(scalar: GraphQLScalarType) -> Check:
    def custom(value: Any, path: Path, faults: list[Fault]) -> Any:
        detail = ""
        try:
            scalar.coerce_input_value(value)
        except GraphQLError as error:
            detail = error.message
        except ValueError as error:
            detail = str(error)
        except Exception:  # noqa: BLE001 - whatever a parser stumbles over, the value is what is wrong
            detail = ""
        else:
            return value
        return _fault(detail or f"is not a valid {scalar.name}", path, faults)

    return custom


_BUILT_IN: Final[Mapping[str, Check]] = {
    "Int": _int,
    "Float": _float,
    "Boolean": _boolean,
    "String": _string,
    "ID": _id,
}


def _fault(detail: str, path: Path, faults: list[Fault]) -> None:
    faults.append(Fault(pointer(path), detail))


def _read_text(text: str) -> Any:
    return text


def _read_int(text: str) -> Any:
    return int(text) if _INT.fullmatch(text) else text


def _read_float(text: str) -> Any:
    return float(text) if _FLOAT.fullmatch(text) else text


def _read_boolean(text: str) -> Any:
    return _BOOLEANS.get(text.lower(), text)
