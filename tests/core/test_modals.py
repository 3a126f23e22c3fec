"""The form JSON: its limits, what Discord is shown, and what is made of the answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from husqy_graphql.core.modals import Answer, parse_form, read_answers, render_form
from husqy_graphql.core.pasted_json import BadPastedJSON

ROW = {"title": "Which one?"}
FORM = {
    "title": "Report a problem, <user_display_name>",
    "rows": [
        {"title": "Which one?", "description": "for example: login", "paragraph": True},
        {"title": "Order number", "description": None, "required": False},
    ],
}


def form(**changes: Any) -> str:
    return json.dumps({**FORM, **changes})


def faults(text: str) -> list[str]:
    with pytest.raises(BadPastedJSON) as refused:
        parse_form(text)
    return [fault.path for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("changes", "paths"),
    [
        ({"title": ""}, ["title"]),
        ({"title": None}, ["title"]),
        ({"title": "x" * 46}, ["title"]),
        ({"title": 5}, ["title"]),
        ({"rows": []}, ["rows"]),
        ({"rows": {}}, ["rows"]),
        ({"rows": [ROW] * 6}, ["rows"]),
        ({"rows": ["x"]}, ["rows[0]"]),
        ({"rows": [ROW, {"title": "x" * 46}]}, ["rows[1].title"]),
        ({"rows": [{**ROW, "description": "x" * 101}]}, ["rows[0].description"]),
        ({"rows": [{**ROW, "description": []}]}, ["rows[0].description"]),
        ({"rows": [{**ROW, "paragraph": 1}]}, ["rows[0].paragraph"]),
        ({"rows": [{**ROW, "required": None}]}, ["rows[0].required"]),
        ({"title": "", "rows": [{}]}, ["title", "rows[0].title"]),
    ],
)
def test_a_fault_is_told_by_its_path(changes: dict[str, Any], paths: list[str]) -> None:
    assert faults(form(**changes)) == paths


@pytest.mark.parametrize("text", ["", "[]", "5", '{"title": "x"', "{" * 16_000, "x" * 20_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    assert faults(text) == [""]


def test_discord_is_shown_one_text_input_a_row() -> None:
    modal = render_form(
        parse_form(form(more="ignored")), "ticket:1", lambda text: text.replace("<user_display_name>", "M" * 60)
    )

    assert modal["custom_id"] == "ticket:1"
    assert modal["title"] == f"Report a problem, {'M' * 27}"
    assert [row["components"][0] for row in modal["components"]] == [
        {
            "type": 4,
            "custom_id": "0",
            "style": 2,
            "label": "Which one?",
            "required": True,
            "placeholder": "for example: login",
        },
        {"type": 4, "custom_id": "1", "style": 1, "label": "Order number", "required": False},
    ]


def test_answers_come_in_the_order_of_the_form() -> None:
    values = [{"custom_id": "1", "value": ""}, {"custom_id": "0", "value": "the login"}]
    assert read_answers(parse_form(form()), values) == [Answer("Which one?", "the login"), Answer("Order number", "")]


@pytest.mark.parametrize(
    "values",
    [
        [],
        [{"custom_id": "0", "value": "  "}],
        [{"custom_id": "2", "value": "x"}],
        [{"custom_id": "00", "value": "x"}],
        [{"custom_id": 0, "value": "x"}],
        [{"custom_id": "0", "value": 5}],
        [{"custom_id": "0", "value": "x" * 4001}],
        [{"custom_id": "0", "value": "x"}, {"custom_id": "0", "value": "y"}],
    ],
)
def test_answers_that_do_not_fit_are_refused(values: list[dict[str, Any]]) -> None:
    with pytest.raises(BadPastedJSON):
        read_answers(parse_form(form()), values)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=60),
        lambda inner: (
            st.lists(inner, max_size=6)
            | st.dictionaries(
                st.sampled_from(["title", "rows", "description", "paragraph", "required"]), inner, max_size=5
            )
        ),
        max_leaves=30,
    )
)
def test_any_json_is_taken_or_refused(value: Any) -> None:
    try:
        found = parse_form(json.dumps(value))
    except BadPastedJSON:
        return
    json.dumps(render_form(found, "x", str), ensure_ascii=False).encode()
