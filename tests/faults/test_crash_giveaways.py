"""kill -9 at every step of a giveaway's life: it is there once, with one message that says the same, or not at all; it
is drawn once, and told of once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from husqy_graphql.core.languages import translate
from tests.conftest import MEMBER, MEMBER_2, OWNER
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
from tests.modules.giving import PATH, body

LOOK: Call = ("GET", "/members/[0-9]+$")  # whether who would win is still there
CREATE = Operation("create", [SEND])
END = Operation("end", [LOOK, EDIT, SEND])
OPERATIONS = [
    CREATE,
    Operation("edit", [EDIT]),
    Operation("enter", [LOOK, EDIT]),
    Operation("leave", [EDIT]),
    END,
    Operation("reroll", [LOOK, EDIT]),
    Operation("delete", [DELETE]),
    Operation("purge", [DELETE]),
]
FEW = [
    Kill(CREATE, At.BEFORE_ANSWER, SEND),
    Kill(END, At.BEFORE_ANSWER, SEND),
]
ENTRANTS = {"leave": [MEMBER], "end": [MEMBER, MEMBER_2], "reroll": [MEMBER, MEMBER_2]}
DRAWS = {"end": 1, "purge": 1, "reroll": 2}
GONE = {"delete", "purge"}


async def prepare(stage: Stage, process: Process, operation: Operation, text: str) -> Attempt:
    """A giveaway, unless it is its creation that is cut off."""
    check = partial(check_giveaway, stage, operation.name, text)
    given = body(prize=text)
    if operation.name == "create":
        return Attempt(partial(asked, process, "POST", f"{PATH}/entries", OWNER, **given), check)
    made = await process.rest("POST", f"{PATH}/entries", json=given)
    assert made.status_code == 200, made.text
    giveaway_id = made.json()["data"]["entry"]["giveaway_id"]
    path = f"{PATH}/entries/{giveaway_id}"
    time_comes = partial(came_due, stage, process, object_key=f"giveaway:{giveaway_id}")
    for user in ENTRANTS.get(operation.name, ()):
        assert await asked(process, "POST", f"{path}/enter", user)
    await stage.settled()
    if operation.name in {"reroll", "purge"}:
        assert await time_comes("giveaways.end")
    if operation.name == "purge":
        assert await asked(process, "PUT", f"{PATH}/settings", OWNER, delete_ended_giveaways=True)
    begin = {
        "edit": partial(asked, process, "PUT", path, OWNER, new_description="changed"),
        "enter": partial(asked, process, "POST", f"{path}/enter", MEMBER),
        "leave": partial(asked, process, "POST", f"{path}/leave", MEMBER),
        "end": partial(time_comes, "giveaways.end"),
        "reroll": partial(asked, process, "POST", f"{path}/reroll", OWNER),
        "delete": partial(asked, process, "DELETE", path, OWNER),
        "purge": partial(time_comes, "giveaways.purge"),
    }
    return Attempt(begin[operation.name], check)


async def check_giveaway(stage: Stage, operation: str, prize: str, acknowledged: bool) -> None:
    """One message and one giveaway that say the same, or neither; a draw and a notice for each that has ended."""
    rows = await stage.rows("SELECT * FROM giveaways WHERE prize = :prize", prize=prize)
    messages = [each for each in stage.discord.messages() for embed in each["embeds"] if prize in embed["description"]]
    notices = [each for each in stage.discord.messages() if prize in each["content"]]
    assert [row["message_id"] for row in rows] == [int(each["id"]) for each in messages]
    assert [bool(row["published"]) for row in rows] in ([], [True])
    if operation == "purge":
        assert (rows, len(notices)) == ([], 1)
    elif operation in {"create", "delete"}:
        assert len(rows) == (operation == "create") or not acknowledged
    else:
        assert len(rows) == 1
    for row, message in zip(rows, messages, strict=True):
        draws = await _draws(stage, row)
        assert bool(row["ended"]) == bool(row["closed"]) == (operation in DRAWS)
        assert len(notices) == bool(row["ended"])
        assert len(draws) == DRAWS.get(operation, 0) or (operation == "reroll" and not acknowledged and len(draws) == 1)
        winners = [winner for draw in draws for winner in draw]
        assert set(winners) <= {MEMBER, MEMBER_2}
        assert len(winners) == len(set(winners)) == len(draws)
        entrants = await _entrants(stage, row)
        if acknowledged:
            assert row["description"] == ("changed" if operation == "edit" else None)
            assert entrants == ([MEMBER] if operation == "enter" else []) or operation in DRAWS
        _check_shown(message, row, len(entrants), draws[-1] if draws else [])


def _check_shown(message: dict[str, Any], row: dict[str, Any], entrants: int, winners: list[int]) -> None:
    [embed] = message["embeds"]
    said = {each["name"]: each["value"] for each in embed["fields"]}
    assert embed["description"] == f"**{row['prize']}**" + (f"\n\n{row['description']}" if row["description"] else "")
    assert said[translate("en", "giveaways.participants")] == str(entrants)
    assert bool(message["components"]) == (not row["ended"])
    if row["ended"]:
        assert said[translate("en", "giveaways.winners")] == " ".join(f"<@{each}>" for each in winners)


async def _entrants(stage: Stage, row: dict[str, Any]) -> list[int]:
    found = "SELECT user_id FROM giveaway_participants WHERE giveaway_row_id = :giveaway ORDER BY id"
    return [each["user_id"] for each in await stage.rows(found, giveaway=row["id"])]


async def _draws(stage: Stage, row: dict[str, Any]) -> list[list[int]]:
    """The winners of each draw, in their order."""
    draws = "SELECT id, drawn_at FROM giveaway_draws WHERE giveaway_row_id = :giveaway ORDER BY id"
    winners = "SELECT user_id FROM giveaway_winners WHERE draw_row_id = :draw ORDER BY id"
    found = await stage.rows(draws, giveaway=row["id"])
    assert all(draw["drawn_at"] for draw in found)
    return [[each["user_id"] for each in await stage.rows(winners, draw=draw["id"])] for draw in found]


async def test_a_giveaway_survives_a_few_kills(database_url: str) -> None:
    await run_kills(database_url, "giveaways", prepare, FEW)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
async def test_a_giveaway_survives_every_kill(database_url: str, operation: Operation) -> None:
    await run_every_kill(database_url, "giveaways", prepare, operation)
