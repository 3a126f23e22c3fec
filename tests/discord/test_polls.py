"""Polls of Discord's own: sent, voted in, counted and ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import httpx2
import pytest

from husqy_graphql.discord.adapter import BotDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.port import (
    NO_MENTIONS,
    DiscordMessage,
    DiscordPoll,
    Invalid,
    NewPoll,
    NewPollAnswer,
    NotThere,
    PermissionOverwrite,
    PollExpired,
    Refused,
)
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import NOW, Stage

CHANNEL_IDS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
POLLS = CHANNEL_IDS["polls"]
HUSKY = f"husky:{world.BASE + 401}"
SEND_POLLS = 1 << 49
ANSWERS = (NewPollAnswer("Yes", "👍"), NewPollAnswer("No"), NewPollAnswer("Woof", HUSKY))


async def send(
    stage: Stage,
    question: str = "Walk?",
    answers: Sequence[NewPollAnswer] = ANSWERS,
    *,
    duration: int = 24,
    multiselect: bool = False,
    channel_id: int = POLLS,
    nonce: str | None = None,
) -> DiscordMessage:
    poll = NewPoll(question, answers, duration, allow_multiselect=multiselect)
    return await stage.bot.send_message(channel_id, poll=poll, allowed_mentions=NO_MENTIONS, nonce=nonce)


async def vote(stage: Stage, message_id: int, token: str, *answer_ids: int) -> int:
    """The error's code, 0 for a vote that counts."""
    path = f"/channels/{POLLS}/polls/{message_id}/answers/@me"
    answer = await stage.act(token, "PUT", path, json={"answer_ids": answer_ids})
    return 0 if answer.status_code == 204 else answer.json()["code"]


async def read(stage: Stage, message_id: int) -> DiscordPoll:
    found = await stage.bot.message(POLLS, message_id)
    assert found is not None
    assert found.poll is not None
    return found.poll


async def votes(stage: Stage, message_id: int) -> list[int | None]:
    return [each.votes for each in (await read(stage, message_id)).answers]


async def voters(stage: Stage, message_id: int, answer_id: int, **options: int) -> list[int]:
    found = await stage.bot.poll_voters(POLLS, message_id, answer_id, **options)
    return [each.id for each in found or ()]


async def test_a_poll_is_sent_and_read(stage: Stage) -> None:
    sent = await send(stage, multiselect=True, nonce="poll:1")

    poll = sent.poll
    assert poll is not None
    assert (poll.question, poll.allow_multiselect, poll.finalized) == ("Walk?", True, False)
    assert poll.expires_at == NOW + timedelta(hours=24)
    assert [(each.id, each.text, each.emoji, each.votes) for each in poll.answers] == [
        (1, "Yes", "👍", 0), (2, "No", None, 0), (3, "Woof", HUSKY, 0)
    ]  # fmt: skip
    assert (sent.content, sent.embeds) == ("", ())
    assert await stage.bot.message(POLLS, sent.id) == sent
    assert await stage.bot.messages(POLLS, after=0) == [sent]
    assert await send(stage, nonce="poll:1") == sent
    with_text = await stage.bot.send_message(
        POLLS, content="Vote!", poll=NewPoll("Now?", ANSWERS, 1), allowed_mentions=NO_MENTIONS
    )
    assert (with_text.content, with_text.poll is not None) == ("Vote!", True)


@pytest.mark.parametrize(
    ("question", "answers", "duration", "code"),
    [
        ("", ANSWERS, 1, 50035),
        ("x" * 301, ANSWERS, 1, 50035),
        ("x", (), 1, 50035),
        ("x", [NewPollAnswer("x")] * 11, 1, 50035),
        ("x", [NewPollAnswer("x" * 56)], 1, 50035),
        ("x", [NewPollAnswer(" ")], 1, 50035),
        ("x", ANSWERS, 0, 50035),
        ("x", ANSWERS, 769, 50035),
        ("x", [NewPollAnswer("x", "husky:1")], 1, 520004),
        ("x", [NewPollAnswer("x", "husky")], 1, 520004),
    ],
)
async def test_polls_that_are_refused(
    stage: Stage, question: str, answers: Sequence[NewPollAnswer], duration: int, code: int
) -> None:
    with pytest.raises(Invalid) as raised:
        await send(stage, question, answers, duration=duration)

    assert raised.value.code == code
    assert await stage.messages(POLLS) == []


async def test_the_limits_of_polls_themselves_are_good(stage: Stage) -> None:
    for duration in (1, 768):
        sent = await send(stage, "x" * 300, [NewPollAnswer("x" * 55)] * 10, duration=duration)
        assert sent.poll is not None
        assert sent.poll.expires_at == NOW + timedelta(hours=duration)


async def test_a_channel_without_polls(stage: Stage) -> None:
    overwrites = (PermissionOverwrite(world.HUSQY, 1, allow=0, deny=SEND_POLLS),)
    channel = await stage.bot.create_channel(world.DEMO_GUILD, name="calm", type=0, permission_overwrites=overwrites)

    with pytest.raises(Refused) as raised:
        await send(stage, channel_id=channel.id)

    assert raised.value.code == 50013
    await stage.bot.send_message(channel.id, content="x", allowed_mentions=NO_MENTIONS)


async def test_one_vote_and_a_new_one_replaces_it(stage: Stage) -> None:
    message_id = (await send(stage)).id
    assert await vote(stage, message_id, "sandbox-member", 1) == 0
    assert await vote(stage, message_id, "sandbox-owner", 1) == 0
    assert await votes(stage, message_id) == [2, 0, 0]

    assert await vote(stage, message_id, "sandbox-member", 3) == 0
    assert await vote(stage, message_id, "sandbox-member", 3) == 0
    assert await vote(stage, message_id, "sandbox-member", 1, 2) == 50035
    assert await vote(stage, message_id, "sandbox-member", 4) == 50035

    assert await votes(stage, message_id) == [1, 0, 1]
    assert await vote(stage, message_id, "sandbox-member") == 0
    assert await votes(stage, message_id) == [1, 0, 0]
    assert await vote(stage, message_id, "sandbox-outsider", 1) == 50001
    assert await vote(stage, message_id, world.BOT_TOKEN, 1) == 20001
    assert await vote(stage, 42, "sandbox-member", 1) == 10008


async def test_several_votes_where_the_poll_allows_them(stage: Stage) -> None:
    message_id = (await send(stage, multiselect=True)).id

    assert await vote(stage, message_id, "sandbox-member", 1, 2, 2) == 0
    assert await vote(stage, message_id, "sandbox-member-2", 2) == 0

    assert await votes(stage, message_id) == [1, 2, 0]
    assert await vote(stage, message_id, "sandbox-member", 3) == 0
    assert await votes(stage, message_id) == [0, 1, 1]


async def test_who_voted(stage: Stage) -> None:
    message_id = (await send(stage)).id
    for token in ("sandbox-member-2", "sandbox-owner", "sandbox-member"):
        await vote(stage, message_id, token, 2)

    assert await voters(stage, message_id, 2) == [world.OWNER, world.MEMBER, world.MEMBER_2]
    assert await voters(stage, message_id, 2, limit=2) == [world.OWNER, world.MEMBER]
    assert await voters(stage, message_id, 2, after=world.OWNER) == [world.MEMBER, world.MEMBER_2]
    assert await voters(stage, message_id, 1) == []
    with pytest.raises(Invalid):
        await stage.bot.poll_voters(POLLS, message_id, 4)
    assert await stage.bot.poll_voters(POLLS, 42, 1) is None
    assert await stage.bot.poll_voters(42, message_id, 1) is None


async def test_more_voters_than_a_page(stage: Stage) -> None:
    message_id = (await send(stage)).id
    state = stage.sandbox.state
    kept = state.store.get("message", f"{POLLS}:{message_id}") or {}
    ids = [world.BASE + 10_000 + number for number in range(250)]
    for user_id in ids:
        state.store.put("user", user_id, world.user(user_id, "x", None, bot=False))
    votes = {**kept["votes"], "1": [str(each) for each in ids]}
    state.store.put("message", f"{POLLS}:{message_id}", {**kept, "votes": votes})

    assert await voters(stage, message_id, 1, limit=1_000) == ids
    assert await voters(stage, message_id, 1, limit=150) == ids[:150]


async def test_a_poll_ends_by_the_clock(stage: Stage) -> None:
    message_id = (await send(stage, duration=1)).id
    await vote(stage, message_id, "sandbox-member", 1)
    stage.clock.advance(minutes=59)
    assert await vote(stage, message_id, "sandbox-owner", 2) == 0
    assert not (await read(stage, message_id)).finalized

    stage.clock.advance(minutes=1)

    assert await vote(stage, message_id, "sandbox-owner", 1) == 520001
    assert (await read(stage, message_id)).finalized
    assert await votes(stage, message_id) == [1, 1, 0]
    with pytest.raises(PollExpired) as raised:
        await stage.bot.expire_poll(POLLS, message_id)
    assert raised.value.code == 520001


async def test_the_bot_ends_a_poll_early(stage: Stage) -> None:
    message_id = (await send(stage)).id
    await vote(stage, message_id, "sandbox-member", 1)
    stage.clock.advance(minutes=5)

    ended = await stage.bot.expire_poll(POLLS, message_id)

    assert ended.poll is not None
    assert (ended.poll.finalized, ended.poll.expires_at) == (True, NOW + timedelta(minutes=5))
    assert [each.votes for each in ended.poll.answers] == [1, 0, 0]
    assert await vote(stage, message_id, "sandbox-owner", 1) == 520001
    with pytest.raises(PollExpired):
        await stage.bot.expire_poll(POLLS, message_id)


async def test_an_end_whose_answer_was_lost_has_come(stage: Stage) -> None:
    message_id = (await send(stage)).id
    await stage.fault({"path": "/expire$", "method": "POST", "drop": "after"})

    with pytest.raises(PollExpired):
        await stage.bot.expire_poll(POLLS, message_id)

    assert (await read(stage, message_id)).finalized


async def test_what_cannot_be_ended(stage: Stage) -> None:
    text = await stage.bot.send_message(POLLS, content="x", allowed_mentions=NO_MENTIONS)
    body = {"poll": {"question": {"text": "?"}, "answers": [{"poll_media": {"text": "!"}}]}}
    posted = (await stage.act("sandbox-member", "POST", f"/channels/{POLLS}/messages", json=body)).json()
    for message_id, error, code in (
        (text.id, Invalid, 520006), (int(posted["id"]), Refused, 50005), (42, NotThere, 10008)
    ):  # fmt: skip
        with pytest.raises(error) as raised:
            await stage.bot.expire_poll(POLLS, message_id)
        assert raised.value.code == code
        assert not isinstance(raised.value, PollExpired)


async def test_a_message_with_a_poll_stays_as_it_is(stage: Stage) -> None:
    sent = await send(stage)

    for call in (
        stage.bot.edit_message(POLLS, sent.id, content="x", allowed_mentions=NO_MENTIONS),
        stage.bot.remove_components(POLLS, sent.id),
    ):
        with pytest.raises(Invalid) as raised:
            await call
        assert raised.value.code == 520003

    assert await stage.bot.message(POLLS, sent.id) == sent
    assert await stage.bot.delete_message(POLLS, sent.id)


async def test_a_poll_whose_results_discord_did_not_tell() -> None:
    poll = {
        "question": {"text": "?"}, "answers": [{"answer_id": 1, "poll_media": {"text": "!"}}], "expiry": None,
        "allow_multiselect": False, "layout_type": 1,
    }  # fmt: skip
    row = {
        "id": "7", "channel_id": "1", "type": 0, "content": "", "timestamp": "2026-03-01T12:00:00+00:00",
        "author": {"id": "9", "username": "x"}, "poll": poll,
    }  # fmt: skip
    http = DiscordHTTP("http://x", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=row)))

    found = await BotDiscord(http, "x", 1).message(1, 7)

    assert found is not None
    assert found.poll is not None
    assert (found.poll.answers[0].votes, found.poll.expires_at, found.poll.finalized) == (None, None, False)
    await http.close()
