"""Operations cut off at random moments, on a Discord that fails at random: a poll is there once, or not at all.

A run that fails names its seed: `HUSQY_TEST_SEED=<seed>` runs it alone.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import pytest

from tests.conftest import GUILD, MEMBER, Api
from tests.modules.helpers import GENERAL_CHANNEL, enable, kill, make_premium
from tests.modules.polling import AS_MEMBER, BOT, DISCORD, EMOJI, PATH, body, emoji_answers, vote_body

KINDS: Sequence[dict[str, Any]] = (
    {},
    {"poll_answer_type": EMOJI, "answers": emoji_answers("\U0001f44d")},
    {"poll_type": DISCORD, "poll_duration": "1h"},
)
FAULTS: Sequence[dict[str, Any]] = (
    {"drop": "before"},
    {"drop": "after"},
    {"status": 502},
    {"status": 429, "retry_after": 0.05},
    {"delay": 0.02},
    {"answer_delay": 0.02},
)
METHODS = (None, "POST", "PATCH", "PUT", "DELETE", "GET")
SEED = os.environ.get("HUSQY_TEST_SEED")


async def crash(api: Api, dice: random.Random, request: Any, *, working: bool) -> None:
    """Begin what is asked for, with or without a worker beside it, and end all of it after some turns of the loop."""
    tasks = [asyncio.create_task(request)]
    if working:
        tasks.append(asyncio.create_task(api.program.worker.runner.run_due()))
    for _ in range(dice.choice((3, 30, 300, 3_000))):
        if dice.random() < 0.1:
            await asyncio.sleep(dice.random() * 0.004)
        if dice.random() < 0.02 or all(task.done() for task in tasks):
            break
        await asyncio.sleep(0)
    tasks += api.program.worker.runner._inline.values()
    await kill(*tasks)


def operation(api: Api, dice: random.Random, question: str, row: dict[str, Any] | None) -> Any:
    """Something that may be done to a poll, or its making."""
    if row is None:
        asked = body(question=question, poll_owner_id=MEMBER, **dice.choice(KINDS))
        return api.rest("POST", f"{PATH}/entries", json=asked, **AS_MEMBER)
    path, here = f"{PATH}/entries/{row['poll_id']}", {"guild_id": GUILD}
    entry = {"entry": {**row, "message_id": row["message_id"] or 1}}
    return dice.choice(
        (
            lambda: api.rest("PUT", path, json={**here, "description": f"{dice.random()}"}, **AS_MEMBER),
            lambda: api.rest("POST", f"{PATH}/entry/vote", json=vote_body(entry), **AS_MEMBER),
            lambda: api.rest("POST", f"{path}/close", json=here, **AS_MEMBER),
            lambda: api.rest("DELETE", path, json=here, **AS_MEMBER),
        )
    )()


async def find(api: Api, question: str) -> dict[str, Any] | None:
    return next((row for row in await api.rows("polls") if row["question"] == question), None)


async def run_to_the_end(api: Api) -> None:
    """Let time pass until no effect is left."""
    runner = api.program.worker.runner
    for _ in range(20):
        await runner.run_due()
        if not [row for row in await api.rows("jobs") if row["ordered"] and row["state"] == "pending"]:
            return
        api.clock.advance(seconds=31)
    raise AssertionError(f"effects are left: {await api.rows('jobs')}")


async def check(api: Api, question: str) -> None:
    row = await find(api, question)
    channel = await api.discord("GET", f"/control/channels/{GENERAL_CHANNEL}/messages")
    polls = [each for each in channel if question in _said(each)]
    notices = [each["content"] for each in channel if question in each["content"]]
    assert [int(each["id"]) for each in polls] == ([] if row is None else [row["message_id"]])
    assert row is None or row["published"]
    # One for each poll that ended, by its id: an earlier poll of this run may have been deleted right after its own.
    assert len(notices) == len(set(notices))
    assert row is None or sum(row["poll_id"] in each for each in notices) == bool(row["ended"])
    if row is None or row["type"] == DISCORD:
        return
    [embed] = polls[0]["embeds"]
    assert embed["description"] == f"**{question}**" + (f"\n\n{row['description']}" if row["description"] else "")
    answers = [each["id"] for each in await api.rows("poll_answers") if each["poll_row_id"] == row["id"]]
    votes = [each["answer_row_id"] for each in await api.rows("poll_votes")]
    assert [f["value"].split(" (")[0] for f in embed["fields"]] == [f"Votes: {votes.count(each)}" for each in answers]
    assert bool(polls[0].get("reactions")) == (row["answer_type"] == EMOJI and not row["ended"])


def _said(message: dict[str, Any]) -> str:
    native = (message.get("poll") or {}).get("question", {}).get("text", "")
    return native + "".join(embed.get("description", "") for embed in message["embeds"])


async def run(api: Api, seed: int) -> None:
    dice, question = random.Random(seed), f"Question {seed}?"
    for _ in range(dice.randint(1, 5)):
        faults = [
            {"method": dice.choice(METHODS), **dice.choice(FAULTS), "times": dice.randint(1, 3)}
            for _ in range(dice.randint(0, 3))
        ]
        await api.fault(*faults)
        row = await find(api, question)
        request = operation(api, dice, question, row)
        if row is None and dice.random() < 0.5:  # or few polls would live long enough for what comes after
            await request
        else:
            await crash(api, dice, request, working=dice.random() < 0.5)
        api.clock.advance(seconds=dice.choice((0, 0, 1, 31)))
    await api.fault()
    await run_to_the_end(api)
    await check(api, question)
    row = await find(api, question)
    if row is not None:  # the next run reads what is there
        path = f"{PATH}/entry/delete-poll-on-message-delete"
        told = {"guild_id": GUILD, "channel_id": GENERAL_CHANNEL, "interacted_message_id": row["message_id"]}
        gone = await api.rest("DELETE", path, json=told, **BOT)
        assert gone.status_code == 200, gone.text


def _ignore_broken_connections(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # asyncpg says so of a connection whose opening was cut off.
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


async def run_many(api: Api, runs: int) -> None:
    asyncio.get_running_loop().set_exception_handler(_ignore_broken_connections)
    await enable(api, "polls")
    await make_premium(api)
    for seed in [int(SEED)] if SEED else range(runs):
        try:
            await run(api, seed)
        except Exception as error:
            raise AssertionError(f"HUSQY_TEST_SEED={seed}: {error!r}") from error
    with suppress(TimeoutError):
        async with asyncio.timeout(2):
            await api.program.worker.runner.close()


async def test_polls_survive_random_crashes(api: Api) -> None:
    await run_many(api, 20)


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_polls_survive_many_random_crashes(api: Api) -> None:
    await run_many(api, 500)
