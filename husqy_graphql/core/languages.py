"""The languages the bot speaks, and its texts in them.

A language is one file `translations/<abbreviation>.json`: an object of texts by dotted key, its own name under
`language.name`. Adding a file adds the language. English is complete; every other language may lag behind it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

DEFAULT_LANGUAGE = "en"
_NAME_KEY = "language.name"


@dataclass(frozen=True, slots=True)
class Language:
    abbreviation: str
    full_name: str  # in the language itself


def supported_languages() -> tuple[Language, ...]:
    """Every language that has a translation file, by abbreviation."""
    return tuple(
        Language(abbreviation=abbreviation, full_name=texts[_NAME_KEY]) for abbreviation, texts in _catalogues().items()
    )


def is_supported_language(abbreviation: str) -> bool:
    """Whether a guild may choose this abbreviation; case matters."""
    return abbreviation in _catalogues()


def translate(language: str, key: str) -> str:
    """The text of this key in the language, or in English where the language or its text is not there.

    Raises KeyError for a key that English lacks: that is a mistake in the program, not in a guild's settings.
    """
    catalogues = _catalogues()
    return catalogues.get(language, catalogues[DEFAULT_LANGUAGE])[key]


def read_catalogues(folder: Traversable) -> Mapping[str, Mapping[str, str]]:
    """The texts by language and key out of a folder of translation files, each completed with the English ones.

    Raises KeyError when there is no English file or when a file does not name its language.
    """
    own: dict[str, dict[str, str]] = {
        entry.name.removesuffix(".json"): json.loads(entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    }
    english = own[DEFAULT_LANGUAGE]
    # The name is taken from the file alone, or an unnamed language would pass for English.
    return {
        abbreviation: {**english, **texts, _NAME_KEY: texts[_NAME_KEY]} for abbreviation, texts in sorted(own.items())
    }


@cache
def _catalogues() -> Mapping[str, Mapping[str, str]]:
    return read_catalogues(files("husqy_graphql.core") / "translations")
