"""Random queries of the real schema over a filled database: both executors answer the same bytes."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import orjson
import pytest

from husqy_graphql.asgi import served_schema
from husqy_graphql.engine.compiled import Program
from husqy_graphql.engine.plans import OperationPlan
from tests.conftest import GUILD, MEMBER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api, credentials
from tests.engine.random_documents import INPUTS, Documents

MODULES = ("AUTORESPONDER", "TAGS", "RULES", "WELCOMING", "LOGGING", "VERIFIER")
TOKENS = ("sandbox-owner", "sandbox-owner", "sandbox-owner", "sandbox-admin", "sandbox-member", None)  # one a seed
ROOTS = frozenset({"guild", "guilds", "viewer", "nodes", "supportedLanguages", "supportedUnitSystems", "service"})


async def fill(api: Api) -> list[str]:
    """A few rows in every module, and the ids of some nodes."""
    for module in MODULES:
        await api.graphql(f'mutation {{ moduleEnable(guildId: "{GUILD}", module: {module}) {{ guild {{ id }} }} }}')
    ids: list[str] = ["no id"]
    for number in range(3):
        body = await api.graphql(
            """mutation ($guild: Snowflake!, $owner: Snowflake!, $text: String!, $names: [String!]!) {
              autoresponderResponseCreate(guildId: $guild, input: { type: MESSAGE, content: $text }) { response { id } }
              autoresponderTriggerCreate(guildId: $guild, input: {
                type: CONTAINS, text: $text, allowedRoleIds: ["5"] }) { trigger { id } }
              tagCreate(guildId: $guild, input: { ownerId: $owner, content: $text, names: $names }) { tag { id } }
              rulesEntryCreate(guildId: $guild, input: { text: $text }) { entry { id } }
              welcomingResponseCreate(guildId: $guild, input: { type: CHANNEL_WELCOME, content: $text }) {
                response { id } }
            }""",
            guild=str(GUILD),
            owner=str(OWNER),
            text=f"text {number}",
            names=[f"one{number}", f"two{number}"],
        )
        # A server has one trigger for free: the next ones are refused.
        ids += [each["id"] for payload in body["data"].values() if payload for each in payload.values()]
    assert len(ids) > 10
    return ids


@pytest.mark.parametrize("seed", range(len(TOKENS)))
async def test_random_queries_answer_the_same_bytes(api: Api, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    random = Random(seed)
    inputs: dict[str, Any] = {
        **INPUTS,
        "Snowflake": (str(GUILD), str(GUILD), str(GUILD), GUILD, str(QUIET_GUILD), str(UNKNOWN_GUILD), str(MEMBER)),
        "ID": await fill(api),
        "Int": (1, 2, 25),
    }
    taken: Counter[str] = Counter()
    plan = Program.plan

    def counted(self: Program, variables: Any) -> OperationPlan | None:
        found = plan(self, variables)
        taken["planned"] += found is not None
        return found

    monkeypatch.setattr(Program, "plan", counted)
    for _ in range(40):
        generated = Documents(served_schema(), random, inputs, depth=7, roots=ROOTS)
        written = generated.text()
        if written is None:
            continue
        query, _, names = written
        for _ in range(2):
            body = {"query": query, "variables": generated.values(), "operationName": random.choice(names)}
            answers: list[bytes] = []
            for compiled in (False, True):
                monkeypatch.setattr(Program, "worth_planning", lambda _, compiled=compiled: compiled)
                response = await api.http.post("/graphql", json=body, headers=credentials(TOKENS[seed]))
                answers.append(response.content)
            assert _in_order(answers[0]) == _in_order(answers[1]), (
                f"seed {seed}\n{query}\n{body}\n{answers[0]}\n{answers[1]}"
            )
            result = json.loads(answers[0])
            taken["answered"] += bool(result.get("data"))
            taken["failed"] += "errors" in result
    assert taken["planned"] > 20, taken
    assert taken["answered"] > 3, taken  # a credential that may little is refused most


def _in_order(answer: bytes) -> bytes:
    """The answer with its errors by their text: which of two fields fails first depends on the database's speed."""
    body = orjson.loads(answer)
    if "errors" in body:
        body["errors"].sort(key=orjson.dumps)
    return orjson.dumps(body)
