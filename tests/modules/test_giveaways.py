"""Giveaways: settings, creating with the order of its checks, changing and deleting. Source: giveaways.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, QUIET_GUILD, Api
from tests.modules.giving import (
    AS_MEMBER,
    BOT,
    HERE,
    MISSING,
    PATH,
    body,
    channel,
    edits,
    entered,
    entries,
    give,
    job_kinds,
    message_of,
    path_of,
    read,
    shown,
)
from tests.modules.helpers import CLOSED_CHANNEL, GENERAL_CHANNEL, enable, make_premium, refused, run_due
from tests.modules.tags import api_key, prevent_data_collection

SEND = {"method": "POST", "path": "/messages$"}


async def test_enabling_makes_the_default_settings(api: Api) -> None:
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json() == {"data": {"status": False}}

    enabled = await enable(api, "giveaways")

    defaults = {
        "id": 1, "guild_id": str(GUILD), "save_duration_timeout": 604800, "delete_ended_giveaways": False,
    }  # fmt: skip
    assert enabled == {"settings": defaults, "giveaways": []}
    assert (await api.rest("GET", f"{PATH}/settings?guild_id={GUILD}")).json()["data"]["settings"] == defaults
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json() == {"data": {"status": True}}


async def test_settings_change_field_by_field_and_for_later_giveaways(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    for given, expected in (
        ({"save_duration_timeout": 0}, (0, False)),
        ({"delete_ended_giveaways": True}, (0, True)),
        ({}, (0, True)),
        ({"save_duration_timeout": 315_360_000}, (315_360_000, True)),
    ):
        changed = await api.rest("PUT", f"{PATH}/settings", json={**HERE, **given})
        row = changed.json()["data"]["settings"]
        assert (row["save_duration_timeout"], row["delete_ended_giveaways"]) == expected
    for field, value in (
        ("save_duration_timeout", -1), ("save_duration_timeout", 315_360_001), ("save_duration_timeout", "soon"),
        ("save_duration_timeout", None), ("delete_ended_giveaways", None), ("delete_ended_giveaways", "maybe"),
    ):  # fmt: skip
        problem = await refused(api, 400, "PUT", f"{PATH}/settings", json={**HERE, field: value})
        assert problem["errors"][0]["pointer"] == f"#/{field}"
    assert await read(api, entry) == entry


async def test_a_giveaway_is_stored_and_stands_on_discord(api: Api) -> None:
    await enable(api, "giveaways")

    entry = await give(api, end_time="90m", description="Well *chewed*.", winner_count=3)

    assert entry == {
        "id": 1, "guild_id": str(GUILD), "channel_id": str(GENERAL_CHANNEL), "message_id": entry["message_id"],
        "owner_id": str(OWNER), "edited_with_results": False, "end_time": "2026-03-01T13:30:00Z",
        "delete_at": "2026-03-08T13:30:00Z", "prize": "A bone", "description": "Well *chewed*.", "winner_count": 3,
        "participants": None, "winners": None, "giveaway_id": entry["giveaway_id"],
    }  # fmt: skip
    assert await read(api, entry) == entry
    assert await entries(api) == [entry]
    message = await message_of(api, entry)
    assert message is not None
    [embed] = message["embeds"]
    assert embed["description"] == "**A bone**\n\nWell *chewed*."
    assert entry["giveaway_id"] in embed["footer"]["text"]
    values = {each["name"]: each["value"] for each in embed["fields"]}
    assert values == {
        "From": f"<@{OWNER}>", "Winners to be drawn": "3", "Participants": "0", "Ends": "<t:1772371800:R>",
    }  # fmt: skip
    enter, leave = message["components"][0]["components"]
    assert enter["emoji"]["name"] == "\U0001f389"
    assert enter["custom_id"] == f"giveaway:{entry['giveaway_id']}:enter"
    assert leave["custom_id"] == f"giveaway:{entry['giveaway_id']}:leave"
    assert await job_kinds(api) == ["giveaways.end"]


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-03-02T10:00", "UTC", "2026-03-02T10:00:00Z"),
        ("2026-03-02T10:00", "Europe/Amsterdam", "2026-03-02T09:00:00Z"),
        ("2026-03-02T10:00Z", "Europe/Amsterdam", "2026-03-02T10:00:00Z"),
        ("2026-03-02 10:00:00+05:30", "America/New_York", "2026-03-02T04:30:00Z"),
        ("2026-03-29T02:30", "Europe/Amsterdam", "2026-03-29T01:30:00Z"),  # clocks skip it
        ("2026-10-25T02:30", "Europe/Amsterdam", "2026-10-25T00:30:00Z"),  # it exists twice
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z"),
        ("365d", "Europe/Amsterdam", "2027-03-01T12:00:00Z"),
        ("1s", "UTC", "2026-03-01T12:00:01Z"),
        ("2026-03-01T12:00:01", "UTC", "2026-03-01T12:00:01Z"),
    ],
)
async def test_the_end_is_a_duration_or_a_time_of_the_guilds_zone(api: Api, text: str, zone: str, utc: str) -> None:
    await enable(api, "giveaways")
    await api.rest("PUT", "/settings", json={**HERE, "gmt": zone})

    assert (await give(api, end_time=text))["end_time"] == utc


REFUSED: list[tuple[int, dict[str, Any], str, str]] = [
    (400, {"winner_count": 0}, "#/winner_count", "so many winners"),
    (400, {"winner_count": 101}, "#/winner_count", "so many winners"),
    (400, {"winner_count": None}, "#/winner_count", ""),
    (400, {"end_time": None}, "#/end_time", "needs an end"),
    (400, {"end_time": ""}, "#/end_time", "neither"),
    (400, {"end_time": "0m"}, "#/end_time", "neither"),
    (400, {"end_time": "5w"}, "#/end_time", "neither"),
    (400, {"end_time": "5 m"}, "#/end_time", "neither"),
    (400, {"end_time": "99999999999999d"}, "#/end_time", "neither"),
    (400, {"end_time": "2026-03-02"}, "#/end_time", "neither"),
    (400, {"end_time": "2026-02-30T10:00"}, "#/end_time", "neither"),
    (400, {"end_time": "2026-03-01T12:00:00"}, "#/end_time", "past"),
    (400, {"end_time": "2026-03-01T12:30:00+01:00"}, "#/end_time", "past"),
    (400, {"end_time": "366d"}, "#/end_time", "too far"),
    (400, {"end_time": "2027-03-01T12:00:01"}, "#/end_time", "too far"),
    (400, {"prize": ""}, "#/prize", ""),
    (400, {"prize": "  "}, "#/prize", ""),
    (400, {"prize": "x" * 257}, "#/prize", ""),
    (400, {"description": "x" * 2001}, "#/description", ""),
    (400, {"channel_id": "x"}, "#/channel_id", ""),
    (404, {"channel_id": 42}, "", "channel"),
    (404, {"giveaway_owner_id": OUTSIDER}, "", "owner"),
]


@pytest.mark.parametrize(("status", "values", "pointer", "detail"), REFUSED)
async def test_a_giveaway_that_cannot_be_is_refused(
    api: Api, status: int, values: dict[str, Any], pointer: str, detail: str
) -> None:
    await enable(api, "giveaways")

    problem = await refused(api, status, "POST", f"{PATH}/entries", json=body(**values))

    assert [each["pointer"] for each in problem.get("errors", ())] == ([pointer] if pointer else [])
    assert detail in problem["detail"]
    assert await channel(api) == []


async def test_the_longest_texts_and_most_winners_are_taken(api: Api) -> None:
    await enable(api, "giveaways")

    entry = await give(api, prize="p" * 256, description="d" * 2_000, winner_count=100)

    assert entry["winner_count"] == 100
    assert await message_of(api, entry) is not None


async def test_the_numbered_checks_come_in_their_order(api: Api) -> None:
    """Everything is wrong at first; one after the other is put right."""
    await enable(api, "giveaways")
    await prevent_data_collection(api, MEMBER)
    first = await give(api)
    await give(api)
    wrong: dict[str, Any] = {"giveaway_owner_id": MEMBER, "winner_count": 0, "end_time": None, "prize": ""}
    for right, status, detail in (
        ({}, 403, "forbids"),
        ({"giveaway_owner_id": OWNER}, 400, "so many winners"),
        ({"winner_count": 1}, 409, "running giveaways"),
        ("delete", 400, "needs an end"),
        ({"end_time": "soon"}, 400, "neither"),
        ({"end_time": "2026-03-01T11:00"}, 400, "past"),
        ({"end_time": "1h"}, 400, "offered like this"),
    ):
        if isinstance(right, dict):
            wrong |= right
        else:
            assert (await api.rest("DELETE", path_of(first), json=HERE)).status_code == 200
        problem = await refused(api, status, "POST", f"{PATH}/entries", json=body(**wrong))
        assert detail in problem["detail"]
    await give(api, **{**wrong, "prize": "x"})


async def test_two_running_giveaways_are_free_and_husqy_plus_has_no_limit(api: Api) -> None:
    await enable(api, "giveaways")
    await give(api)
    await give(api, end_time="2h")
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())

    await run_due(api, hours=1)  # one of them has ended, and does not count any more

    await give(api)
    await refused(api, 409, "POST", f"{PATH}/entries", json=body())
    await make_premium(api)
    for _ in range(3):
        await give(api)


async def test_who_may_create(api: Api) -> None:
    await enable(api, "giveaways")
    await make_premium(api)
    key = await api_key(api)
    for options in ({}, {"token": "sandbox-admin"}, key, AS_MEMBER, {**BOT, "acting": ADMIN}):
        assert (await give(api, options, giveaway_owner_id=MEMBER_2))["owner_id"] == str(MEMBER_2)
    await refused(api, 400, "POST", f"{PATH}/entries", json=body(), **BOT)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(), token="sandbox-member")
    await refused(api, 401, "POST", f"{PATH}/entries", json=body(), token=None)
    await prevent_data_collection(api, MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(), **AS_MEMBER)
    await refused(api, 403, "POST", f"{PATH}/entries", json=body(giveaway_owner_id=MEMBER), **key)


async def test_changing_shows_on_the_message(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, description="Fresh.", giveaway_owner_id=MEMBER)
    changes = {"new_prize": "Two bones", "new_description": None, "new_winner_count": 50}

    changed = await api.rest("PUT", path_of(entry), json={**HERE, **changes}, **AS_MEMBER)

    assert changed.json() == {"data": {"message": "The giveaway is changed."}}
    now = await read(api, entry)
    assert now == {**entry, "prize": "Two bones", "description": None, "winner_count": 50}
    message = await message_of(api, entry)
    assert message is not None
    assert message["embeds"][0]["description"] == "**Two bones**"
    assert (await shown(api, entry))["Winners to be drawn"] == "50"
    before, edited = await api.everything(), await edits(api)
    assert (await api.rest("PUT", path_of(entry), json=HERE, **AS_MEMBER)).status_code == 200
    assert (await api.everything(), await edits(api)) == (before, edited)
    for field, value in (
        ("prize", ""), ("prize", None), ("prize", "x" * 257), ("description", "x" * 2001), ("winner_count", 0),
        ("winner_count", 101), ("winner_count", None),
    ):  # fmt: skip
        request = {**HERE, f"new_{field}": value}
        problem = await refused(api, 400, "PUT", path_of(entry), json=request, **AS_MEMBER)
        assert problem["errors"][0]["pointer"] == f"#/new_{field}"


async def test_only_the_owner_changes_deletes_and_rerolls(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api, giveaway_owner_id=MEMBER)
    key = await api_key(api)
    for options, status in (({}, 403), (key, 403), (BOT, 400), ({**BOT, "acting": ADMIN}, 403)):
        for method, rest in (("POST", "/reroll"), ("DELETE", ""), ("PUT", "")):
            await refused(api, status, method, path_of(entry, rest), json=HERE, **options)
    await run_due(api, hours=1)
    for method, rest in (("PUT", ""), ("POST", "/enter"), ("POST", "/leave")):
        await refused(api, 409, method, path_of(entry, rest), json=HERE, **AS_MEMBER)
    await refused(api, 403, "POST", path_of(entry, "/reroll"), json=HERE)


async def test_deleting_takes_the_message_along(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    await entered(api, entry, MEMBER)

    gone = await api.rest("DELETE", path_of(entry), json=HERE)

    assert gone.json()["data"]["entry"] == {**entry, "participants": str(MEMBER)}
    assert await message_of(api, entry) is None
    for table in ("giveaways", "giveaway_participants", "jobs"):
        assert await api.rows(table) == []
    await refused(api, 404, "DELETE", path_of(entry), json=HERE)


async def test_deleting_what_was_deleted_by_hand_is_fine(api: Api) -> None:
    await enable(api, "giveaways")
    entry = await give(api)
    headers = {"authorization": "Bot sandbox-bot"}
    path = f"/api/v10/channels/{GENERAL_CHANNEL}/messages/{entry['message_id']}"
    await api.discord("DELETE", path, headers=headers)
    assert (await api.rest("PUT", path_of(entry), json={**HERE, "new_prize": "x"})).status_code == 200

    assert (await api.rest("DELETE", path_of(entry), json=HERE)).status_code == 200

    assert await api.rows("jobs") == []


async def test_a_refused_giveaway_leaves_nothing(api: Api) -> None:
    await enable(api, "giveaways")
    await refused(api, 500, "POST", f"{PATH}/entries", json=body(channel_id=CLOSED_CHANNEL))
    assert await api.rows("giveaways") == await api.rows("jobs") == []
    await give(api)


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_giveaway_whose_answer_got_lost_is_settled(api: Api, arrived: bool) -> None:
    await enable(api, "giveaways")
    await api.fault({**SEND, "drop": "after" if arrived else "before", "times": 9})

    lost = await api.rest("POST", f"{PATH}/entries", json=body())

    assert lost.status_code == 503
    assert await entries(api) == []
    await api.fault()
    await run_due(api, seconds=30)
    found = await entries(api)
    assert len(found) == len(await channel(api)) == (1 if arrived else 0)
    assert len(await api.rows("giveaways")) == len(found)
    assert await job_kinds(api) == (["giveaways.end"] if arrived else [])


async def test_everything_needs_the_module(api: Api) -> None:
    for method, path, request, status in (
        ("GET", f"{PATH}/settings?guild_id={GUILD}", None, 404),
        ("PUT", f"{PATH}/settings", {}, 404),
        ("GET", f"{PATH}/entries?guild_id={GUILD}", None, 404),
        ("POST", f"{PATH}/entries", body(), 409),
        ("GET", f"{PATH}/entries/{MISSING}?guild_id={GUILD}", None, 404),
        ("PUT", f"{PATH}/entries/{MISSING}", {}, 409),
        ("DELETE", f"{PATH}/entries/{MISSING}", {}, 404),
        ("POST", f"{PATH}/entries/{MISSING}/reroll", {}, 409),
        ("POST", f"{PATH}/disable", {}, 409),
        ("DELETE", f"{PATH}/settings", {}, 404),
    ):
        options = {} if request is None else {"json": {**HERE, **request}}
        await refused(api, status, method, path, **options)
    for button in ("enter", "leave"):
        await refused(api, 409, "POST", f"{PATH}/entries/{MISSING}/{button}", json=HERE, **AS_MEMBER)
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).status_code == 200


async def test_a_giveaway_of_another_guild_is_not_there(api: Api) -> None:
    await enable(api, "giveaways")
    await enable(api, "giveaways", QUIET_GUILD)
    entry = await give(api)
    there = {"guild_id": QUIET_GUILD}
    assert (await api.rest("GET", f"{path_of(entry)}?guild_id={QUIET_GUILD}")).status_code == 404
    for method, rest in (("PUT", ""), ("DELETE", ""), ("POST", "/reroll")):
        await refused(api, 404, method, path_of(entry, rest), json=there)
    for rest in ("/enter", "/leave"):
        await refused(api, 404, "POST", path_of(entry, rest), json=there, **AS_MEMBER)
    await refused(api, 404, "POST", f"{PATH}/entries", json=body(guild_id=QUIET_GUILD))


async def test_disabling_answers_and_deletes_all_and_leaves_the_messages(api: Api) -> None:
    await enable(api, "giveaways")
    over, entry = await give(api, end_time="1m"), await give(api)
    await entered(api, over, MEMBER)
    await entered(api, entry, MEMBER_2, MEMBER)
    await run_due(api, minutes=1)

    gone = await api.rest("POST", f"{PATH}/disable", json=HERE)

    data = gone.json()["data"]
    assert data["settings"]["guild_id"] == str(GUILD)
    first, second = data["giveaways"]
    assert (first["winners"], first["edited_with_results"]) == (str(MEMBER), True)
    assert second == {**entry, "participants": f"{MEMBER_2},{MEMBER}"}
    for table in (
        "module_giveaways",
        "giveaways",
        "giveaway_participants",
        "giveaway_draws",
        "giveaway_winners",
        "jobs",
    ):
        assert await api.rows(table) == []
    assert await message_of(api, entry) is not None
