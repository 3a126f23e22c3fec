"""Every limit of a document: what is just within it runs, what is just over it is refused with the numbers."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import get_introspection_query

from husqy_graphql.app import create_program
from tests.conftest import GUILD, Api, FixedClock, client, credentials, settings_for


def fields(count: int) -> str:
    return " ".join(f"a{number}: __typename" for number in range(count))


# 6 deep
CHANGES = f'{{ guild(id: "{GUILD}") {{ auditLog {{ edges {{ node {{ changes {{ field }} }} }} }} }} }}'
DIRECTIVES = "{ __typename @aa @aa @aa @aa @aa @aa @aa @aa @aa @aa }"

# Setting -> the highest value that refuses the document, and the document.
LIMITS: dict[str, tuple[str, int, str]] = {
    "max_characters": ("characters", 40, "{ __typename }" + " " * 27),
    "max_tokens": ("tokens", 4, "{ a: __typename }"),
    "max_comments": ("comments", 1, "# 1\n# 2\n{ __typename }"),
    "max_depth": ("depth", 5, CHANGES),
    "max_aliases": ("aliases", 2, f"{{ {fields(3)} }}"),
    "max_directives": ("directives", 1, "{ __typename @skip(if: false) @include(if: true) }"),
    "max_repeats": ("repeats", 2, "{ service { liveness liveness liveness } }"),
    "max_root_fields": ("rootFields", 2, "{ supportedTimeZones supportedUnitSystems __typename }"),
    "max_nodes": ("nodes", 9, f'{{ guild(id: "{GUILD}") {{ id auditLog(first: 8) {{ nodes {{ id }} }} }} }}'),
    "max_cost": ("cost", 9, f'{{ guild(id: "{GUILD}") {{ id auditLog(first: 8) {{ nodes {{ id }} }} }} }}'),
}


async def ask(url: str, clock: FixedClock, setting: str, value: int, query: str, token: str | None) -> dict[str, Any]:
    program = create_program(settings_for(url, **{setting: value}), clock=clock)
    async with program.running(), client(program) as http:
        await program.seed_demo_world()
        response = await http.post(
            "/graphql",
            json={"query": query},
            headers={**credentials(token), "accept": "application/graphql-response+json"},
        )
        body = response.json()
        assert response.status_code == (200 if "data" in body else 400)
        return body


@pytest.mark.parametrize("setting", LIMITS)
async def test_a_limit_refuses_what_is_over_it_and_nothing_else(
    database_url: str, clock: FixedClock, setting: str
) -> None:
    limit, value, query = LIMITS[setting]

    [error] = (await ask(database_url, clock, setting, value, query, "sandbox-owner"))["errors"]
    assert error["extensions"]["code"] == "QUERY_TOO_COMPLEX"
    assert error["extensions"]["limit"] == limit
    assert error["extensions"]["maximum"] == value
    assert error["extensions"].get("value", value + 1) == value + 1
    assert str(value) in error["message"]
    assert "errors" not in await ask(database_url, clock, setting, value + 1, query, "sandbox-owner")


async def test_somebody_without_a_credential_may_ask_for_less(database_url: str, clock: FixedClock) -> None:
    query = "{ " + " ".join(f"a{number}: service {{ message }}" for number in range(5)) + " }"

    [error] = (await ask(database_url, clock, "max_anonymous_cost", 4, query, None))["errors"]
    assert (error["extensions"]["limit"], error["extensions"]["value"]) == ("cost", 5)
    assert "errors" not in await ask(database_url, clock, "max_anonymous_cost", 4, query, "sandbox-owner")


async def test_an_answer_has_at_most_so_many_errors(database_url: str, clock: FixedClock) -> None:
    query = "{ " + " ".join(f"f{number}" for number in range(30)) + " }"

    assert len((await ask(database_url, clock, "max_errors", 3, query, None))["errors"]) <= 4
    query = "{ " + " ".join(f'a{number}: node(id: "x") {{ id }}' for number in range(9)) + " }"
    assert len((await ask(database_url, clock, "max_errors", 3, query, None))["errors"]) == 3


async def test_a_page_can_be_made_smaller(database_url: str, clock: FixedClock) -> None:
    query = f'{{ guild(id: "{GUILD}") {{ auditLog(first: 11) {{ nodes {{ id }} }} }} }}'

    [error] = (await ask(database_url, clock, "max_page", 10, query, "sandbox-owner"))["errors"]
    assert error["extensions"]["fields"] == {"first": "must be from 1 to 10"}
    query = f'{{ guild(id: "{GUILD}") {{ auditLog {{ nodes {{ id }} }} }} }}'
    assert "errors" not in await ask(database_url, clock, "max_page", 10, query, "sandbox-owner")


async def test_errors_of_one_message_become_one_error_with_all_its_places(api: Api) -> None:
    error = await api.error(DIRECTIVES)

    assert error["message"] == "Unknown directive '@aa'."
    assert len(error["locations"]) == 10


@pytest.mark.parametrize(
    "query",
    [
        "{ servic }",
        "{ service { messag } }",
        'mutation { guildJoi(guildId: "1") { x } }',
        "{ service(modul: POLLS) { message } }",
        "{ service(module: POLL) { message } }",
        "query ($x: Strin) { supportedTimeZones }",
        "{ ...ServiceField }",
    ],
)
async def test_no_suggestion_tells_of_the_schema(api: Api, query: str) -> None:
    for error in (await api.graphql(query))["errors"]:
        assert "Did you mean" not in error["message"]


async def test_full_introspection_is_within_the_limits(api: Api) -> None:
    text = get_introspection_query(specified_by_url=True, input_value_deprecation=True, directive_is_repeatable=True)
    assert (await api.data(text, token=None))["__schema"]["queryType"]["name"] == "Query"


async def test_fragments_cannot_hide_depth_or_fields(api: Api) -> None:
    spreads = f"""
      {{ guild(id: "{GUILD}") {{ ...A }} }}
      fragment A on Guild {{ auditLog {{ ...B }} }}
      fragment B on AuditLogEntryConnection {{ edges {{ node {{ ...C }} }} }}
      fragment C on AuditLogEntry {{ changes {{ field }} }}
    """
    assert (await api.data(spreads))["guild"] is not None
    many = """
      { ...A }
      fragment A on Query { ...B ...B ...B ...B ...B }
      fragment B on Query { supportedTimeZones supportedUnitSystems viewer { kind } __typename rateLimit { cost } }
    """
    error = await api.error(many)
    assert (error["extensions"]["limit"], error["extensions"]["value"]) == ("rootFields", 25)


@pytest.mark.parametrize("length", [150, 2_000])
async def test_a_long_chain_of_fragments_runs_or_is_refused(database_url: str, clock: FixedClock, length: int) -> None:
    chain = " ".join(f"fragment F{number} on Query {{ ...F{number + 1} }}" for number in range(length))
    query = f"{{ ...F0 }} {chain} fragment F{length} on Query {{ __typename }}"
    settings = settings_for(database_url, max_characters=200_000, max_tokens=50_000, max_body=400_000)
    program = create_program(settings, clock=clock)
    async with program.running(), client(program) as http:
        body = (await http.post("/graphql", json={"query": query})).json()

    if length == 150:
        assert body == {"data": {"__typename": "Query"}}
    else:
        assert "INTERNAL" not in {error["extensions"]["code"] for error in body["errors"]}
