"""kill -9 at every step of a poll's life: it is there once, with one message that says the same, or not at all."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from husqy_graphql.core.languages import translate
from tests.conftest import MEMBER
from tests.faults.kills import (
    DELETE,
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
from tests.modules.helpers import GENERAL_CHANNEL
from tests.modules.polling import DISCORD, EMOJI, PATH, body, emoji_answers

KINDS: dict[str, dict[str, Any]] = {
    "buttons": {},
    "emoji": {"poll_answer_type": EMOJI, "answers": emoji_answers("\U0001f44d")},
    "native": {"poll_type": DISCORD, "poll_duration": "1h"},
}
REACT: Call = ("PUT", "/reactions/")
UNREACT: Call = ("DELETE", "/reactions$")
EXPIRE: Call = ("POST", "/expire$")
CREATE = Operation("create", [SEND], "buttons")
EDITED = Operation("edit", [EDIT], "buttons")
OPERATIONS = [
    CREATE,
    Operation("create", [SEND, REACT], "emoji"),
    Operation("create", [SEND], "native"),
    EDITED,
    Operation("vote", [EDIT], "buttons"),
    Operation("close", [EDIT, SEND], "buttons"),
    Operation("close", [EDIT, UNREACT, SEND], "emoji"),
    Operation("close", [EXPIRE, SEND], "native"),
    Operation("end", [EDIT, SEND], "buttons"),
    Operation("delete", [DELETE], "buttons"),
]
FEW = [
    Kill(CREATE, At.BEFORE_ANSWER, SEND),
    Kill(EDITED, At.BEFORE_COMMIT, commit=2),
]


async def prepare(stage: Stage, process: Process, operation: Operation, text: str) -> Attempt:
    """A poll, unless it is its creation that is cut off."""
    check = partial(check_poll, stage, operation, text)
    given = body(question=text, poll_owner_id=MEMBER, **KINDS[operation.kind])
    if operation.name == "create":
        return Attempt(partial(asked, process, "POST", f"{PATH}/entries", MEMBER, **given), check)
    if operation.name == "end":
        given["poll_duration"] = "1h"
    made = await process.rest("POST", f"{PATH}/entries", MEMBER, json=given)
    assert made.status_code == 200, made.text
    entry = made.json()["data"]["entry"]
    path = f"{PATH}/entries/{entry['poll_id']}"
    vote = {
        "poll_id": entry["poll_id"],
        "channel_id": GENERAL_CHANNEL,
        "interacted_message_id": int(entry["message_id"]),
        "action": "add",
        "answer_id": 1,
    }
    begin = {
        "edit": partial(asked, process, "PUT", path, MEMBER, description="changed"),
        "vote": partial(asked, process, "POST", f"{PATH}/entry/vote", MEMBER, **vote),
        "close": partial(asked, process, "POST", f"{path}/close", MEMBER),
        "end": partial(came_due, stage, process, "polls.end", f"poll:{entry['poll_id']}"),
        "delete": partial(asked, process, "DELETE", path, MEMBER),
    }
    return Attempt(begin[operation.name], check)


async def check_poll(stage: Stage, operation: Operation, question: str, acknowledged: bool) -> None:
    """One message and one poll that say the same, or neither; a notice for each poll that has ended."""
    rows = await stage.rows("SELECT * FROM polls WHERE question = :question", question=question)
    messages = [each for each in stage.discord.messages() if question in _said(each)]
    notices = [each for each in stage.discord.messages() if question in each["content"]]
    assert [row["message_id"] for row in rows] == [int(each["id"]) for each in messages]
    assert [bool(row["published"]) for row in rows] in ([], [True])
    if operation.name in {"create", "delete"}:
        assert len(rows) == (operation.name == "create") or not acknowledged
    else:
        assert len(rows) == 1
    for row, message in zip(rows, messages, strict=True):
        await _check_shown(stage, row, message)
        assert len(notices) == bool(row["ended"])
        if acknowledged or operation.name == "end":
            assert bool(row["ended"]) == (operation.name in {"close", "end"})
            assert row["description"] == ("changed" if operation.name == "edit" else None)


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


async def test_a_poll_survives_a_few_kills(database_url: str) -> None:
    await run_kills(database_url, "polls", prepare, FEW)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_poll_survives_every_kill(database_url: str, operation: Operation) -> None:
    await run_every_kill(database_url, "polls", prepare, operation)
