"""kill -9 at every step of a report that somebody joined or left: it counts once, and is told of once, also where the
bot reports it again because nobody answered."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.conftest import GUILD, MEMBER, OUTSIDER, OWNER
from tests.faults.kills import SEND, At, Attempt, Call, Kill, Operation, asked, run_every_kill, run_kills
from tests.faults.processes import Process, Stage
from tests.modules.invites import PATH, WELCOME, body

MEMBER_OF: Call = ("GET", "/members/[0-9]+$")  # who joined; in the message, whom it names
LIST: Call = ("GET", "/guilds/[0-9]+/invites$")
DELETIONS: Call = ("GET", "/audit-logs$")
CHANNELS: Call = ("GET", "/guilds/[0-9]+/channels$")  # where the message goes
JOIN = Operation("join", [MEMBER_OF, LIST, CHANNELS, SEND])
USED_UP = Operation("join", [LIST, DELETIONS, SEND], "used up")
LEAVE = Operation("leave", [CHANNELS, MEMBER_OF, SEND])
OPERATIONS = [
    JOIN,
    USED_UP,
    Operation("join", [LIST, SEND], "told of before"),  # used up, and the gateway told of that first
    Operation("join", [SEND], "embeds"),
    LEAVE,
    Operation("leave", [SEND], "embeds"),
]
FEW = [Kill(USED_UP, At.BEFORE_COMMIT, commit=2), Kill(LEAVE, At.BEFORE_ANSWER, SEND)]
LIMITED = {"used up", "told of before"}
REPORTS = {"join": f"{PATH}/events/join/check-invite", "leave": f"{PATH}/events/leave/check-invite"}


async def prepare(stage: Stage, process: Process, operation: Operation, text: str) -> Attempt:
    """Somebody who has come by a new invite, which tells this stay from those before; nobody has told of the end of
    these. Where it is their leaving that is cut off, they have left again."""
    _remove(stage)
    max_uses = 1 if operation.kind in LIMITED else 0
    made = await process.rest("POST", f"{PATH}/invite", MEMBER, json=body(max_uses=max_uses))
    assert made.status_code == 200, made.text
    code = made.json()["data"]["invite_code"]
    await _take(stage, code)
    if operation.kind == "told of before":
        assert await asked(process, "POST", f"{PATH}/events/invite/delete", OWNER, invite_code=code)
    if operation.name == "leave":
        assert await asked(process, "PUT", f"{PATH}/settings", OWNER, join_messages_enabled=False)
        assert await asked(process, "POST", REPORTS["join"], OUTSIDER)
        _remove(stage)
    message = _message(text, operation)
    assert await asked(process, "PUT", f"{PATH}/settings", OWNER, **message)
    begin = partial(asked, process, "POST", REPORTS[operation.name], OUTSIDER)
    return Attempt(begin, partial(check_report, stage, operation, text, code))


async def check_report(stage: Stage, operation: Operation, text: str, code: str, acknowledged: bool) -> None:
    """It was noted and told of, or neither; both once it is reported again."""
    noted = await _is_noted(stage, operation, code)
    assert noted or not acknowledged
    assert len(_messages(stage, text)) == noted
    again = await stage.processes[-1].rest("POST", REPORTS[operation.name], OUTSIDER, json={"guild_id": GUILD})
    assert again.status_code == (409 if noted and operation.name == "join" else 200), again.text
    await stage.settled()
    assert await _is_noted(stage, operation, code)
    [said] = _messages(stage, text)
    assert said == f"{text} {code} {await _present(stage)}"


async def _is_noted(stage: Stage, operation: Operation, code: str) -> bool:
    """Whether the report has changed the rows; they must be all as they were, or all changed."""
    uses = await stage.rows("SELECT * FROM invite_tracker_uses WHERE code = :code", code=code)
    known = await stage.rows("SELECT * FROM invite_tracker_invites WHERE code = :code", code=code)
    stays = await stage.rows("SELECT code FROM invite_tracker_uses WHERE NOT has_left")
    if operation.name == "join":
        noted = bool(uses)
        counted, waiting = int(noted), 0
        if operation.kind == "told of before":
            counted, waiting = 1, 1  # until somebody joins by it
        is_known = not (noted and operation.kind in LIMITED)
    else:
        noted = any(use["has_left"] for use in uses)
        counted, waiting, is_known = 1, 0, True
        assert len(uses) == 1
    assert [(use["member_id"], use["inviter_id"]) for use in uses] in ([], [(OUTSIDER, MEMBER)])
    assert [(row["current_uses"], row["pending_uses"]) for row in known] == [(counted, waiting)] * is_known
    if noted:
        assert stays == ([{"code": code}] if operation.name == "join" else [])
    return noted


async def _present(stage: Stage) -> int:
    """How many of those whom the member has invited are still there."""
    present = "SELECT id FROM invite_tracker_uses WHERE inviter_id = :inviter AND NOT has_left"
    return len(await stage.rows(present, inviter=MEMBER))


def _message(text: str, operation: Operation) -> dict[str, Any]:
    """The settings of a message that begins with the text."""
    # Discord takes the blanks around a text away.
    content = f"{text} <invite_code> <current_invite_count>"
    is_embed = operation.kind == "embeds"
    name = operation.name
    return {
        f"{name}_messages_enabled": True,
        f"{name}_messages_channel": WELCOME,
        f"{name}_message_is_embed": is_embed,
        f"{name}_message_content": json.dumps({"embeds": [{"title": content}]}) if is_embed else f"{content}\n",
    }


def _messages(stage: Stage, text: str) -> list[str]:
    """What the messages with the text say."""
    sent = [
        each["content"] + "".join(embed["title"] for embed in each["embeds"]) for each in stage.discord.all_messages()
    ]
    return [each for each in sent if text in each]


async def _take(stage: Stage, code: str) -> None:
    headers = {"authorization": "Bearer sandbox-outsider"}
    async with httpx2.AsyncClient(headers=headers) as http:
        taken = await http.post(f"{stage.discord.url}/invites/{code}")
    assert taken.json()["new_member"], taken.text


def _remove(stage: Stage) -> None:
    stage.discord.state.store.delete("member", f"{GUILD}:{OUTSIDER}")


async def test_a_report_survives_a_few_kills(database_url: str) -> None:
    await run_kills(database_url, "invite_tracker", prepare, FEW)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_report_survives_every_kill(database_url: str, operation: Operation) -> None:
    await run_every_kill(database_url, "invite_tracker", prepare, operation)
