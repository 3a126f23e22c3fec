"""Rules sent to members, and what accepting and denying them brings."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.discord.sandbox import world
from tests.conftest import ADMIN, GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, Api
from tests.modules.helpers import run_due
from tests.modules.rules_stage import (
    BASE,
    DOWN,
    MEMBERS,
    MODERATORS,
    RULES,
    add,
    answered,
    by_message,
    call,
    click,
    enable,
    enable_logging,
    in_channel,
    log_lines,
    messages,
    nothing_changes,
    ok,
    put,
    roles_of,
    send,
    sent,
    writes,
)

SEND = {"method": "POST", "path": "/channels/[0-9]+/messages$"}
ROLE = {"path": "/roles/"}
KICK = {"method": "DELETE", "path": "/members/[0-9]+$"}
BOTH = {"rules_accepted_role_ids": [MODERATORS], "rules_denied_role_ids": [MEMBERS]}


async def test_the_rules_are_sent_to_a_member_with_the_members_variables(api: Api) -> None:
    await by_message(api, "Be kind, <user_display_name>, in <server_name>.")

    response = await send(api)

    assert response.json()["data"] == {"message": "The rules are sent."}
    [row] = await api.rows("rules_active_entries")
    [message] = await messages(api, row["channel_id"])
    assert (row["user_id"], str(row["message_id"])) == (MEMBER, message["id"])
    assert message["embeds"][0]["description"] == "**1.** Be kind, Mia, in Husqy demo."
    assert len(message["components"][0]["components"]) == 2
    assert message["allowed_mentions"] == {"parse": []}


async def test_a_new_message_takes_the_place_of_the_old_one(api: Api) -> None:
    await by_message(api)
    first = await sent(api)
    second = await sent(api)

    assert len(await api.rows("rules_active_entries")) == 1
    shown = await messages(api, first["channel_id"])
    assert [bool(each["components"]) for each in shown] == [False, True]
    assert (await click(api, first)).status_code == 404
    assert (await click(api, second)).status_code == 200
    await asyncio.gather(*(send(api) for _ in range(5)))
    assert len(await api.rows("rules_active_entries")) == 1


async def test_without_buttons_nothing_waits(api: Api) -> None:
    await by_message(api, rules_actions_enabled=False)

    assert (await send(api)).status_code == 200

    assert await api.rows("rules_active_entries") == []
    channel = await api.program.resources.bot.open_dm(MEMBER)
    assert (await messages(api, channel))[0]["components"] == []


async def test_an_administrator_sends_them_again_by_command(api: Api) -> None:
    await by_message(api)
    command = {"application_id": world.APPLICATION_ID, "token": "again-1"}
    body = {"guild_id": GUILD, "requester": ADMIN, **command}

    response = await api.rest("POST", f"{BASE}/check/send", json=body, token="sandbox-service", acting=MEMBER)

    assert response.status_code == 200
    assert (await answered(api, "again-1"))["content"] == "The rules are sent to the member."


async def test_where_nothing_is_to_be_sent_nothing_is_done(api: Api) -> None:
    await by_message(api)
    async with nothing_changes(api):
        assert (await send(api, world.OTHER_BOT)).json()["data"][
            "message"
        ] == "There is nothing to send to this member."
    await put(api, rules_channel=RULES)
    async with nothing_changes(api):
        assert (await send(api)).status_code == 200


async def test_sending_is_refused_in_this_order(api: Api) -> None:
    async def status(member: int | None = MEMBER, **body: Any) -> int:
        async with nothing_changes(api):
            return (await send(api, member, **body)).status_code

    assert await status(None) == 400
    assert await status(requester=MEMBER_2) == 403
    assert await status() == 409  # off
    await enable(api)
    assert await status() == 404  # no rules
    await add(api)
    assert await status(OUTSIDER) == 404
    assert await status(requester="x") == 400
    await put(api, rules_channel=RULES)
    assert await status(requester=ADMIN) == 409
    for token in ("sandbox-owner", "sandbox-member"):
        assert (await call(api, "POST", "/check/send", token=token)).status_code == 403


@pytest.mark.parametrize("fault", [{**SEND, "status": 403}, {**SEND, "status": 404}, {**SEND, **DOWN, "status": 500}])
async def test_a_message_that_discord_does_not_take_leaves_the_old_one(api: Api, fault: dict[str, Any]) -> None:
    await by_message(api)
    old = await sent(api)

    await api.fault(fault)
    async with nothing_changes(api, asked=True):
        assert (await send(api)).status_code == (503 if fault["status"] == 500 else 500)
        await api.fault()
        await run_due(api, seconds=31)  # until then nobody knows whether it stands

    assert (await click(api, old)).status_code == 200


async def test_a_message_that_nobody_knows_of_is_deleted_later(api: Api) -> None:
    await by_message(api)
    known = await sent(api)
    await api.fault({**SEND, "drop": "after", "times": 9})
    assert (await send(api)).status_code == 503
    await api.fault()
    assert len(await messages(api, known["channel_id"])) == 2

    await run_due(api, seconds=31)

    [message] = await messages(api, known["channel_id"])
    assert message["id"] == str(known["message_id"])
    assert await api.rows("rules_active_entries") == [known]
    assert await api.rows("jobs") == []


async def test_a_closed_door_is_named(api: Api) -> None:
    channel = await enable_logging(api)
    await by_message(api)
    await api.discord("PUT", f"/control/users/{MEMBER}", json={"direct_messages": False})

    async with nothing_changes(api, asked=True):
        refused = await send(api)

    assert (refused.status_code, refused.json()["title"]) == (500, "Discord refused")
    assert refused.json()["detail"] == "This member takes no direct messages from Husqy."
    assert "failed at rules send check: discord refused" in await log_lines(api, channel)


async def test_a_dropped_answer_sends_no_second_message(api: Api) -> None:
    await by_message(api)

    await api.fault({**SEND, "drop": "after"})
    row = await sent(api)

    assert len(await messages(api, row["channel_id"])) == 1


@pytest.mark.parametrize("in_dm", [True, False])
@pytest.mark.parametrize(
    ("word", "changes", "before", "after", "confirmed"),
    [
        ("accept", BOTH, {MEMBERS}, {MODERATORS}, "You accepted the rules. Your roles are set."),
        ("accept", {**BOTH, "rules_accepted_role_ids": [MEMBERS, MODERATORS]}, {MEMBERS}, {MEMBERS, MODERATORS}, None),
        ("deny", BOTH, {MEMBERS, MODERATORS}, {MEMBERS}, "You denied the rules. Nothing else was done."),
        (
            "deny",
            {**BOTH, "rules_denied_action": 2},
            {MODERATORS},
            {MEMBERS},
            "You denied the rules. Your roles are set.",
        ),
        ("accept", {}, {MEMBERS}, {MEMBERS}, None),
    ],
)
async def test_a_click_sets_the_roles(
    api: Api, in_dm: bool, word: str, changes: dict[str, Any], before: set[int], after: set[int], confirmed: str | None
) -> None:
    await by_message(api, **changes)
    bot = api.program.resources.bot
    for role in before - {MEMBERS}:
        await bot.add_member_role(GUILD, MEMBER, role)
    if MEMBERS not in before:
        await bot.remove_member_role(GUILD, MEMBER, MEMBERS)
    if in_dm:
        place = await sent(api)
    else:
        place = {"channel_id": RULES, "message_id": (await put(api, rules_channel=RULES))["rules_message_id"]}

    response = await click(api, place, word)

    done = "accepted" if word == "accept" else "denied"
    assert (response.status_code, response.json()["data"]) == (200, {"message": f"The rules are {done}."})
    assert await roles_of(api) == after
    assert confirmed in {None, (await answered(api))["content"]}
    [message] = await messages(api, int(place["channel_id"]))
    assert (message["components"] == []) is in_dm
    assert message["embeds"][0]["description"] == "**1.** Be kind."
    assert await api.rows("rules_active_entries") == []
    again = await click(api, place, word, token="click-2")
    assert again.status_code == (404 if in_dm else 200)
    assert await roles_of(api) == after


@pytest.mark.parametrize("in_dm", [True, False])
async def test_denying_may_put_a_member_out(api: Api, in_dm: bool) -> None:
    channel = await enable_logging(api)
    await by_message(api, rules_denied_action=3, rules_accepted_role_ids=[MEMBERS])
    place: dict[str, Any] = await sent(api)
    if not in_dm:
        place = {"channel_id": RULES, "message_id": (await put(api, rules_channel=RULES))["rules_message_id"]}

    assert (await click(api, place, "deny")).status_code == 200

    assert await api.program.resources.bot.member(GUILD, MEMBER) is None
    assert (await answered(api))["content"] == "You denied the rules, so you are removed from the server."
    told = await log_lines(api, channel)
    assert f"**<@{MEMBER}>** denied the rules" in told
    assert f"**<@{MEMBER}>** got the rules" in told
    assert (await click(api, place, "deny")).status_code == 404  # not in the server, or nothing waits


async def test_nobody_puts_the_owner_out(api: Api) -> None:
    channel = await enable_logging(api)
    await by_message(api, rules_denied_action=3)
    for place in (
        await sent(api, OWNER),
        {"channel_id": RULES, "message_id": (await put(api, rules_channel=RULES))["rules_message_id"]},
    ):
        async with nothing_changes(api, asked=True):
            refused = await click(api, place, "deny", member=OWNER)

        assert (refused.status_code, refused.json()["title"]) == (500, "Discord refused")
        assert (await answered(api))["content"].startswith("Discord did not let Husqy do this.")
    assert "failed at rules interaction check: discord refused" in await log_lines(api, channel)


@pytest.mark.parametrize("fault", [{**ROLE, "status": 403}, {**ROLE, "status": 404}, {**ROLE, **DOWN}])
async def test_a_role_that_discord_refuses_lets_the_member_click_again(api: Api, fault: dict[str, Any]) -> None:
    await by_message(api, **BOTH)
    place = await sent(api)

    await api.fault(fault)
    async with nothing_changes(api, asked=True):
        refused = await click(api, place)
    assert refused.status_code == (503 if fault["status"] == 503 else 500)
    assert (await answered(api))["content"].startswith("Discord did not let Husqy do this.")

    await api.fault()
    assert (await click(api, place, token="click-2")).status_code == 200
    assert await roles_of(api) == {MODERATORS}


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_dropped_call_is_made_again(api: Api, drop: str) -> None:
    await by_message(api, **BOTH)
    place = await sent(api)

    await api.fault({**ROLE, "drop": drop}, {"method": "PATCH", "path": "/channels/.*/messages/", "drop": drop})

    assert (await click(api, place)).status_code == 200
    assert await roles_of(api) == {MODERATORS}
    assert (await messages(api, place["channel_id"]))[0]["components"] == []


async def test_a_click_is_refused_in_this_order(api: Api) -> None:
    nowhere = {"channel_id": 1, "message_id": 1}

    async def status(place: dict[str, Any], **options: Any) -> int:
        async with nothing_changes(api):
            return (await click(api, place, **options)).status_code

    assert await status(nowhere, word="perhaps") == 400
    assert await status(nowhere, member=None) == 400
    assert await status(nowhere) == 404
    await by_message(api)
    place = await sent(api)
    assert await status(place, member=MEMBER_2) == 404
    await put(api, rules_actions_enabled=False)
    assert await status(place) == 409
    await put(api, rules_actions_enabled=True)
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{MEMBER}")
    assert await status(place) == 404
    await ok(api, "POST", "/disable")
    assert await status(place) == 404
    for name in ("application_id", "interaction_id_token", "message_id", "channel_id", "interaction_custom_id"):
        body = {
            "application_id": 1, "interaction_id_token": "t", "message_id": 1, "channel_id": 1,
            "interaction_custom_id": "rules:deny",
        }  # fmt: skip
        del body[name]
        refused = await api.rest("POST", f"{BASE}/check/interaction", json=body, token="sandbox-service", acting=MEMBER)
        assert [each["pointer"] for each in refused.json()["errors"]] == [f"#/{name}"]


async def test_a_confirmation_that_is_lost_changes_nothing_of_what_is_done(api: Api) -> None:
    await by_message(api, **BOTH)
    place = await sent(api)

    late = await click(api, place, token="expired-1")

    assert late.status_code == 500
    assert "expired-1" not in late.text
    assert await roles_of(api) == {MODERATORS}
    assert await api.rows("rules_active_entries") == []


async def test_a_member_who_leaves_is_not_waited_for(api: Api) -> None:
    await by_message(api)
    await sent(api)
    await sent(api, OWNER)
    params = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    count = await api.rest("GET", f"{BASE}/privacy/get-user-entries", token="sandbox-member", params=params)
    assert count.json()["data"]["id"] == 1
    await api.rest("DELETE", f"{BASE}/privacy/delete-user-entries", token="sandbox-member", json=params)
    assert len(await api.rows("rules_active_entries")) == 2  # needed until it is answered

    leave = f'mutation {{ memberLeave(guildId: "{GUILD}", userId: "{MEMBER}") {{ deleted }} }}'
    await api.data(leave, token="sandbox-service")

    assert [row["user_id"] for row in await api.rows("rules_active_entries")] == [OWNER]


async def test_who_forbids_data_still_gets_the_rules(api: Api) -> None:
    choice = f"""mutation {{ memberDataCollectionSet(guildId: "{GUILD}", userId: "{MEMBER}",
      input: {{prevented: true}}) {{ member {{ preventDataCollection }} }} }}"""
    await api.data(choice, token="sandbox-service")
    await by_message(api)

    place = await sent(api)

    assert (await click(api, place)).status_code == 200
    assert await api.rows("rules_active_entries") == []


async def test_clicks_of_many_at_once_are_each_their_own(api: Api) -> None:
    settings = await in_channel(api)
    await put(api, rules_accepted_role_ids=[MODERATORS])
    place = {"channel_id": RULES, "message_id": settings["rules_message_id"]}

    people = (MEMBER, MEMBER_2, OWNER, ADMIN)
    answers = await asyncio.gather(
        *(click(api, place, member=each, token=f"click-{each}") for each in people for _ in range(5))
    )

    assert {answer.status_code for answer in answers} == {200}
    for each in people:
        assert MODERATORS in await roles_of(api, each)
    assert all("everyone" not in str(each) for each in await writes(api))
