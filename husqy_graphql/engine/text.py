"""Texts that no database and no UTF-8 encoder takes, found before anything runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

# NUL is refused by PostgreSQL, half a surrogate pair by UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def unstorable_reason(text: str) -> str | None:
    """What is wrong with a text, as the end of a sentence; None when it can be stored."""
    found = _UNSTORABLE.search(text)
    return found and f"must not contain the character U+{ord(found[0]):04X}"


def unstorable_values(value: object, path: str) -> Iterator[tuple[str, str]]:
    """(dotted path, what is wrong) for each unstorable text in a JSON value, keys included."""
    match value:
        case str():
            reason = unstorable_reason(value)
            if reason:
                yield path, reason
        case dict():
            for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
                yield from unstorable_values(key, path)  # pyright: ignore[reportUnknownArgumentType]
                yield from unstorable_values(item, f"{path}.{key}")  # pyright: ignore[reportUnknownArgumentType]
        case list():
            for index, item in enumerate(value):  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
                yield from unstorable_values(item, f"{path}.{index}")  # pyright: ignore[reportUnknownArgumentType]
        case _:
            pass
