"""kill -9 at every step of a poll's life: Discord and the rows say the same in the end, and everything happens once.

The order of writes is that of ADR 14. A killed process is replaced by another one, whose clock is that of this machine:
in between, whatever waits in the rows is made to be due.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from typing import Any

import httpx2
import pytest

from husqy_graphql.core.languages import translate
from husqy_graphql.discord.sandbox.state import Fault
from tests.conftest import GUILD, MEMBER
from tests.faults.processes import Process, Stage, eventually, make_ready, staged
from tests.modules.helpers import GENERAL_CHANNEL
from tests.modules.polling import DISCORD, EMOJI, PATH, body, emoji_answers

HERE = {"guild_id": GUILD}
HELD = 4.0  # seconds; less than the deadline of a call
KINDS: dict[str, dict[str, Any]] = {
    "buttons": {},
    "emoji": {"poll_answer_type": EMOJI, "answers": emoji_answers("\U0001f44d")},
    "native": {"poll_type": DISCORD, "poll_duration": "1h"},
}
QUESTIONS = count(1)


class At(Enum):
    """When the process is killed: seen from one of the operation's calls to Discord, or from its transactions."""

    BEFORE_COMMIT = auto()
    BEFORE_CALL = auto()
    CALL_ON_ITS_WAY = auto()  # it arrives after the death of who sent it
    BEFORE_ANSWER = auto()
    BEFORE_NEXT_COMMIT = auto()
    ANSWERED = auto()


OF_CALLS = (At.BEFORE_CALL, At.CALL_ON_ITS_WAY, At.BEFORE_ANSWER, At.BEFORE_NEXT_COMMIT)


@dataclass(frozen=True)
class Kill:
    """An operation on a kind of poll, and when it is cut off; `call` is the method and path of its call to Discord."""

    operation: str
    kind: str
    at: At
    call: tuple[str, str] | None = None

    def __str__(self) -> str:
        return "-".join(filter(None, [self.operation, self.kind, self.call and self.call[0], self.at.name.lower()]))


SEND, EDIT, DELETE = ("POST", "/messages$"), ("PATCH", "/messages/"), ("DELETE", "/messages/[0-9]+$")
REACT, UNREACT, EXPIRE = ("PUT", "/reactions/"), ("DELETE", "/reactions$"), ("POST", "/expire$")
CALLS: dict[tuple[str, str], Sequence[tuple[str, str]]] = {
    ("create", "buttons"): [SEND],
    ("create", "emoji"): [SEND, REACT],
    ("create", "native"): [SEND],
    ("edit", "buttons"): [EDIT],
    ("vote", "buttons"): [EDIT],
    ("close", "buttons"): [EDIT, SEND],
    ("close", "emoji"): [EDIT, UNREACT, SEND],
    ("close", "native"): [EXPIRE, SEND],
    ("delete", "buttons"): [DELETE],
}
ALL = [
    kill
    for (operation, kind), calls in CALLS.items()
    for kill in (
        Kill(operation, kind, At.BEFORE_COMMIT),
        *(Kill(operation, kind, at, call) for call in calls for at in OF_CALLS),
        Kill(operation, kind, At.ANSWERED),
    )
]
FEW = [
    Kill("create", "buttons", At.BEFORE_ANSWER, SEND),
    Kill("close", "buttons", At.BEFORE_ANSWER, SEND),
    Kill("edit", "buttons", At.BEFORE_CALL, EDIT),
]


@dataclass
class Attempt:
    """A poll, what is done with it, and whether that was acknowledged."""

    question: str
    doing: Callable[[], Coroutine[Any, Any, httpx2.Response]]
    acknowledged: bool = False


async def prepare(process: Process, kill: Kill) -> Attempt:
    """What is to be cut off."""
    question = f"Question {next(QUESTIONS)} of {kill}?"
    asked = body(question=question, poll_owner_id=MEMBER, **KINDS[kill.kind])
    if kill.operation == "create":
        return Attempt(question, lambda: process.rest("POST", f"{PATH}/entries", MEMBER, json=asked))
    made = await process.rest("POST", f"{PATH}/entries", MEMBER, json=asked)
    assert made.status_code == 200, made.text
    entry = made.json()["data"]["entry"]
    method, rest, values = {
        "edit": ("PUT", "", {"description": "changed"}),
        "close": ("POST", "/close", {}),
        "delete": ("DELETE", "", {}),
        "vote": ("POST", "", {}),
    }[kill.operation]
    path = f"{PATH}/entries/{entry['poll_id']}{rest}"
    if kill.operation == "vote":
        path = f"{PATH}/entry/vote"
        values = {
            "poll_id": entry["poll_id"],
            "channel_id": GENERAL_CHANNEL,
            "interacted_message_id": int(entry["message_id"]),
            "action": "add",
            "answer_id": 1,
        }
    return Attempt(question, lambda: process.rest(method, path, MEMBER, json={**HERE, **values}))


async def cut_off(stage: Stage, process: Process, kill: Kill, attempt: Attempt) -> None:
    """Let the process begin what is to be done, and kill it at its moment."""

    async def do() -> None:
        with suppress(httpx2.TransportError):
            answer = await attempt.doing()
            assert answer.status_code == 200, answer.text
            attempt.acknowledged = True

    state = stage.discord.state
    seen = len(state.calls)
    if kill.at is At.BEFORE_COMMIT:
        async with stage.locked():
            doing = asyncio.create_task(do())
            await asyncio.sleep(0.3)
            await process.kill()
    elif kill.call is None:
        doing = asyncio.create_task(do())
        await doing
        await process.kill()
    else:
        fault = Fault(path=re.compile(kill.call[1]), method=kill.call[0], **_held(kill.at))
        state.faults[:] = [fault]
        doing = asyncio.create_task(do())
        await eventually(lambda: fault.times == 0)
        call = [each for each in list(state.calls)[seen:] if each["method"] == kill.call[0]][-1]
        await asyncio.sleep(0.1)
        if kill.at is At.BEFORE_NEXT_COMMIT:
            async with stage.locked():
                await eventually(lambda: call["status"])
                await asyncio.sleep(0.2)
                await process.kill()
        else:
            await process.kill()
            if kill.at is At.CALL_ON_ITS_WAY:
                assert not call["status"]
                await eventually(lambda: call["status"])
    await doing
    state.faults.clear()


def _held(at: At) -> dict[str, Any]:
    match at:
        case At.BEFORE_CALL:
            return {"delay": HELD, "drop": "before"}
        case At.CALL_ON_ITS_WAY:
            return {"delay": 0.5}
        case At.BEFORE_ANSWER:
            return {"answer_delay": HELD}
        case _:
            return {"answer_delay": 0.5}


async def check(stage: Stage, kill: Kill, attempt: Attempt) -> None:
    """One message and one poll that say the same, or neither; a notice for each poll that was closed."""
    rows = await stage.rows("SELECT * FROM polls WHERE question = :question", question=attempt.question)
    messages = [each for each in stage.discord.messages() if attempt.question in _said(each)]
    notices = [each for each in stage.discord.messages() if attempt.question in each["content"]]
    jobs = await stage.rows("SELECT kind, state FROM jobs WHERE ordered")
    assert jobs == [], jobs
    assert [row["message_id"] for row in rows] == [int(each["id"]) for each in messages]
    assert [bool(row["published"]) for row in rows] in ([], [True])
    if kill.operation in {"create", "delete"}:
        assert len(rows) == (kill.operation == "create") or not attempt.acknowledged
    else:
        assert len(rows) == 1
    for row, message in zip(rows, messages, strict=True):
        await _check_shown(stage, row, message)
        assert len(notices) == bool(row["ended"])
        if attempt.acknowledged:
            assert bool(row["ended"]) == (kill.operation == "close")
            assert row["description"] == ("changed" if kill.operation == "edit" else None)


async def _check_shown(stage: Stage, row: dict[str, Any], message: dict[str, Any]) -> None:
    if row["type"] == DISCORD:
        assert not row["ended"] or message["poll"].get("expired") or stage.discord.calls("POST", "/expire")
        return
    [embed] = message["embeds"]
    said = f"**{row['question']}**" + (f"\n\n{row['description']}" if row["description"] else "")
    assert embed["description"] == said
    assert embed["title"] == translate("en", "polls.ended" if row["ended"] else "polls.title")
    votes = "SELECT a.id, count(v.id) AS votes FROM poll_answers a LEFT JOIN poll_votes v ON v.answer_row_id = a.id "
    counted = await stage.rows(f"{votes} WHERE a.poll_row_id = :poll GROUP BY a.id ORDER BY a.id", poll=row["id"])
    shown = [field["value"].split("(")[0] for field in embed["fields"]]
    assert shown == [f"Votes: {each['votes']} " for each in counted]
    by_buttons = row["answer_type"] != EMOJI
    assert bool(message["components"]) == (by_buttons and not row["ended"])
    reactions = message.get("reacted") or []
    assert bool(reactions) == (not by_buttons and not row["ended"])


def _said(message: dict[str, Any]) -> str:
    native = (message.get("poll") or {}).get("question", {}).get("text", "")
    return native + "".join(embed.get("description", "") for embed in message["embeds"])


async def run_kills(database_url: str, kills: Sequence[Kill]) -> None:
    async with staged(database_url) as stage:
        process = await stage.start()
        await make_ready(process, GUILD)
        for kill in kills:
            attempt = await prepare(process, kill)
            await cut_off(stage, process, kill, attempt)
            await stage.pass_time()
            process = await stage.start()
            await stage.settled()
            try:
                await check(stage, kill, attempt)
            except AssertionError as error:
                raise AssertionError(f"{kill}: {error}") from error


async def test_a_poll_survives_a_few_kills(database_url: str) -> None:
    await run_kills(database_url, FEW)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", ["create", "edit", "vote", "close", "delete"])
async def test_a_poll_survives_every_kill(database_url: str, operation: str) -> None:
    await run_kills(database_url, [kill for kill in ALL if kill.operation == operation])
