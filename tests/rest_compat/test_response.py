"""From data, and from errors, to the contract's answers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rest_compat.transform import words
from tests.rest_compat.toy import Book, World, compiled, make_world

MODULE = "/v1/modules/invite_tracker"
ENTRY = {"id": 3, "poll_type": 2, "question": "Why?", "duration": "60"}
POLL: dict[str, Any] = {"guild_id": 1, "question": "Why?", "poll_type": 1, "answers": []}


async def test_aliases_name_the_members_and_dissolve_into_their_parent(world: World) -> None:
    response = await world.send("GET", f"{MODULE}/entries?guild_id=1")

    answers = [
        {"answer_text": "yes", "emoji_id": "1152921504606846977", "kind": 2, "votes": "7,8"},
        {"answer_text": "no", "emoji_id": None, "kind": None, "votes": None},
    ]
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {"data": {"entries": [{"entry": ENTRY, "answers": answers}] * 2}}
    assert list(response.json()["data"]["entries"][0]["entry"]) == ["id", "poll_type", "question", "duration"]


@pytest.mark.parametrize(("guild", "roles"), [(1, "1,1152921504606846977"), (2, None)])
async def test_lists_join_numbers_become_text_and_null_stays(world: World, guild: int, roles: str | None) -> None:
    response = await world.send("GET", f"/v1/settings?guild_id={guild}")

    assert response.json()["data"] == {
        "metadata": {"id": str(guild), "name": "Demo"},
        "settings": {"language": "en", "weight": "1.5", "kinds": "text,voice"},
        "role_ids": roles,
    }


async def test_a_message_takes_the_place_of_the_selection(world: World) -> None:
    response = await world.send("DELETE", f"{MODULE}/entries/x", json={"guild_id": 1})

    assert response.json() == {"data": {"message": "Poll announced."}}


async def test_members_of_one_type_alone_stay_with_it(world: World) -> None:
    response = await world.send("GET", "/v1/items?guild_id=1")

    assert response.json()["data"] == {"items": [{"id": "b", "pages": 9}, {"id": "f", "minutes": 90}]}


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/v1/settings?guild_id=404", "There is no such guild."),
        (f"{MODULE}/entries?guild_id=404", "There is no such guild."),
        (f"{MODULE}/entries/1?guild_id=3", "This polls module has no poll."),
        (f"{MODULE}/entries/1?guild_id=2", "This poll has no owner."),
        (f"{MODULE}/entries?guild_id=5", "The polls module is off."),
    ],
)
async def test_null_in_the_place_of_an_object_is_not_found(world: World, path: str, detail: str) -> None:
    response = await world.send("GET", path)

    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:husqy:problem:not-found",
        "title": "Not found",
        "status": 404,
        "detail": detail,
        "message": detail,
    }


async def test_null_in_the_place_of_a_list_of_objects_is_not_found() -> None:
    document = (
        '"Voters." query voters($guild_id: Snowflake!) @rest(method: GET, path: "/voters") '
        "{ _: guild(id: $guild_id) { _: polls { _: poll { voters { name } } } } }"
    )

    response = await make_world(general=document).send("GET", "/v1/voters?guild_id=2")

    assert response.status_code == 404
    assert response.json()["detail"] == "This poll has no voters."


async def test_a_module_that_is_null_is_a_conflict_where_one_is_declared() -> None:
    document = (
        '"List." query list($guild_id: Snowflake!) @rest(method: GET, path: "/list", conflict: true) '
        "{ _: guild(id: $guild_id) { polls { enabled } } }"
    )

    response = await make_world(general=document).send("GET", "/v1/list?guild_id=5")

    assert response.status_code == 409
    assert response.json()["type"] == "urn:husqy:problem:conflict"


async def test_a_change_that_finds_nothing_is_not_found(world: World) -> None:
    response = await world.send("POST", f"{MODULE}/entries", json={**POLL, "question": "nothing"})

    assert response.status_code == 404
    assert response.json()["detail"] == "What was to be changed does not exist."


@pytest.mark.parametrize(
    ("question", "declared", "undeclared", "detail"),
    [
        ("limit", 409, 409, "Too many polls."),
        ("off", 409, 404, "The polls module is off."),
        ("busy", 503, 503, "Discord does not answer."),
        ("strange", 500, 500, "Strange."),
        ("crash", 500, 500, "Something went wrong."),
    ],
)
async def test_an_error_has_the_status_of_its_code(
    world: World, question: str, declared: int, undeclared: int, detail: str
) -> None:
    with_conflict = await world.send("POST", f"{MODULE}/entries", json={**POLL, "question": question})
    without = await world.send("DELETE", f"{MODULE}/entries/{question}", json={"guild_id": 1})

    assert (with_conflict.status_code, without.status_code) == (declared, undeclared)
    for response in (with_conflict, without):
        assert response.json()["detail"] == response.json()["message"] == detail
        assert response.json()["status"] == response.status_code
        assert "errors" not in response.json()


async def test_an_error_says_when_to_come_back(world: World) -> None:
    response = await world.send("POST", f"{MODULE}/entries", json={**POLL, "question": "busy"})

    assert response.headers["retry-after"] == "2"


async def test_arguments_are_named_as_the_client_wrote_them(world: World) -> None:
    response = await world.send("POST", f"{MODULE}/entries", json={**POLL, "question": "bad"})

    assert response.status_code == 400
    assert response.json()["detail"] == "The poll cannot be made."
    assert response.json()["errors"] == [
        {"pointer": "#/gmt", "detail": "is not a zone"},
        {"pointer": "#/answers/1/answer_text", "detail": "is there twice"},
        {"pointer": "#/guild_id", "detail": "is not yours"},
        {"pointer": "#/elsewhere", "detail": "is odd"},
    ]


async def test_the_error_that_comes_first_in_the_selection_decides(world: World) -> None:
    response = await world.send("GET", "/v1/broken?guild_id=1&max=3")

    assert response.status_code == 400
    assert response.json()["errors"] == [{"pointer": "#/max", "detail": "is too late"}]


def test_a_hundred_rows_cost_less_than_a_millisecond() -> None:
    endpoint = next(endpoint for endpoint in compiled() if endpoint.name == "listPolls")
    entry = {"id": 1, "poll_type": "NATIVE", "question": "Why?", "duration": 60}
    answers = [{"answer_text": "yes", "emoji_id": "1", "kind": "NATIVE", "votes": ["1", "2"]}]
    row = {"entry": entry, "_": {"answers": answers}}
    data = {"_": {"_": {"_": {"entries": [row] * 100}}}}

    best = min(_seconds(endpoint.transform, data) for _ in range(20))

    assert best < 0.001
    assert row == {"entry": entry, "_": {"answers": answers}}
    assert entry["poll_type"] == "NATIVE"


def test_rows_that_do_not_change_are_passed_on() -> None:
    document = (
        '"Items." query all($id: Snowflake!) @rest(method: GET, path: "/") { guild(id: $id) { settings { weight } } }'
    )
    data = {"guild": {"settings": {"weight": 1}}}

    transformed = compiled(general=document)[0].transform(data)

    assert transformed["guild"] is data["guild"]


def test_names_become_words() -> None:
    assert words("guildSettings") == "guild settings"
    assert words(Book.__name__) == "book"


def _seconds(transform: Any, data: Any) -> float:
    start = time.perf_counter()
    transform(data)
    return time.perf_counter() - start
