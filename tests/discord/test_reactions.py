"""Reactions: added, taken away, and what Discord refuses."""

from __future__ import annotations

import pytest

from husqy_graphql.discord.port import NO_MENTIONS, Invalid, NotThere, Refused, TooMany
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import Stage

CHANNEL_IDS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
GENERAL = CHANNEL_IDS["general"]
HUSKY = f"husky:{world.BASE + 401}"
POST = f"/channels/{GENERAL}/messages"
MANAGE_MESSAGES, VIEW_CHANNEL = 1 << 13, 1 << 10


async def send(stage: Stage, channel_id: int = GENERAL) -> int:
    return (await stage.bot.send_message(channel_id, content="Hello", allowed_mentions=NO_MENTIONS)).id


async def reactions(stage: Stage, channel_id: int = GENERAL) -> dict[str, int]:
    [message] = await stage.messages(channel_id)
    return {each["emoji"]["name"]: each["count"] for each in message.get("reactions", [])}


async def react(stage: Stage, message_id: int, emoji: str, token: str = "sandbox-member") -> None:
    path = f"{POST}/{message_id}/reactions/{emoji}/@me"
    assert (await stage.act(token, "PUT", path)).status_code == 204


async def test_reactions(stage: Stage) -> None:
    message_id = await send(stage)
    for emoji in ("👍", "❤️", "👨‍👩‍👧", "🇳🇱", "1️⃣", HUSKY, "👍"):
        await stage.bot.add_reaction(GENERAL, message_id, emoji)
    path = f"{POST}/{message_id}/reactions/👍"
    assert (await stage.act("sandbox-member", "PUT", f"{path}/@me")).status_code == 204

    [message] = await stage.messages(GENERAL)

    found = {each["emoji"]["name"]: (each["count"], each["me"]) for each in message["reactions"]}
    assert found["👍"] == (2, True)
    assert found["husky"] == (1, True)
    assert len(found) == 6
    who = (await stage.act("sandbox-member", "GET", path)).json()
    assert [int(each["id"]) for each in who] == [world.MEMBER, world.HUSQY]
    assert (await stage.act("sandbox-member", "DELETE", f"{path}/{world.HUSQY}")).status_code == 403
    assert (await stage.act("sandbox-member", "DELETE", f"{path}/@me")).status_code == 204
    assert (await stage.act(world.BOT_TOKEN, "DELETE", f"{POST}/{message_id}/reactions")).status_code == 204
    [message] = await stage.messages(GENERAL)
    assert "reactions" not in message


@pytest.mark.parametrize("emoji", ["x", "thumbsup", "12", "husky:1", "👍👍", ":husky:", "a/b?c"])
async def test_an_emoji_that_the_guild_has_not_got(stage: Stage, emoji: str) -> None:
    message_id = await send(stage)

    with pytest.raises((Invalid, NotThere)) as raised:
        await stage.bot.add_reaction(GENERAL, message_id, emoji)

    assert raised.value.code == (10014 if "/" not in emoji else 0)


async def test_no_more_than_twenty_kinds_of_reactions(stage: Stage) -> None:
    message_id = await send(stage)
    for number in range(20):
        await stage.bot.add_reaction(GENERAL, message_id, chr(0x1F600 + number))

    with pytest.raises(TooMany):
        await stage.bot.add_reaction(GENERAL, message_id, "👍")
    with pytest.raises(NotThere):
        await stage.bot.add_reaction(GENERAL, 42, "👍")


async def test_the_bot_takes_reactions_away(stage: Stage) -> None:
    message_id = await send(stage)
    for emoji in ("👍", HUSKY):
        await stage.bot.add_reaction(GENERAL, message_id, emoji)
        await react(stage, message_id, emoji)

    assert await stage.bot.remove_reaction(GENERAL, message_id, HUSKY, world.MEMBER)
    assert await stage.bot.remove_reaction(GENERAL, message_id, HUSKY, world.MEMBER)  # nothing happens
    assert await stage.bot.remove_reaction(GENERAL, message_id, "👍", world.HUSQY)

    assert await reactions(stage) == {"👍": 1, "husky": 1}
    assert await stage.bot.clear_reactions(GENERAL, message_id)
    assert await reactions(stage) == {}
    with pytest.raises(Invalid) as raised:
        await stage.bot.remove_reaction(GENERAL, message_id, "husky:1", world.MEMBER)
    assert raised.value.code == 10014


async def test_reactions_of_a_message_that_is_gone(stage: Stage) -> None:
    message_id = await send(stage)
    await stage.bot.delete_message(GENERAL, message_id)

    for channel_id in (GENERAL, 42):
        assert not await stage.bot.remove_reaction(channel_id, message_id, "👍", world.MEMBER)
        assert not await stage.bot.clear_reactions(channel_id, message_id)


async def test_where_the_bot_may_take_none_away(stage: Stage) -> None:
    for deny, code in ((MANAGE_MESSAGES, 50013), (VIEW_CHANNEL, 50001)):
        channel = await stage.bot.create_channel(world.DEMO_GUILD, name="closed", type=0)
        message_id = await send(stage, channel.id)
        path = f"/channels/{channel.id}/messages/{message_id}/reactions/👍/@me"
        await stage.act("sandbox-member", "PUT", path)
        key = f"{world.DEMO_GUILD}:{channel.id}"
        kept = stage.sandbox.state.store.get("channel", key) or {}
        overwrite = {"id": str(world.HUSQY), "type": 1, "allow": "0", "deny": str(deny)}
        stage.sandbox.state.store.put("channel", key, {**kept, "permission_overwrites": [overwrite]})

        for call in (
            stage.bot.remove_reaction(channel.id, message_id, "👍", world.MEMBER),
            stage.bot.clear_reactions(channel.id, message_id),
        ):
            with pytest.raises(Refused) as raised:
                await call
            assert raised.value.code == code

        assert await reactions(stage, channel.id) == {"👍": 1}
