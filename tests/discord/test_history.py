"""What was said in a channel since an id."""

from __future__ import annotations

import httpx2
import pytest

from husqy_graphql.discord.adapter import BotDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.port import NO_MENTIONS, PermissionOverwrite, Refused
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import Stage

CHANNEL_IDS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
GENERAL = CHANNEL_IDS["general"]
READ_MESSAGE_HISTORY, VIEW_CHANNEL = 1 << 16, 1 << 10


async def send(stage: Stage, content: str) -> int:
    return (await stage.bot.send_message(GENERAL, content=content, allowed_mentions=NO_MENTIONS)).id


async def test_messages_come_oldest_first_from_above_an_id(stage: Stage) -> None:
    ids = [await send(stage, str(number)) for number in range(5)]

    async def listed(after: int, limit: int = 100) -> list[int]:
        return [each.id for each in await stage.bot.messages(GENERAL, after=after, limit=limit)]

    assert await listed(0) == ids
    assert await listed(ids[1]) == ids[2:]
    assert await listed(ids[1] - 1, limit=2) == ids[1:3]
    assert await listed(ids[-1]) == []
    assert await listed(0, limit=0) == []


async def test_more_than_one_page(stage: Stage) -> None:
    first = await send(stage, "x")
    kept = stage.sandbox.state.store.get("message", f"{GENERAL}:{first}") or {}
    for number in range(1, 250):
        made = {**kept, "id": str(first + number)}
        stage.sandbox.state.store.put("message", f"{GENERAL}:{made['id']}", made)

    found = await stage.bot.messages(GENERAL, after=first, limit=230)

    assert [each.id for each in found] == [first + number for number in range(1, 231)]
    calls = (await stage.control.get("/control/calls")).json()
    assert [each["method"] for each in calls].count("GET") == 3


async def test_what_a_message_carries(stage: Stage) -> None:
    menu = {"type": 3, "custom_id": "menu", "options": [{"label": "A", "value": "a"}]}
    buttons = [
        {"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"},
        {"type": 2, "style": 5, "label": "Site", "url": "https://husqy.xyz"},
        {"type": 2, "style": 4, "label": "No", "custom_id": "no"},
    ]
    rows = [{"type": 1, "components": buttons}, {"type": 1, "components": [menu]}]
    sent = await stage.bot.send_message(
        GENERAL, content="Pick", embeds=[{"title": "Rules"}], components=rows, allowed_mentions=NO_MENTIONS
    )
    await stage.act("sandbox-member", "POST", f"/channels/{GENERAL}/messages", json={"content": "Yes!"})

    found, answer = await stage.bot.messages(GENERAL, after=sent.id - 1)

    assert found == sent
    assert found.custom_ids == ("yes", "no", "menu")
    assert [each["title"] for each in found.embeds] == ["Rules"]
    assert (answer.author.id, answer.content, answer.custom_ids, answer.embeds) == (world.MEMBER, "Yes!", (), ())


async def test_a_channel_that_is_gone_or_hidden(stage: Stage) -> None:
    assert await stage.bot.messages(42, after=0) == []
    for deny in (VIEW_CHANNEL, READ_MESSAGE_HISTORY):
        overwrites = (PermissionOverwrite(world.HUSQY, 1, allow=0, deny=deny),)
        channel = await stage.bot.create_channel(
            world.DEMO_GUILD, name="hidden", type=0, permission_overwrites=overwrites
        )
        await stage.act("sandbox-member", "POST", f"/channels/{channel.id}/messages", json={"content": "psst"})
        if deny == READ_MESSAGE_HISTORY:
            assert await stage.bot.messages(channel.id, after=0) == []
        else:
            # A channel that cannot be looked at must not look empty.
            with pytest.raises(Refused) as raised:
                await stage.bot.messages(channel.id, after=0)
            assert raised.value.code == 50001


async def test_custom_ids_of_new_kinds_of_components() -> None:
    section = {"type": 9, "components": [{"type": 10, "content": "x"}], "accessory": {"type": 2, "custom_id": "side"}}
    row = {
        "id": "7", "channel_id": "1", "type": 0, "content": "", "timestamp": "2026-03-01T12:00:00+00:00",
        "author": {"id": "9", "username": "x"}, "components": [{"type": 17, "components": [section]}],
    }  # fmt: skip
    http = DiscordHTTP("http://x", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=[row])))

    [found] = await BotDiscord(http, "x", 1).messages(1, after=0)

    assert found.custom_ids == ("side",)
    await http.close()
