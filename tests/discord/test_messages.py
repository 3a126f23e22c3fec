"""Messages: what the bot posts, what people post, and what Discord refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from husqy_graphql.discord.adapter import BotDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.port import (
    NO_MENTIONS,
    DiscordChannel,
    DiscordError,
    Invalid,
    NotThere,
    PermissionOverwrite,
    Refused,
    Unreachable,
)
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import create_sandbox
from tests.discord.conftest import NOW, Stage

CHANNEL_IDS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
GENERAL, CLOSED, FORUM, LOUNGE = (CHANNEL_IDS[name] for name in ("general", "closed", "forum", "Lounge"))
VIEW_CHANNEL = 1 << 10
POST = f"/channels/{GENERAL}/messages"


async def hidden_channel(stage: Stage) -> DiscordChannel:
    """A channel that the bot does not see."""
    hidden = (PermissionOverwrite(world.HUSQY, 1, allow=0, deny=VIEW_CHANNEL),)
    return await stage.bot.create_channel(world.DEMO_GUILD, name="hidden", type=0, permission_overwrites=hidden)


async def send(stage: Stage, content: str = "Hello", channel_id: int = GENERAL, **options: Any) -> int:
    given = {"allowed_mentions": NO_MENTIONS, **options}
    return (await stage.bot.send_message(channel_id, content=content, **given)).id


async def test_a_message_is_posted_read_edited_and_deleted(stage: Stage) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}]}
    sent = await stage.bot.send_message(
        GENERAL, content=" Hello ", embeds=[{"title": "Rules"}], components=[row], allowed_mentions=NO_MENTIONS
    )

    assert (sent.content, sent.author.id, sent.channel_id, sent.webhook_id) == ("Hello", world.HUSQY, GENERAL, None)
    assert (sent.type, sent.timestamp) == (0, NOW)
    assert sent.id > world.BASE
    assert await stage.bot.message(GENERAL, sent.id) == sent
    [kept] = await stage.messages(GENERAL)
    assert kept["embeds"] == [{"type": "rich", "title": "Rules"}]
    assert [kept["components"][0]["id"], kept["components"][0]["components"][0]["id"]] == [1, 2]
    assert (kept["pinned"], kept["tts"], kept["attachments"], kept["edited_timestamp"]) == (False, False, [], None)

    stage.clock.advance(seconds=5)
    edited = await stage.bot.edit_message(GENERAL, sent.id, content="Bye", allowed_mentions=NO_MENTIONS)

    assert (edited.id, edited.content) == (sent.id, "Bye")
    [kept] = await stage.messages(GENERAL)
    assert (kept["embeds"], kept["components"]) == ([], [])
    assert kept["edited_timestamp"] is not None
    assert await stage.bot.delete_message(GENERAL, sent.id)
    assert not await stage.bot.delete_message(GENERAL, sent.id)
    assert not await stage.bot.delete_message(42, sent.id)
    assert await stage.bot.message(GENERAL, sent.id) is None
    assert await stage.bot.message(42, sent.id) is None
    with pytest.raises(NotThere) as raised:
        await stage.bot.edit_message(GENERAL, sent.id, content="again", allowed_mentions=NO_MENTIONS)
    assert raised.value.code == 10008


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"content": " "}, Invalid, 50006),
        ({"content": "x" * 2001}, Invalid, 50035),
        ({"embeds": [{"title": "x"}] * 11}, Invalid, 50035),
        ({"embeds": [{"title": "x" * 257}]}, Invalid, 50035),
        ({"embeds": [{"description": "x" * 3001}] * 2}, Invalid, 50035),
        ({"embeds": [{"fields": [{"name": "x", "value": ""}]}]}, Invalid, 50035),
        ({"embeds": [{"title": "x", "color": 1 << 24}]}, Invalid, 50035),
        ({"content": "x", "nonce": "x" * 26}, Invalid, 50035),
        ({"content": "x", "components": [{"type": 1, "components": []}]}, Invalid, 50035),
        ({"content": "x", "components": [{"type": 2, "style": 1, "custom_id": "x"}]}, Invalid, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, Invalid, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["nobody"]}}, Invalid, 50035),
        ({"content": "x", "channel_id": CLOSED}, Refused, 50013),
        ({"content": "x", "channel_id": FORUM}, Invalid, 50008),
        ({"content": "x", "channel_id": 42}, NotThere, 10003),
    ],
)
async def test_what_is_refused_is_not_posted(
    stage: Stage, options: dict[str, Any], error: type[DiscordError], code: int
) -> None:
    given = {"channel_id": GENERAL, "allowed_mentions": NO_MENTIONS, **options}

    with pytest.raises(error) as raised:
        await stage.bot.send_message(**given)

    assert raised.value.code == code
    assert await stage.messages(given["channel_id"]) == []


@pytest.mark.parametrize(
    "options",
    [
        {"content": "x" * 2000},
        {"embeds": [{"description": "x" * 3000}, {"description": "x" * 3000}]},
        {"content": "x", "nonce": "x" * 25},
    ],
)
async def test_the_limits_themselves_are_good(stage: Stage, options: dict[str, Any]) -> None:
    await stage.bot.send_message(GENERAL, allowed_mentions=NO_MENTIONS, **options)

    assert len(await stage.messages(GENERAL)) == 1


async def test_a_channel_that_the_bot_does_not_see(stage: Stage) -> None:
    channel = await hidden_channel(stage)
    posted = await stage.act("sandbox-member", "POST", f"/channels/{channel.id}/messages", json={"content": "psst"})

    for call in (send(stage, channel_id=channel.id), stage.bot.delete_channel(channel.id)):
        with pytest.raises(Refused) as raised:
            await call
        assert raised.value.code == 50001
    assert posted.status_code == 200
    assert await stage.bot.message(channel.id, int(posted.json()["id"])) is None


async def test_a_nonce_makes_one_message(stage: Stage) -> None:
    first = await send(stage, nonce="panel:1")

    assert await send(stage, nonce="panel:1") == first
    assert await send(stage, nonce="panel:2") != first
    assert await send(stage, channel_id=LOUNGE, nonce="panel:1") != first
    assert len(await stage.messages(GENERAL)) == 2
    stage.clock.advance(minutes=6)
    assert await send(stage, nonce="panel:1") != first


async def test_a_nonce_makes_one_message_also_at_the_same_time(stage: Stage) -> None:
    ids = await asyncio.gather(*(send(stage, nonce="panel:1") for _ in range(10)))

    assert len(set(ids)) == 1


async def test_two_processes_on_one_file_make_different_ids(tmp_path: Path) -> None:
    sandboxes = [create_sandbox(tmp_path / "sandbox.db", lambda: NOW) for _ in range(2)]

    ids = [int(sandboxes[number % 2].state.new_id()) for number in range(20)]

    assert ids == sorted(set(ids))
    for sandbox in sandboxes:
        sandbox.close()


async def test_the_nonce_of_a_deleted_message_makes_no_new_one(stage: Stage) -> None:
    await stage.bot.delete_message(GENERAL, await send(stage, nonce="panel:1"))

    with pytest.raises(NotThere) as raised:
        await send(stage, nonce="panel:1")

    assert raised.value.code == 10008
    assert await stage.messages(GENERAL) == []


async def test_a_nonce_is_forgotten_after_five_minutes(stage: Stage) -> None:
    deleted, kept = await send(stage, nonce="panel:1"), await send(stage, nonce="panel:2")
    await stage.bot.delete_message(GENERAL, deleted)
    # Neither an edit nor another one's message uses it up.
    await stage.bot.edit_message(GENERAL, kept, content="Changed", allowed_mentions=NO_MENTIONS)
    theirs = {"content": "x", "nonce": "panel:2", "enforce_nonce": True}
    posted = (await stage.act("sandbox-member", "POST", POST, json=theirs)).json()
    assert (posted["nonce"], posted["content"]) == ("panel:2", "x")
    stage.clock.advance(minutes=5)
    assert await send(stage, nonce="panel:2") == kept
    with pytest.raises(NotThere):
        await send(stage, nonce="panel:1")

    stage.clock.advance(seconds=1)

    made = {await send(stage, nonce="panel:1"), await send(stage, nonce="panel:2")}
    assert made.isdisjoint({deleted, kept})
    assert len(made) == 2


async def test_a_refused_message_uses_no_nonce_up(stage: Stage) -> None:
    with pytest.raises(Invalid):
        await send(stage, "", nonce="panel:1")

    sent = await send(stage, nonce="panel:1")

    assert [int(each["id"]) for each in await stage.messages(GENERAL)] == [sent]


async def test_components_are_taken_off_and_the_rest_stays(stage: Stage) -> None:
    row = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Yes", "custom_id": "yes"}]}
    sent = await stage.bot.send_message(
        GENERAL, content="Hello", embeds=[{"title": "Rules"}], components=[row], allowed_mentions=NO_MENTIONS
    )

    assert await stage.bot.remove_components(GENERAL, sent.id)

    found = await stage.bot.message(GENERAL, sent.id)
    assert found is not None
    assert (found.content, found.embeds, found.custom_ids) == ("Hello", sent.embeds, ())
    await stage.bot.delete_message(GENERAL, sent.id)
    assert not await stage.bot.remove_components(GENERAL, sent.id)


async def test_a_message_whose_answer_was_lost_is_repeated_and_there_once(stage: Stage) -> None:
    await stage.fault({"path": "/messages$", "method": "POST", "drop": "after"})

    sent = await send(stage, nonce="panel:1")

    assert [int(each["id"]) for each in await stage.messages(GENERAL)] == [sent]
    calls = (await stage.control.get("/control/calls")).json()
    assert [each["method"] for each in calls] == ["POST", "POST"]


async def test_also_without_a_nonce_of_its_own(stage: Stage) -> None:
    await stage.fault({"path": "/messages$", "method": "POST", "drop": "after"})

    sent = await send(stage)

    assert [int(each["id"]) for each in await stage.messages(GENERAL)] == [sent]
    assert await send(stage) != sent


async def test_an_answer_that_cannot_be_read_is_ambiguous() -> None:
    http = DiscordHTTP("http://x", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json={"id": "1"})))

    with pytest.raises(Unreachable) as raised:
        await BotDiscord(http, "x", 1).send_message(1, content="x", allowed_mentions=NO_MENTIONS)

    assert raised.value.ambiguous
    await http.close()


async def test_the_message_of_a_webhook() -> None:
    row = {
        "id": "7", "channel_id": "1", "type": 0, "content": "", "timestamp": "2026-03-01T12:00:00+00:00",
        "webhook_id": "9", "author": {"id": "9", "username": "Captain Hook", "avatar": None},
    }  # fmt: skip
    http = DiscordHTTP("http://x", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=row)))

    found = await BotDiscord(http, "x", 1).message(1, 7)

    assert found is not None
    assert (found.webhook_id, found.author.username) == (9, "Captain Hook")
    await http.close()


async def test_who_is_notified(stage: Stage) -> None:
    content = f"@everyone <@{world.MEMBER}> <@!{world.OWNER}> <@&{world.ROLES['Members'][0]}>"
    only_member = {"parse": [], "users": [str(world.MEMBER)]}
    for allowed in (NO_MENTIONS, only_member, {"parse": ["users"]}):
        await send(stage, content, allowed_mentions=allowed)
    await stage.act("sandbox-owner", "POST", POST, json={"content": content})

    found = await stage.messages(GENERAL)

    assert [[int(user["id"]) for user in each["mentions"]] for each in found] == [
        [], [world.MEMBER], [world.MEMBER, world.OWNER], [world.MEMBER, world.OWNER]
    ]  # fmt: skip
    assert [each["mention_everyone"] for each in found] == [False, False, False, True]
    assert [len(each["mention_roles"]) for each in found] == [0, 0, 0, 1]
    assert found[1]["allowed_mentions"] == only_member


async def test_people_post_edit_and_delete_and_the_bot_reads(stage: Stage) -> None:
    posted = (await stage.act("sandbox-member", "POST", POST, json={"content": "Good dog"})).json()
    path = f"{POST}/{posted['id']}"

    found = await stage.bot.message(GENERAL, int(posted["id"]))

    assert found is not None
    assert (found.content, found.author.id, found.author.bot) == ("Good dog", world.MEMBER, False)
    edited = await stage.act("sandbox-member", "PATCH", path, json={"content": "Best dog"})
    assert edited.json()["content"] == "Best dog"
    others = await stage.act("sandbox-member-2", "PATCH", path, json={"content": "Bad dog"})
    assert (others.status_code, others.json()["code"]) == (403, 50005)
    others = await stage.act("sandbox-member-2", "DELETE", path)
    assert (others.status_code, others.json()["code"]) == (403, 50013)
    with pytest.raises(Refused) as raised:
        await stage.bot.edit_message(GENERAL, found.id, content="x", allowed_mentions=NO_MENTIONS)
    assert raised.value.code == 50005
    outsider = await stage.act("sandbox-outsider", "POST", POST, json={"content": "x"})
    assert (outsider.status_code, outsider.json()["code"]) == (403, 50001)
    assert (await stage.act("sandbox-member", "DELETE", path)).status_code == 204
    assert (await stage.act("nobody", "POST", POST, json={"content": "x"})).status_code == 401
    assert (await stage.act("sandbox-member", "POST", POST, json=["x"])).status_code == 400
    assert (await stage.act("sandbox-member", "POST", POST, json={"embeds": [1]})).status_code == 400


async def test_the_bot_deletes_what_others_wrote(stage: Stage) -> None:
    posted = (await stage.act("sandbox-owner", "POST", POST, json={"content": "x"})).json()

    assert await stage.bot.delete_message(GENERAL, int(posted["id"]), reason="Spam")


async def test_messages_are_listed_newest_first(stage: Stage) -> None:
    ids = [str(await send(stage, str(number))) for number in range(4)]

    async def listed(**query: object) -> list[str]:
        answer = await stage.act(world.BOT_TOKEN, "GET", POST, params=query)
        return [each["id"] for each in answer.json()]

    assert await listed() == ids[::-1]
    assert await listed(limit=2) == [ids[3], ids[2]]
    assert await listed(limit=2, after=ids[0]) == [ids[2], ids[1]]
    assert await listed(before=ids[1]) == [ids[0]]


async def test_direct_messages(stage: Stage) -> None:
    channel_id = await stage.bot.open_dm(world.MEMBER)
    assert await stage.bot.open_dm(world.MEMBER) == channel_id
    sent = await send(stage, channel_id=channel_id)

    read = await stage.act("sandbox-member", "GET", f"/channels/{channel_id}/messages")
    assert [int(each["id"]) for each in read.json()] == [sent]
    opened = await stage.act("sandbox-member", "POST", "/users/@me/channels", json={"recipient_id": str(world.HUSQY)})
    assert opened.json()["id"] == str(channel_id)
    assert [each["username"] for each in opened.json()["recipients"]] == ["Husqy"]
    others = await stage.act("sandbox-owner", "GET", f"/channels/{channel_id}/messages")
    assert (others.status_code, others.json()["code"]) == (403, 50001)


async def test_who_takes_no_direct_messages(stage: Stage) -> None:
    await stage.control.put(f"/control/users/{world.MEMBER}", json={"direct_messages": False})
    for user_id in (world.MEMBER, world.OUTSIDER, world.OTHER_BOT):
        channel_id = await stage.bot.open_dm(user_id)
        with pytest.raises(Refused) as raised:
            await send(stage, channel_id=channel_id)
        assert raised.value.code == 50007
    with pytest.raises(Invalid) as unknown:
        await stage.bot.open_dm(42)
    assert unknown.value.code == 50033
    await stage.control.put(f"/control/users/{world.MEMBER}", json={"direct_messages": True})
    await send(stage, channel_id=await stage.bot.open_dm(world.MEMBER))
