"""Texts that no database and no UTF-8 encoder takes, found before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, cast

# NUL is refused by PostgreSQL, half a surrogate pair by UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def unstorable_reason(text: str) -> str | None:
    """What is wrong with a text, as the end of a sentence; None when it can be stored."""
    found = _UNSTORABLE.search(text)
    return found and f"must not contain the character U+{ord(found[0]):04X}"


def unstorable_values(value: object) -> Iterator[tuple[str, str]]:
    """(dotted path, what is wrong) for each unstorable text in a JSON value, names included."""
    # A stack, not recursion: a request of 2 KB may be nested a thousand deep. A place knows only the one around it,
    # because most paths are never told.
    stack: list[tuple[_Place | None, object]] = [(None, value)]
    while stack:
        place, found = stack.pop()
        if isinstance(found, str):
            reason = unstorable_reason(found)
            if reason:
                yield _path(place), reason
        elif isinstance(found, dict):
            for name, item in cast("dict[str, object]", found).items():
                reason = unstorable_reason(name)
                if reason:
                    yield _path(place), reason
                stack.append(((place, name), item))
        elif isinstance(found, list):
            stack += [((place, str(index)), item) for index, item in enumerate(cast("list[object]", found))]


_Place = tuple[Any, str]  # the place around it, and the step from there


def _path(place: _Place | None) -> str:
    steps: list[str] = []
    while place is not None:
        place, step = place
        steps.append(step)
    return ".".join(reversed(steps))
