"""kill -9 at every step of a reminder's life: each time that it comes is one message, and what its row says is what
stands there. A reminder cannot be edited: there is no operation for it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest

from tests.conftest import MEMBER, OWNER
from tests.faults.kills import (
    EDIT,
    SEND,
    At,
    Attempt,
    Call,
    Kill,
    Operation,
    asked,
    came_due,
    run_every_kill,
    run_kills,
)
from tests.faults.processes import Process, Stage
from tests.modules.reminders import PATH, QUICK, REPEATED, SCHEDULED, body

OPEN: Call = ("POST", "/users/@me/channels$")  # somebody's direct messages
COME_AGAIN = Operation("come again", [SEND], "repeated")  # says the same as the time before
LATER = Operation("later", [EDIT], "quick")
OPERATIONS = [
    *(Operation("create", [], kind) for kind in ("quick", "repeated", "scheduled")),
    Operation("come", [SEND], "quick"),
    Operation("come", [OPEN, SEND], "direct"),
    Operation("come", [SEND], "repeated"),
    COME_AGAIN,
    Operation("come", [SEND], "scheduled"),
    Operation("come", [SEND], "embeds"),
    Operation("send", [SEND], "quick"),
    Operation("send", [SEND], "repeated"),
    Operation("send", [SEND], "scheduled"),
    Operation("complete", [EDIT], "quick"),
    Operation("complete", [OPEN, EDIT], "direct"),
    LATER,
    *(Operation("delete", [], kind) for kind in ("quick", "repeated")),
]
FEW = [Kill(COME_AGAIN, At.BEFORE_ANSWER, SEND), Kill(LATER, At.BEFORE_COMMIT, commit=2)]
OF_MEMBERS = {"quick", "direct"}
STAYS = {"repeated", *OF_MEMBERS}


async def prepare(stage: Stage, process: Process, operation: Operation, text: str) -> Attempt:
    """A reminder, unless it is its creation that is cut off; one that came where somebody presses its buttons."""
    check = partial(check_reminder, stage, operation, text)
    acting = MEMBER if operation.kind in OF_MEMBERS else OWNER
    given = body_of(operation.kind, text)
    if operation.name == "create":
        return Attempt(partial(asked, process, "POST", f"{PATH}/entries", acting, **given), check)
    made = await process.rest("POST", f"{PATH}/entries", acting, json=given)
    assert made.status_code == 200, made.text
    reminder_id = made.json()["data"]["reminder"]["reminder_id"]
    path = f"{PATH}/entries/{reminder_id}"
    press = partial(asked, process, "POST", f"{path}/interact", acting)
    come = partial(came_due, stage, process, "reminders.run", f"reminder:{reminder_id}")
    if operation.name in {"complete", "later"} or operation == COME_AGAIN:
        assert await come()
    begin = {
        "come": come,
        "come again": come,
        "send": partial(asked, process, "POST", f"{path}/send", acting),
        "complete": partial(press, action="complete"),
        "later": partial(press, action="remind_later", new_delay="1h"),
        "delete": partial(asked, process, "DELETE", path, acting),
    }
    return Attempt(begin[operation.name], check)


def body_of(kind: str, text: str) -> dict[str, Any]:
    match kind:
        case "quick":
            return body(QUICK, title=text)
        case "direct":
            return body(QUICK, title=text, destination_id=MEMBER)
        case "embeds":
            return body(SCHEDULED, content=json.dumps({"embeds": [{"title": text}]}), content_is_embed=True)
        case _:
            return body(REPEATED if kind == "repeated" else SCHEDULED, content=text)


async def check_reminder(stage: Stage, operation: Operation, text: str, acknowledged: bool) -> None:
    """One message for each time that it came, which the row knows, and one timer for each reminder that waits."""
    named = "SELECT * FROM reminders WHERE title = :text OR content LIKE :part"
    rows = await stage.rows(named, text=text, part=f"%{text}%")
    messages = [each for each in stage.discord.all_messages() if text in _said(each)]
    timers = await stage.rows("SELECT object_key FROM jobs WHERE NOT ordered ORDER BY object_key")
    waiting = await stage.rows("SELECT reminder_id FROM reminders WHERE sent_at IS NULL ORDER BY reminder_id")
    assert timers == [{"object_key": f"reminder:{row['reminder_id']}"} for row in waiting]
    assert len(rows) <= 1
    assert [row["sending_at"] for row in rows if row["sending_at"]] == []
    match operation.name:
        case "create" | "delete":
            assert messages == []
            assert len(rows) == (operation.name == "create") or not acknowledged
        case "come" | "come again" | "send":
            times = 2 if operation == COME_AGAIN else 1
            assert len(messages) == times or (operation.name == "send" and not acknowledged and messages == [])
            assert len(rows) == (operation.kind in STAYS or not messages)
            for row in rows:
                assert row["last_message_id"] == (int(messages[-1]["id"]) if messages else None)
                assert bool(row["sent_at"]) == (operation.kind in OF_MEMBERS and bool(messages))
        case _:
            assert len(messages) == 1
            # Either nothing was done, or the reminder is gone and the buttons of its message with it.
            untouched = any(row["sent_at"] for row in rows)
            assert not (untouched and acknowledged)
            assert len(rows) == (untouched or operation.name == "later")
            assert bool(messages[0]["components"]) == untouched


def _said(message: dict[str, Any]) -> str:
    return message["content"] + "".join(embed["title"] for embed in message["embeds"])


async def test_a_reminder_survives_a_few_kills(database_url: str) -> None:
    await run_kills(database_url, "reminders", prepare, FEW)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_reminder_survives_every_kill(database_url: str, operation: Operation) -> None:
    await run_every_kill(database_url, "reminders", prepare, operation)
