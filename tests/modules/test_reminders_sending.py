"""Reminders that come: what stands on Discord then, once, whatever fails on the way."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.modules.reminders import repository
from tests.conftest import GUILD, MEMBER, OWNER, Api
from tests.modules.helpers import CLOSED_CHANNEL, GENERAL_CHANNEL, enable, kill, make_premium, run_due
from tests.modules.logs import logs
from tests.modules.reminders import (
    BOT,
    MISSING,
    PATH,
    QUICK,
    REPEATED,
    SCHEDULED,
    contents,
    create,
    dm_channel,
    entries,
    entry_path,
    keep_statistics,
    refused,
    row,
    send,
    sent,
)

MESSAGES = f"/channels/{GENERAL_CHANNEL}/messages"
LOST: dict[str, Any] = {"path": MESSAGES, "method": "POST", "drop": "after"}
SILENT: dict[str, Any] = {"path": MESSAGES, "method": "POST", "status": 500, "times": 99}
DAILY = {"schedule_type": "cron", "hour": 9}


async def test_a_quick_one_comes_with_its_buttons(api: Api) -> None:
    await enable(api, "reminders")
    made = await create(
        api,
        title="<user_display_name> in <channel_name>",
        description="<server_name> <current_time> <nothing>",
        url="https://husqy.xyz/x",
    )
    assert await run_due(api, minutes=9, seconds=59) == 0
    assert await contents(api) == []
    assert await run_due(api, seconds=1) == 2

    [message] = await sent(api)
    assert message["content"] == f"<@{MEMBER}>"
    assert message["allowed_mentions"] == {"parse": [], "users": [str(MEMBER)]}
    [embed] = message["embeds"]
    assert embed["title"].endswith(" in general")
    assert (embed["description"], embed["url"]) == ("Husqy demo 12:10:00 <nothing>", "https://husqy.xyz/x")
    assert [each["custom_id"] for each in message["components"][0]["components"]] == [
        f"reminder:complete:{made['reminder_id']}",
        f"reminder:later:{made['reminder_id']}",
    ]
    [entry] = await entries(api)
    assert entry == {**made, "reminder_message_id": message["id"]}
    assert await api.rows("jobs") == []
    assert await run_due(api, days=30) == 0


async def test_a_direct_message_can_be_completed_alone(api: Api) -> None:
    await enable(api, "reminders")
    made = await create(api, destination_id=MEMBER, title="<channel_name> of <server_name>")
    await run_due(api, minutes=10)

    [message] = await sent(api, await dm_channel(api))
    assert message["embeds"][0]["title"] == "<channel_name> of Husqy demo"
    [button] = message["components"][0]["components"]
    assert button["custom_id"] == f"reminder:complete:{made['reminder_id']}"
    assert (await entries(api))[0]["reminder_message_id"] == message["id"]


async def test_a_scheduled_one_is_gone_once_it_was_sent(api: Api) -> None:
    await enable(api, "reminders")
    text = f"Hi <@{OWNER}> <@&1300000000000000999> @everyone <user_mention> <channel_mention>"
    await create(api, SCHEDULED, content=text)
    await run_due(api, minutes=10)

    [message] = await sent(api)
    assert message["content"] == text.replace("<channel_mention>", f"<#{GENERAL_CHANNEL}>")
    assert message["allowed_mentions"] == {"parse": [], "users": [str(OWNER)], "roles": ["1300000000000000999"]}
    assert await api.rows("reminders") == await api.rows("jobs") == []
    await create(api, SCHEDULED)  # there is room again


async def test_embeds_with_variables(api: Api) -> None:
    await enable(api, "reminders")
    content = json.dumps(
        {"embeds": [{"title": "<server_name>", "timestamp": "<current_datetime_iso>"}, {"title": "2"}]}
    )
    await create(api, SCHEDULED, content=content, content_is_embed=True)
    await run_due(api, minutes=10)

    [message] = await sent(api)
    assert [each["title"] for each in message["embeds"]] == ["Husqy demo", "2"]
    assert message["embeds"][0]["timestamp"].startswith("2026-03-01T12:10:00")


async def test_a_repeated_one_keeps_its_grid_and_merges_what_was_missed(api: Api) -> None:
    await enable(api, "reminders")
    made = await create(api, REPEATED)
    for hour in range(1, 4):
        await run_due(api, hours=1)
        assert len(await sent(api)) == hour
    assert (await entries(api)) == [made]

    await run_due(api, hours=5, minutes=20)
    assert len(await sent(api)) == 4
    assert str((await row(api))["next_run_at"]).startswith("2026-03-01 21:00:00")
    await run_due(api, minutes=40)
    assert len(await sent(api)) == 5


async def test_the_wall_clock_stays_when_clocks_change(api: Api) -> None:
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "gmt": "Europe/Amsterdam"})
    await enable(api, "reminders")
    await create(api, REPEATED, schedule_details=DAILY, content="<current_datetime>")
    api.clock.advance(days=26)  # 27 March, 13:00 there
    await run_due(api)
    for _ in range(4):
        await run_due(api, hours=(await next_hours(api)))

    assert (await contents(api))[1:] == [f"{day}-03-2026 09:00:00" for day in range(28, 32)]


async def next_hours(api: Api) -> float:
    async with api.program.worker.unit_of_work("test") as uow:
        [found] = await repository.reminders_in(uow.session, GUILD)
    assert found.next_run_at is not None
    return (found.next_run_at - api.clock()) / timedelta(hours=1)


async def test_another_zone_holds_for_the_next_time(api: Api) -> None:
    await enable(api, "reminders")
    await create(api, REPEATED, schedule_details=DAILY, content="<current_datetime>")
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "gmt": "America/New_York"})

    await run_due(api, hours=21)  # 09:00 UTC is no time of this reminder any more
    assert await contents(api) == []
    assert str((await row(api))["next_run_at"]).startswith("2026-03-02 14:00:00")
    await run_due(api, hours=5)
    assert await contents(api) == ["02-03-2026 09:00:00"]


async def test_a_schedule_that_ends_stays_without_a_next_time(api: Api) -> None:
    await enable(api, "reminders")
    when = {"schedule_type": "cron", "year": 2026, "month": 3, "day": 2}
    made = await create(api, REPEATED, schedule_details=when)
    await run_due(api, days=1)

    assert await entries(api) == [made]
    assert (await row(api))["next_run_at"] is None
    assert await api.rows("jobs") == []
    assert len(await sent(api)) == 1


async def test_what_was_missed_while_nobody_worked_comes_at_once(api: Api) -> None:
    await enable(api, "reminders")
    await make_premium(api)
    for kind in (QUICK, SCHEDULED, REPEATED):
        await create(api, kind)
    assert await run_due(api, days=3) == 6
    assert len(await sent(api)) == 3


@pytest.mark.parametrize("kind", [QUICK, REPEATED, SCHEDULED])
async def test_the_logs_and_the_statistics_tell_of_what_was_sent(api: Api, kind: int) -> None:
    await enable(api, "logging")
    await keep_statistics(api)
    await enable(api, "reminders")
    made = await create(api, kind)
    before = len(await logs(api))
    await run_due(api, hours=1)

    assert (await logs(api))[before:] == [
        f"**Unknown user** was sent the reminder `{made['reminder_id']}` in <#{GENERAL_CHANNEL}>"
    ]
    found = await api.rows("statistics_journal")
    assert [(each["metric"], each["user_id"]) for each in found[1:]] == [
        ("modules/reminders/reminder/send", None),
        ("modules/reminders/send-time", None),
    ]
    assert "send_time" in str(found[-1]["data"])


@pytest.mark.parametrize("kind", [QUICK, REPEATED, SCHEDULED])
async def test_a_refusal_is_told_and_no_effect_is_left(api: Api, kind: int) -> None:
    await enable(api, "logging")
    await enable(api, "reminders")
    made = await create(api, kind, destination_id=CLOSED_CHANNEL)
    before = len(await logs(api))
    await run_due(api, hours=1)

    assert (await logs(api))[before:] == ["**Unknown user** failed at reminders send: discord refused"]
    left = await api.rows("reminders")
    assert len(left) == (0 if kind == SCHEDULED else 1)
    assert all(each["sending_at"] is None and each["last_message_id"] is None for each in left)
    assert [job["kind"] for job in await api.rows("jobs")] == (["reminders.run"] if kind == REPEATED else [])
    assert await entries(api) == ([] if kind == SCHEDULED else [made])
    if kind == QUICK:
        state = await api.data(
            "query ($g: Snowflake!) { guild(id: $g) { reminders { reminders { nodes { state sentAt messageId } } } } }",
            g=str(GUILD),
        )
        [node] = state["guild"]["reminders"]["reminders"]["nodes"]
        assert node == {"state": "SENT", "sentAt": "2026-03-01T13:00:00Z", "messageId": None}


async def test_closed_direct_messages_and_a_channel_that_is_gone(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "reminders")
    await create(api, destination_id=MEMBER)
    await create(api, SCHEDULED)
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"direct_messages": False})
    await api.program.resources.bot.delete_channel(GENERAL_CHANNEL)
    before = len(await logs(api))
    await run_due(api, minutes=10)

    reasons = {line.rpartition(": ")[2] for line in (await logs(api))[before:]}
    assert reasons == {"no direct messages", "no destination"}
    assert (await row(api))["sent_at"] is not None
    assert await api.rows("jobs") == []


@pytest.mark.parametrize("kind", [QUICK, REPEATED, SCHEDULED])
async def test_silence_is_made_up_for_later(api: Api, kind: int) -> None:
    await enable(api, "reminders")
    await create(api, kind)
    await api.fault(SILENT)
    await run_due(api, hours=1)
    assert (await row(api))["sending_at"] is not None
    await api.fault()
    for _ in range(3):
        await run_due(api, minutes=10)

    assert len(await sent(api)) == 1
    assert [each["sending_at"] for each in await api.rows("reminders")] == ([] if kind == SCHEDULED else [None])


@pytest.mark.parametrize("kind", [QUICK, REPEATED, SCHEDULED])
async def test_an_answer_that_got_lost_doubles_nothing(api: Api, kind: int) -> None:
    await enable(api, "reminders")
    await create(api, kind, **({} if kind == QUICK else {"content": "<current_time> <server_name>"}))
    await api.fault({**LOST, "times": 99})
    await run_due(api, hours=1)
    assert len(await sent(api)) == 1
    await api.fault({"path": MESSAGES, "method": "POST", "status": 500, "times": 99})  # it must not be asked again
    for _ in range(3):
        await run_due(api, minutes=10)

    assert len(await sent(api)) == 1
    left = await api.rows("reminders")
    assert [each["sending_at"] for each in left] == ([] if kind == SCHEDULED else [None])
    if kind == QUICK:
        assert str(left[0]["last_message_id"]) == (await sent(api))[0]["id"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", [QUICK, REPEATED, SCHEDULED])
async def test_a_crash_in_the_middle_of_the_call(api: Api, kind: int, after: bool) -> None:
    """Whether the message stood already when the machine stopped, or not."""
    await enable(api, "reminders")
    await create(api, kind)
    hanging = {"path": MESSAGES, "method": "POST", "delay": 60}
    await api.fault(*([LOST] if after else []), hanging)
    api.clock.advance(hours=1)
    stopped = asyncio.create_task(api.program.worker.runner.run_due())
    posts = 0
    while posts < 1 + after:
        await asyncio.sleep(0.05)
        posts = sum(call["method"] == "POST" and call["path"].endswith(MESSAGES) for call in await api.calls())
    await kill(stopped)
    await api.fault()
    assert len(await sent(api)) == after
    assert (await row(api))["sending_at"] is not None

    assert await run_due(api, seconds=29) == 0  # whoever stopped may only be slow
    await run_due(api, seconds=2)

    assert len(await sent(api)) == 1
    assert [each["sending_at"] for each in await api.rows("reminders")] == ([] if kind == SCHEDULED else [None])


async def test_each_run_has_a_message_of_its_own(api: Api) -> None:
    """The same words minute after minute, and the answer gets lost each time."""
    await enable(api, "reminders")
    await create(api, REPEATED, schedule_details={"schedule_type": "interval", "minutes": 1})
    for minute in range(1, 4):
        await api.fault({**LOST, "times": 99})
        await run_due(api, seconds=60 if minute == 1 else 20)
        await api.fault()
        await run_due(api, seconds=40)
        assert len(await sent(api)) == minute


async def test_workers_at_once_send_it_once(api: Api) -> None:
    await enable(api, "reminders")
    await make_premium(api)
    for _ in range(5):
        await create(api)
        await create(api, SCHEDULED)
        await create(api, REPEATED)
    api.clock.advance(hours=1)
    runner = api.program.worker.runner

    await asyncio.gather(*(runner.run_due() for _ in range(4)))

    assert len(await sent(api)) == 15
    assert len(await api.rows("reminders")) == 10


async def test_what_is_deleted_on_its_way_does_not_come(api: Api) -> None:
    await enable(api, "reminders")
    made = await create(api, SCHEDULED)
    await api.fault(SILENT)
    await run_due(api, minutes=10)
    gone = await api.rest("DELETE", entry_path(made), json={"guild_id": GUILD})
    assert gone.status_code == 200
    await api.fault()

    assert await run_due(api, days=1) == 0
    assert await contents(api) == await api.rows("jobs") == []


async def test_husqy_sends_one_ahead_of_its_time(api: Api) -> None:
    await enable(api, "reminders")
    made = {kind: await create(api, kind) for kind in (QUICK, REPEATED, SCHEDULED)}
    for options in ({"token": "sandbox-owner"}, {"token": "sandbox-member"}):
        await refused(api, 403, "POST", entry_path(made[QUICK], "/send"), json={"guild_id": GUILD}, **options)
    await refused(api, 404, "POST", f"{PATH}/entries/{MISSING}/send", json={"guild_id": GUILD}, **BOT)

    for reminder in made.values():
        response = await send(api, reminder)
        assert response.json() == {"data": {"message": "The reminder is sent."}}, response.text
    assert len(await sent(api)) == 3
    assert [each["reminder_type"] for each in await entries(api)] == [QUICK, REPEATED]
    assert [job["kind"] for job in await api.rows("jobs")] == ["reminders.run"]
    await refused(api, 409, "POST", entry_path(made[QUICK], "/send"), json={"guild_id": GUILD}, **BOT)
    await refused(api, 404, "POST", entry_path(made[SCHEDULED], "/send"), json={"guild_id": GUILD}, **BOT)
    api.clock.advance(seconds=1)
    assert (await send(api, made[REPEATED])).status_code == 200
    await run_due(api, hours=1)
    assert len(await sent(api)) == 5


@pytest.mark.parametrize("kind", [QUICK, REPEATED, SCHEDULED])
async def test_sending_now_tells_what_discord_says(api: Api, kind: int) -> None:
    await enable(api, "reminders")
    made = await create(api, kind, destination_id=CLOSED_CHANNEL)

    assert (await send(api, made)).status_code == 500
    left = await api.rows("reminders")
    assert [each["sent_at"] is not None for each in left] == ([] if kind == SCHEDULED else [kind == QUICK])
    assert [job["kind"] for job in await api.rows("jobs")] == (["reminders.run"] if kind == REPEATED else [])


@pytest.mark.parametrize("fault", [SILENT, {**LOST, "times": 99}])
async def test_sending_now_is_made_up_for_when_discord_is_silent(api: Api, fault: dict[str, Any]) -> None:
    await enable(api, "reminders")
    made = await create(api)
    await api.fault(fault)
    assert (await send(api, made)).status_code == 503
    await refused(api, 409, "POST", entry_path(made, "/send"), json={"guild_id": GUILD}, **BOT)
    await api.fault()

    await run_due(api, seconds=29)
    assert (await row(api))["sent_at"] is None
    await run_due(api, seconds=2)
    assert (await row(api))["sent_at"] is not None
    assert len(await sent(api)) == 1
    assert await api.rows("jobs") == []


async def test_stored_texts_that_cannot_be_sent(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "reminders")
    await create(api, SCHEDULED)
    await create(api, REPEATED)
    async with api.program.worker.unit_of_work("test") as uow:
        await lock_guild(uow.session, GUILD)
        for each in await repository.reminders_in(uow.session, GUILD):
            each.content, each.content_is_embed = "{", True
    before = len(await logs(api))
    await run_due(api, hours=1)

    assert (await logs(api))[before:] == ["**Unknown user** failed at reminders send: invalid embeds"] * 2
    assert await contents(api) == []
