"""Discord fails, in every way, at every operation of the modules that asks it for something.

What has an effect that follows later (the permanent message of the rules, log lines, what polls and giveaways send) is
tested with its module.
"""

from __future__ import annotations

from typing import Any

import pytest

from husqy_graphql.discord.sandbox.world import APPLICATION_ID
from tests.conftest import GUILD, MEMBER, MEMBER_2, OWNER, Api
from tests.modules import giving, invites, rules_stage, verifying, welcoming
from tests.modules.helpers import GENERAL_CHANNEL, enable, make_premium, post_as, run_due

FAULTS = (
    {"status": 403},
    {"status": 404},
    {"status": 429, "retry_after": 60},
    {"status": 500},
    {"drop": "before"},
)
BOT_CALLS = "/(guilds|channels|invites|users/[0-9]|users/@me/channels)"  # not those that find out who asks
SERVICE: dict[str, Any] = {"token": "sandbox-service", "acting": MEMBER}
OPERATIONS = (
    "PUT /modules/logging/settings",
    "POST /modules/autoresponder/check",
    "POST /modules/tags/entries",
    "POST /modules/tags/entries/{tag}/preview",
    "POST /modules/tags/entries/{tag}/send",
    "PUT /modules/rules/settings",
    "POST /modules/rules/check/send",
    "POST /modules/rules/check/interaction",
    "PUT /modules/verifier/settings",
    "POST /modules/verifier/event/create-verification",
    "POST /modules/verifier/event/handle-verification",
    "PUT /modules/invite_tracker/settings",
    "POST /modules/invite_tracker/invite",
    "DELETE /modules/invite_tracker/invite",
    "POST /modules/invite_tracker/events/invite/create",
    "POST /modules/invite_tracker/events/invite/delete",
    "POST /modules/invite_tracker/events/join/check-invite",
    "POST /modules/invite_tracker/events/leave/check-invite",
    "POST /modules/reminders/entries",
    "PUT /modules/welcoming/settings",
    "POST /modules/welcoming/timedroles",
    "POST /modules/welcoming/check/welcome/dm",
    "POST /modules/welcoming/check/welcome/channel",
    "POST /modules/welcoming/check/leave/channel",
    "POST /modules/welcoming/check/role/on-join",
    "POST /modules/welcoming/check/role/timed",
    "POST /modules/giveaways/entries/{giveaway}/reroll",
)


async def stage(api: Api) -> dict[str, tuple[str, dict[str, Any]]]:
    """The modules at work; the path and the options of a good request for each operation."""
    await make_premium(api)
    for module in ("logging", "autoresponder", "tags", "welcoming", "verifier", "reminders", "giveaways"):
        await enable(api, module)
    await rules_stage.by_message(api, actions_enabled=True, rules_accepted_role_ids=[welcoming.MODERATORS])
    waiting = await rules_stage.sent(api)
    response = {"guild_id": GUILD, "response_type": 1, "response_content": "woof"}
    made = await api.rest("POST", "/modules/autoresponder/responses", json=response)
    trigger = {"trigger_type": 1, "match_case": False, "response_ids": [made.json()["data"]["response"]["response_id"]]}
    await api.rest("POST", "/modules/autoresponder/triggers", json={"guild_id": GUILD, **trigger})
    tag = {"guild_id": GUILD, "owner_id": MEMBER, "content": "hi", "visibility": 1, "names": ["hello"]}
    made = await api.rest("POST", "/modules/tags/entries", json=tag)
    tag_id = made.json()["data"]["entry"]["tag_id"]
    for check in welcoming.TYPES:
        await welcoming.set_up(api, check)
    await welcoming.time_role(api)
    await welcoming.change(
        api, autorole_enabled=True, autorole_role_ids=[welcoming.MODERATORS], timedroles_enabled=True
    )
    await verifying.put(api, channel=GENERAL_CHANNEL, verified_role_ids=[welcoming.MEMBERS])
    verifier_id = await verifying.opened(api)
    giveaway = await giving.give(api, winner_count=2)
    await giving.entered(api, giveaway, MEMBER, MEMBER_2, OWNER)
    await run_due(api, hours=1)
    known, unknown = await followed_invites(api)  # which would not live through that hour
    message_id = await post_as(api, "sandbox-member", "Good dog")
    place = {"channel_id": GENERAL_CHANNEL}
    click = {
        "channel_id": int(waiting["channel_id"]),
        "message_id": int(waiting["message_id"]),
        "interaction_custom_id": "rules:accept",
        "interaction_id_token": "click",
        "application_id": APPLICATION_ID,
    }
    bodies: dict[str, dict[str, Any]] = {
        "PUT /modules/logging/settings": {"logs_channel_id": welcoming.WELCOME_CHANNEL},
        "POST /modules/autoresponder/check": {"origin_message_id": message_id, "member_roles": [], **place},
        "POST /modules/tags/entries": {"owner_id": MEMBER_2, "content": "x", "visibility": 1, "names": ["x"]},
        "POST /modules/tags/entries/{tag}/preview": {"user_id": MEMBER, **place},
        "POST /modules/tags/entries/{tag}/send": place,
        "PUT /modules/rules/settings": {"rules_channel": rules_stage.RULES},
        "POST /modules/rules/check/interaction": click,
        "PUT /modules/verifier/settings": {"verifier_verified_role_ids": [welcoming.MODERATORS]},
        "POST /modules/verifier/event/create-verification": {"requester": "husqy"},
        "POST /modules/verifier/event/handle-verification": {
            "verifier_id": verifier_id,
            "interaction_type": "ComponentInteraction",
        },
        "PUT /modules/invite_tracker/settings": {"join_messages_channel": GENERAL_CHANNEL},
        "POST /modules/invite_tracker/invite": {"max_uses": 1, "max_age": 60, "is_temporary": False, **place},
        "DELETE /modules/invite_tracker/invite": {"invite_code": known},
        "POST /modules/invite_tracker/events/invite/create": {"invite_code": unknown, **place},
        "POST /modules/invite_tracker/events/invite/delete": {"invite_code": known},
        "POST /modules/reminders/entries": {
            "reminder_type": 3,
            "schedule_details": {"duration": "1d"},
            "content": "x",
            "destination_id": GENERAL_CHANNEL,
        },
        "PUT /modules/welcoming/settings": {"leave_messages_channel": GENERAL_CHANNEL},
        "POST /modules/welcoming/timedroles": {"role_id": welcoming.MEMBERS, "add_after": 99},
    }
    by_service = {each for each in OPERATIONS if "/check" in each or "/event" in each or each.endswith("/send")}
    requests: dict[str, tuple[str, dict[str, Any]]] = {}
    for operation in OPERATIONS:
        options = {"json": {"guild_id": GUILD, **bodies.get(operation, {})}}
        target = operation.replace("{tag}", tag_id).replace("{giveaway}", giveaway["giveaway_id"])
        requests[operation] = target, options | (SERVICE if operation in by_service else {})
    return requests


async def followed_invites(api: Api) -> tuple[str, str]:
    """The acting member has joined by an invite that is followed, and there is one that is not; their codes."""
    await invites.on(
        api, leave_messages_enabled=True, leave_messages_channel=GENERAL_CHANNEL, leave_message_content="bye"
    )
    known, other = await invites.create_as(api, MEMBER_2), await invites.create_as(api, MEMBER_2)
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{MEMBER}")
    await invites.take(api, other, "sandbox-member")
    await invites.joined(api, MEMBER)
    # Gone and back since, which nobody has reported.
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{MEMBER}")
    api.clock.advance(seconds=1)
    await invites.take(api, other, "sandbox-member")
    return known, await invites.make_on_discord(api)


async def logs_channel(api: Api) -> str:
    return str((await api.rows("module_logging"))[0]["logs_channel_id"])


async def discord_state(api: Api, logs: str) -> dict[str, Any]:
    """What people see on Discord, but for the lines in the logs channel."""
    assert api.program.sandbox is not None
    await api.program.worker.log_poster.wait(GUILD, 10)
    store = api.program.sandbox.state.store
    messages = {key: each for key, each in store.items("message") if each["channel_id"] != logs}
    channels = [each for _, each in store.items("channel") if each.get("type") != 1]  # but for direct messages
    names = ("id", "name", "parent_id")
    return {
        "messages": messages,
        "channels": [tuple(each.get(name) for name in names) for each in channels],
        "members": dict(store.items("member")),
        "invites": dict(store.items("invite")),
    }


def declared(document: dict[str, Any], operation: str) -> set[int]:
    """The statuses that the contract knows for an operation."""
    method, path = operation.split(" ")
    paths = document["paths"]
    known = next(each for each in paths if _shape(each) == _shape("/v1" + path) or _shape(each) == _shape(path))
    return {int(status) for status in paths[known][method.lower()]["responses"]}


def _shape(path: str) -> list[str]:
    return ["{}" if part.startswith("{") else part for part in path.split("/")]


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_failing_discord_leaves_nothing_half_done(api: Api, operation: str) -> None:
    method, path, options = await good_request(api, operation)
    statuses = declared((await api.http.get("/v1/openapi.json")).json(), operation)
    logs = await logs_channel(api)
    before, seen = await api.everything(), await discord_state(api, logs)

    for fault in FAULTS:
        await api.fault({"path": BOT_CALLS, "times": 99, **fault})
        response = await api.rest(method, path, **options)
        await api.fault()
        assert response.status_code in statuses, (fault, response.text)
        assert await discord_state(api, logs) == seen, fault
        if response.status_code != 200:
            assert response.headers["content-type"] == "application/problem+json"
            assert await api.everything() == before, fault

    response = await api.rest(method, path, **options)
    assert response.status_code == 200, response.text


# What it made is settled later: that is tested with its module.
SETTLED_LATER = "POST /modules/invite_tracker/invite"


@pytest.mark.slow
@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each != SETTLED_LATER])
async def test_an_answer_that_is_lost_doubles_nothing(api: Api, operation: str) -> None:
    method, path, options = await good_request(api, operation)
    logs = await logs_channel(api)
    before, seen = await api.everything(), await discord_state(api, logs)

    await api.fault(*({"path": BOT_CALLS, "drop": "after", "method": each} for each in ("POST", "PUT", "PATCH")))
    response = await api.rest(method, path, **options)

    await api.fault()
    after = await discord_state(api, logs)
    if response.status_code == 200:
        added = [each for key, each in after["messages"].items() if key not in seen["messages"]]
        assert len({each["content"] + str(each["embeds"]) for each in added}) == len(added) <= 2
    else:
        assert response.status_code == 503, response.text
        assert (after, await api.everything()) == (seen, before)


async def good_request(api: Api, operation: str) -> tuple[str, str, dict[str, Any]]:
    method, (target, options) = operation.split(" ", maxsplit=1)[0], (await stage(api))[operation]
    return method, target.split(" ")[1], options
