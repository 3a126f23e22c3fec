"""kill -9 at every step of an invite's making and deletion: it is on Discord and followed, or neither."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.conftest import OWNER
from tests.faults.kills import At, Attempt, Call, Kill, Operation, asked, run_every_kill, run_kills
from tests.faults.processes import Process, Stage
from tests.modules.helpers import GENERAL_CHANNEL
from tests.modules.invites import PATH

MAKE: Call = ("POST", "/channels/[0-9]+/invites$")
TAKE_AWAY: Call = ("DELETE", "/invites/")
CREATE = Operation("create", [MAKE])
DELETE = Operation("delete", [TAKE_AWAY])
HOUR = 3600
FEW = [Kill(CREATE, At.BEFORE_ANSWER, MAKE)]


async def prepare(stage: Stage, process: Process, operation: Operation, _: str) -> Attempt:
    """An invite, unless it is its creation that is cut off; how long it lives tells it from all others."""
    max_age = HOUR + len(stage.processes)
    given = {"channel_id": GENERAL_CHANNEL, "max_uses": 0, "max_age": max_age, "is_temporary": False}
    check = partial(check_invite, stage, operation, max_age)
    if operation == CREATE:
        return Attempt(partial(asked, process, "POST", f"{PATH}/invite", OWNER, **given), check)
    assert await asked(process, "POST", f"{PATH}/invite", OWNER, **given)
    [invite] = _invites(stage, max_age)
    return Attempt(partial(asked, process, "DELETE", f"{PATH}/invite", OWNER, invite_code=invite["code"]), check)


async def check_invite(stage: Stage, operation: Operation, max_age: int, acknowledged: bool) -> None:
    """As many invites on Discord as are followed, at most one, and nothing that is still meant."""
    codes = [each["code"] for each in _invites(stage, max_age)]
    if operation == DELETE and not acknowledged:
        # Discord tells every bot of a deletion, also the one that died before it took note.
        for code in await _followed(stage) - _codes(stage):
            assert await asked(stage.processes[-1], "POST", f"{PATH}/events/invite/delete", OWNER, invite_code=code)
    assert await _followed(stage) == _codes(stage)
    assert await stage.rows("SELECT id FROM invite_tracker_intents") == []
    assert len(codes) <= 1
    if acknowledged:
        assert len(codes) == (operation == CREATE)


async def _followed(stage: Stage) -> set[str]:
    rows = await stage.rows("SELECT code FROM invite_tracker_invites WHERE NOT gone")
    codes = {row["code"] for row in rows}
    assert len(codes) == len(rows)
    return codes


def _codes(stage: Stage) -> set[str]:
    return {each["code"] for each in stage.discord.state.store.all("invite")}


def _invites(stage: Stage, max_age: int) -> list[dict[str, Any]]:
    return [each for each in stage.discord.state.store.all("invite") if each["max_age"] == max_age]


async def test_an_invite_survives_a_few_kills(database_url: str) -> None:
    await run_kills(database_url, "invite_tracker", prepare, FEW)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", [CREATE, DELETE], ids=str)
async def test_an_invite_survives_every_kill(database_url: str, operation: Operation) -> None:
    await run_every_kill(database_url, "invite_tracker", prepare, operation)
