"""JSON out of a request, with everything refused that later code could stumble over.

RFC 8259 leaves open what double names, huge numbers and lone surrogates mean; here they are faults with a pointer, so
that no value means one thing to us and another to the client.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, cast

from rest_compat.problem import Fault, Refusal, pointer

MAX_BODY: Final = 1 << 20
MAX_DEPTH: Final = 64
MAX_FAULTS: Final = 50

# NUL is refused by PostgreSQL, half a surrogate pair by UTF-8.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_INT64_DIGITS: Final = 19


class Unreadable:
    """Stands in a parsed body where a value cannot be taken; `detail` says why."""

    __slots__ = ("detail",)

    def __init__(self, detail: str) -> None:
        self.detail = detail


def parse_object(data: bytes) -> tuple[dict[str, Any], list[Fault]]:
    """The JSON object in a body, and the faults of single values in it.

    Raises Refusal (BAD_USER_INPUT) when the body as a whole is not a JSON object in UTF-8.
    """
    try:
        text = data.decode()
        value = json.loads(
            text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number, parse_constant=_constant
        )
    except UnicodeDecodeError as error:
        raise _not_json(f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _not_json(f"{error.msg.lower()} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _not_json(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        raise _not_json(str(error)) from None
    if not isinstance(value, dict):
        raise Refusal("BAD_USER_INPUT", "The body must be a JSON object.", (Fault("#", "must be a JSON object"),))
    body = cast("dict[str, Any]", value)
    if _is_deep(body):
        raise _not_json(f"it is nested deeper than {MAX_DEPTH} levels")
    return body, [Fault(pointer(path), detail) for path, detail in _faults(body)]


def unstorable(text: str) -> str | None:
    """What is wrong with a text that no database takes, as the end of a sentence; None for every other."""
    found = _UNSTORABLE.search(text)
    return found and f"must not contain the character U+{ord(found[0]):04X}"


def _not_json(why: str) -> Refusal:
    detail = f"The body is not JSON that can be read: {why}."
    return Refusal("BAD_USER_INPUT", detail, (Fault("#", "must be a JSON object in UTF-8"),))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                value[name] = Unreadable("is there more than once")
            seen.add(name)
    return value


def _integer(text: str) -> int | Unreadable:
    if len(text.lstrip("-")) <= _INT64_DIGITS and -(2**63) <= (value := int(text)) < 2**63:
        return value
    return Unreadable("must be a number of at most 64 bits")


def _number(text: str) -> float | Unreadable:
    value = float(text)
    return value if math.isfinite(value) else Unreadable("must be a number of at most 64 bits")


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON value")


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []


def _faults(body: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
    # A stack of containers, not recursion: a body of a megabyte may hold half a million numbers.
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), body)]
    while stack:
        path, container = stack.pop()
        named = isinstance(container, dict)
        pairs = cast("dict[str, Any]", container).items() if named else enumerate(cast("list[Any]", container))
        for step, item in pairs:
            if named and (reason := unstorable(cast("str", step))):
                yield (*path, step), f"has a name that {reason}"
            if isinstance(item, str):
                if reason := unstorable(item):
                    yield (*path, step), reason
            elif isinstance(item, Unreadable):
                yield (*path, step), item.detail
            elif isinstance(item, dict | list):
                stack.append(((*path, step), cast("Any", item)))
