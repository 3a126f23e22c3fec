"""Interactions answered, and what has become of them."""

from __future__ import annotations

import traceback
from typing import Any
from uuid import uuid4

import pytest

from husqy_graphql.discord.port import NO_MENTIONS, DiscordError, Invalid, NotThere, Unreachable
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import Stage

APP = world.APPLICATION_ID
EPHEMERAL = 64
MODAL = {
    "custom_id": "ticket:1",
    "title": "New ticket",
    "components": [{"type": 1, "components": [{"type": 4, "style": 1, "label": "Why?", "custom_id": "why"}]}],
}


async def shown(stage: Stage, token: str) -> dict[str, Any]:
    return (await stage.control.get(f"/interactions/{token}")).json()


async def reply(stage: Stage, token: str, content: str = "Done", **options: Any) -> int:
    given = {"allowed_mentions": NO_MENTIONS, **options}
    return await stage.bot.reply_to_interaction(APP, token, content=content, **given)


async def test_a_deferred_reply_is_filled_changed_and_deleted(stage: Stage) -> None:
    message_id = await reply(stage, "token-1", embeds=[{"title": "Yes"}])

    assert await reply(stage, "token-1", "Done again") == message_id
    found = await shown(stage, "token-1")
    assert found == {
        "type": 5, "flags": 0, "content": "Done again", "embeds": [], "components": [], "modal": None,
        "deleted": False, "allowed_mentions": {"parse": []}, "followups": [],
    }  # fmt: skip
    assert await stage.bot.delete_interaction_reply(APP, "token-1")
    assert not await stage.bot.delete_interaction_reply(APP, "token-1")
    assert (await shown(stage, "token-1"))["deleted"]
    with pytest.raises(NotThere) as raised:
        await reply(stage, "token-1")
    assert raised.value.code == 10008


async def test_a_first_response_is_taken_once(stage: Stage) -> None:
    await stage.bot.respond_to_interaction(1, "token-2", content="Hi", allowed_mentions=NO_MENTIONS, ephemeral=True)

    found = await shown(stage, "token-2")
    assert (found["type"], found["flags"], found["content"]) == (4, EPHEMERAL, "Hi")
    with pytest.raises(Invalid) as raised:
        await stage.bot.respond_with_modal(1, "token-2", MODAL)
    assert raised.value.code == 40060
    # An edit cannot show it to others.
    await reply(stage, "token-2", "Changed")
    found = await shown(stage, "token-2")
    assert (found["flags"], found["content"], found["modal"]) == (EPHEMERAL, "Changed", None)


async def test_a_form_is_shown(stage: Stage) -> None:
    await stage.bot.respond_with_modal(1, "token-3", MODAL)

    found = await shown(stage, "token-3")
    assert (found["type"], found["modal"]["custom_id"], found["modal"]["title"]) == (9, "ticket:1", "New ticket")
    with pytest.raises(Invalid):
        await stage.bot.respond_with_modal(1, "token-4", {**MODAL, "title": "x" * 46})
    assert (await stage.control.get("/interactions/token-4")).status_code == 404


async def test_followups(stage: Stage) -> None:
    defer = {"type": 5, "data": {"flags": EPHEMERAL}}
    await stage.control.post("/api/v10/interactions/1/token-5/callback", json=defer)

    first = await reply(stage, "token-5", "fills the reply", followup=True)
    second = await reply(stage, "token-5", "one more", followup=True, ephemeral=True)

    found = await shown(stage, "token-5")
    assert first != second
    assert (found["type"], found["content"], found["flags"]) == (5, "fills the reply", EPHEMERAL)
    assert [(each["content"], each["flags"]) for each in found["followups"]] == [("one more", EPHEMERAL)]


async def test_an_interaction_that_is_over(stage: Stage) -> None:
    expired = f"expired-{uuid4().hex}"

    async def code(call: Any) -> int:
        with pytest.raises(NotThere) as raised:
            await call
        assert expired not in "".join(traceback.format_exception(raised.value))
        return raised.value.code

    assert await code(reply(stage, expired)) == 50027
    assert await code(reply(stage, expired, followup=True)) == 50027
    assert await code(stage.bot.respond_with_modal(1, expired, MODAL)) == 10062
    unknown = stage.bot.reply_to_interaction(1, expired, content="x", allowed_mentions=NO_MENTIONS)
    assert await code(unknown) == 10015
    assert not await stage.bot.delete_interaction_reply(APP, expired)
    # It says nothing of the bot's own token.
    assert (await stage.bot.current_user()).id == world.HUSQY


async def test_a_reply_that_says_nothing(stage: Stage) -> None:
    with pytest.raises(Invalid) as raised:
        await reply(stage, "token-6", "")

    assert raised.value.code == 50006


async def test_tokens_stand_in_no_error_and_in_no_list_of_calls(stage: Stage) -> None:
    token = uuid4().hex  # a traceback quotes the lines of this file
    await stage.fault({"path": "/webhooks/", "method": "POST", "status": 500, "times": 9})
    with pytest.raises(Unreachable) as raised:
        await reply(stage, token, followup=True)
    assert raised.value.ambiguous
    await stage.fault({"path": "/webhooks/", "method": "PATCH", "drop": "after"})
    await reply(stage, token)
    with pytest.raises(DiscordError) as refused:
        await reply(stage, token, "x" * 2001)

    text = "".join(traceback.format_exception(raised.value) + traceback.format_exception(refused.value))
    assert token not in text
    calls = (await stage.control.get("/control/calls")).json()
    assert token not in str(calls)
    assert calls[0]["path"] == f"/api/v10/webhooks/{APP}/{{token}}"


async def test_tokens_with_slashes_stay_in_their_place(stage: Stage) -> None:
    with pytest.raises(NotThere):
        await reply(stage, "../../channels/1")
