"""kill -9 at every step of an operation: before each of its commits, and around each of its calls to Discord.

The order of writes is that of ADR 14. A killed process is replaced by another one, whose clock is that of this machine:
in between, whatever waits in the rows is made to be due. Once that is done, Discord and the rows have to say the same,
and everything has to have happened once. A module gives its operations, and `prepare`, which makes what an operation is
done to, and says what must have become of it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from husqy_graphql.discord.sandbox.state import Fault
from tests.conftest import GUILD
from tests.faults.processes import Process, Stage, eventually, make_ready, staged

HELD = 1.5  # seconds that a call is held: much more than it takes to kill
Call = tuple[str, str]  # a method, and what its path matches
SEND: Call = ("POST", "/messages$")
EDIT: Call = ("PATCH", "/messages/[0-9]+$")
DELETE: Call = ("DELETE", "/messages/[0-9]+$")


class At(Enum):
    """When the process is killed: seen from one of the operation's commits or calls to Discord, or from its answer."""

    BEFORE_COMMIT = auto()
    BEFORE_CALL = auto()
    CALL_ON_ITS_WAY = auto()  # it arrives after the death of who sent it
    BEFORE_ANSWER = auto()
    ANSWERED = auto()


_FAULTS: dict[At, dict[str, Any]] = {
    At.BEFORE_CALL: {"delay": HELD, "drop": "before"},
    At.CALL_ON_ITS_WAY: {"delay": 0.5},
    At.BEFORE_ANSWER: {"answer_delay": HELD},
}


@dataclass(frozen=True)
class Operation:
    """What is done to an object, of a kind where that makes a difference, and its calls to Discord."""

    name: str
    calls: Sequence[Call]
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.kind}".rstrip()


@dataclass(frozen=True)
class Kill:
    """Where an operation is cut off: at which of its calls, or before which of its commits, from 1 on."""

    operation: Operation
    at: At
    call: Call | None = None
    commit: int = 0

    def __str__(self) -> str:
        which = self.call[0] if self.call else self.commit or ""
        return f"{self.operation} {self.at.name.lower()} {which}".rstrip()


@dataclass(frozen=True)
class Attempt:
    """An operation that is to be cut off.

    `begin` does it, and answers whether it was acknowledged. `check` gets that once all has come to rest, and raises
    AssertionError.
    """

    begin: Callable[[], Awaitable[bool]]
    check: Callable[[bool], Awaitable[None]]


# Gets a text that is to name the object in its rows and its messages.
Prepare = Callable[[Stage, Process, Operation, str], Awaitable[Attempt]]


async def asked(process: Process, method: str, path: str, acting: int, **body: Any) -> bool:
    """Ask the process for something; False where it dies before it answers."""
    try:
        answer = await process.rest(method, path, acting, json={"guild_id": GUILD, **body})
    except httpx2.TransportError:
        return False
    assert answer.status_code == 200, answer.text
    return True


async def came_due(stage: Stage, process: Process, kind: str, object_key: str) -> bool:
    """Let the time of a timer come; False where the process dies before all that follows is done."""
    await stage.make_due(kind, object_key)
    return await stage.settled(process=process)


def _kills_of_calls(operation: Operation) -> list[Kill]:
    """Every kill that is seen from the calls of an operation, and the one after its answer."""
    kills = [Kill(operation, at, call) for call in operation.calls for at in _FAULTS]
    return [*kills, Kill(operation, At.ANSWERED)]


async def run_kills(database_url: str, module: str, prepare: Prepare, kills: Iterable[Kill]) -> None:
    """Check that a module survives these kills."""
    async with _stage(database_url, module) as stage:
        for kill in kills:
            assert await _survive(stage, prepare, kill), f"{kill}: it has no such commit"


async def run_every_kill(database_url: str, module: str, prepare: Prepare, operation: Operation) -> None:
    """Check that a module survives a kill at every step of an operation."""
    async with _stage(database_url, module) as stage:
        for kill in _kills_of_calls(operation):
            await _survive(stage, prepare, kill)
        for commit in count(1):
            if not await _survive(stage, prepare, Kill(operation, At.BEFORE_COMMIT, commit=commit)):
                break


@asynccontextmanager
async def _stage(database_url: str, module: str) -> AsyncGenerator[Stage]:
    """A process with the module on, which can be told to die before a commit."""
    with TemporaryDirectory() as folder:
        async with staged(database_url) as stage:
            stage.countdown = Path(folder) / "countdown"
            await make_ready(await stage.start(), GUILD, module)
            yield stage


async def _survive(stage: Stage, prepare: Prepare, kill: Kill) -> bool:
    """Check what becomes of an operation that is cut off; False where it has fewer commits than that."""
    process = stage.processes[-1]
    attempt = await prepare(stage, process, kill.operation, f"{kill} ({len(stage.processes)})")
    if kill.at is At.BEFORE_COMMIT:
        reached, acknowledged = await _die_before_commit(stage, process, kill.commit, attempt)
    else:
        reached, acknowledged = True, await _cut_off(stage, process, kill, attempt)
    await stage.pass_time()
    await stage.start()
    await stage.settled()
    try:
        assert await stage.rows("SELECT kind, last_error FROM jobs WHERE state = 'failed'") == []
        await attempt.check(acknowledged)
    except AssertionError as error:
        raise AssertionError(f"{kill}: {error}") from error
    return reached


async def _die_before_commit(stage: Stage, process: Process, commit: int, attempt: Attempt) -> tuple[bool, bool]:
    """Let the process kill itself; whether it came to that, and whether it had acknowledged the operation."""
    assert stage.countdown is not None
    stage.countdown.write_text("." * (commit - 1))
    acknowledged = await attempt.begin()
    await stage.settled(process=process)
    await asyncio.sleep(0.1)  # the end of what is done may still be noted
    await process.kill()
    reached = not stage.countdown.exists()
    stage.countdown.unlink(missing_ok=True)
    return reached, acknowledged


async def _cut_off(stage: Stage, process: Process, kill: Kill, attempt: Attempt) -> bool:
    """Kill the process at a call or after its answer; whether it had acknowledged the operation."""
    doing = asyncio.ensure_future(attempt.begin())
    if kill.call is None:
        await doing
        await process.kill()
    else:
        method, path = kill.call
        state = stage.discord.state
        fault = Fault(path=re.compile(path), method=method, **_FAULTS[kill.at])
        state.faults[:] = [fault]
        await eventually(lambda: fault.times == 0)
        await asyncio.sleep(0.1)  # an effect comes soon after its call
        await process.kill()
        if kill.at is At.CALL_ON_ITS_WAY:
            call = [each for each in state.calls if each["method"] == method and re.search(path, each["path"])][-1]
            assert not call["status"], "the call arrived before the kill"
            await eventually(lambda: call["status"])
    return await doing
