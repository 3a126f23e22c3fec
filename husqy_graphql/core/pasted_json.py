"""JSON that administrators paste into a text: read without trust, and refused with a path to every fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

MAX_TEXT = 16_384  # characters before parsing
MAX_DEPTH = 20
# Written as escapes they pass through JSON, and nothing can send them.
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PastedFault:
    """What is wrong at a place: a path like `embeds[0].fields[2].name`, or empty for the whole."""

    path: str
    detail: str

    @property
    def dotted(self) -> str:
        """The path with dots alone: `embeds.0.fields.2.name`."""
        return self.path.replace("[", ".").replace("]", "")


class BadPastedJSON(ValueError):
    """Text that is not what it should be; `faults` says what is wrong where."""

    def __init__(self, faults: Sequence[PastedFault]) -> None:
        super().__init__(f"{faults[0].path}: {faults[0].detail}")
        self.faults = tuple(faults)

    def fields(self, argument: str) -> dict[str, str]:
        """The faults by dotted path below an argument, as BadUserInput takes them."""
        return {f"{argument}.{fault.dotted}".rstrip("."): fault.detail for fault in self.faults}


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object of a text. Raises BadPastedJSON for anything else, for one that is too long, and too deep."""
    if len(text) > MAX_TEXT:
        raise BadPastedJSON([PastedFault("", f"has {len(text)} characters; at most {MAX_TEXT} are allowed")])
    cleaned, depth = _scan(text)
    if depth > MAX_DEPTH:
        raise BadPastedJSON([PastedFault("", f"is nested more than {MAX_DEPTH} deep")])
    try:
        given: Any = json.loads(cleaned, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise BadPastedJSON([PastedFault("", "is not JSON")]) from None
    if not isinstance(given, dict):
        raise BadPastedJSON([PastedFault("", "must be a JSON object")])
    return cast("dict[str, Any]", given)


def strings(text: str) -> list[str]:
    """Every string that is a value in the JSON; the text itself when it is none (any more)."""
    found: list[str] = []

    def note(value: str) -> str:
        found.append(value)
        return value

    replace_strings(text, note)
    return found


def replace_strings(text: str, replace: Callable[[str], str]) -> str:
    """The JSON with `replace` done in every string that is a value, never in a name; written anew only if that changes
    something. A text that is no JSON object (any more) is replaced as a whole."""
    try:
        given = parse_object(text)
    except BadPastedJSON:
        return replace(text)
    changed = _replaced(given, replace)
    if changed == given:
        return text
    return json.dumps(changed, ensure_ascii=False, separators=(",", ":"))  # no longer than it was written


def check_text(given: Any, longest: int, path: str, faults: list[PastedFault]) -> str | None:
    """The text, or None with a fault: no string, too long, or one that nothing can send."""
    if not isinstance(given, str):
        faults.append(PastedFault(path, "must be a string"))
    elif _UNSENDABLE.search(given):
        faults.append(PastedFault(path, "must not contain a NUL or half of a surrogate pair"))
    elif len(given) > longest:
        faults.append(PastedFault(path, f"has {len(given)} characters; at most {longest} are allowed"))
    else:
        return given
    return None


def _replaced(value: Any, replace: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, list):
        return [_replaced(each, replace) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _replaced(each, replace) for name, each in cast("dict[str, Any]", value).items()}
    return value


def _scan(text: str) -> tuple[str, int]:
    """The text without trailing commas (the manual's own sample has one), and how deep its brackets stand.

    One walk, so that hostile text costs no more than other text; what stands inside strings does not count.
    """
    kept: list[str] = []
    comma: int | None = None  # where the last comma stands that nothing but blanks has followed
    deepest = depth = 0
    inside = escaped = False
    for character in text:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character in "]}":
            depth -= 1
            if comma is not None:
                kept[comma] = ""
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            inside = character == '"'
        if not character.isspace():
            comma = len(kept) if character == "," and not inside else None
        kept.append(character)
    return "".join(kept), deepest


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")
