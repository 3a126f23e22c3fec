"""Reminders over HTTP: the life of the module, who sets and deletes what, and limits."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from husqy_graphql.worker.modules import trim_guilds
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, UNKNOWN_GUILD, Api
from tests.modules.helpers import GENERAL_CHANNEL, enable, make_premium, run_due
from tests.modules.logs import logs
from tests.modules.reminders import (
    AS_MEMBER,
    BOT,
    HOURLY,
    MISSING,
    PATH,
    QUICK,
    REPEATED,
    SCHEDULED,
    body,
    contents,
    create,
    entries,
    entry_path,
    keep_statistics,
    metrics,
    refused,
    refused_creation,
)
from tests.modules.tags import api_key, leave, prevent_data_collection

CATEGORY = 1300000000000000301
DETAILS = "#/schedule_details"


def cron(**fields: Any) -> dict[str, Any]:
    return {"schedule_type": "cron", **fields}


async def test_it_begins_empty_and_ends_with_what_it_had(api: Api) -> None:
    assert await enable(api, "reminders") == {"reminders": []}
    quick = await create(api, url="https://husqy.xyz", description="Now")
    repeated = await create(api, REPEATED, title="ignored", owner=MEMBER)
    scheduled = await create(api, SCHEDULED, content='{"embeds": [{"title": "x"}]}', content_is_embed=True)

    assert str(UUID(quick["reminder_id"], version=4)) == quick["reminder_id"]
    assert quick == {
        "id": 1, "guild_id": str(GUILD), "reminder_id": quick["reminder_id"], "reminder_type": 1,
        "trigger_type": "date", "schedule_details": '{"duration":"10m","run_date":"2026-03-01T12:10:00Z"}',
        "owner_id": str(MEMBER), "title": "Walk the dog", "description": "Now", "url": "https://husqy.xyz",
        "destination_id": str(GENERAL_CHANNEL), "content_is_embed": False, "content": None,
        "reminder_message_id": None,
    }  # fmt: skip
    assert repeated == {
        "id": 2, "guild_id": str(GUILD), "reminder_id": repeated["reminder_id"], "reminder_type": 2,
        "trigger_type": "interval", "schedule_details": '{"schedule_type":"interval","hours":1}', "owner_id": None,
        "title": None, "description": None, "url": None, "destination_id": str(GENERAL_CHANNEL),
        "content_is_embed": False, "content": "Woof", "reminder_message_id": None,
    }  # fmt: skip
    assert (scheduled["trigger_type"], scheduled["content_is_embed"]) == ("date", True)
    assert await entries(api) == [quick, repeated, scheduled]
    one = await api.rest("GET", f"{entry_path(quick)}?guild_id={GUILD}", **BOT)
    assert one.json()["data"] == {"reminder": quick}
    assert await entries(api, reminder_type="Quick") == await entries(api, user_id=MEMBER) == [quick]
    assert await entries(api, reminder_type="Repeated") == await entries(api, reminder_type="2") == [repeated]
    assert await entries(api, reminder_type="Scheduled", user_id=MEMBER) == []
    await refused(api, 400, "GET", f"{PATH}/entries?guild_id={GUILD}&reminder_type=Slow")
    await refused(api, 404, "GET", f"{PATH}/entries/{MISSING}?guild_id={GUILD}")
    await refused(api, 409, "POST", f"{PATH}/enable", json={"guild_id": GUILD})

    disabled = await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})

    assert disabled.json()["data"] == {"reminders": [quick, repeated, scheduled]}
    assert await api.rows("reminders") == await api.rows("jobs") == []
    await refused(api, 409, "POST", f"{PATH}/disable", json={"guild_id": GUILD})
    assert await run_due(api, hours=2) == 0
    assert await contents(api) == []


async def test_a_purge_is_silent_and_works_with_nothing_there(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "reminders")
    made = await create(api)
    before = await logs(api)

    purge = {"json": {"guild_id": GUILD}, **BOT}
    assert (await api.rest("DELETE", f"{PATH}/settings", **purge)).json()["data"] == {"reminders": [made]}
    assert (await api.rest("DELETE", f"{PATH}/settings", **purge)).json()["data"] == {"reminders": []}

    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json()["data"] == {"status": False}
    assert await api.rows("jobs") == []
    assert await logs(api) == before
    await refused(api, 404, "DELETE", f"{PATH}/settings", json={"guild_id": UNKNOWN_GUILD}, **BOT)


async def test_while_it_is_off(api: Api) -> None:
    await refused_creation(api, 409)
    await refused(api, 404, "GET", f"{PATH}/entries?guild_id={GUILD}")
    await refused(api, 404, "GET", f"{PATH}/entries/{MISSING}?guild_id={GUILD}")
    await refused(api, 404, "DELETE", f"{PATH}/entries/{MISSING}", json={"guild_id": GUILD})
    await refused(api, 409, "POST", f"{PATH}/entries/{MISSING}/send", json={"guild_id": GUILD}, **BOT)
    press = {"guild_id": GUILD, "action": "complete"}
    await refused(api, 404, "POST", f"{PATH}/entries/{MISSING}/interact", json=press, **AS_MEMBER)
    counted = await api.rest(
        "GET", f"{PATH}/privacy/get-user-entries?guild_id={GUILD}&privacy_member_id={MEMBER}", **AS_MEMBER
    )
    assert set(counted.json()["data"].values()) == {0}


async def test_who_sets_what(api: Api) -> None:
    await enable(api, "reminders")
    key = await api_key(api)
    for kind in (REPEATED, SCHEDULED):
        assert await refused_creation(api, 403, AS_MEMBER, reminder_type=kind) == {}
        await refused_creation(api, 403, BOT, reminder_type=kind)
        await refused_creation(api, 403, {"token": "sandbox-member"}, reminder_type=kind)
    await refused_creation(api, 403, owner=MEMBER_2)
    await refused_creation(api, 400, BOT)
    await refused_creation(api, 400, BOT, owner=MEMBER)
    assert await refused_creation(api, 400, key) == {"#/owner": "is required with an API key"}
    assert await refused_creation(api, 400, {"token": "sandbox-owner"}, owner=OUTSIDER) == {
        "#/owner": "must be a member"
    }

    assert (await create(api, owner=MEMBER))["owner_id"] == str(MEMBER)
    assert (await create(api, QUICK, key, owner=MEMBER_2))["owner_id"] == str(MEMBER_2)
    assert (await create(api, QUICK, {"token": "sandbox-owner"}))["owner_id"] == str(OWNER)
    assert (await create(api, QUICK, {**BOT, "acting": ADMIN}, owner=MEMBER))["owner_id"] == str(MEMBER)
    await create(api, REPEATED, key)
    await create(api, SCHEDULED, {**BOT, "acting": ADMIN})


async def test_the_order_of_the_checks(api: Api) -> None:
    """Each request has every fault that comes after the one it is refused for."""
    await enable(api, "reminders")
    key = await api_key(api)
    await make_premium(api)
    await prevent_data_collection(api, MEMBER)
    rest: dict[str, Any] = {"schedule_details": {"duration": "x"}, "destination_id": None, "title": None}
    assert await refused_creation(api, 400, key, reminder_type=4) != {}
    assert await refused_creation(api, 403, **rest) == {}
    more = {**rest, "content": "", "reminder_type": SCHEDULED}
    await refused_creation(api, 403, {**BOT, "acting": MEMBER_2}, **more)
    assert list(await refused_creation(api, 400, **{**more, "schedule_details": {}})) == [DETAILS]
    assert list(await refused_creation(api, 400, **more)) == [f"{DETAILS}/duration"]
    more["schedule_details"] = {"duration": "1m"}
    assert list(await refused_creation(api, 400, **more)) == ["#/destination_id"]
    more["destination_id"] = OWNER
    assert list(await refused_creation(api, 400, **more)) == ["#/destination_id"]
    more["destination_id"] = GENERAL_CHANNEL
    assert list(await refused_creation(api, 400, **more)) == ["#/content"]


async def test_the_limit_comes_before_the_schedule(api: Api) -> None:
    await enable(api, "reminders")
    for kind in (REPEATED, SCHEDULED):
        await create(api, kind)
        await refused_creation(api, 409, reminder_type=kind, schedule_details={})
    for _ in range(3):
        await create(api)
    await refused_creation(api, 409, schedule_details={})
    await create(api, QUICK, {**BOT, "acting": MEMBER_2})  # each member has their own
    await make_premium(api)
    for kind in (QUICK, REPEATED, SCHEDULED):
        await create(api, kind)


async def test_a_quick_one_counts_after_it_was_sent(api: Api) -> None:
    await enable(api, "reminders")
    for _ in range(3):
        await create(api)
    await run_due(api, minutes=11)
    await refused_creation(api, 409)


@pytest.mark.parametrize(("kind", "allowed"), [(QUICK, 3), (REPEATED, 1), (SCHEDULED, 1)])
async def test_many_at_once_do_not_pass_the_limit(api: Api, kind: int, allowed: int) -> None:
    await enable(api, "reminders")
    options = AS_MEMBER if kind == QUICK else {}
    answers = await asyncio.gather(
        *(api.rest("POST", f"{PATH}/entries", json=body(kind), **options) for _ in range(allowed + 3))
    )

    assert sorted(each.status_code for each in answers) == [200] * allowed + [409] * 3
    assert len(await api.rows("reminders")) == allowed


async def test_who_deletes_what(api: Api) -> None:
    await enable(api, "reminders")
    quick, repeated = await create(api), await create(api, REPEATED)
    options: dict[str, Any] = {"json": {"guild_id": GUILD}}
    key = await api_key(api)
    for caller in (key, {"token": "sandbox-owner"}, {**BOT, "acting": ADMIN}, {**BOT, "acting": MEMBER_2}):
        await refused(api, 403, "DELETE", entry_path(quick), **options, **caller)
    await refused(api, 400, "DELETE", entry_path(quick), **options, **BOT)
    for caller in (AS_MEMBER, BOT, {"token": "sandbox-member"}):
        await refused(api, 403, "DELETE", entry_path(repeated), **options, **caller)
    await refused(api, 404, "DELETE", f"{PATH}/entries/{MISSING}", **options)

    gone = await api.rest("DELETE", entry_path(quick), **options, **AS_MEMBER)
    assert gone.json()["data"] == {"reminder": quick}
    assert (await api.rest("DELETE", entry_path(repeated), **options, **key)).status_code == 200
    assert await api.rows("jobs") == await api.rows("reminders") == []
    await refused(api, 404, "DELETE", entry_path(quick), **options, **AS_MEMBER)


async def test_husqy_plus_ends_with_the_oldest_of_each_kind(api: Api) -> None:
    await make_premium(api, ends="2026-03-01T13:00:00Z")
    await enable(api, "reminders")
    made = [
        await create(api, kind, schedule_details=when)
        for kind, when in ((REPEATED, HOURLY), (SCHEDULED, {"duration": "9d"}), (QUICK, {"duration": "9d"}))
        for _ in range(4)
    ]
    api.clock.advance(minutes=61)

    for _ in range(2):
        await trim_guilds(api.program.worker)

    kept = [made[0], made[4], *made[8:]]
    assert await entries(api) == kept
    keys = {job["object_key"] for job in await api.rows("jobs")}
    assert keys == {f"reminder:{each['reminder_id']}" for each in kept}


async def test_the_logs_and_the_statistics_tell_of_it(api: Api) -> None:
    await enable(api, "logging")
    await keep_statistics(api)
    await enable(api, "reminders")
    key = await api_key(api)
    made, other = await create(api), await create(api, SCHEDULED, key)
    before = await logs(api)
    assert f"**<@{OWNER}>** enabled the module `reminders`" in before
    await api.rest("DELETE", entry_path(made), json={"guild_id": GUILD}, **AS_MEMBER)
    await api.rest("DELETE", entry_path(other), json={"guild_id": GUILD}, **key)

    assert before[-2:] == [
        f"**<@{MEMBER}>** created the reminder `{made['reminder_id']}`",
        f"**An API key** created the reminder `{other['reminder_id']}`",
    ]
    assert (await logs(api))[len(before) :] == [
        f"**<@{MEMBER}>** deleted the reminder `{made['reminder_id']}`",
        f"**An API key** deleted the reminder `{other['reminder_id']}`",
    ]
    created, deleted = (f"modules/reminders/reminder/{what}" for what in ("created", "deleted"))
    assert await metrics(api) == [(created, MEMBER), (created, None), (deleted, MEMBER), (deleted, None)]


REFUSALS: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("invalid_duration", AS_MEMBER, {"schedule_details": {"duration": "x"}}),
    ("invalid_run_date", AS_MEMBER, {"schedule_details": {"run_date": "x"}}),
    ("invalid_schedule", AS_MEMBER, {"schedule_details": {}}),
    ("invalid_schedule_type", {}, {"kind": REPEATED, "schedule_details": {}}),
    ("invalid_schedule", {}, {"kind": REPEATED, "schedule_details": cron()}),
    ("not_administrator", AS_MEMBER, {"kind": SCHEDULED}),
    ("no_destination", AS_MEMBER, {"destination_id": None}),
    ("invalid_dm_channel", AS_MEMBER, {"destination_id": MEMBER_2}),
    ("prevent_data_collection_enabled", {**BOT, "acting": MEMBER_2}, {}),
    ("quick_reminders_limit_reached", AS_MEMBER, {}),
    ("repeated_reminders_limit_reached", {}, {"kind": REPEATED}),
    ("scheduled_reminders_limit_reached", {}, {"kind": SCHEDULED}),
)


async def test_the_logs_tell_why_it_was_refused(api: Api) -> None:
    await enable(api, "logging")
    await keep_statistics(api)
    await enable(api, "reminders")
    await prevent_data_collection(api, MEMBER_2)
    counted = 0
    for reason, options, values in REFUSALS:
        kind = values.get("kind", QUICK)
        if reason.endswith("limit_reached"):
            for _ in range(3 if kind == QUICK else 1):
                await create(api, kind)
                counted += 1
        request = body(kind, **{name: value for name, value in values.items() if name != "kind"})
        assert (await api.rest("POST", f"{PATH}/entries", json=request, **options)).status_code >= 400
        assert (await logs(api))[-1].endswith(f"failed at reminders created: {reason.replace('_', ' ')}")
    assert len(await metrics(api)) == counted

    quick, repeated = await entries(api, reminder_type="Quick"), await entries(api, reminder_type="Repeated")
    for reason, entry_id, options in (
        ("not_owner", quick[0]["reminder_id"], {**BOT, "acting": ADMIN}),
        ("not_administrator", repeated[0]["reminder_id"], AS_MEMBER),
        ("not_found", MISSING, AS_MEMBER),
    ):
        response = await api.rest("DELETE", f"{PATH}/entries/{entry_id}", json={"guild_id": GUILD}, **options)
        assert response.status_code in {403, 404}
        assert (await logs(api))[-1].endswith(f"failed at reminders deleted: {reason.replace('_', ' ')}")


async def test_an_owner_who_left_takes_the_reminders_along(api: Api) -> None:
    await enable(api, "reminders")
    await create(api)
    kept = await create(api, QUICK, {**BOT, "acting": MEMBER_2})
    await leave(api, MEMBER)
    gone = "mutation ($g: Snowflake!, $u: Snowflake!) { memberLeave(guildId: $g, userId: $u) { __typename } }"
    await api.data(gone, token="sandbox-service", g=str(GUILD), u=str(MEMBER))

    assert await entries(api) == [kept]
    assert len(await api.rows("jobs")) == 1
