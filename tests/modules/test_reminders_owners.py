"""What the owner of a quick reminder does with it, what is stored about people, and who is told."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from husqy_graphql.core.privacy import REMOVED_USER
from husqy_graphql.discord.sandbox.world import APPLICATION_ID
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OWNER, Api, credentials
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
    create,
    entries,
    entry_path,
    interact,
    keep_statistics,
    metrics,
    refused,
    sent,
)
from tests.modules.tags import prevent_data_collection
from tests.transport.streams import stream


async def reply(api: Api, token: str) -> dict[str, Any]:
    return await api.discord("GET", f"/interactions/{token}")


async def came(api: Api, **values: Any) -> dict[str, Any]:
    """A quick reminder that was sent."""
    made = await create(api, **values)
    await run_due(api, minutes=10)
    return made


async def refused_press(api: Api, status: int, reminder: dict[str, Any], **values: Any) -> Any:
    options = {**BOT, "acting": values.pop("acting", MEMBER)}
    return await refused(
        api, status, "POST", entry_path(reminder, "/interact"), json={"guild_id": GUILD, **values}, **options
    )


async def test_completing_deletes_it_and_takes_the_buttons_off(api: Api) -> None:
    await enable(api, "logging")
    await keep_statistics(api)
    await enable(api, "reminders")
    made = await came(api, url="https://husqy.xyz")
    before, counted = len(await logs(api)), await metrics(api)

    response = await interact(api, made, "complete", token="done")

    assert response.json() == {"data": {"message": "That is noted."}}
    [message] = await sent(api)
    assert message["components"] == []
    assert (message["embeds"][0]["title"], message["embeds"][0]["url"]) == ("Walk the dog", "https://husqy.xyz")
    assert (await reply(api, "done"))["content"] == "The reminder is completed."
    assert await api.rows("reminders") == await api.rows("jobs") == []
    assert (await logs(api))[before:] == [f"**<@{MEMBER}>** completed the reminder `{made['reminder_id']}`"]
    assert await metrics(api) == counted
    assert (await interact(api, made, "complete")).status_code == 404


async def test_being_reminded_later_is_another_reminder(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "reminders")
    made = await came(api, description="Far", url="https://husqy.xyz")
    before = len(await logs(api))

    assert (await interact(api, made, "remind_later", token="later", new_delay="2h")).status_code == 200

    [again] = await entries(api)
    assert again["reminder_id"] != made["reminder_id"]
    assert again == {
        **made,
        "id": 2,
        "reminder_id": again["reminder_id"],
        "schedule_details": '{"duration":"2h","run_date":"2026-03-01T14:10:00Z"}',
    }
    assert (await sent(api))[0]["components"] == []
    assert (await reply(api, "later"))["content"].startswith("You will be reminded again at <t:")
    assert (await logs(api))[before:] == [f"**<@{MEMBER}>** wants to be reminded of `{made['reminder_id']}` later"]
    await run_due(api, hours=2)
    assert len(await sent(api)) == 2
    assert (await interact(api, again, "complete")).status_code == 200


async def test_being_reminded_later_asks_for_no_limit(api: Api) -> None:
    await make_premium(api, ends="2026-03-01T12:05:00Z")
    await enable(api, "reminders")
    made = [await create(api) for _ in range(5)]
    await run_due(api, minutes=10)
    for each in made:
        assert (await interact(api, each, "remind_later", new_delay="1m")).status_code == 200
    assert len(await entries(api)) == 5


async def test_who_presses_what(api: Api) -> None:
    await enable(api, "reminders")
    made, direct = await came(api), await came(api, destination_id=MEMBER)
    waiting, repeated = await create(api), await create(api, REPEATED)
    complete, later = {"action": "complete"}, {"action": "remind_later", "new_delay": "1m"}
    press: dict[str, Any] = {"json": {"guild_id": GUILD, **complete}}
    for caller in ({"token": "sandbox-owner"}, {"token": "sandbox-member"}):
        await refused(api, 403, "POST", entry_path(made, "/interact"), **press, **caller)
    await refused(api, 400, "POST", entry_path(made, "/interact"), **press, **BOT)
    await refused_press(api, 400, repeated, acting=MEMBER_2, **complete)  # its kind comes before its owner
    for acting in (MEMBER_2, ADMIN, OWNER):
        await refused_press(api, 403, made, acting=acting, **later)
    for action in ("later", "COMPLETE!", None):
        await refused_press(api, 400, made, action=action)
    for delay in (None, "", "soon", "0m", "3651d"):
        await refused_press(api, 400, made, action="remind_later", new_delay=delay)
    await refused_press(api, 400, direct, **later)
    await refused_press(api, 400, waiting, **later)
    await refused_press(api, 400, waiting, **complete)
    await refused_press(api, 404, {"reminder_id": MISSING}, **complete)
    assert (await interact(api, direct, **complete)).status_code == 200

    await prevent_data_collection(api, MEMBER)
    await refused_press(api, 403, made, **later)
    assert (await interact(api, made, **complete)).status_code == 200


async def test_the_logs_tell_why_it_was_refused(api: Api) -> None:
    await enable(api, "logging")
    await enable(api, "reminders")
    made, repeated = await came(api), await create(api, REPEATED)
    for reminder, acting, reason in (
        (repeated, MEMBER, "not a quick reminder"),
        (made, MEMBER_2, "not owner"),
        (made, MEMBER, "invalid duration"),
        ({"reminder_id": MISSING}, MEMBER, "not found"),
    ):
        assert (await interact(api, reminder, "remind_later", acting=acting, new_delay="x")).status_code >= 400
        assert (await logs(api))[-1].endswith(f"failed at reminders reminded later: {reason}")


async def test_a_message_that_is_gone_has_no_buttons(api: Api) -> None:
    await enable(api, "reminders")
    made = await came(api)
    await api.program.resources.bot.delete_message(GENERAL_CHANNEL, int((await sent(api))[0]["id"]))
    assert (await interact(api, made, "complete")).status_code == 200
    assert await api.rows("jobs") == []


async def test_buttons_go_once_discord_answers(api: Api) -> None:
    await enable(api, "reminders")
    made = await came(api)
    await api.fault({"path": "/messages/", "method": "PATCH", "status": 500, "times": 99})
    assert (await interact(api, made, "complete")).status_code == 200
    assert (await sent(api))[0]["components"] != []
    await api.fault()
    await run_due(api, minutes=10)
    assert (await sent(api))[0]["components"] == []
    assert await api.rows("jobs") == []


async def test_interactions_are_answered(api: Api) -> None:
    await enable(api, "reminders")
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "auto_delete": 0})
    application = {"application_id": APPLICATION_ID, "token": "made"}
    made = await create(api, **application)
    moment = int(api.clock().timestamp()) + 600
    assert (await reply(api, "made"))["content"] == f"The reminder is set for <t:{moment}:F>."
    request = {"guild_id": GUILD, **application, "token": "gone"}
    assert (await api.rest("DELETE", entry_path(made), json=request, **AS_MEMBER)).status_code == 200
    assert (await reply(api, "gone"))["content"] == "The reminder is deleted."


async def test_a_reply_that_fails_is_told_and_the_change_stays(api: Api) -> None:
    await enable(api, "reminders")
    expired = {"application_id": APPLICATION_ID, "token": "expired-token"}
    response = await api.rest("POST", f"{PATH}/entries", json=body(**expired), **AS_MEMBER)
    assert response.status_code == 500
    [made] = await entries(api)
    await run_due(api, minutes=10)
    later = await interact(api, made, "remind_later", token="expired-token", new_delay="1m")
    assert later.status_code == 500
    [again] = await entries(api)
    assert again["reminder_id"] != made["reminder_id"]
    gone = await api.rest("DELETE", entry_path(again), json={"guild_id": GUILD, **expired}, **AS_MEMBER)
    assert gone.status_code == 500
    assert await entries(api) == []


async def test_what_is_stored_about_a_member(api: Api) -> None:
    await enable(api, "reminders")
    await make_premium(api)
    member = await api.program.resources.bot.member(GUILD, MEMBER)
    assert member is not None
    name = member.user.username
    await create(api, destination_id=MEMBER)
    await create(api, title=f"{name} walks")
    other = await create(api, QUICK, {**BOT, "acting": MEMBER_2}, title=f"Ask {name}", description=f"<@{MEMBER}>")
    plain = await create(api, SCHEDULED, content=f"Hi {name}", schedule_details={"duration": "9d"})
    embeds = f'{{"embeds": [{{"title": "{name}", "description": "<@{MEMBER}>"}}]}}'
    await create(api, REPEATED, content=embeds, content_is_embed=True, schedule_details=HOURLY)
    where = f"?guild_id={GUILD}&privacy_member_id={MEMBER}"

    counted = await api.rest("GET", f"{PATH}/privacy/get-user-entries{where}", **AS_MEMBER)
    # Two owners and a destination; the id in a description and in an embed.
    assert (counted.json()["data"]["id"], counted.json()["data"]["username"]) == (5, 4)
    request = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    await refused(api, 403, "DELETE", f"{PATH}/privacy/delete-user-entries", json=request, **{**BOT, "acting": ADMIN})
    done = await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", json=request, **AS_MEMBER)
    assert done.status_code == 200

    left = await entries(api)
    assert [each["id"] for each in left] == [other["id"], plain["id"], 5]
    assert (left[0]["title"], left[0]["description"]) == (f"Ask {REMOVED_USER}", REMOVED_USER)
    assert left[1]["content"] == f"Hi {REMOVED_USER}"
    assert left[2]["content"].count(REMOVED_USER) == 2
    assert len(await api.rows("jobs")) == 3
    again = await api.rest("GET", f"{PATH}/privacy/get-user-entries{where}", **AS_MEMBER)
    assert set(again.json()["data"].values()) == {0}
    assert "walk" not in str(await api.rows("audit_log")).lower()


async def test_the_schema_says_more(api: Api) -> None:
    await enable(api, "reminders")
    await create(api, REPEATED, schedule_details={"schedule_type": "cron", "minute": "*/5", "hour": 9})
    await create(api)
    found = await api.data(
        """query ($g: Snowflake!) { guild(id: $g) { reminders { reminders { nodes { id type triggerType state isDirect
          nextRunAt sentAt message { url } channel { name } owner { id } effects { id }
          schedule { triggerType duration runAt intervalSeconds cron { name value } } } } } } }""",
        g=str(GUILD),
    )
    repeated, quick = found["guild"]["reminders"]["reminders"]["nodes"]
    assert repeated["schedule"] == {
        "triggerType": "CRON", "duration": None, "runAt": None, "intervalSeconds": None,
        "cron": [{"name": "hour", "value": "9"}, {"name": "minute", "value": "*/5"}],
    }  # fmt: skip
    assert quick["schedule"]["runAt"] == quick["nextRunAt"] == "2026-03-01T12:10:00Z"
    assert (quick["state"], quick["channel"]["name"], quick["owner"]["id"]) == ("WAITING", "general", str(MEMBER))
    node = await api.data("query ($id: ID!) { node(id: $id) { ... on Reminder { type } } }", id=quick["id"])
    assert node == {"node": {"type": "QUICK"}}
    await run_due(api, minutes=10)
    url = (await api.data(
        "query ($id: ID!) { node(id: $id) { ... on Reminder { state nextRunAt message { url } } } }", id=quick["id"]
    ))["node"]  # fmt: skip
    message = (await sent(api))[0]["id"]
    assert url == {
        "state": "SENT", "nextRunAt": None,
        "message": {"url": f"https://discord.com/channels/{GUILD}/{GENERAL_CHANNEL}/{message}"},
    }  # fmt: skip


@pytest.mark.parametrize("kind", [QUICK, SCHEDULED])
async def test_a_subscription_tells_of_what_has_come(api: Api, kind: int) -> None:
    await enable(api, "reminders")
    made = await create(api, kind)
    query = f"""subscription {{ reminderFired(guildId: "{GUILD}") {{
      reminderId succeeded at reminder {{ state }} }} }}"""
    target = f"/graphql?{httpx2.QueryParams({'query': query})}"
    headers = {**credentials("sandbox-owner"), "accept": "text/event-stream"}
    async with stream(api.program, "GET", target, headers) as answer:
        await run_due(api, minutes=10)
        event = await anext(answer.events())
    assert event["data"]["reminderFired"] == {
        "reminderId": made["reminder_id"],
        "succeeded": True,
        "at": "2026-03-01T12:10:00Z",
        "reminder": None if kind == SCHEDULED else {"state": "SENT"},
    }
