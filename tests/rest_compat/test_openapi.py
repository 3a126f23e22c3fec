"""The OpenAPI document says what the program does."""

from __future__ import annotations

from typing import Any

import pytest

from rest_compat.openapi import openapi, summary
from tests.rest_compat.toy import compiled

MODULE = "/v1/modules/invite_tracker"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi(compiled(), title="Toy", version="1", description="A toy.")


def data(document: dict[str, Any], path: str, method: str = "get") -> dict[str, Any]:
    answer = document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer["required"] == ["data"]
    return answer["properties"]["data"]


def test_an_operation_is_described_by_its_document(document: dict[str, Any]) -> None:
    operation = document["paths"]["/v1/settings"]["get"]

    assert operation["summary"] == "Read a guild"
    assert operation["description"] == "Read a guild. With its roles."
    assert operation["operationId"] == "general_getGuild"
    assert operation["tags"] == ["general"]
    assert operation["security"] == [{"bearer": []}]
    assert document["tags"] == [{"name": "general"}, {"name": "invite_tracker"}]


def test_every_path_is_published_once(document: dict[str, Any]) -> None:
    identifiers = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]

    assert len(identifiers) == len(set(identifiers)) == len(compiled())
    assert not any("invite-tracker" in path for path in document["paths"])


def test_a_parameter_has_its_place_type_and_description(document: dict[str, Any]) -> None:
    parameters = {one["name"]: one for one in document["paths"]["/v1/echo"]["get"]["parameters"]}

    assert parameters["text"] == {
        "name": "text",
        "in": "query",
        "required": False,
        "schema": {"type": ["string", "null"]},
        "description": "Any text.",
    }
    assert parameters["type"]["schema"]["enum"] == [1, 2, None]
    assert parameters["type"]["schema"]["type"] == ["integer", "null"]
    assert parameters["kinds"]["schema"] == {
        "type": ["array", "null"],
        "items": {"type": "string", "enum": ["text", "voice"], "description": "- `text` TEXT\n- `voice` VOICE"},
    }
    assert parameters["seconds"]["schema"] == {"type": ["integer", "null"], "minimum": 0, "maximum": 900}
    assert parameters["limit"]["schema"]["default"] == 5
    path = document["paths"][MODULE + "/entries/{entry_id}"]["get"]["parameters"]
    assert [(one["name"], one["in"], one["required"]) for one in path] == [
        ("guild_id", "query", True),
        ("entry_id", "path", True),
    ]


def test_a_body_names_what_it_requires(document: dict[str, Any]) -> None:
    operation = document["paths"][MODULE + "/entries"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]

    assert operation["requestBody"]["required"]
    assert body["required"] == ["guild_id", "question", "poll_type", "answers"]
    assert body["properties"]["guild_id"] == {"type": ["integer", "string"]}
    assert body["properties"]["question"] == {"type": "string", "description": "The question, up to 300 characters."}
    assert body["properties"]["answers"]["items"] == {"$ref": "#/components/schemas/AnswerInput"}
    assert "additionalProperties" not in body
    answer = document["components"]["schemas"]["AnswerInput"]
    assert answer["required"] == ["answer_text"]
    assert answer["properties"]["answer_text"]["description"] == "What can be chosen."
    assert answer["properties"]["inner"] == {
        "type": ["array", "null"],
        "items": {"$ref": "#/components/schemas/AnswerInput"},
    }


def test_a_response_has_the_shape_of_the_selection(document: dict[str, Any]) -> None:
    entries = data(document, MODULE + "/entries")

    row = entries["properties"]["entries"]["items"]
    assert entries["required"] == ["entries"]
    assert row["required"] == ["entry", "answers"]
    assert row["properties"]["entry"] == {"$ref": "#/components/schemas/Module_Polls_Entries"}
    answer = row["properties"]["answers"]["items"]["properties"]
    assert answer["emoji_id"] == {"type": ["string", "null"], "pattern": "^[0-9]+$"}
    assert answer["kind"]["enum"] == [1, 2, None]
    assert answer["votes"]["type"] == ["string", "null"]
    entry = document["components"]["schemas"]["Module_Polls_Entries"]
    assert entry["required"] == ["id", "poll_type", "question", "duration"]
    assert entry["properties"]["question"] == {"type": "string", "description": "What is asked."}
    assert entry["properties"]["poll_type"]["type"] == "integer"
    assert entry["properties"]["duration"]["type"] == ["string", "null"]


def test_an_object_is_never_null(document: dict[str, Any]) -> None:
    poll = data(document, MODULE + "/entries/{entry_id}")["properties"]["polls"]["properties"]["poll"]

    assert poll["properties"]["owner"]["type"] == "object"
    assert poll["properties"]["voters"]["type"] == "array"


def test_members_of_one_type_alone_are_not_required(document: dict[str, Any]) -> None:
    item = data(document, "/v1/items")["properties"]["items"]["items"]

    assert (list(item["properties"]), item["required"]) == (["id", "pages", "minutes"], ["id"])


def test_a_message_is_a_constant(document: dict[str, Any]) -> None:
    message = data(document, MODULE + "/entries/{entry_id}", "delete")

    assert message["properties"] == {"message": {"type": "string", "const": "Poll announced."}}


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/v1", "200 503"),
        ("get", "/v1/settings", "200 400 401 403 404 429 500 503"),
        ("post", MODULE + "/entries", "200 400 401 403 404 409 413 415 429 500 503"),
        ("post", MODULE + "/entries/check", "200 400 401 403 404 429 500 503"),
    ],
)
def test_the_statuses_are_those_that_can_happen(
    document: dict[str, Any], method: str, path: str, statuses: str
) -> None:
    responses = document["paths"][path][method]["responses"]

    assert " ".join(sorted(responses)) == statuses
    for status in responses.keys() - {"200"}:
        assert document["components"]["responses"][status]["content"].keys() == {"application/problem+json"}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_two_shapes_of_one_name_do_not_share_a_schema() -> None:
    text = '"Read." query read($id: Snowflake!) @rest(method: GET, path: "/") { guild(id: $id) { ...Guild } } '
    endpoints = compiled(
        polls=text + "fragment Guild on Guild { id }",
        tags=text + "fragment Guild on Guild { name }",
        rules=text + "fragment Guild on Guild { id }",
    )

    document = openapi(endpoints, title="", version="", description="")

    assert {"Guild", "tags_Guild"} <= document["components"]["schemas"].keys()
    assert "rules_Guild" not in document["components"]["schemas"]


def test_a_request_and_a_response_of_one_name_do_not_share_a_schema() -> None:
    endpoints = compiled(
        polls='"Read." query read($id: Snowflake!) @rest(method: GET, path: "/") { guild(id: $id) { ...AnswerInput } } '
        "fragment AnswerInput on Guild { id } "
        '"Make." mutation make($id: Snowflake!, $answers: [AnswerInput!]!) @rest(method: POST, path: "/") '
        '{ pollCreate(guildId: $id, input: { question: "a", answers: $answers }) { poll { question } } }'
    )

    schemas = openapi(endpoints, title="", version="", description="")["components"]["schemas"]

    assert schemas["AnswerInput"]["required"] == ["id"]
    assert schemas["AnswerInput_Request"]["required"] == ["answer_text"]


def test_a_summary_is_the_first_sentence() -> None:
    assert summary("Close a poll\n  now. Publish it.") == "Close a poll now"
    assert summary("Why?") == "Why?"


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if "$ref" in value else []
    return own + [found for item in value.values() for found in references(item)]
