"""The embed JSON: every limit, hostile text, and what is made of it when it is sent."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from husqy_graphql.core.embeds import MAX_TOTAL, parse_embeds, render_embeds
from husqy_graphql.core.pasted_json import BadPastedJSON


def embeds(*given: Any) -> str:
    return json.dumps({"embeds": list(given)})


def faults(text: str) -> dict[str, str]:
    with pytest.raises(BadPastedJSON) as refused:
        parse_embeds(text)
    return {fault.path: fault.detail for fault in refused.value.faults}


@pytest.mark.parametrize(
    ("embed", "path"),
    [
        ({"title": "x" * 257}, "embeds[0].title"),
        ({"title": 5}, "embeds[0].title"),
        ({"title": "\x00"}, "embeds[0].title"),
        ({"description": "x" * 4097}, "embeds[0].description"),
        ({"title": "x", "color": -1}, "embeds[0].color"),
        ({"title": "x", "color": 0x1000000}, "embeds[0].color"),
        ({"title": "x", "color": True}, "embeds[0].color"),
        ({"title": "x", "color": "#fff"}, "embeds[0].color"),
        ({"title": "x", "url": "ftp://a.example"}, "embeds[0].url"),
        ({"title": "x", "url": "javascript:alert(1)"}, "embeds[0].url"),
        ({"title": "x", "url": "https://" + "a" * 2048}, "embeds[0].url"),
        ({"title": "x", "timestamp": "yesterday"}, "embeds[0].timestamp"),
        ({"title": "x", "footer": "text"}, "embeds[0].footer"),
        ({"footer": {"text": "x" * 2049}}, "embeds[0].footer.text"),
        ({"author": {"name": "x" * 257}}, "embeds[0].author.name"),
        ({"author": {"name": "x", "url": "no"}}, "embeds[0].author.url"),
        ({"image": {"url": "file:///etc/passwd"}}, "embeds[0].image.url"),
        ({"fields": "x"}, "embeds[0].fields"),
        ({"fields": [{"name": "x", "value": "y"}] * 26}, "embeds[0].fields"),
        ({"fields": [{"name": "x", "value": ""}]}, "embeds[0].fields[0].value"),
        ({"fields": [{"name": "x" * 257, "value": "y"}]}, "embeds[0].fields[0].name"),
        ({"fields": [{"name": "x", "value": "y" * 1025}]}, "embeds[0].fields[0].value"),
        ({"fields": [{"name": "x", "value": "y", "inline": 1}]}, "embeds[0].fields[0].inline"),
        ({}, "embeds[0]"),
        ({"color": 1, "title": ""}, "embeds[0]"),
        ({"footer": {"icon_url": "https://a.example"}}, "embeds[0]"),
        ("x", "embeds[0]"),
    ],
)
def test_a_fault_is_told_by_its_path(embed: Any, path: str) -> None:
    assert list(faults(embeds(embed))) == [path]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "{}",
        '{"embeds": {}}',
        '{"embeds": []}',
        '{"embeds": [NaN]}',
        '{"embeds": [{"title": "x"}]',
        "\ud800",
    ],
)
def test_what_is_no_list_of_embeds_is_refused(text: str) -> None:
    assert list(faults(text)) == [""] or faults(text)


def test_all_faults_are_told_at_once() -> None:
    assert faults(embeds({"title": 1}, {"color": "x"})).keys() == {"embeds[0].title", "embeds[1].color"}


def test_at_most_five_embeds_and_six_thousand_characters() -> None:
    assert len(parse_embeds(embeds(*[{"title": "x"}] * 5))) == 5
    assert list(faults(embeds(*[{"title": "x"}] * 6))) == ["embeds"]
    assert parse_embeds(embeds({"description": "x" * 3000}, {"description": "x" * 3000}))
    assert list(faults(embeds({"description": "x" * 3000}, {"description": "x" * 3001}))) == ["embeds"]


def test_a_trailing_comma_and_unknown_keys_are_no_fault() -> None:
    text = '{"content": "x", "embeds": [{"title": "a,]", "type": "rich", "fields": [],},], }'
    assert parse_embeds(text) == [{"title": "a,]"}]


def test_lone_surrogates_written_as_escapes_are_refused() -> None:
    assert list(faults('{"embeds": [{"title": "\\ud800"}]}')) == ["embeds[0].title"]


HOSTILE = {
    "brackets": "[" * 16_000,
    "objects": '{"a":' * 2_000,
    "quotes": '"' * 16_000,
    "embeds": '{"embeds": [' + "{}," * 5_000,
    "backslashes": "\\" * 16_000,
    "quotes and backslashes": '{"embeds":[' + '"\\' * 8_000,
    "a megabyte": "x" * 1_000_000,
    "commas": "," * 16_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_at_once(name: str) -> None:
    began = time.process_time()
    assert faults(HOSTILE[name])
    assert time.process_time() - began < 0.5


def test_variables_are_replaced_after_parsing_and_cut() -> None:
    text = embeds({"title": "<x>", "description": "<x>", "url": "https://a.example/<x>", "timestamp": "<x>"})
    [filled] = render_embeds(text, lambda value: value.replace("<x>", '"},{' + "y" * 5000))

    assert len(filled["title"]) == 256
    assert len(filled["description"]) == 4096
    assert "timestamp" not in filled
    assert "url" not in filled


def test_the_whole_message_stays_within_its_limit() -> None:
    text = embeds(*[{"title": "<x>", "description": "<x>"}] * 5)
    filled = render_embeds(text, lambda value: "y" * 9000)

    assert sum(len(each.get("title", "")) + len(each.get("description", "")) for each in filled) <= MAX_TOTAL


NAMES = ["embeds", "title", "fields", "name", "value", "footer", "text", "author", "image", "url", "color", "inline"]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=40,
)


@given(JSON)
def test_any_json_is_taken_or_refused(value: Any) -> None:
    for text in (json.dumps(value), json.dumps({"embeds": value}), json.dumps({"embeds": [value]})):
        try:
            parsed = parse_embeds(text)
        except BadPastedJSON:
            continue
        json.dumps(parsed, ensure_ascii=False).encode()
        render_embeds(text, str)
