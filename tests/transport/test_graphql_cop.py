"""What attackers' tools look for, in the program as it runs outside of the sandbox.

The first twelve are the checks of the auditing tool graphql-cop, made anew; then documents that are dear to refuse.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from time import process_time
from typing import Any

import httpx2
import pytest

from husqy_graphql.app import create_program
from husqy_graphql.config import Settings
from tests.conftest import client

SECRET = "0123456789abcdef0123456789abcdef"
CPU_SECONDS = 0.05
ROBUST = 2  # a busy machine is no defect
TRACES = ("Traceback", 'File "', ".py", "site-packages", "exception", "stacktrace", "sqlalchemy", "strawberry")
PAGES = ("/", "/graphiql", "/playground", "/console", "/graphql")


@pytest.fixture
async def hardened(database_url: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of the program with nothing set but what it cannot do without; its Discord answers nobody."""
    settings = Settings(
        database_url=database_url,
        discord_bot_token="a-bot-token",
        discord_client_id=1,
        discord_api_url="http://127.0.0.1:9/api/v10",
        service_credentials=SECRET,
        secret_keys=SECRET,
        rate_address=None,  # so that no check is refused for the ones before it
    )
    assert not settings.sandbox
    program = create_program(settings)
    async with program.running(), client(program) as http:
        yield http


async def ask(http: httpx2.AsyncClient, query: str) -> dict[str, Any]:
    return (await http.post("/graphql", json={"query": query})).json()


async def test_1_alias_overloading(hardened: httpx2.AsyncClient) -> None:
    body = await ask(hardened, "query cop { " + " ".join(f"alias{n}:__typename" for n in range(101)) + " }")

    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"


async def test_2_array_batching(hardened: httpx2.AsyncClient) -> None:
    response = await hardened.post("/graphql", json=[{"query": "query cop { __typename }"}] * 10)

    assert response.status_code == 400
    assert list(response.json()) == ["errors"]


async def test_3_directive_overloading(hardened: httpx2.AsyncClient) -> None:
    body = await ask(hardened, "query cop { __typename " + "@aa" * 10 + " }")

    assert "data" not in body
    assert len(body["errors"]) == 1


async def test_4_circular_introspection(hardened: httpx2.AsyncClient) -> None:
    query = "query cop { __schema { types { " + "fields { type { " * 5 + "name" + " } }" * 5 + " } } }"

    assert "data" not in await ask(hardened, query)


async def test_5_field_suggestions(hardened: httpx2.AsyncClient) -> None:
    for query in (
        "{ __schema { directive } }",
        "{ servic { liveness } }",
        "{ service { livenes } }",
        "{ node(ids: 1) { id } }",
    ):
        response = await hardened.post("/graphql", json={"query": query})

        assert response.json()["errors"]
        assert "did you mean" not in response.text.lower()


async def test_6_introspection(hardened: httpx2.AsyncClient) -> None:
    for query in ("{ __schema { types { name fields { name } } } }", '{ __type(name: "Query") { name } }'):
        body = await ask(hardened, query)

        assert "data" not in body
        assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_7_get_queries(hardened: httpx2.AsyncClient) -> None:
    response = await hardened.get("/graphql", params={"query": "query cop { __typename }"})

    assert response.status_code == 403
    assert "data" not in response.json()


async def test_8_get_based_mutations(hardened: httpx2.AsyncClient) -> None:
    for headers in ({}, {"graphql-require-preflight": "1"}):
        response = await hardened.get("/graphql", params={"query": "mutation cop { __typename }"}, headers=headers)

        assert response.status_code in {403, 405}
        assert "data" not in response.json()


async def test_9_post_of_a_form(hardened: httpx2.AsyncClient) -> None:
    response = await hardened.post("/graphql", data={"query": "query cop { __typename }"})

    assert response.status_code == 415
    assert "data" not in response.json()


@pytest.mark.parametrize("path", PAGES)
async def test_10_explorers(hardened: httpx2.AsyncClient, path: str) -> None:
    response = await hardened.get(path, headers={"accept": "text/html"})

    assert not any(name in response.text.lower() for name in ("graphiql", "playground", "graphql-console"))


async def test_11_tracing(hardened: httpx2.AsyncClient) -> None:
    assert await ask(hardened, "query cop { __typename }") == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("query", ["qwerty cop { abc }", '{ guild(id: "1") { name } }', "{ service { readiness } }"])
async def test_12_unhandled_errors(hardened: httpx2.AsyncClient, query: str) -> None:
    response = await hardened.post("/graphql", json={"query": query})

    assert not [trace for trace in TRACES if trace in response.text]
    for error in response.json()["errors"]:
        assert error["extensions"].keys() <= {"code", "requestId", "retryable", "retryAfter", "fields"}


@pytest.mark.parametrize(("aliases", "status"), [(20_000, 413), (5_000, 200), (1_100, 200), (600, 200)])
async def test_aliases_are_cheap_to_refuse(hardened: httpx2.AsyncClient, aliases: int, status: int) -> None:
    query = "{" + " ".join(f"a{n}:__typename" for n in range(aliases)) + "}"
    await ask(hardened, "{ __typename }")  # what is made once a process is made by now
    began = process_time()

    response = await hardened.post("/graphql", json={"query": query})

    spent = process_time() - began
    assert (response.status_code, "data" in response.json()) == (status, False)
    print(f"{aliases} aliases: {spent * 1000:.1f} ms of CPU")
    assert spent < CPU_SECONDS * ROBUST


def many(piece: str, count: int, separator: str = " ") -> str:
    return separator.join(piece.replace("#", str(number)) for number in range(count))


def doubling(levels: int, operation: str = "{ ...F0 }", on: str = "Query", last: str = "service { liveness }") -> str:
    """Fragments of which each spreads the next one twice."""
    fragments = " ".join(f"fragment F{n} on {on} {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels))
    return f"{operation} {fragments} fragment F{levels} on {on} {{ {last} }}"


def everybody(count: int) -> str:
    spreads = many("...F#", count, "")
    return f"{{ {spreads} }} " + many(f"fragment F# on Query {{ {spreads} }}", count)


INTROSPECTED = "{ name fields { name type { name ofType { name ofType { name } } } args { name } } }"
DEAR = {
    "a field over and over": "{ service { " + many("liveness", 1_600) + " } }",
    "objects over and over": "{ " + many("service{liveness}", 480) + " }",
    "fields that conflict": "{ " + many('node(id:"#"){id}', 195) + " }",
    "conflicts that are deep": "{ guild(id: 1) { " + many("settings{language timeZone}", 230) + " } }",
    "equal objects in many fragments": '{ guild(id: "1") { '
    + many("...F#", 22)
    + " } } "
    + many("fragment F# on Guild { " + many("settings{language}", 19) + " }", 22),
    "fragments that double": doubling(150),
    "fragments that double in an object": doubling(
        150, '{ guild(id: "1") { ...F0 } }', "Guild", "settings { language }"
    ),
    "a circle of fragments": "{ ...F0 } " + many("fragment F# on Query { ...G# } fragment G# on Query { ...F# }", 110),
    "a long chain of fragments": "{ ...F0 } "
    + " ".join(f"fragment F{n} on Query {{ ...F{n + 1} }}" for n in range(230))
    + " fragment F230 on Query { __typename }",
    "everybody spreads everybody": everybody(28),
    "inline fragments": "{ " + "... on Query { " * 190 + "__typename" + " }" * 190 + " }",
    "lists in lists": "{ node(id: " + "[" * 190 + "]" * 190 + ") { id } }",
    "objects in objects": "{ node(id: " + "{a: " * 190 + "1" + "}" * 190 + ") { id } }",
    "a long list": "{ nodes(ids: [" + many('"#"', 1_900) + "]) { id } }",
    "an object of many fields": "{ node(id: {" + many("a#: 1", 600) + "}) { id } }",
    "many operations": many("query Q# { __typename }", 390),
    "many variables": "query (" + many("$v#: Int", 480) + ") { __typename }",
    "many unknown variables": "{ nodes(ids: [" + many("$v#", 900) + "]) { id } }",
    "many arguments": "{ node(" + many("a#: 1", 640) + ") { id } }",
    "many directives": "{ __typename " + many("@d#", 900) + " }",
    "directives that are known": "{ __typename " + many("@skip(if: false)", 330) + " }",
    "unknown fields": "{ " + many("nope#", 1_500) + " }",
    "unknown types": many("fragment F# on T# { a }", 280),
    "a number of 14,900 digits": "{ node(id: " + "9" * 14_900 + ") { id } }",
    "a long text": '{ node(id: "' + "x" * 14_900 + '") { id } }',
    "escapes": '{ node(id: "' + "\\u0041" * 2_400 + '") { id } }',
    "a block of lines": '{ node(id: """' + "\n x" * 4_900 + '""") { id } }',
    "commas": "{ __typename" + "," * 14_900 + "}",
    "comments": "#\n" * 7_000 + "{ __typename }",
    "brackets alone": "{" * 14_900,
    "introspection over and over": "{ " + many(f"__schema {{ types {INTROSPECTED} }}", 45) + " }",
}


@pytest.mark.parametrize("query", DEAR.values(), ids=[name.replace(" ", "-") for name in DEAR])
@pytest.mark.parametrize("credential", [None, SECRET], ids=["anonymous", "signed-in"])
async def test_no_document_takes_long(hardened: httpx2.AsyncClient, query: str, credential: str | None) -> None:
    assert len(query) <= 15_000
    headers = {} if credential is None else {"authorization": f"Bearer {credential}"}
    await ask(hardened, "{ __typename }")
    began = process_time()

    response = await hardened.post("/graphql", json={"query": query}, headers=headers)

    spent = process_time() - began
    print(f"{spent * 1000:.1f} ms of CPU: {response.status_code} {response.text[:90]}")
    assert response.json().keys() & {"data", "errors"}
    assert response.status_code < 500
    assert spent < 1 * ROBUST
