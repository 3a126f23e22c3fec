"""Votes in polls: limits, anonymity, what the message shows. Source: polls.md, section 4, "Voting"."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.conftest import GUILD, MEMBER, MEMBER_2, OWNER, Api, credentials
from tests.modules.helpers import GENERAL_CHANNEL, enable, make_premium, post_as, refused, run_due, writes
from tests.modules.polling import (
    AS_MEMBER,
    BOT,
    DISCORD,
    EMOJI,
    HUSQY,
    PATH,
    answers,
    ask,
    effects,
    emoji_answers,
    path_of,
    read,
    standing_message,
    vote,
    vote_body,
    voted,
    votes,
)
from tests.modules.tags import api_key, prevent_data_collection
from tests.transport.streams import stream

HAND, FIST = "\U0001f44d", "\u270a"
REACTIONS = f"/api/v10/channels/{GENERAL_CHANNEL}/messages/{{}}/reactions/{HAND}/@me"


async def test_votes_are_written_down_in_order(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, max_votes_per_answer=2)

    await voted(api, poll, MEMBER)
    await voted(api, poll, MEMBER_2)
    await voted(api, poll, MEMBER)
    await voted(api, poll, OWNER, answer_id=2)

    assert await votes(api, poll) == [f"{MEMBER},{MEMBER_2},{MEMBER}", str(OWNER)]
    await voted(api, poll, MEMBER, action="remove")
    assert await votes(api, poll) == [str(MEMBER_2), str(OWNER)]
    await voted(api, poll, MEMBER, action="remove")  # nothing to take back is no fault
    assert await votes(api, poll) == [str(MEMBER_2), str(OWNER)]


async def test_limits_of_votes(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, max_votes_per_answer=2)
    for _ in range(2):
        await voted(api, poll)
    problem = await refused(api, 400, "POST", f"{PATH}/entry/vote", json=vote_body(poll), **AS_MEMBER)
    assert "at most 2" in problem["detail"]
    other = vote_body(poll, answer_id=2)
    problem = await refused(api, 400, "POST", f"{PATH}/entry/vote", json=other, **AS_MEMBER)
    assert "another answer" in problem["detail"]

    changed = await api.rest("PUT", path_of(poll), json={"guild_id": GUILD, "is_multi_select": True})
    assert changed.status_code == 200
    await voted(api, poll, answer_id=2)
    lowered = {"guild_id": GUILD, "max_votes_per_answer": 1, "is_multi_select": False}
    assert (await api.rest("PUT", path_of(poll), json=lowered)).status_code == 200
    assert await votes(api, poll) == [f"{MEMBER},{MEMBER}", str(MEMBER)]  # what was allowed stays
    await refused(api, 400, "POST", f"{PATH}/entry/vote", json=vote_body(poll), **AS_MEMBER)


async def test_how_a_vote_finds_its_poll_and_answer(api: Api) -> None:
    await enable(api, "polls")
    await make_premium(api)
    husky = {"answer_text": "Husky", "emoji_name": "husky", "emoji_id": 1300000000000000401}
    poll = await ask(
        api, poll_answer_type=EMOJI, answers=[*emoji_answers("\u270a\ufe0f"), husky], is_multi_select=True,
        max_votes_per_answer=9,
    )  # fmt: skip
    for named in (
        {"answer_id": 1},
        {"answer_id": None, "emoji_name": FIST},  # clients leave U+FE0F out at times
        {"answer_id": 1, "emoji_id": 1300000000000000401},  # the number comes first
        {"answer_id": None, "emoji_id": 1300000000000000401, "emoji_name": "renamed"},
        {"poll_id": None},
        {"poll_id": "unknown"},
        {"interacted_message_id": 42},
    ):
        await voted(api, poll, **named)
    assert await votes(api, poll) == [",".join([str(MEMBER)] * 6), str(MEMBER)]
    for status, named in (
        (400, {"answer_id": None}),
        (404, {"answer_id": 3}),
        (404, {"answer_id": None, "emoji_name": HAND}),
        (404, {"answer_id": None, "emoji_id": 1}),
        (404, {"poll_id": None, "interacted_message_id": 42}),
        (400, {"action": "toggle"}),
    ):
        await refused(api, status, "POST", f"{PATH}/entry/vote", json=vote_body(poll, **named), **AS_MEMBER)


async def test_who_may_vote(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api)
    request = vote_body(poll)
    key = await api_key(api)
    for options in ({}, {"token": "sandbox-member"}, key):
        await refused(api, 403, "POST", f"{PATH}/entry/vote", json=request, **options)
    await refused(api, 400, "POST", f"{PATH}/entry/vote", json=request, **BOT)
    await prevent_data_collection(api, MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entry/vote", json=request, **AS_MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entry/vote", json={**request, "action": "remove"}, **AS_MEMBER)
    closed = await api.rest("POST", path_of(poll, "/close"), json={"guild_id": GUILD})
    assert closed.status_code == 200
    for action in ("add", "remove"):
        late = vote_body(poll, action=action)
        await refused(api, 400, "POST", f"{PATH}/entry/vote", json=late, token="sandbox-service", acting=OWNER)


async def test_nobody_learns_who_voted_anonymously(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, is_anonymous=True, max_votes_per_answer=2)
    for user in (MEMBER, MEMBER, OWNER):
        await voted(api, poll, user)
    await refused(api, 400, "POST", f"{PATH}/entry/vote", json=vote_body(poll), **AS_MEMBER)

    assert await votes(api, poll) == ["0,0,0", None]
    listed = await api.rest("GET", f"{PATH}/entries?guild_id={GUILD}")
    assert listed.json()["data"]["entries"][0]["answers"][0]["votes"] == "0,0,0"
    query = """query ($guild: Snowflake!) { guild(id: $guild) { polls {
      polls { nodes { answers { votes voters } } } answers { nodes { votes voters } } } } }"""
    seen = (await api.data(query, guild=str(GUILD)))["guild"]["polls"]
    told = {"votes": 3, "voters": ["0", "0", "0"]}
    assert seen["polls"]["nodes"][0]["answers"][0] == seen["answers"]["nodes"][0] == told
    public = {"guild_id": GUILD, "is_anonymous": False}
    await refused(api, 409, "PUT", path_of(poll), json=public)
    for user in (MEMBER, OWNER):
        await voted(api, poll, user, action="remove")
    assert (await api.rest("PUT", path_of(poll), json=public)).status_code == 200
    gone = await api.rest("DELETE", path_of(poll), json={"guild_id": GUILD})
    assert str(MEMBER) not in gone.text


async def test_many_votes_become_one_edit_a_second(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, is_multi_select=True, max_votes_per_answer=10)

    async def edits() -> int:
        return sum(method == "PATCH" for method, _ in await writes(api))

    for _ in range(5):
        await voted(api, poll)
    assert await edits() == 0
    await run_due(api, seconds=0.9)
    assert await edits() == 0
    await run_due(api, seconds=0.1)
    assert await edits() == 1
    [embed] = (await standing_message(api, poll))["embeds"]
    assert [field["value"] for field in embed["fields"]] == ["Votes: 5 (100 %)", "Votes: 0 (0 %)"]
    assert await run_due(api, seconds=60) == 0


async def test_a_reaction_is_taken_off_and_the_prompt_goes(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_answer_type=EMOJI, answers=emoji_answers(HAND))
    headers = {"authorization": "Bearer sandbox-member"}
    await api.discord("PUT", REACTIONS.format(poll["entry"]["message_id"]), headers=headers)
    prompt = await post_as(api, "sandbox-owner", "Add or remove?")

    await voted(api, poll, answer_id=None, emoji_name=HAND, message_id=prompt)

    [reaction] = (await standing_message(api, poll))["reactions"]
    assert (reaction["count"], reaction["me"]) == (1, True)
    messages = await api.discord("GET", f"/control/channels/{GENERAL_CHANNEL}/messages")
    assert str(prompt) not in [each["id"] for each in messages]


async def test_votes_in_a_poll_of_discords_kind_are_noted_as_they_are(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_type=DISCORD, poll_duration="1h")
    for number in (1, 2, 2):  # told twice, and beside another one: Discord knows
        await voted(api, poll, answer_id=number)
    assert await votes(api, poll) == [str(MEMBER), str(MEMBER)]
    await voted(api, poll, action="remove")
    assert await votes(api, poll) == [None, str(MEMBER)]
    assert await run_due(api, seconds=5) == 0  # Discord shows them itself


async def test_votes_at_once_keep_the_limits(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, max_votes_per_answer=3)

    answered = await asyncio.gather(*(vote(api, poll, user) for user in (MEMBER, MEMBER_2) for _ in range(10)))

    assert sorted(each.status_code for each in answered) == [200] * 6 + [400] * 14
    first = (await votes(api, poll))[0] or ""
    assert sorted(first.split(",")) == [str(MEMBER)] * 3 + [str(MEMBER_2)] * 3


@pytest.mark.parametrize("kind", [DISCORD, HUSQY])
async def test_who_watches_a_poll_sees_its_votes_and_its_end(api: Api, kind: int) -> None:
    await enable(api, "polls")
    await make_premium(api)
    poll = await ask(api, poll_type=kind, poll_duration="1h")
    other = await ask(api)
    watch = (
        f'subscription {{ pollVoteChanged(guildId: "{GUILD}", pollId: "{poll["entry"]["poll_id"]}") '
        "{ poll { state answers { votes voters } } } }"
    )
    headers = {**credentials("sandbox-owner"), "accept": "text/event-stream"}

    async with stream(api.program, "GET", f"/graphql?{urlencode({'query': watch})}", headers) as answer:
        events = answer.events()
        await answer.started.wait()
        await voted(api, other)  # which is not watched
        await voted(api, poll)
        seen = (await anext(events))["data"]["pollVoteChanged"]["poll"]
        assert seen == {
            "state": "OPEN",
            "answers": [{"votes": 1, "voters": [str(MEMBER)]}, {"votes": 0, "voters": []}],
        }
        await run_due(api, hours=1)
        assert (await anext(events))["data"]["pollVoteChanged"]["poll"]["state"] == "ENDED"


async def test_replies_tell_the_member(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api)
    interaction: dict[str, Any] = {"application_id": 1300000000000000109, "token": "tok"}
    await deferred(api, "tok")

    await voted(api, poll, **interaction)

    assert "Yes" in (await api.discord("GET", "/interactions/tok"))["content"]
    failing = await vote(api, poll, MEMBER_2, **{**interaction, "token": "expired-tok"})
    assert failing.status_code == 500
    assert await votes(api, poll) == [f"{MEMBER},{MEMBER_2}", None]  # the vote stays


async def deferred(api: Api, token: str) -> None:
    """Let the bot have answered an interaction with "thinking"."""
    answered = await api.http.post(
        f"/sandbox/discord/api/v10/interactions/1/{token}/callback", json={"type": 5, "data": {}}
    )
    assert answered.is_success, answered.text


async def test_an_open_poll_shows_no_voters_and_a_closed_one_does(api: Api) -> None:
    await enable(api, "polls")
    await make_premium(api)
    seen: dict[bool, str] = {}
    for anonymous in (False, True):
        poll = await ask(api, is_anonymous=anonymous, answers=answers("Yes", "No"))
        await voted(api, poll)
        await run_due(api, seconds=2)
        assert str(MEMBER) not in str((await standing_message(api, poll))["embeds"])
        closed = await api.rest("POST", path_of(poll, "/close"), json={"guild_id": GUILD})
        assert closed.status_code == 200
        seen[anonymous] = str((await standing_message(api, poll))["embeds"])
        assert (await read(api, poll))["entry"]["edited_with_results"] is True
    assert f"<@{MEMBER}>" in seen[False]
    assert str(MEMBER) not in seen[True]
    assert await effects(api) == []
