from __future__ import annotations

import json
from pathlib import Path

import pytest

from husqy_graphql.core.languages import (
    Language,
    is_supported_language,
    read_catalogues,
    supported_languages,
    translate,
)


def test_english_is_a_language() -> None:
    assert Language(abbreviation="en", full_name="English") in supported_languages()
    assert is_supported_language("en")
    assert not is_supported_language("EN")
    assert not is_supported_language("../en")


def test_a_language_without_a_file_is_answered_in_english() -> None:
    assert translate("tlh", "variables.unknown") == "Unknown"


def test_a_key_that_english_lacks_is_an_error() -> None:
    with pytest.raises(KeyError):
        translate("en", "variables.no_such_text")


def test_a_language_that_lacks_a_text_has_the_english_one(tmp_path: Path) -> None:
    english = {"language.name": "English", "a": "one", "b": "two"}
    dutch = {"language.name": "Nederlands", "b": "twee"}
    (tmp_path / "nl.json").write_text(json.dumps(dutch), encoding="utf-8")
    (tmp_path / "en.json").write_text(
        json.dumps({"language.name": "English", "a": "one", "b": "two"}), encoding="utf-8"
    )
    (tmp_path / "notes.txt").write_text("not a language", encoding="utf-8")

    assert read_catalogues(tmp_path) == {
        "en": english,
        "nl": {"language.name": "Nederlands", "a": "one", "b": "twee"},
    }


def test_a_language_must_name_itself(tmp_path: Path) -> None:
    (tmp_path / "en.json").write_text(json.dumps({"language.name": "English"}), encoding="utf-8")
    (tmp_path / "nl.json").write_text(json.dumps({"a": "een"}), encoding="utf-8")

    with pytest.raises(KeyError):
        read_catalogues(tmp_path)
