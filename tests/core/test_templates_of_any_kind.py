"""The template engine on texts that nobody would write: generated ones, and ones meant to keep it busy."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from husqy_graphql.core.templates import (
    VARIABLE_NAMES,
    ChannelContext,
    ServerContext,
    TemplateContext,
    TicketContext,
    UserContext,
    render,
)

USER = UserContext(id=103, avatar_url="https://husqy.test/a.png", nickname="<server_name>", role_ids=(13, 12))
BARE = TemplateContext(language="en", zone=UTC, now=datetime(2026, 3, 1, 13, 5, tzinfo=UTC))
FULL = replace(
    BARE,
    user=USER,
    channel=ChannelContext(id=205, name="<channel_id>"),
    server=ServerContext(id=1, name="Husqy <demo"),
    ticket=TicketContext(id="t>", type_title=None, type_description=None),
)
VALUES = {
    "user_id": "103",
    "user_nickname": "<server_name>",
    "user_display_name": "Unknown",
    "user_roles": "<@&13>, <@&12>",
    "channel_name": "<channel_id>",
    "server_name": "Husqy <demo",
    "server_description": "Not in use!",
    "ticket_id": "t>",
    "ticket_type": "",
    "current_time": "13:05:00",
    # Groups that are not there.
    "inviter_id": "<inviter_id>",
    "value": "<value>",
}

placeholders = st.sampled_from([f"<{name}>" for name in VALUES])
# Rich in the characters that the engine looks at.
snippets = st.text(alphabet="<>_ausernmid#@&:{}\n1Ü ", max_size=60) | st.text(max_size=20)
templates = st.lists(placeholders | snippets, max_size=12).map("".join)


@given(snippets.filter(lambda text: not any(f"<{name}>" in text for name in VARIABLE_NAMES)))
def test_text_without_variables_is_unchanged(text: str) -> None:
    assert render(text, FULL) == text


@given(templates, templates)
def test_texts_that_do_not_touch_are_rendered_on_their_own(left: str, right: str) -> None:
    assert render(f"{left} {right}", FULL) == f"{render(left, FULL)} {render(right, FULL)}"


@given(st.lists(st.text(st.characters(exclude_characters="<>"), max_size=10) | placeholders))
def test_every_variable_is_replaced_where_it_stands_and_nothing_else(parts: list[str]) -> None:
    expected = [VALUES[part[1:-1]] if part.startswith("<") else part for part in parts]

    assert render("".join(parts), FULL) == "".join(expected)


@given(st.text(min_size=1) | templates.filter(bool))
def test_a_name_comes_out_as_it_is(nickname: str) -> None:
    assert render("<user_nickname>!", replace(FULL, user=replace(USER, nickname=nickname))) == f"{nickname}!"


@given(templates, st.integers(min_value=0, max_value=200))
def test_a_limit_is_a_cut_of_the_whole(text: str, limit: int) -> None:
    assert render(text, FULL, limit=limit) == render(text, FULL)[:limit]


@given(templates)
def test_without_any_group_nothing_changes(text: str) -> None:
    assert render(text, replace(BARE, other=False)) == text


def test_a_limit_stops_a_value_that_is_repeated_often() -> None:
    many_roles = replace(USER, role_ids=tuple(range(10**18, 10**18 + 250)))
    started = time.perf_counter()

    text = render("<user_roles>" * 100_000, replace(BARE, user=many_roles), limit=2000)

    assert len(text) == 2000
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "unit",
    [
        "<",
        "<<<",
        "<user_id",
        "<a",
        "a",
        "_",
        "{",
        "{}",
        "<user_",
        "<>",
        "><",
        "<user_name>",
        "<ticket_id>",
        "<\n",
        "<@1>",
    ],
)
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = (unit * 1_000_000)[:1_000_000]
    started = time.perf_counter()

    assert render(text, BARE) == text

    # Quadratic work on a million characters would take minutes.
    assert time.perf_counter() - started < 2


def test_one_endless_name_takes_linear_time() -> None:
    text = "<" + "a" * 1_000_000
    started = time.perf_counter()

    assert render(text, FULL) == text
    assert time.perf_counter() - started < 2
