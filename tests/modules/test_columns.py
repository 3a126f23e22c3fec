"""Lists read the columns that their selection needs, whole rows where it may need more, and answer the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert

from husqy_graphql.db.guild_rows import MAX_STATEMENTS
from husqy_graphql.engine.compiled import Program
from husqy_graphql.modules.autoresponder.models import AutoresponderResponse
from husqy_graphql.modules.autoresponder.types import RESPONSE_ROWS
from husqy_graphql.modules.rules.models import RulesActiveEntry, RulesEntry
from husqy_graphql.modules.rules.types import ACTIVE_ENTRY_ROWS, ENTRY_ROWS
from husqy_graphql.modules.verifier import repository
from husqy_graphql.modules.verifier import types as verifier_types
from husqy_graphql.modules.verifier.models import VerifierEntry
from husqy_graphql.modules.welcoming import types as welcoming_types
from husqy_graphql.modules.welcoming.models import WelcomingResponse, WelcomingTimedRole
from tests.conftest import GUILD, MEMBER, Api, credentials
from tests.modules.helpers import enable
from tests.statements import counted

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Listed:
    """A list of the schema: the fields around it, its type, its plain fields and their columns."""

    model: Any
    before: str
    of: str
    columns: dict[str, str]

    def query(self, page: str, *, arguments: str = "", head: str = "query ($guild: Snowflake!)", tail: str = "") -> str:
        around = self.before.split()
        around[-1] += arguments and f"({arguments})"
        written = f"{' { '.join(around)} {{ {page} }}{' }' * (len(around) - 1)}"
        return f"{head} {{ guild(id: $guild) {{ {written} }} }} {tail}"

    def row(self, number: int) -> dict[str, Any]:
        """The values of a row, by the types of its columns."""
        values: dict[str, Any] = {"guild_id": GUILD}
        for column in self.model.__table__.c:
            python_type = datetime if "Utc" in repr(column.type) else column.type.python_type
            value: Any = {int: MEMBER + number, str: f"ä {number}", bool: number % 2 == 0, datetime: NOW}[python_type]
            if column.key not in {"id", "guild_id"}:
                values[column.key] = None if column.nullable and number % 3 == 0 else value
        if "response_type" in values:
            values["response_type"] = number % 3 + 1
        if "add_after" in values:
            values["add_after"] = number + 60
        return values


LISTS = {
    "verifier entries": Listed(
        VerifierEntry,
        "verifierEntries",
        "VerifierEntry",
        {
            "databaseId": "id",
            "guildId": "guild_id",
            "verifierId": "verifier_id",
            "userId": "user_id",
            "messageId": "message_id",
            "channelId": "channel_id",
            "createdAt": "created_at",
            "verified": "is_verified",
        },
    ),
    "autoresponder responses": Listed(
        AutoresponderResponse,
        "autoresponder responses",
        "AutoresponderResponse",
        {
            "databaseId": "id",
            "guildId": "guild_id",
            "responseId": "response_id",
            "type": "response_type",
            "content": "response_content",
            "emojiName": "emoji_name",
            "emojiId": "emoji_id",
        },
    ),
    "welcoming responses": Listed(
        WelcomingResponse,
        "welcoming responses",
        "WelcomingResponse",
        {
            "databaseId": "id",
            "guildId": "guild_id",
            "responseId": "response_id",
            "type": "response_type",
            "isEmbed": "is_embed",
            "content": "content",
        },
    ),
    "timed roles": Listed(
        WelcomingTimedRole,
        "welcoming timedRoles",
        "WelcomingTimedRole",
        {
            "databaseId": "id",
            "guildId": "guild_id",
            "timedRoleId": "timed_role_id",
            "roleId": "role_id",
            "addAfter": "add_after",
        },
    ),
    "rules": Listed(
        RulesEntry,
        "rules entries",
        "RulesEntry",
        {"databaseId": "id", "guildId": "guild_id", "entryId": "rule_id", "text": "rule_text"},
    ),
    "active rules": Listed(
        RulesActiveEntry,
        "rules activeEntries",
        "RulesActiveEntry",
        {
            "databaseId": "id",
            "guildId": "guild_id",
            "userId": "user_id",
            "channelId": "channel_id",
            "messageId": "message_id",
            "sentAt": "timestamp",
        },
    ),
}
VERIFICATIONS = LISTS["verifier entries"]
ROW_TYPES = {
    "verifier entries": verifier_types.ENTRY_ROWS,
    "autoresponder responses": RESPONSE_ROWS,
    "welcoming responses": welcoming_types.RESPONSE_ROWS,
    "timed roles": welcoming_types.TIMED_ROLE_ROWS,
    "rules": ENTRY_ROWS,
    "active rules": ACTIVE_ENTRY_ROWS,
}


@pytest.fixture
async def filled(api: Api) -> Api:
    for module in ("verifier", "autoresponder", "welcoming", "rules"):
        await enable(api, module)
    async with api.program.resources.engines.write.begin() as connection:
        for each in LISTS.values():
            await connection.execute(insert(each.model), [each.row(number) for number in range(1, 8)])
    return api


async def selected(api: Api, of: Listed, query: str, **variables: Any) -> list[str]:
    """The columns that the list reads when the query runs again."""
    first = await api.data(query, guild=str(GUILD), **variables)
    with counted(api) as statements:
        again = await api.data(query, guild=str(GUILD), **variables)
    assert first == again
    table = of.model.__tablename__
    [statement] = [each for each in statements if f"FROM {table} " in each.replace("\n", " ")]
    return [each.strip().removeprefix(f"{table}.") for each in statement.split("FROM")[0][len("SELECT") :].split(",")]


def whole(of: Listed) -> list[str]:
    return [column.key for column in of.model.__table__.c]


def in_order(of: Listed, fields: Sequence[str]) -> list[str]:
    needed = {"id", *(of.columns[name] for name in fields)}
    return [column.key for column in of.model.__table__.c if column.key in needed]


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_reads_the_selected_columns_and_the_id(filled: Api, name: str) -> None:
    of = LISTS[name]
    for two in list(combinations(of.columns, 2))[:: len(LISTS)]:
        for page in (f"nodes {{ {' '.join(two)} }}", f"edges {{ node {{ {' '.join(two)} }} }}"):
            assert await selected(filled, of, of.query(page)) == in_order(of, two)


@pytest.mark.parametrize("name", LISTS)
def test_an_object_of_some_columns_has_what_one_of_all_columns_has(name: str) -> None:
    of, row_type = LISTS[name], ROW_TYPES[name]
    row = SimpleNamespace(**{"id": 5, **of.row(3)})
    made: Any = row_type.make(row)
    for attribute in set(row_type.attributes) & set(vars(made)):
        narrow = row_type.narrow({"database_id", attribute})
        assert narrow is not row_type
        some = narrow.make([getattr(row, column) for column in narrow.columns])
        assert type(some) is type(made)
        assert vars(some) == {each: getattr(made, each) for each in ("database_id", attribute)}
        assert type(getattr(some, attribute)) is type(getattr(made, attribute))
    assert row_type.narrow({"database_id", "no_column"}) is row_type
    assert row_type.narrow(set(row_type.attributes)) is row_type


async def test_a_page_without_items_reads_the_id(filled: Api) -> None:
    for page in (
        "pageInfo { endCursor hasNextPage }",
        "__typename edges { cursor }",
        "nodes { __typename ... on Node { __typename } }",
    ):
        assert await selected(filled, VERIFICATIONS, VERIFICATIONS.query(page)) == ["id"]


async def test_columns_are_those_of_all_parts_of_a_selection(filled: Api) -> None:
    query = VERIFICATIONS.query(
        "a: nodes { who: userId } edges { ...E } nodes { ... on VerifierEntry { verified } }",
        arguments="first: 3",
        tail="fragment E on VerifierEntryEdge { cursor node { where: channelId } }",
    )
    assert await selected(filled, VERIFICATIONS, query) == ["id", "user_id", "channel_id", "is_verified"]


async def test_columns_follow_the_conditions(filled: Api) -> None:
    query = VERIFICATIONS.query(
        "nodes { userId verifierId @include(if: $c) channelId @skip(if: $c) }",
        head="query ($guild: Snowflake!, $c: Boolean!)",
    )
    for _ in range(2):
        with_it = await selected(filled, VERIFICATIONS, query, c=True)
        without = await selected(filled, VERIFICATIONS, query, c=False)
        assert with_it == ["id", "verifier_id", "user_id"]
        assert without == ["id", "user_id", "channel_id"]


async def test_the_same_list_twice_reads_what_each_of_them_needs(filled: Api) -> None:
    query = """query ($guild: Snowflake!) { guild(id: $guild) {
      a: verifierEntries(verified: true) { nodes { userId } }
      b: verifierEntries(verified: false) { nodes { verifierId } } c: verifierEntries { nodes { id } } } }"""
    for _ in range(2):
        await filled.data(query, guild=str(GUILD))
    with counted(filled) as statements:
        await filled.data(query, guild=str(GUILD))
    columns = [each.split("FROM")[0].count(",") + 1 for each in statements if "FROM verifier_entries" in each]
    assert sorted(columns) == [2, 2, len(whole(VERIFICATIONS))]


@pytest.mark.parametrize(
    "page",
    [
        "nodes { id userId }",
        "nodes { userId } edges { node { ... on Node { id } } }",
        "nodes { userId } edges { node { channel { id } } }",
        "nodes { ...W } edges { node { verified } }",
    ],
)
async def test_a_field_with_a_resolver_gets_a_whole_row(filled: Api, page: str) -> None:
    tail = "fragment W on VerifierEntry { ... on Node { id } }" if "...W" in page else ""
    assert await selected(filled, VERIFICATIONS, VERIFICATIONS.query(page, tail=tail)) == whole(VERIFICATIONS)


async def test_a_document_that_comes_once_reads_whole_rows(filled: Api) -> None:
    with counted(filled) as statements:
        await filled.data(VERIFICATIONS.query("nodes { userId }"), guild=str(GUILD))
    [statement] = [each for each in statements if "FROM verifier_entries" in each]
    assert statement.split("FROM")[0].count(",") + 1 == len(whole(VERIFICATIONS))


async def test_every_set_of_columns_answers_right_and_few_statements_are_kept(filled: Api) -> None:
    [*fields] = VERIFICATIONS.columns
    data = await filled.data(VERIFICATIONS.query(f"nodes {{ {' '.join(fields)} }}"), guild=str(GUILD))
    full = data["guild"]["verifierEntries"]["nodes"]
    sets = [each for size in range(1, len(fields)) for each in combinations(fields, size)]
    assert len(sets) > 3 * MAX_STATEMENTS
    kept = repository._ENTRIES_OF_GUILD._statements
    for names in sets:
        for _ in range(2):
            query = VERIFICATIONS.query(f"nodes {{ {' '.join(names)} }}")
            data = await filled.data(query, guild=str(GUILD))
        assert data["guild"]["verifierEntries"]["nodes"] == [{name: row[name] for name in names} for row in full]
        assert len(kept) <= MAX_STATEMENTS
    assert len(kept) == MAX_STATEMENTS


@pytest.mark.parametrize("name", LISTS)
async def test_random_pages_answer_the_same_bytes(filled: Api, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    of, random = LISTS[name], Random(name)
    for _ in range(60):
        query = of.query(
            f"...P {' '.join(_part(of, random, number) for number in range(3))}",
            arguments=f"first: {random.randint(1, 9)}",
            head="query ($guild: Snowflake!, $c: Boolean!, $d: Boolean!)",
            tail=f"fragment F on {of.of} {{ ...G {_fields(of, random)} }} fragment G on Node {{ __typename }}"
            f" fragment P on {of.of}Connection {{ _: __typename @skip(if: $c) @include(if: $d)"
            f" {_items(of, random, '...F')} }}",
        )
        variables = {"guild": str(GUILD), "c": random.random() < 0.5, "d": random.random() < 0.5}
        answers: list[bytes] = []
        for compiled in (False, True, True):
            monkeypatch.setattr(Program, "worth_planning", lambda _, compiled=compiled: compiled)
            response = await filled.http.post(
                "/graphql", json={"query": query, "variables": variables}, headers=credentials("sandbox-owner")
            )
            answers.append(response.content)
        assert answers[0] == answers[1] == answers[2], query
        assert "errors" not in json.loads(answers[0]), (query, answers[0])


def _part(of: Listed, random: Random, number: int) -> str:
    more = random.choice(("", "", "...F", "... on Node { id @include(if: $c) }"))
    return random.choice(("pageInfo { endCursor }", _items(of, random, more), f"k{number}: {_items(of, random, more)}"))


def _items(of: Listed, random: Random, more: str) -> str:
    items = f"{{ {_fields(of, random)} {more} }}"
    return random.choice((f"nodes {items}", f"edges {{ cursor node {items} }}"))


def _fields(of: Listed, random: Random) -> str:
    names = random.sample(list(of.columns), random.randint(1, len(of.columns)))
    conditions = ("", "", "", "@skip(if: $c)", "@include(if: $d)")
    written = [f"{name} {random.choice(conditions)}" for name in names[1:]]
    return " ".join([f"renamed_{names[0]}: {names[0]}", *written])
