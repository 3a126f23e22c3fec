"""A minute without Discord under load: what does not need it goes on, and what was asked for is done afterwards."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from husqy_graphql.discord.sandbox.state import Fault
from tests.conftest import GUILD, MEMBER
from tests.faults.processes import Process, Stage, make_ready, staged
from tests.modules.polling import PATH, body

OUTAGE = 60.0  # seconds: a third without an answer, a third of refused connections, a third of 502
RECOVERY = 30.0
POLLS = 8
HERE = {"guild_id": GUILD}
QUERY = """query ($guild: Snowflake!) { guild(id: $guild) { settings { language }
  polls { polls { nodes { question ended answers { votes } } } } } }"""
ANYWHERE = re.compile("")


@dataclass
class Seen:
    """What came back, by what was asked."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    slowest: dict[str, float] = field(default_factory=dict[str, float])

    async def ask(self, name: str, request: Any) -> httpx2.Response:
        began = time.monotonic()
        response = await request
        self.statuses[name, response.status_code] += 1
        self.slowest[name] = max(self.slowest.get(name, 0.0), time.monotonic() - began)
        if response.status_code == 503:
            assert int(response.headers["retry-after"]) >= 1
        return response

    def of(self, name: str) -> set[int]:
        return {status for (each, status) in self.statuses if each == name}


async def ask_for_polls(process: Process, names: list[str]) -> list[dict[str, Any]]:
    made = [
        await process.rest("POST", f"{PATH}/entries", MEMBER, json=body(question=name, poll_owner_id=MEMBER))
        for name in names
    ]
    return [each.json()["data"]["entry"] for each in made]


async def load(process: Process, seen: Seen, polls: list[dict[str, Any]], until: float) -> None:
    """Reads without a pause; edits of half of the polls and closings of the others; new polls, which must wait."""

    async def reading() -> None:
        while time.monotonic() < until:
            await seen.ask("rest", process.rest("GET", f"{PATH}/entries?guild_id={GUILD}"))
            graphql = {"query": QUERY, "variables": {"guild": str(GUILD)}}
            answer = await seen.ask("graphql", process.http.post("/graphql", json=graphql))
            assert "errors" not in answer.json(), answer.text
            await asyncio.sleep(0.05)

    async def editing(poll: dict[str, Any]) -> None:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            change = {**HERE, "description": f"Edit {turn}"}
            await seen.ask("edit", process.rest("PUT", f"{PATH}/entries/{poll['poll_id']}", MEMBER, json=change))
            await asyncio.sleep(1)

    async def closing(number: int, poll: dict[str, Any]) -> None:
        await asyncio.sleep(number * 5)
        await seen.ask("close", process.rest("POST", f"{PATH}/entries/{poll['poll_id']}/close", MEMBER, json=HERE))

    async def creating() -> None:
        while time.monotonic() < until:
            asked = body(question="Not now", poll_owner_id=MEMBER)
            await seen.ask("create", process.rest("POST", f"{PATH}/entries", MEMBER, json=asked))
            await asyncio.sleep(2)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(reading())
        for number, poll in enumerate(polls):
            group.create_task(editing(poll) if number % 2 else closing(number, poll))
        group.create_task(creating())


async def fail(stage: Stage) -> None:
    """Be silent, then drop every connection, then answer 502; and be there again."""
    faults = stage.discord.state.faults
    for fault in ({"delay": 5.5, "drop": "before"}, {"drop": "before"}, {"status": 502}):
        faults[:] = [Fault(path=ANYWHERE, times=10**9, **fault)]
        await asyncio.sleep(OUTAGE / 3)
    faults.clear()


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_minute_without_discord(database_url: str) -> None:
    seen = Seen()
    async with staged(database_url) as stage:
        process = await stage.start()
        await make_ready(process, GUILD)
        polls = await ask_for_polls(process, [f"Question {number}?" for number in range(POLLS)])
        messages = len(stage.discord.messages())

        failing = asyncio.create_task(fail(stage))
        await load(process, seen, polls, time.monotonic() + OUTAGE - 2)
        await failing
        back = time.monotonic()
        pending = len(await stage.rows("SELECT id FROM jobs WHERE ordered"))
        await stage.settled(RECOVERY + 15)
        took = time.monotonic() - back
        print(f"{dict(seen.statuses)}, slowest {seen.slowest}; {pending} effects pending, done after {took:.1f} s")

        rows = {row["poll_id"]: row for row in await stage.rows("SELECT * FROM polls")}
        shown = {each["id"]: each for each in stage.discord.messages()}
    assert seen.of("rest") == seen.of("graphql") == seen.of("edit") == seen.of("close") == {200}
    assert seen.of("create") == {503}
    assert took < RECOVERY
    assert len(rows) == POLLS  # the new ones are settled: no message stands, so no poll does
    notices = [each for each in shown.values() if each["content"]]
    assert len(shown) == messages + POLLS // 2
    for number, poll in enumerate(polls):
        row, message = rows[poll["poll_id"]], shown[poll["message_id"]]
        assert bool(row["ended"]) == (number % 2 == 0)
        assert (row["description"] or "") in message["embeds"][0]["description"]
        assert bool(message["components"]) != bool(row["ended"])
        told = [each for each in notices if poll["poll_id"] in each["content"]]
        assert len(told) == bool(row["ended"])
        # First the results were shown, then the channel was told of them.
        assert all(message["edited_timestamp"] <= each["timestamp"] for each in told)
