"""GraphQL over HTTP: what is taken, what is answered, and what hostile bodies get."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.conftest import Api, credentials

GRAPHQL_JSON = "application/graphql-response+json"
LIVE = "{ service { liveness } }"
ALIVE = {"data": {"service": {"liveness": "alive"}}}


async def post(api: Api, body: bytes | str, **headers: str) -> httpx2.Response:
    given = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await api.http.post("/graphql", content=body, headers=given)


async def test_post_and_get_answer_a_query(api: Api) -> None:
    posted = await post(api, json.dumps({"query": LIVE}))
    assert (posted.status_code, posted.json()) == (200, ALIVE)
    assert posted.headers["content-type"] == "application/json; charset=utf-8"
    got = await api.http.get("/graphql", params={"query": LIVE, "variables": "", "operationName": ""})
    assert (got.status_code, got.json()) == (200, ALIVE)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (f"{GRAPHQL_JSON}, application/json;q=0.9", GRAPHQL_JSON),
        (f"application/json;q=0.2, {GRAPHQL_JSON};q=0.1", "application/json"),
        ("application/*", "application/json"),
    ],
)
async def test_the_client_chooses_the_media_type(api: Api, accept: str, media_type: str) -> None:
    response = await post(api, json.dumps({"query": LIVE}), accept=accept)

    assert response.headers["content-type"] == f"{media_type}; charset=utf-8"


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "image/png, audio/*"])
async def test_a_client_that_takes_no_json_is_told(api: Api, accept: str) -> None:
    assert (await post(api, json.dumps({"query": LIVE}), accept=accept)).status_code == 406


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ guild(id: "x") { id } }', "GRAPHQL_VALIDATION_FAILED"),
        ("query ($id: Snowflake!) { guild(id: $id) { id } }", "BAD_USER_INPUT"),
        ("query A { service { liveness } } query B { service { liveness } }", "BAD_USER_INPUT"),
        ("fragment F on Service { liveness } query { service { ...F ...F } } query { service { liveness } }",
         "GRAPHQL_VALIDATION_FAILED"),
        ('{ identity: credential(value: "a\\u0000b") { value } }', "GRAPHQL_VALIDATION_FAILED"),
    ],
)  # fmt: skip
async def test_a_request_that_graphql_refuses_has_a_code_and_no_data(api: Api, query: str, code: str) -> None:
    legacy = await post(api, json.dumps({"query": query}))
    assert legacy.status_code == 200
    assert legacy.json()["errors"][0]["extensions"]["code"] == code
    assert "data" not in legacy.json()
    modern = await post(api, json.dumps({"query": query}), accept=GRAPHQL_JSON)
    assert modern.status_code == 400
    assert modern.json() == legacy.json()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'"x"',
        b"null",
        b"42",
        b"[1]",
        b"[]",
        b"{}",
        b'{"query": 1}',
        b'{"query": ""}',
        b'{"query": null}',
        b'{"query": "{ service { liveness } }", "variables": []}',
        b'{"query": "{ service { liveness } }", "operationName": 5}',
        b'{"query": "{ service { liveness } }", "extensions": "x"}',
        b'{"query": "{ service',
        b'{"query": "\xff"}',
        b"[" * 90_000,
        b'{"query": ' + b'{"a":' * 15_000,
    ],
)
async def test_a_body_that_is_no_request_is_a_bad_one(api: Api, body: bytes) -> None:
    response = await post(api, body)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("depth", [100, 990, 1000, 1015, 1100, 20_000])
@pytest.mark.parametrize("brackets", [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
async def test_variables_nested_however_deep_are_no_defect(api: Api, depth: int, brackets: tuple[bytes, bytes]) -> None:
    opening, closing = brackets
    nested = opening * depth + b'"' + b"\\u0000" + b'"' + closing * depth
    assert len(nested) <= 100_000 or depth == 20_000

    response = await post(api, b'{"query": "{ service { liveness } }", "variables": {"x": ' + nested + b"}}")

    assert response.status_code in {200, 400, 413}
    if response.status_code != 413:
        [error] = response.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_as_many_bad_values_are_named_as_errors_are_shown(api: Api) -> None:
    variables = {"x": {"y": ["\x00"] * 5_000}, "z\x00": 1}

    response = await post(api, json.dumps({"query": LIVE, "variables": variables}))

    fields = response.json()["errors"][0]["extensions"]["fields"]
    assert len(fields) == 25
    assert set(fields.values()) == {"must not contain the character U+0000"}


async def test_an_operation_of_several_is_chosen_by_name(api: Api) -> None:
    query = "query A { service { liveness } } query B { service { message } }"

    chosen = await post(api, json.dumps({"query": query, "operationName": "A"}))
    assert chosen.json() == ALIVE
    unknown = await post(api, json.dumps({"query": query, "operationName": "C"}))
    assert "'C'" in unknown.json()["errors"][0]["message"]


async def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    response = await post(api, json.dumps({"query": LIVE, "variables": {"x": "y" * 100_000}}))

    assert response.status_code == 413


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_another_content_type_is_refused(api: Api, content_type: str) -> None:
    assert (await post(api, json.dumps({"query": LIVE}), content_type=content_type)).status_code == 415


async def test_a_get_may_not_change_anything(api: Api) -> None:
    before = await api.everything()
    query = 'mutation { apiKeyCreate(guildId: "1300000000000000001") { apiKey { key } } }'

    response = await api.http.get("/graphql", params={"query": query}, headers=credentials("sandbox-owner"))

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert await api.everything() == before


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(api: Api, method: str) -> None:
    response = await api.http.request(method, "/graphql")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, POST, OPTIONS"


async def test_one_failing_field_leaves_the_others(api: Api) -> None:
    query = """{ guild(id: "1300000000000000001") { settings { language } members(first: 0) { nodes { id } } } }"""

    body = await api.graphql(query)

    assert body["data"]["guild"] == {"settings": {"language": "en"}, "members": None}
    assert body["errors"][0]["path"] == ["guild", "members"]


async def test_one_failing_mutation_leaves_the_others(api: Api) -> None:
    query = """mutation {
      first: guildSettingsUpdate(guildId: "1300000000000000001", input: {autoDelete: 1}) { settings { autoDelete } }
      second: guildSettingsUpdate(guildId: "1300000000000000001", input: {language: "xx"}) { settings { language } }
      third: guildSettingsUpdate(guildId: "1300000000000000001", input: {unitSystem: "imperial"}) {
        settings { autoDelete unitSystem } }
    }"""

    body = await api.graphql(query)

    assert body["data"]["first"]["settings"]["autoDelete"] == 1
    assert body["data"]["second"] is None
    assert body["data"]["third"]["settings"] == {"autoDelete": 1, "unitSystem": "imperial"}
    assert body["errors"][0]["extensions"]["fields"] == {
        "input.language": "must be one of the supported languages, like en"
    }


async def test_introspection_shows_the_schema(api: Api) -> None:
    data = await api.data("{ __schema { queryType { name } mutationType { name } } }", token=None)

    assert data == {"__schema": {"queryType": {"name": "Query"}, "mutationType": {"name": "Mutation"}}}


async def test_every_answer_has_its_request_id(api: Api) -> None:
    given = await api.http.get("/livez", headers={"x-request-id": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    refused = await api.http.get("/livez", headers={"x-request-id": "no spaces allowed"})
    assert refused.headers["x-request-id"] != "no spaces allowed"
    assert len(refused.headers["x-request-id"]) == 24
