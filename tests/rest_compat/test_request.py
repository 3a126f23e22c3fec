"""From text and JSON to variables."""

from __future__ import annotations

from typing import Any

import pytest

from rest_compat.body import MAX_BODY
from tests.rest_compat.toy import World

ENTRIES = "/v1/modules/invite_tracker/entries"
ANSWER = {"answer_text": "yes"}
POLL: dict[str, Any] = {"guild_id": 1, "question": "Why?", "poll_type": 1, "answers": [ANSWER]}
HUGE = 2**60 + 1

INT = "must be a whole number from -2147483648 to 2147483647"
TYPE = "must be one of 1 (BUTTONS), 2 (NATIVE)"

TAKEN_TEXT: list[tuple[str, Any]] = [
    ("text=", {"text": ""}),
    ("text=%C3%A9%20+", {"text": "é  "}),
    ("text=1", {"text": "1"}),
    ("int=-7", {"int": -7}),
    ("int=2147483647", {"int": 2147483647}),
    ("float=1", {"float": 1.0}),
    ("float=-1.5e3", {"float": -1500.0}),
    ("boolean=true", {"boolean": True}),
    ("boolean=False", {"boolean": False}),
    ("boolean=1", {"boolean": True}),
    ("boolean=0", {"boolean": False}),
    ("id=7", {"id": "7"}),
    ("id=a-b", {"id": "a-b"}),
    ("type=2", {"type": "NATIVE"}),
    ("kinds=text", {"kinds": ["TEXT"]}),
    ("kinds=text&kinds=voice", {"kinds": ["TEXT", "VOICE"]}),
    ("seconds=60", {"seconds": 60}),
    (f"snowflake={HUGE}", {"snowflake": str(HUGE)}),
    ("limit=3", {"limit": 3}),
    ("nobody=knows&nobody=this", {}),
    ("", {}),
]

REFUSED_TEXT: list[tuple[str, str, str]] = [
    ("int=", "int", INT),
    ("int=1.5", "int", INT),
    ("int=2147483648", "int", INT),
    ("int=" + "9" * 5000, "int", INT),
    ("int=%D9%A1", "int", INT),
    ("int=1_0", "int", INT),
    ("int=true", "int", INT),
    ("float=nan", "float", "must be a number"),
    ("float=1e999", "float", "must be a number"),
    ("float=1,5", "float", "must be a number"),
    ("boolean=yes", "boolean", "must be true or false"),
    ("id=", "id", "must be an id: a string or an integer"),
    ("type=NATIVE", "type", TYPE),
    ("type=3", "type", TYPE),
    ("type=", "type", TYPE),
    ("kinds=text,voice", "kinds/0", "must be one of `text`, `voice`"),
    ("kinds=text&kinds=TEXT", "kinds/1", "must be one of `text`, `voice`"),
    ("seconds=901", "seconds", "must be from 0 to 900"),
    ("seconds=x", "seconds", "must be from 0 to 900"),
    ("snowflake=0", "snowflake", "must be a Discord id"),
    ("snowflake=1.0", "snowflake", "must be a Discord id"),
    ("int=1&int=1", "int", "is there 2 times, and may be there once"),
    ("text=%00", "text", "must not contain the character U+0000"),
    ("kinds=text&kinds=%00", "kinds/1", "must not contain the character U+0000"),
]

TAKEN_JSON: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"guild_id": str(HUGE)}, {"guild_id": str(HUGE)}),
    ({"guild_id": HUGE}, {"guild_id": HUGE}),
    ({"poll_type": "2"}, {"poll_type": "NATIVE"}),
    ({"poll_type": 2}, {"poll_type": "NATIVE"}),
    ({"gmt": None}, {"gmt": None}),
    ({"gmt": "UTC"}, {"gmt": "UTC"}),
    ({"answers": []}, {"answers": []}),
    ({"answers": [{**ANSWER, "vote_count": 2.0}]}, {"answers": [{"answerText": "yes", "voteCount": 2}]}),
    ({"answers": [{**ANSWER, "vote_count": "2"}]}, {"answers": [{"answerText": "yes", "voteCount": 2}]}),
    ({"answers": [{**ANSWER, "emoji_id": None}]}, {"answers": [{"answerText": "yes", "emojiId": None}]}),
    ({"answers": [{**ANSWER, "answerText": "ignored"}]}, {"answers": [{"answerText": "yes"}]}),
    (
        {"answers": [{**ANSWER, "inner": [ANSWER]}]},
        {"answers": [{"answerText": "yes", "inner": [{"answerText": "yes"}]}]},
    ),
    ({"target": {"user_id": 5}}, {"target": {"userId": 5}}),
    ({"question": "\U0001f600 \u2028"}, {"question": "\U0001f600 \u2028"}),
    ({"nobody": {"knows": [1]}}, {}),
]

REFUSED_JSON: list[tuple[dict[str, Any], str, str]] = [
    ({"guild_id": None}, "guild_id", "must not be null"),
    ({"guild_id": True}, "guild_id", "must be a Discord id"),
    ({"guild_id": 1.5}, "guild_id", "must be a Discord id"),
    ({"guild_id": 2**63}, "guild_id", "must be a number of at most 64 bits"),
    ({"guild_id": []}, "guild_id", "must be a Discord id"),
    ({"question": 5}, "question", "must be a string"),
    ({"question": "a\x00"}, "question", "must not contain the character U+0000"),
    ({"question": "\ud800"}, "question", "must not contain the character U+D800"),
    ({"poll_type": True}, "poll_type", TYPE),
    ({"poll_type": 1.0}, "poll_type", TYPE),
    ({"poll_type": {}}, "poll_type", TYPE),
    ({"answers": None}, "answers", "must not be null"),
    ({"answers": ANSWER}, "answers", "must be a list"),
    ({"answers": [None]}, "answers/0", "must not be null"),
    ({"answers": ["yes"]}, "answers/0", "must be an object"),
    ({"answers": [ANSWER, {}]}, "answers/1/answer_text", "is required"),
    ({"answers": [{**ANSWER, "vote_count": 1.5}]}, "answers/0/vote_count", INT),
    ({"answers": [{**ANSWER, "vote_count": True}]}, "answers/0/vote_count", INT),
    ({"answers": [{**ANSWER, "inner": [{}]}]}, "answers/0/inner/0/answer_text", "is required"),
    ({"target": {}}, "target", "must have exactly one of `user_id`, `role_id`"),
    ({"target": {"user_id": 1, "role_id": 2}}, "target", "must have exactly one of `user_id`, `role_id`"),
    ({"target": {"user_id": "x"}}, "target/user_id", "must be a Discord id"),
    ({"target": {"user_id": None}}, "target", "must have exactly one of `user_id`, `role_id`"),
    ({"nobody/~ knows\x00": 1}, "nobody~1~0%20knows%00", "has a name that must not contain the character U+0000"),
]


@pytest.mark.parametrize(("text", "variables"), TAKEN_TEXT)
async def test_text_becomes_what_the_variables_type_asks_for(
    world: World, text: str, variables: dict[str, Any]
) -> None:
    response = await world.send("GET", f"/v1/echo?{text}")

    assert response.status_code == 200, response.text
    assert world.calls == [variables]


@pytest.mark.parametrize(("text", "where", "why"), REFUSED_TEXT)
async def test_text_of_the_wrong_kind_is_refused(world: World, text: str, where: str, why: str) -> None:
    response = await world.send("GET", f"/v1/echo?{text}")

    assert response.status_code == 400
    assert response.json()["errors"] == [{"pointer": f"#/{where}", "detail": why}]
    assert response.json()["detail"] == f"`{where}` {why}."
    assert world.calls == []


@pytest.mark.parametrize(("change", "variables"), TAKEN_JSON)
async def test_json_becomes_variables(world: World, change: dict[str, Any], variables: dict[str, Any]) -> None:
    response = await world.send("POST", ENTRIES, json={**POLL, **change})

    assert response.status_code == 200, response.text
    plain = {**POLL, "poll_type": "BUTTONS", "answers": [{"answerText": "yes"}]}
    assert world.calls == [{**plain, **variables}]


@pytest.mark.parametrize(("change", "where", "why"), REFUSED_JSON)
async def test_json_of_the_wrong_kind_is_refused(world: World, change: dict[str, Any], where: str, why: str) -> None:
    import json

    body = json.dumps({**POLL, **change})
    response = await world.send("POST", ENTRIES, content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert response.json()["errors"] == [{"pointer": f"#/{where}", "detail": why}]
    assert world.calls == []


async def test_all_faults_of_a_request_come_at_once(world: World) -> None:
    response = await world.send("POST", ENTRIES, json={"guild_id": "x", "answers": [{"emoji_id": -1}, 3]})

    assert [error["pointer"] for error in response.json()["errors"]] == [
        "#/guild_id",
        "#/question",
        "#/poll_type",
        "#/answers/0/answer_text",
        "#/answers/0/emoji_id",
        "#/answers/1",
    ]
    assert response.json()["detail"] == "6 values of the request cannot be accepted; `errors` says which."


async def test_no_more_than_fifty_faults_are_listed(world: World) -> None:
    response = await world.send("POST", ENTRIES, json={**POLL, "answers": [1] * 1000})

    assert len(response.json()["errors"]) == 50
    assert response.json()["detail"].startswith("1000 values")


async def test_a_variable_that_is_left_out_stays_out(world: World) -> None:
    await world.send("POST", ENTRIES, json=POLL)

    assert "gmt" not in world.calls[0]


async def test_path_and_body_fill_one_operation(world: World) -> None:
    response = await world.send("DELETE", f"{ENTRIES}/caf%C3%A9", json={"guild_id": 1, "entry_id": "not this"})

    assert response.status_code == 200
    assert world.calls == [{"guild_id": 1, "entry_id": "café"}]


async def test_a_fault_in_the_path_has_a_pointer(world: World) -> None:
    response = await world.send("GET", f"{ENTRIES}/a%00?guild_id=x")

    assert [error["pointer"] for error in response.json()["errors"]] == ["#/guild_id", "#/entry_id"]


async def test_a_post_may_take_its_values_from_the_query_string(world: World) -> None:
    response = await world.send("POST", f"{ENTRIES}/check?guild_id=1", content=b"anything")

    assert response.status_code == 200
    assert world.calls == [{"guild_id": 1}] or world.calls == [{"guild_id": "1"}]


async def test_an_expansion_reads_its_own_names(world: World) -> None:
    response = await world.send("GET", "/v1/stats/members/joined?guild_id=1&joined_member_id=5&text=mine&user_id=6")

    assert response.status_code == 200
    assert world.calls == [{"guild_id": "1", "user_id": "5", "text": "joined"}]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"[1]", "The body must be a JSON object."),
        (b'"text"', "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b"{", "expecting property name enclosed in double quotes at line 1, column 2"),
        (b'{"a": 1} x', "extra data at line 1, column 10"),
        (b"{'a': 1}", "expecting property name"),
        (b'{"guild_id": NaN}', "NaN is not a JSON value"),
        (b'{"guild_id": -Infinity}', "-Infinity is not a JSON value"),
        (b'{"guild_id": "\xff"}', "byte 14 is not UTF-8"),
        (b'\xef\xbb\xbf{"guild_id": 1}', "utf-8 bom"),
        ('{"a": 1}'.encode("utf-16"), "is not UTF-8"),
        (b'{"a": "\n"}', "invalid control character"),
        (b"[" * 100_000, "nested deeper than 64 levels"),
        (b'{"a":' * 100_000, "nested deeper than 64 levels"),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "nested deeper than 64 levels"),
    ],
)
async def test_a_body_that_is_no_object_is_refused(world: World, body: bytes, detail: str) -> None:
    response = await world.send("POST", ENTRIES, content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert detail in response.json()["detail"]
    assert [error["pointer"] for error in response.json()["errors"]] == ["#"]


@pytest.mark.parametrize(
    ("member", "where", "why"),
    [
        (b'"gmt": "a", "gmt": "a"', "gmt", "is there more than once"),
        (b'"target": {"user_id": 1, "user_id": 2}', "target/user_id", "is there more than once"),
        (b'"nobody": {"a": 1, "a": 2}', "nobody/a", "is there more than once"),
        (b'"gmt": 1e999', "gmt", "must be a number of at most 64 bits"),
        (b'"gmt": ' + b"9" * 10_000, "gmt", "must be a number of at most 64 bits"),
        (b'"nobody": [-9223372036854775809]', "nobody/0", "must be a number of at most 64 bits"),
    ],
)
async def test_values_that_json_leaves_open_are_refused(world: World, member: bytes, where: str, why: str) -> None:
    body = b'{"guild_id": 1, "question": "Why?", "poll_type": 1, "answers": [], ' + member + b"}"
    response = await world.send("POST", ENTRIES, content=body, headers={"content-type": "application/json"})

    assert response.status_code == 400
    assert {"pointer": f"#/{where}", "detail": why} in response.json()["errors"]


async def test_an_empty_body_lacks_every_required_value(world: World) -> None:
    response = await world.send("POST", ENTRIES)

    assert response.status_code == 400
    assert [error["detail"] for error in response.json()["errors"]] == ["is required"] * 4


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=UTF-8", 200),
        ("application/vnd.husqy+json", 200),
        ("application/json; charset=latin-1", 415),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
        ("text/json+json", 415),
        ("", 415),
        (";", 415),
    ],
)
async def test_a_body_says_that_it_is_json(world: World, content_type: str, status: int) -> None:
    response = await world.send(
        "DELETE", f"{ENTRIES}/1", content=b'{"guild_id": 1}', headers={"content-type": content_type}
    )

    assert response.status_code == status
    if status == 415:
        assert response.json()["detail"].startswith("Send the ")


async def test_a_body_without_a_content_type_is_read_as_json(world: World) -> None:
    response = await world.send("DELETE", f"{ENTRIES}/1", content=b'{"guild_id": 1}')

    assert response.status_code == 200


async def test_a_large_body_is_refused_while_it_comes_in(world: World) -> None:
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 50 * MAX_BODY:
            sent += 65_536
            yield b" " * 65_536

    response = await world.send("POST", ENTRIES, content=endless(), headers={"content-type": "application/json"})

    assert response.status_code == 413
    announced = await world.send("POST", ENTRIES, content=b" ", headers={"content-length": str(MAX_BODY + 1)})
    assert announced.status_code == 413
    assert announced.json()["detail"] == f"The body is larger than {MAX_BODY} bytes."


@pytest.mark.parametrize("query", ["text=%ff", "text=%ED%A0%80", "&".join(f"a{n}=1" for n in range(1001))])
async def test_a_query_string_that_cannot_be_read_is_refused(world: World, query: str) -> None:
    response = await world.send("GET", f"/v1/echo?{query}")

    assert response.status_code == 400
    assert response.json()["detail"].startswith("The query string ")
