"""What stops the start-up, one fault at a time."""

from __future__ import annotations

import pytest
from graphql import print_ast

from rest_compat.compile import DocumentError, Expansion, base_paths, compile_documents, read_documents
from tests.rest_compat.toy import compiled, toy_schema

GUILD = "guild(id: $guild_id)"


def query(selection: str, *, variables: str = "$guild_id: Snowflake!", rest: str = "") -> str:
    return f'"Read."\nquery read({variables})\n@rest(method: GET, path: "/read" {rest}) {{ {selection} }}'


REFUSED = {
    "not a document": ("query {", "Syntax Error"),
    "an unknown field": (query(f"{GUILD} {{ nme }}"), "Cannot query field 'nme'"),
    "a variable of the wrong type": (query(f"{GUILD} {{ name }}", variables="$guild_id: Int!"), "used in position"),
    "an unused variable": (
        query(f"{GUILD} {{ name }}", variables="$guild_id: Snowflake!, $more: Int"),
        "Variable '$more' is never used",
    ),
    "an unused fragment": (
        query(f"{GUILD} {{ name }}") + " fragment Left on Guild { name }",
        "Fragment 'Left' is never used",
    ),
    "no @rest": ('"Read." query read { echo }', "needs @rest"),
    "no description": ('query read @rest(method: GET, path: "/") { echo }', "needs a description"),
    "an empty description": ('" " query read @rest(method: GET, path: "/") { echo }', "needs a description"),
    "no name": ('"Read." query @rest(method: GET, path: "/") { echo }', "needs a name"),
    "an unknown method": ('"Read." query read @rest(method: PATCH, path: "/") { echo }', "RestMethod"),
    "a path without a variable": (
        '"Read." query read @rest(method: GET, path: "/{entry_id}") { echo }',
        "the path has {entry_id}, and there is no variable $entry_id",
    ),
    "a path that is none": ('"Read." query read @rest(method: GET, path: "read") { echo }', "the path 'read'"),
    "half a segment as a variable": ('"Read." query read @rest(method: GET, path: "/a{b}") { echo }', "the path"),
    "a list in the path": (
        '"Read." query read($kinds: [ChannelKind!]) @rest(method: GET, path: "/{kinds}") { echo(kinds: $kinds) }',
        "a path has no room for a list",
    ),
    "a mutation by GET": (
        (
            '"Make." mutation make($g: Snowflake!, $i: PollCreateInput!) @rest(method: GET, path: "/") {'
            " pollCreate(guildId: $g, input: $i) { poll { question } } }"
        ),
        "a GET must not change anything",
    ),
    "two operations on one route": (
        '"A." query a @rest(method: GET, path: "/a") { echo } "B." query b @rest(method: GET, path: "/a/") { echo }',
        "GET /v1/modules/polls/a is already served by polls.graphql a",
    ),
    "two routes that differ in a variable's name": (
        (
            '"A." query a($id: ID) @rest(method: GET, path: "/{id}") { echo(id: $id) } '
            '"B." query b($key: ID) @rest(method: GET, path: "/{key}") { echo(id: $key) }'
        ),
        "GET /v1/modules/polls/{key} is already served",
    ),
    "a leaf that dissolves": (query(f"{GUILD} {{ _: name }}"), "`_` dissolves into its parent"),
    "a list that dissolves": (query(f"{GUILD} {{ _a: items {{ id }} }}"), "this is a list"),
    "@joined on a single value": (query(f"{GUILD} {{ name @joined }}"), "@joined is for lists"),
    "@joined on objects": (query(f"{GUILD} {{ items @joined {{ id }} }}"), "@joined is for lists"),
    "@text on a text": (query(f"{GUILD} {{ name @text }}"), "@text is for single numbers"),
    "@text on a list": (query(f"{GUILD} {{ roleIds @text }}"), "@text is for single numbers"),
    "two fields with one name": (
        query(f"name: {GUILD} {{ id }} _: {GUILD} {{ name }}"),
        "`name` comes out of `name` and `_` at once",
    ),
    "two dissolved fields with one name": (
        query(f"_: {GUILD} {{ name }} _a: {GUILD} {{ _: settings {{ name: language }} }}"),
        "`name` comes out of `_` and `_a` at once",
    ),
    "a condition": (
        query(f"{GUILD} {{ name @include(if: $all) }}", variables="$guild_id: Snowflake!, $all: Boolean!"),
        "@include would make the response depend on the request",
    ),
    "an enum that the contract can't write": (query(f"{GUILD} {{ odd }}"), "the enum Odd has values"),
    "an unknown table of expansions": (query(f"{GUILD} {{ name }}", rest='each: "tables"'), "no table of expansions"),
    "a table without a place": (query(f"{GUILD} {{ name }}", rest='each: "metrics"'), "needs `{each}`"),
}


@pytest.mark.parametrize(("document", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_document_that_cannot_be_served_stops_the_start_up(document: str, reason: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(polls=document)

    assert any(reason in fault.detail for fault in caught.value.faults)
    assert all(fault.file == "polls.graphql" and fault.line >= 1 for fault in caught.value.faults)


def test_an_error_names_file_line_and_operation() -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(polls=query(f"{GUILD} {{\n _: name }}"))

    assert str(caught.value).startswith("polls.graphql:4: read: `_` dissolves into its parent")


def test_an_error_in_a_fragment_names_the_fragment() -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(polls=query(f"{GUILD} {{ ...Part }}") + "\nfragment Part on Guild { nme }")

    assert [(fault.operation, fault.line) for fault in caught.value.faults] == [("Part", 4)]


def test_the_faults_of_all_files_come_together() -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(polls=query("nothing"), tags="{", rules='query home @rest(method: GET, path: "/") { echo }')

    assert [fault.file for fault in caught.value.faults][-2:] == ["tags.graphql", "rules.graphql"]


def test_two_services_may_not_share_a_route() -> None:
    with pytest.raises(DocumentError, match=r"already served by general\.graphql low"):
        compiled(
            general='"Low." query low @rest(method: GET, path: "/modules/polls/a") { echo }',
            polls='"High." query high @rest(method: GET, path: "/a") { echo }',
        )


def test_the_openapi_document_keeps_its_route() -> None:
    with pytest.raises(DocumentError, match="already served by the OpenAPI document"):
        compiled(general='"Mine." query mine @rest(method: GET, path: "/openapi.json") { echo }')


def test_an_expansion_must_fit_its_document() -> None:
    document = '"Count." query count($id: ID) @rest(method: GET, path: "/{each}", each: "all") { echo(id: $id) }'

    with pytest.raises(DocumentError, match=r"an expansion names \$user, and there is no such variable"):
        compile_documents(toy_schema(), {"a": document}, expansions={"all": [Expansion("x", {"user": 1})]})


def test_an_operation_runs_without_our_directives_and_with_its_own_fragments_alone() -> None:
    endpoint = next(endpoint for endpoint in compiled() if endpoint.name == "listPolls")

    text = print_ast(endpoint.document)
    assert "fragment Answers" in text
    assert "@" not in text
    assert "createPoll" not in text


def test_the_public_schema_does_not_learn_our_directives() -> None:
    schema = toy_schema()
    compile_documents(schema, {"general": '"Hi." query hi @rest(method: GET, path: "/") { echo }'})

    assert {directive.name for directive in schema.directives}.isdisjoint({"rest", "joined", "text"})
    assert "RestMethod" not in schema.type_map


def test_a_module_is_served_under_its_name_and_with_a_hyphen() -> None:
    assert base_paths("general") == ("/v1",)
    assert base_paths("polls") == ("/v1/modules/polls",)
    assert base_paths("invite_tracker") == ("/v1/modules/invite_tracker", "/v1/modules/invite-tracker")


def test_documents_are_read_by_their_service(tmp_path) -> None:
    (tmp_path / "polls.graphql").write_text("{ a }")
    (tmp_path / "notes.txt").write_text("no document")

    assert read_documents(tmp_path) == {"polls": "{ a }"}


def test_an_expansion_makes_a_route_with_its_own_names_and_constants() -> None:
    endpoints = {endpoint.paths[0]: endpoint for endpoint in compiled() if endpoint.name == "count"}

    joined = endpoints["/v1/stats/members/joined"]
    assert [variable.written for variable in joined.variables] == ["guild_id", "joined_member_id"]
    assert joined.constants == {"text": "joined"}
    assert joined.id == "general_count_members_joined"
