"""Polls: settings, asking, and the order of the checks. Source: polls.md, sections 2 to 4."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, QUIET_GUILD, Api
from tests.modules.helpers import GENERAL_CHANNEL, enable, make_premium, refused, writes
from tests.modules.polling import (
    AS_MEMBER,
    BOT,
    DISCORD,
    DROPDOWN,
    EMOJI,
    MISSING,
    PATH,
    answers,
    ask,
    body,
    effects,
    emoji_answers,
    messages_sent,
    path_of,
    read,
    standing_message,
    voted,
)
from tests.modules.tags import api_key, leave, prevent_data_collection

HAND = "\U0001f44d"


async def test_enabling_makes_the_default_settings(api: Api) -> None:
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json() == {"data": {"status": False}}
    assert (await api.rest("GET", f"{PATH}/settings?guild_id={GUILD}")).status_code == 404

    enabled = await enable(api, "polls")

    defaults = {
        "id": 1, "guild_id": str(GUILD), "save_duration_timeout": 604800,
        "delete_ended_discord_polls": False, "delete_ended_husqy_polls": False,
    }  # fmt: skip
    assert enabled == {"settings": defaults, "polls": [], "answers": []}
    assert (await api.rest("GET", f"{PATH}/settings?guild_id={GUILD}")).json()["data"]["settings"] == defaults
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json() == {"data": {"status": True}}
    await refused(api, 409, "POST", f"{PATH}/enable", json={"guild_id": GUILD})


async def test_settings_change_field_by_field(api: Api) -> None:
    await enable(api, "polls")
    for given, expected in (
        ({"save_duration_timeout": 0}, (0, False, False)),
        ({"delete_ended_husqy_polls": True, "save_duration_timeout": None}, (0, False, True)),
        ({}, (0, False, True)),
        ({"delete_ended_discord_polls": True}, (0, True, True)),
    ):
        changed = await api.rest("PUT", f"{PATH}/settings", json={"guild_id": GUILD, **given})
        row = changed.json()["data"]["settings"]
        columns = ("save_duration_timeout", "delete_ended_discord_polls", "delete_ended_husqy_polls")
        assert tuple(row[column] for column in columns) == expected
    for seconds in (-1, 315_360_001, "soon", 1.5):
        request = {"guild_id": GUILD, "save_duration_timeout": seconds}
        problem = await refused(api, 400, "PUT", f"{PATH}/settings", json=request)
        assert problem["errors"][0]["pointer"] == "#/save_duration_timeout"


async def test_a_poll_is_stored_and_stands_on_discord(api: Api) -> None:
    await enable(api, "polls")

    poll = await ask(api, description="For Friday.", poll_duration="90m", max_votes_per_answer=3)

    entry = poll["entry"]
    assert (await read(api, poll))["entry"] == entry
    assert entry == {
        "id": 1, "guild_id": str(GUILD), "channel_id": str(GENERAL_CHANNEL), "message_id": entry["message_id"],
        "poll_id": entry["poll_id"], "poll_type": 2, "poll_buttons_type": 2, "question": "Pizza?",
        "description": "For Friday.", "is_anonymous": False, "is_multi_select": False,
        "end_time": "2026-03-01T13:30:00Z", "delete_at": "2026-03-08T13:30:00Z", "edited_with_results": False,
        "max_votes_per_answer": 3, "sent_by_husqy": True, "poll_owner_id": str(OWNER),
    }  # fmt: skip
    assert [(each["answer_id"], each["answer_text"], each["votes"]) for each in poll["answers"]] == [
        (1, "Yes", None), (2, "No", None),
    ]  # fmt: skip
    message = await standing_message(api, poll)
    [embed] = message["embeds"]
    assert "Pizza?" in embed["description"]
    assert "For Friday." in embed["description"]
    assert entry["poll_id"] in embed["footer"]["text"]
    buttons = message["components"][0]["components"]
    assert [each["custom_id"] for each in buttons] == [f"poll:{entry['poll_id']}:{number}" for number in (1, 2)]
    assert await effects(api) == []


async def test_a_poll_without_end_stays_open(api: Api) -> None:
    await enable(api, "polls")

    entry = (await ask(api))["entry"]

    assert (entry["end_time"], entry["delete_at"]) == (None, None)


async def test_a_poll_by_reactions_gets_them_in_order(api: Api) -> None:
    await enable(api, "polls")
    emojis = [HAND, "\U0001f44e", "1\ufe0f\u20e3"]

    poll = await ask(api, poll_answer_type=EMOJI, answers=emoji_answers(*emojis))

    message = await standing_message(api, poll)
    assert [each["emoji"]["name"] for each in message["reactions"]] == emojis
    assert message["components"] == []


async def test_a_poll_with_a_menu_offers_options(api: Api) -> None:
    await enable(api, "polls")

    poll = await ask(
        api, poll_answer_type=DROPDOWN, answers=[{"answer_text": "Yes", "description": "of course"}, *answers("No")]
    )

    [menu] = (await standing_message(api, poll))["components"][0]["components"]
    options = [(each["label"], each["value"], each.get("description")) for each in menu["options"]]
    assert options == [("Yes", "1", "of course"), ("No", "2", None)]


async def test_a_poll_of_discords_kind_runs_whole_hours(api: Api) -> None:
    await enable(api, "polls")

    poll = await ask(
        api, poll_type=DISCORD, poll_duration="59m", description="not shown", is_anonymous=True, max_votes_per_answer=9,
        is_multi_select=True,
    )  # fmt: skip

    entry = poll["entry"]
    assert entry["end_time"] == "2026-03-01T13:00:00Z"
    kept = (entry["description"], entry["is_anonymous"], entry["max_votes_per_answer"], entry["is_multi_select"])
    assert kept == (None, False, 1, True)
    native = (await standing_message(api, poll))["poll"]
    assert native["question"]["text"] == "Pizza?"
    assert [each["poll_media"]["text"] for each in native["answers"]] == ["Yes", "No"]
    assert native["allow_multiselect"] is True


REFUSED: list[tuple[int, dict[str, Any], str]] = [
    (400, {"poll_type": 3}, "#/poll_type"),
    (400, {"poll_answer_type": 0}, "#/poll_answer_type"),
    (400, {"answers": []}, "#/answers"),
    (409, {"answers": answers(*"abcdef")}, ""),
    (409, {"poll_answer_type": EMOJI, "answers": emoji_answers(*(chr(0x1F600 + n) for n in range(6)))}, ""),
    (409, {"poll_answer_type": DROPDOWN, "answers": answers(*"abcdef")}, ""),
    (409, {"poll_type": DISCORD, "poll_duration": "1h", "answers": answers(*"abcdefghijk")}, ""),
    (400, {"poll_type": DISCORD}, "#/poll_duration"),
    (400, {"poll_duration": ""}, "#/poll_duration"),
    (400, {"poll_duration": "0m"}, "#/poll_duration"),
    (400, {"poll_duration": "01m"}, "#/poll_duration"),
    (400, {"poll_duration": "5 m"}, "#/poll_duration"),
    (400, {"poll_duration": "5w"}, "#/poll_duration"),
    (400, {"poll_duration": "3651d"}, "#/poll_duration"),
    (400, {"poll_duration": "99999999999999999999d"}, "#/poll_duration"),
    (400, {"poll_type": DISCORD, "poll_duration": "769h"}, "#/poll_duration"),
    (400, {"poll_type": DISCORD, "poll_duration": "46081m"}, "#/poll_duration"),
    (400, {"question": ""}, "#/question"),
    (400, {"question": "   "}, "#/question"),
    (400, {"question": "x" * 301}, "#/question"),
    (400, {"description": "x" * 3495}, "#/description"),
    (400, {"max_votes_per_answer": 0}, "#/max_votes_per_answer"),
    (400, {"max_votes_per_answer": 1001}, "#/max_votes_per_answer"),
    (400, {"answers": [{"answer_text": "Yes"}]}, "#/answers/0/label"),
    (400, {"answers": [{"answer_text": " ", "label": "x"}]}, "#/answers/0/answer_text"),
    (400, {"answers": [{"answer_text": "x", "label": "x" * 81}]}, "#/answers/0/label"),
    (400, {"poll_answer_type": DROPDOWN, "answers": [{"answer_text": "x", "label": "x" * 101}]}, "#/answers/0/label"),
    (400, {"answers": [{"answer_text": "x", "label": "x", "description": "y" * 101}]}, "#/answers/0/description"),
    (400, {"answers": [{"answer_text": "x", "label": "x", "votes": [1]}]}, "#/answers/0/votes"),
    (400, {"poll_answer_type": EMOJI, "answers": answers("Yes")}, "#/answers/0/emoji_name"),
    (400, {"poll_answer_type": EMOJI, "answers": emoji_answers(HAND, HAND)}, "#/answers/1/emoji_name"),
    (400, {"poll_type": DISCORD, "poll_duration": "1h", "answers": answers("x" * 56)}, "#/answers/0/answer_text"),
    (404, {"channel_id": 42}, ""),
    (404, {"poll_owner_id": OUTSIDER}, ""),
    (403, {"message_id": 42}, ""),
]


@pytest.mark.parametrize(("status", "values", "pointer"), REFUSED)
async def test_a_poll_that_cannot_be_is_refused(api: Api, status: int, values: dict[str, Any], pointer: str) -> None:
    await enable(api, "polls")

    problem = await refused(api, status, "POST", f"{PATH}/entries", json=body(**values))

    assert [each["pointer"] for each in problem.get("errors", ())] == ([pointer] if pointer else [])
    assert await messages_sent(api) == 0


async def test_the_numbered_checks_come_in_their_order(api: Api) -> None:
    """Everything is wrong at first; one after the other is put right."""
    await enable(api, "polls")
    await prevent_data_collection(api, MEMBER)
    await ask(api)
    wrong: dict[str, Any] = {"poll_owner_id": MEMBER, "answers": [], "poll_duration": "never"}
    for right, status, detail in (
        ({}, 403, "forbids"),
        ({"poll_owner_id": OWNER}, 409, "open polls"),
        ({"poll_type": DISCORD}, 400, "something to vote for"),
        ({"answers": answers(*"abcdefghijk")}, 409, "at most 10 answers"),
        ({"answers": answers("a"), "poll_duration": None}, 400, "needs an end"),
        ({"poll_duration": "never"}, 400, "not a duration"),
        ({"poll_duration": "769h"}, 400, "so long"),
    ):
        wrong |= right
        problem = await refused(api, status, "POST", f"{PATH}/entries", json=body(**wrong))
        assert detail in problem["detail"]
    await ask(api, **{**wrong, "poll_duration": "768h"})


async def test_one_open_poll_is_free_and_husqy_plus_has_no_limit(api: Api) -> None:
    await enable(api, "polls")
    first = await ask(api)
    await ask(api, poll_type=DISCORD, poll_duration="1h")  # of which there may be any number
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())

    closed = await api.rest("POST", path_of(first, "/close"), json={"guild_id": GUILD})
    assert closed.status_code == 200
    await ask(api)
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())
    await make_premium(api)
    await ask(api)
    await ask(api, poll_answer_type=DROPDOWN, answers=answers(*(str(number) for number in range(25))))
    await refused(api, 409, "POST", f"{PATH}/entries", json=body(answers=answers(*map(str, range(26)))))
    emojis = [chr(0x1F600 + number) for number in range(21)]
    await refused(
        api, 409, "POST", f"{PATH}/entries", json=body(poll_answer_type=EMOJI, answers=emoji_answers(*emojis))
    )
    await ask(api, poll_answer_type=EMOJI, answers=emoji_answers(*emojis[:20]))


async def test_the_longest_poll_of_all_fits_a_message(api: Api) -> None:
    await enable(api, "polls")
    await make_premium(api)
    longest = [{"answer_text": "x" * 300, "label": "y" * 80} for _ in range(25)]

    poll = await ask(api, question="q" * 300, description="d" * 3_200, answers=longest)
    await voted(api, poll)
    closed = await api.rest("POST", path_of(poll, "/close"), json={"guild_id": GUILD})

    assert closed.status_code == 200
    assert await effects(api) == []
    [embed] = (await standing_message(api, poll))["embeds"]
    assert len(embed["fields"]) == 25


async def test_who_may_ask(api: Api) -> None:
    await enable(api, "polls")
    await make_premium(api)
    key = await api_key(api)
    for options in ({}, {"token": "sandbox-admin"}, key, AS_MEMBER, {**BOT, "acting": ADMIN}):
        await ask(api, options, poll_owner_id=MEMBER_2)
    await refused(api, 400, "POST", f"{PATH}/entries", json=body(), **BOT)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(), token="sandbox-member")
    await prevent_data_collection(api, MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(), **AS_MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(poll_owner_id=MEMBER), **key)


async def test_a_poll_of_a_member_is_followed(api: Api) -> None:
    await enable(api, "polls")
    poll = {"question": {"text": "Cake?"}, "answers": [{"poll_media": {"text": "Yes"}}], "duration": 3}
    headers = {"authorization": "Bearer sandbox-member"}
    path = f"/api/v10/channels/{GENERAL_CHANNEL}/messages"
    sent = await api.discord("POST", path, headers=headers, json={"poll": poll})
    told = body(
        poll_type=DISCORD, message_id=int(sent["id"]), question="Cake?", answers=answers("Yes"), poll_owner_id=MEMBER
    )

    before = await messages_sent(api)
    made = await api.rest("POST", f"{PATH}/entries", json=told, **BOT)

    entry = made.json()["data"]["entry"]
    assert (entry["message_id"], entry["sent_by_husqy"]) == (sent["id"], False)
    assert entry["end_time"].startswith("20")  # as Discord has it
    assert await messages_sent(api) == before
    await refused(api, 409, "POST", f"{PATH}/entries", json=told, **BOT)
    await refused(api, 403, "POST", f"{PATH}/entries", json={**told, "message_id": 42})
    await refused(api, 404, "POST", f"{PATH}/entries", json={**told, "message_id": 42}, **BOT)
    await refused(api, 400, "POST", f"{PATH}/entries", json={**told, "poll_type": 2}, **BOT)
    for method, rest in (("DELETE", ""), ("POST", "/close")):
        path = f"{PATH}/entries/{entry['poll_id']}{rest}"
        await refused(api, 403, method, path, json={"guild_id": GUILD}, **AS_MEMBER)
    await refused(api, 409, "PUT", f"{PATH}/entries/{entry['poll_id']}", json={"guild_id": GUILD}, **AS_MEMBER)
    await prevent_data_collection(api, MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json={**told, "message_id": 43}, **BOT)


async def test_everything_needs_the_module(api: Api) -> None:
    for method, path, request, status in (
        ("GET", f"{PATH}/settings?guild_id={GUILD}", None, 404),
        ("PUT", f"{PATH}/settings", {}, 404),
        ("GET", f"{PATH}/entries?guild_id={GUILD}", None, 404),
        ("POST", f"{PATH}/entries", body(), 409),
        ("GET", f"{PATH}/entries/{MISSING}?guild_id={GUILD}", None, 404),
        ("PUT", f"{PATH}/entries/{MISSING}", {}, 409),
        ("DELETE", f"{PATH}/entries/{MISSING}", {}, 404),
        ("POST", f"{PATH}/entries/{MISSING}/close", {}, 409),
        ("POST", f"{PATH}/disable", {}, 409),
        ("DELETE", f"{PATH}/settings", {}, 404),
    ):
        options = {} if request is None else {"json": {"guild_id": GUILD, **request}}
        await refused(api, status, method, path, **options)
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).status_code == 200


async def test_a_poll_of_another_guild_is_not_there(api: Api) -> None:
    await enable(api, "polls")
    await enable(api, "polls", QUIET_GUILD)
    poll = await ask(api)
    here = {"guild_id": QUIET_GUILD}
    assert (await api.rest("GET", f"{path_of(poll)}?guild_id={QUIET_GUILD}")).status_code == 404
    for method, rest in (("PUT", ""), ("DELETE", ""), ("POST", "/close")):
        await refused(api, 404, method, path_of(poll, rest), json=here)
    await refused(api, 404, "POST", f"{PATH}/entries", json=body(guild_id=QUIET_GUILD))


async def test_disabling_answers_and_deletes_all_and_leaves_the_messages(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_duration="1h", is_anonymous=True)
    await voted(api, poll)

    gone = await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})

    data = gone.json()["data"]
    assert data["polls"] == [poll["entry"]]
    assert [each["votes"] for each in data["answers"]] == ["0", None]
    assert data["settings"]["guild_id"] == str(GUILD)
    for table in ("module_polls", "polls", "poll_answers", "poll_votes", "jobs"):
        assert await api.rows(table) == []
    await standing_message(api, poll)


async def test_leaving_members_vote_on_without_a_name(api: Api) -> None:
    await enable(api, "polls")
    poll = await ask(api, poll_owner_id=MEMBER)
    await voted(api, poll)
    await leave(api, MEMBER)

    forgotten = """mutation ($guild: Snowflake!, $user: Snowflake!) {
      memberLeave(guildId: $guild, userId: $user) { deleted } }"""
    await api.data(forgotten, token="sandbox-service", guild=str(GUILD), user=str(MEMBER))

    now = await read(api, poll)
    assert now["answers"][0]["votes"] == "0"
    assert now["entry"]["poll_owner_id"] == "(removed_user)"
    assert [path for method, path in await writes(api) if method == "DELETE"] == []
