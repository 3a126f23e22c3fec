"""The life of polls: changed, closed, ended in time, forgotten, deleted; and what a crash or a silent Discord leaves.

Source: polls.md, sections 3 and 4; the order of writes of ADR 14.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from husqy_graphql.app import create_program
from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.worker.modules import trim_guilds
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OWNER, Api, Monotonic, settings_for
from tests.modules.helpers import CLOSED_CHANNEL, GENERAL_CHANNEL, enable, make_premium, refused, run_due
from tests.modules.logs import logs
from tests.modules.polling import (
    AS_MEMBER,
    BOT,
    DISCORD,
    EMOJI,
    PATH,
    answers,
    ask,
    body,
    effects,
    emoji_answers,
    message_of,
    messages_sent,
    path_of,
    read,
    standing_message,
    vote,
    voted,
    votes,
)
from tests.modules.tags import api_key, prevent_data_collection

HAND = "\U0001f44d"
SEND = {"method": "POST", "path": "/messages$"}
HERE = {"guild_id": GUILD}


async def entries(api: Api) -> list[dict[str, Any]]:
    return (await api.rest("GET", f"{PATH}/entries?guild_id={GUILD}")).json()["data"]["entries"]


async def channel(api: Api) -> list[dict[str, Any]]:
    return await api.discord("GET", f"/control/channels/{GENERAL_CHANNEL}/messages")


async def test_a_poll_ends_in_time_and_is_forgotten_later(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_answer_type=EMOJI, answers=emoji_answers(HAND), poll_duration="1h")
    await voted(api, poll)
    await run_due(api, minutes=59, seconds=59)
    assert (await read(api, poll))["entry"]["edited_with_results"] is False

    await run_due(api, seconds=1.5)

    entry = (await read(api, poll))["entry"]
    assert entry["edited_with_results"] is True
    assert (entry["end_time"], entry["delete_at"]) == ("2026-03-01T13:00:00.500000Z", "2026-03-08T13:00:00.500000Z")
    message = await standing_message(api, poll)
    assert message.get("reactions", []) == []
    assert f"<@{MEMBER}>" in message["embeds"][0]["fields"][0]["value"]
    notice = (await channel(api))[-1]["content"]
    assert "Pizza?" in notice
    assert entry["poll_id"] in notice
    assert f"/{GENERAL_CHANNEL}/{entry['message_id']}" in notice
    assert await run_due(api, days=6, hours=23, minutes=59) == 0

    await run_due(api, minutes=1)

    assert await entries(api) == []
    assert await api.rows("poll_votes") == []
    assert await api.rows("jobs") == []
    await standing_message(api, poll)  # which stays, as the settings have it


@pytest.mark.parametrize(("kind", "setting"), [(1, "delete_ended_discord_polls"), (2, "delete_ended_husqy_polls")])
async def test_the_message_goes_too_where_the_guild_wants_it(api: Api, kind: int, setting: str) -> None:
    await enable(api, "polls")
    await api.rest("PUT", f"{PATH}/settings", json={**HERE, "save_duration_timeout": 60, setting: True})
    poll = await ask(api, poll_type=kind, poll_duration="1h")
    await run_due(api, hours=1)
    await standing_message(api, poll)

    await run_due(api, seconds=60)

    assert await message_of(api, poll) is None


async def test_what_was_overdue_happens_at_the_start(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_duration="1h")

    await run_due(api, days=30)  # nobody was there for a month
    assert (await read(api, poll))["entry"]["edited_with_results"] is True
    await run_due(api, days=7)

    assert await entries(api) == []


async def test_closing_is_for_the_owner_and_happens_once(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_owner_id=MEMBER, poll_duration="1h")
    key = await api_key(api)
    for options, status in (({}, 403), (key, 403), (BOT, 400), ({**BOT, "acting": ADMIN}, 403)):
        for method, rest in (("POST", "/close"), ("DELETE", ""), ("PUT", "")):
            await refused(api, status, method, path_of(poll, rest), json=HERE, **options)

    closed = await api.rest("POST", path_of(poll, "/close"), json=HERE, **AS_MEMBER)

    assert closed.json() == {"data": {"message": "The poll is closed."}}
    assert (await read(api, poll))["entry"]["end_time"] == "2026-03-01T12:00:00Z"
    for method, rest in (("POST", "/close"), ("PUT", "")):
        await refused(api, 409, method, path_of(poll, rest), json=HERE, **AS_MEMBER)
    sent = await messages_sent(api)
    assert await run_due(api, hours=2) == 0
    assert await messages_sent(api) == sent


async def test_closing_ends_a_poll_of_discords_kind_there_first(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_type=DISCORD, poll_duration="1h")
    expire = {"method": "POST", "path": "/expire$", "times": 9}
    await api.fault({**expire, "status": 403})
    before = await api.everything()
    failed = await api.rest("POST", path_of(poll, "/close"), json=HERE)
    assert failed.status_code == 500
    assert await api.everything() == before

    await api.fault({**expire, "times": 1, "drop": "after"})  # it is ended, and the answer gets lost
    closed = await api.rest("POST", path_of(poll, "/close"), json=HERE)

    assert closed.status_code == 200, closed.text
    assert (await read(api, poll))["entry"]["edited_with_results"] is True


async def test_a_change_shows_at_once(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, description="old")
    changed = await api.rest("PUT", path_of(poll), json={**HERE, "question": "Pasta?", "description": None})
    assert changed.json() == {"data": {"message": "The poll is changed."}}
    assert (await standing_message(api, poll))["embeds"][0]["description"] == "**Pasta?**"
    assert (await read(api, poll))["entry"]["description"] is None
    for fault in ({"question": ""}, {"question": "x" * 301}, {"max_votes_per_answer": 0}, {"description": "x" * 3_500}):
        await refused(api, 400, "PUT", path_of(poll), json={**HERE, **fault})
    before = await api.everything()
    assert (await api.rest("PUT", path_of(poll), json=HERE)).status_code == 200
    assert await api.everything() == before


async def test_deleting_takes_the_message_along(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_duration="1h")
    await voted(api, poll)

    gone = await api.rest("DELETE", path_of(poll), json=HERE)

    assert gone.json()["data"]["entry"] == poll["entry"]
    assert await message_of(api, poll) is None
    assert await api.rows("poll_votes") == await api.rows("jobs") == []
    assert (await api.rest("DELETE", path_of(poll), json=HERE)).status_code == 404


async def test_a_deleted_message_takes_the_poll_along(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_duration="1h")
    path = f"{PATH}/entry/delete-poll-on-message-delete"
    told = {**HERE, "channel_id": GENERAL_CHANNEL, "interacted_message_id": int(poll["entry"]["message_id"])}
    await refused(api, 403, "DELETE", path, json=told)
    nothing = await api.rest("DELETE", path, json={**told, "interacted_message_id": 42}, **BOT)
    assert nothing.status_code == 200
    assert len(await entries(api)) == 1

    assert (await api.rest("DELETE", path, json=told, **BOT)).status_code == 200

    assert await entries(api) == []
    assert await api.rows("jobs") == []


async def test_a_refused_poll_leaves_nothing(api: Api) -> None:
    await enable(api, "polls")
    await refused(api, 500, "POST", f"{PATH}/entries", json=body(channel_id=CLOSED_CHANNEL))
    assert await api.rows("polls") == []
    await ask(api)


@pytest.mark.parametrize("kind", ["buttons", "emoji", "native"])
@pytest.mark.parametrize("arrived", [True, False])
async def test_a_poll_whose_answer_got_lost_is_settled(api: Api, kind: str, arrived: bool) -> None:
    await enable(api, "polls")
    values: dict[str, dict[str, Any]] = {
        "buttons": {},
        "emoji": {"poll_answer_type": EMOJI, "answers": emoji_answers(HAND)},
        "native": {"poll_type": DISCORD, "poll_duration": "1h"},
    }
    await api.fault({**SEND, "drop": "after" if arrived else "before", "times": 9})

    lost = await api.rest("POST", f"{PATH}/entries", json=body(**values[kind]))

    assert lost.status_code == 503
    assert int(lost.headers["retry-after"]) >= 1
    assert await entries(api) == []
    await api.fault()
    # The clock of the test stands still, Discord's does not: what it sends is made long after.
    await run_due(api, seconds=30)
    found = await entries(api)
    assert len(found) == len(await channel(api)) == (1 if arrived else 0)
    if arrived:
        assert await standing_message(api, found[0])
    assert await api.rows("polls") == [] or arrived
    assert [row["kind"] for row in await api.rows("jobs")] == (["polls.end"] if arrived and kind == "native" else [])


async def test_what_discord_refuses_is_shown_and_tried_again(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api)
    edit = {"method": "PATCH", "path": "/messages/", "times": 1, "status": 403}
    await api.fault(edit)

    assert (await api.rest("PUT", path_of(poll), json={**HERE, "question": "Pasta?"})).status_code == 200

    query = """query ($guild: Snowflake!) { guild(id: $guild) {
      effects(state: FAILED) { nodes { databaseId module action target attempts lastError nextAttemptAt } }
      polls { polls { nodes { effects { action state } } } } } }"""
    seen = (await api.data(query, guild=str(GUILD)))["guild"]
    [effect] = seen["effects"]["nodes"]
    assert (effect["module"], effect["action"], effect["attempts"]) == ("POLLS", "polls.show", 1)
    assert effect["target"] == f"poll:{poll['entry']['poll_id']}"
    assert effect["lastError"]
    assert effect["nextAttemptAt"] is None
    assert seen["polls"]["polls"]["nodes"] == [{"effects": [{"action": "polls.show", "state": "FAILED"}]}]
    assert await run_due(api, days=1) == 0

    retry = """mutation ($guild: Snowflake!, $id: Int!) {
      effectRetry(guildId: $guild, effectId: $id) { effect { state } } }"""
    done = await api.data(retry, guild=str(GUILD), id=effect["databaseId"])

    assert done["effectRetry"] == {"effect": None}
    assert "Pasta?" in (await standing_message(api, poll))["embeds"][0]["description"]
    again = await api.error(retry, guild=str(GUILD), id=effect["databaseId"])
    assert again["extensions"]["code"] == "NOT_FOUND"


async def test_a_silent_discord_is_asked_again(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api)
    await api.fault({"path": "/messages", "times": 99, "status": 502})
    for question in ("Pasta?", "Rice?"):
        assert (await api.rest("PUT", path_of(poll), json={**HERE, "question": question})).status_code == 200
    assert await effects(api) == [("polls.show", "PENDING")]
    await run_due(api, seconds=60)
    assert await effects(api) == [("polls.show", "PENDING")]
    await api.fault()

    await run_due(api, seconds=15)

    assert await effects(api) == []
    assert "Rice?" in (await standing_message(api, poll))["embeds"][0]["description"]


async def test_effects_of_a_poll_keep_their_order(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_answer_type=EMOJI, answers=emoji_answers(HAND))
    await api.fault({"path": "/messages", "times": 99, "status": 502})
    await api.rest("POST", path_of(poll, "/close"), json=HERE)
    assert await effects(api) == [
        ("polls.show", "PENDING"), ("polls.unreact", "PENDING"), ("polls.notice", "PENDING"),
    ]  # fmt: skip
    await api.fault()
    before = len(await api.calls())

    await run_due(api, minutes=1)

    called = [(call["method"], call["path"].rpartition("/messages")[2]) for call in (await api.calls())[before:]]
    message_id = poll["entry"]["message_id"]
    assert [each for each in called if each[0] != "GET"] == [
        ("PATCH", f"/{message_id}"), ("DELETE", f"/{message_id}/reactions"), ("POST", ""),
    ]  # fmt: skip


async def test_two_workers_end_a_poll_once(api: Api, database_url: str) -> None:
    await enable(api, "polls")
    await make_premium(api)
    polls = [await ask(api, poll_duration="1h") for _ in range(10)]
    other = create_program(settings_for(database_url), clock=api.clock, now=Monotonic())
    api.clock.advance(hours=1)

    async with other.running():
        await asyncio.gather(*(each.worker.runner.run_due() for each in (api.program, other, api.program, other)))

    notices = [each["content"] for each in await channel(api) if "has ended" in each["content"]]
    # Each program has a sandbox of its own here, so what the other one sent is not in this channel.
    assert len(notices) == len(set(notices)) <= len(polls)
    assert [row["ended"] for row in await api.rows("polls")] == [True] * 10
    assert {row["kind"] for row in await api.rows("jobs")} == {"polls.purge"}


async def test_a_worker_that_lost_its_lease_changes_nothing(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_duration="1h")
    api.clock.advance(hours=1)
    runner = api.program.worker.runner
    [mine] = await runner._claim(effects=False, most=1)
    assert await runner.run_due() == 0  # it is mine for half a minute
    api.clock.advance(seconds=31)
    assert await runner.run_due() >= 1  # then another one takes it
    ended = (await read(api, poll))["entry"]
    sent = await messages_sent(api)

    await runner._do(mine)

    assert (await read(api, poll))["entry"] == ended
    assert await messages_sent(api) == sent


async def test_the_logs_and_the_statistics_tell_of_polls(api: Api) -> None:
    await enable(api, "polls")
    await enable(api, "logging")
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True
    before = len(await logs(api))
    poll = await ask(api, poll_duration="1h")
    await voted(api, poll)
    await voted(api, poll, action="remove")
    await voted(api, poll, action="remove")  # nothing was there: no line
    await vote(api, poll, answer_id=9)
    await api.rest("PUT", path_of(poll), json={**HERE, "question": "Pasta?"})
    await api.rest("POST", f"{PATH}/entries", json=body())
    await api.rest("POST", path_of(poll, "/close"), json=HERE, token="sandbox-admin")
    await api.rest("POST", path_of(poll, "/close"), json=HERE)
    await api.rest("DELETE", path_of(poll), json=HERE)
    hidden = await ask(api, is_anonymous=True, poll_duration="1h")
    await voted(api, hidden)
    await run_due(api, hours=2)

    told = (await logs(api))[before:]

    name = poll["entry"]["poll_id"]
    expected = (
        f"created the poll `{name}`", f"voted in the poll `{name}`", f"took a vote back in the poll `{name}`",
        "answer not found", f"changed the poll `{name}`", "limit reached", "not owner", f"closed the poll `{name}`",
        f"deleted the poll `{name}`", "created the poll", "come to its end",
    )  # fmt: skip
    assert len(told) == len(expected), told
    for line, part in zip(told, expected, strict=True):
        assert part in line
    counted = [(row["metric"].rpartition("polls/")[2], row["user_id"]) for row in await api.rows("statistics_journal")]
    assert counted == [
        ("poll/created", OWNER), ("vote/added", MEMBER), ("vote/removed", MEMBER), ("poll/manually-closed", OWNER),
        ("poll/deleted", OWNER), ("poll/created", OWNER), ("vote/added", MEMBER),
    ]  # fmt: skip


async def test_a_member_sees_and_erases_what_is_stored(api: Api) -> None:
    await enable(api, "polls")
    await make_premium(api)
    mine = await ask(
        api, poll_owner_id=MEMBER, question="Is Mia there?", answers=answers("Mia", "No"), max_votes_per_answer=2,
        poll_duration="1h",
    )  # fmt: skip
    other = await ask(api, is_multi_select=True, description=f"ask <@{MEMBER}>")
    for poll, number in ((mine, 1), (mine, 1), (other, 1), (other, 2)):
        await voted(api, poll, answer_id=number)
    await voted(api, other, MEMBER_2)
    query = f"guild_id={GUILD}&privacy_member_id={MEMBER}"

    counts = (await api.rest("GET", f"{PATH}/privacy/get-user-entries?{query}", **AS_MEMBER)).json()["data"]
    # Owner of one, three answers with votes, and a mention.
    assert counts["id"] == 5
    assert counts["global_name"] >= 3
    request = {**HERE, "privacy_member_id": MEMBER}
    await refused(api, 403, "DELETE", f"{PATH}/privacy/delete-user-entries", json=request)

    erased = await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", json=request, **AS_MEMBER)

    assert erased.status_code == 200
    now = await read(api, mine)
    assert now["entry"]["question"] == "Is (removed_user) there?"
    assert now["entry"]["poll_owner_id"] == "(removed_user)"
    assert (now["answers"][0]["votes"], now["answers"][0]["answer_text"]) == ("0,0", "(removed_user)")
    assert await votes(api, other) == [f"0,{MEMBER_2}", "0"]
    assert "(removed_user)" in (await standing_message(api, other))["embeds"][0]["description"]
    zero = (await api.rest("GET", f"{PATH}/privacy/get-user-entries?{query}", **AS_MEMBER)).json()["data"]
    assert set(zero.values()) == {0}
    # Administrators in person stand in for the owner; an API key and a member do not.
    key = await api_key(api)
    for options in (key, {**BOT, "acting": MEMBER_2}):
        await refused(api, 403, "POST", path_of(mine, "/close"), json=HERE, **options)
    assert (await api.rest("POST", path_of(mine, "/close"), json=HERE, token="sandbox-admin")).status_code == 200
    assert (await api.rest("DELETE", path_of(mine), json=HERE, **{**BOT, "acting": ADMIN})).status_code == 200


async def test_a_member_who_forbids_it_may_still_erase(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_owner_id=MEMBER)
    await prevent_data_collection(api, MEMBER)
    request = {**HERE, "privacy_member_id": MEMBER}
    assert (await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", json=request, **AS_MEMBER)).is_success
    assert (await read(api, poll))["entry"]["poll_owner_id"] == "(removed_user)"


async def test_when_husqy_plus_ends_polls_run_on(api: Api) -> None:
    await enable(api, "polls")
    ends = (api.clock() + timedelta(hours=1)).isoformat()
    await make_premium(api, ends=ends)
    polls = [await ask(api, answers=answers(*"abcdef")) for _ in range(3)]
    api.clock.advance(hours=2)
    await trim_guilds(api.program.worker)

    await voted(api, polls[2], answer_id=6)
    assert len(await entries(api)) == 3
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())
