"""Roles on joining and after some time: who gets which, and what happens when Discord fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.discord.sandbox.store import Store
from husqy_graphql.discord.sandbox.world import OTHER_BOT, QUIET_ROLES
from husqy_graphql.worker.loop import ROUNDS
from tests.conftest import GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.modules.helpers import enable, make_premium, refused, writes
from tests.modules.welcoming import (
    ADMINS,
    FOUNDERS,
    MEMBERS,
    MODERATORS,
    PATH,
    change,
    check,
    count_statistics,
    log_lines,
    roles_of,
    sweep,
    time_role,
)

JOIN = "role/on-join"
NOTHING = {"data": {"message": "No role was given."}}
FAILED = "failed at welcoming check role"
BOT = {"authorization": "Bot sandbox-bot"}


async def autorole(api: Api, *role_ids: int) -> None:
    await enable(api, "welcoming")
    await change(api, autorole_enabled=True, autorole_role_ids=list(role_ids))


async def timed(api: Api, role_id: int = MODERATORS, add_after: int = 60, guild: int = GUILD) -> Any:
    await enable(api, "welcoming", guild)
    await change(api, timedroles_enabled=True, guild=guild)
    return await time_role(api, role_id, add_after, guild=guild)


async def samples(api: Api) -> list[Any]:
    return [row["user_id"] for row in await api.rows("statistics_journal") if row["metric"].endswith("check-time")]


async def test_all_roles_are_given_in_one_call_and_once(api: Api) -> None:
    await enable(api, "logging")
    await count_statistics(api)
    await autorole(api, MODERATORS, MEMBERS)
    asked = await writes(api)

    answer = await check(api, JOIN, MEMBER_2)

    assert answer.json() == {"data": {"message": "2 roles were given."}}
    assert await roles_of(api, MEMBER_2) == {MEMBERS, MODERATORS}
    calls = [each for each in (await writes(api))[len(asked) :] if "/members/" in each[1]]
    assert [method for method, _ in calls] == ["PATCH"]
    told = await log_lines(api)
    for role_id in (MEMBERS, MODERATORS):
        assert f"**<@{MEMBER_2}>** got the role <@&{role_id}> on joining" in told
    assert await samples(api) == [None]
    assert (await check(api, JOIN, MEMBER_2)).json() == NOTHING  # a repetition changes nothing
    assert await samples(api) == [None]
    assert [each for each in await writes(api) if "/members/" in each[1]] == calls


async def test_roles_that_somebody_has_are_kept(api: Api) -> None:
    await autorole(api, MEMBERS, MODERATORS)
    assert (await check(api, JOIN, MEMBER)).json() == {"data": {"message": "1 role was given."}}
    assert await roles_of(api, MEMBER) == {MEMBERS, MODERATORS}
    # One role is added beside whatever another bot gives at the same moment.
    assert [method for method, path in await writes(api) if "/members/" in path] == ["PUT"]


async def test_bots_get_the_roles_of_the_autorole_too(api: Api) -> None:
    await autorole(api, MEMBERS)
    await check(api, JOIN, OTHER_BOT)
    assert MEMBERS in await roles_of(api, OTHER_BOT)


async def test_roles_that_cannot_be_given_are_skipped_and_told(api: Api) -> None:
    await enable(api, "logging")
    await autorole(api, FOUNDERS, MODERATORS, ADMINS, MEMBERS)
    delete_role(api, MODERATORS)

    answer = await check(api, JOIN, MEMBER_2)

    assert answer.json() == {"data": {"message": "1 role was given."}}
    assert await roles_of(api, MEMBER_2) == {MEMBERS}
    assert (await log_lines(api)).count(f"{FAILED} on join: role cannot be given") == 3


def delete_role(api: Api, role_id: int) -> None:
    """Let a role of the demo guild be gone."""
    store = store_of(api)
    guild = store.get("guild", GUILD)
    assert guild is not None
    store.put("guild", GUILD, {**guild, "roles": [each for each in guild["roles"] if each["id"] != str(role_id)]})


def store_of(api: Api) -> Store:
    """What the sandbox Discord has."""
    sandbox = api.program.sandbox
    assert sandbox is not None
    return sandbox.state.store


async def test_an_autorole_that_is_off_or_empty_does_nothing(api: Api) -> None:
    await enable(api, "welcoming")
    for values in ({"autorole_role_ids": [MEMBERS]}, {"autorole_role_ids": None, "autorole_enabled": True}):
        await change(api, **values)
        for acting in (MEMBER_2, OUTSIDER):
            assert (await check(api, JOIN, acting)).json() == NOTHING
    assert await roles_of(api, MEMBER_2) == set()


async def test_an_autorole_check_needs_the_module_and_a_member(api: Api) -> None:
    options: dict[str, Any] = {"token": "sandbox-service", "acting": MEMBER}
    path = f"{PATH}/check/{JOIN}"
    await refused(api, 409, "POST", path, json={"guild_id": GUILD}, **options)
    await refused(api, 404, "POST", path, json={"guild_id": UNKNOWN_GUILD}, **options)
    await refused(api, 400, "POST", path, json={"guild_id": GUILD}, token="sandbox-service")
    await refused(api, 403, "POST", path, json={"guild_id": GUILD}, token="sandbox-owner")
    await autorole(api, MEMBERS)
    await refused(api, 404, "POST", path, json={"guild_id": GUILD}, token="sandbox-service", acting=OUTSIDER)


@pytest.mark.parametrize("role_ids", [(MEMBERS,), (MEMBERS, MODERATORS)])
@pytest.mark.parametrize(
    ("fault", "status", "given"),
    [
        ({"status": 403}, 500, False),
        ({"status": 404}, 500, False),
        ({"status": 500}, 200, True),
        ({"status": 500, "times": 9}, 503, False),
        ({"drop": "after"}, 200, True),
        ({"drop": "after", "times": 9}, 503, True),
    ],
)
async def test_when_discord_fails_the_roles_are_told_as_failed(
    api: Api, role_ids: tuple[int, ...], fault: dict[str, Any], status: int, given: bool
) -> None:
    await enable(api, "logging")
    await autorole(api, *role_ids)
    before = await api.everything()
    await api.fault(*({"path": "/members/", "method": each, **fault} for each in ("PUT", "PATCH")))

    answer = await check(api, JOIN, MEMBER_2)

    assert answer.status_code == status, answer.text
    assert await api.everything() == before
    await api.fault()
    assert await roles_of(api, MEMBER_2) == (set(role_ids) if given else set())
    assert (f"{FAILED} on join: discord refused" in await log_lines(api)) == (status != 200)


async def test_timed_roles_are_given_once_they_are_due(api: Api) -> None:
    await enable(api, "logging")
    await count_statistics(api)
    await timed(api)
    asked = await writes(api)
    assert (await sweep(api)).json() == NOTHING
    api.clock.advance(seconds=59)
    assert (await sweep(api)).json() == NOTHING
    assert await samples(api) == []
    assert [each for each in (await writes(api))[len(asked) :] if "/members/" in each[1]] == []
    api.clock.advance(seconds=1)

    assert (await sweep(api)).json() == {"data": {"message": "4 roles were given."}}

    for user_id in (OWNER, MEMBER, MEMBER_2):
        assert MODERATORS in await roles_of(api, user_id)
    assert MODERATORS not in await roles_of(api, OTHER_BOT)
    told = await log_lines(api)
    assert told.count("got the timed role") == 4
    assert f"**<@{MEMBER}>** got the timed role <@&{MODERATORS}>" in told
    assert await samples(api) == [None]  # one of the guild
    assert (await sweep(api)).json() == NOTHING
    assert await samples(api) == [None]


async def test_who_comes_back_begins_anew(api: Api) -> None:
    await timed(api)
    api.clock.advance(seconds=100)
    for method in ("DELETE", "PUT"):
        await api.discord(method, f"/control/guilds/{GUILD}/members/{MEMBER}")
    await sweep(api)
    assert MODERATORS not in await roles_of(api, MEMBER)
    api.clock.advance(seconds=60)
    await sweep(api)
    assert MODERATORS in await roles_of(api, MEMBER)


async def test_several_times_of_a_role_give_it_once(api: Api) -> None:
    await make_premium(api)
    await timed(api)
    await time_role(api, add_after=30)
    await time_role(api, FOUNDERS, 1)  # above Husqy
    api.clock.advance(days=1)
    assert (await sweep(api)).json() == {"data": {"message": "4 roles were given."}}


@pytest.mark.parametrize("state", ["component", "module", "left"])
async def test_a_guild_that_has_it_off_is_left_alone(api: Api, state: str) -> None:
    await timed(api)
    api.clock.advance(days=1)
    if state == "component":
        await change(api, timedroles_enabled=False)
    elif state == "module":
        await api.rest("POST", f"{PATH}/disable", json={"guild_id": GUILD})
    else:
        await api.discord("DELETE", f"/control/guilds/{GUILD}/bot")
    assert (await sweep(api)).json() == NOTHING


async def test_one_guild_that_fails_stops_no_other(api: Api) -> None:
    role_id = add_quiet_role(api)
    await timed(api)
    await timed(api, role_id, guild=QUIET_GUILD)
    api.clock.advance(days=1)
    for fault in ({"status": 500, "times": 9}, {"status": 403}, {"drop": "after", "times": 9}):
        await api.fault({"path": f"/guilds/{GUILD}/members", **fault})
        assert (await sweep(api)).status_code == 200
        await api.fault()
        assert MODERATORS not in await roles_of(api, MEMBER)
    assert role_id in await roles_of(api, OWNER, QUIET_GUILD)


def add_quiet_role(api: Api) -> int:
    """Make a role below Husqy's in the quiet guild, which has none; its id."""
    store = store_of(api)
    guild = store.get("guild", QUIET_GUILD)
    assert guild is not None
    role_id = QUIET_ROLES["Husqy"][0] + 9
    low = {**guild["roles"][0], "id": str(role_id), "name": "Regulars", "position": 0}
    store.put("guild", QUIET_GUILD, {**guild, "roles": [*guild["roles"], low]})
    return role_id


async def test_a_role_that_discord_refuses_is_told_once_and_tried_again_next_time(api: Api) -> None:
    await enable(api, "logging")
    await timed(api)
    api.clock.advance(days=1)
    await api.fault({"path": f"/roles/{MODERATORS}$", "status": 403, "times": 9})
    assert (await sweep(api)).json() == NOTHING
    assert (await log_lines(api)).count(f"{FAILED} timed: discord refused") == 1
    await api.fault({"path": f"/members/{MEMBER}/roles/", "drop": "after"})
    assert (await sweep(api)).json() == {"data": {"message": "4 roles were given."}}


async def test_what_was_given_before_a_failure_is_told(api: Api) -> None:
    await enable(api, "logging")
    await timed(api)
    api.clock.advance(days=1)
    await api.fault({"path": f"/members/{MEMBER}/roles/", "status": 500, "times": 9})
    answer = await sweep(api)
    assert answer.json() == {"data": {"message": "2 roles were given."}}
    assert (await log_lines(api)).count("got the timed role") == 2


async def test_without_discord_a_sweep_is_told_to_fail(api: Api) -> None:
    assert (await sweep(api)).json() == NOTHING  # nobody needs Discord yet
    await timed(api)
    await api.fault({"path": "/users/@me$", "status": 500, "times": 9})
    assert (await sweep(api)).status_code == 503


@pytest.mark.parametrize("token", [None, "sandbox-owner", "sandbox-member"])
async def test_a_sweep_is_for_husqy_alone(api: Api, token: str | None) -> None:
    await refused(api, 401 if token is None else 403, "POST", f"{PATH}/check/role/timed", token=token)


async def test_the_worker_sweeps_every_five_minutes(api: Api) -> None:
    await timed(api)
    api.clock.advance(days=1)
    [job] = [each for each in ROUNDS if each.name == "timed-roles"]
    assert job.interval == 300
    assert await job.run(api.program.worker) == 4
    assert await job.run(api.program.worker) == 0
    assert MODERATORS in await roles_of(api, MEMBER)


async def test_two_sweeps_at_once_leave_everybody_with_the_role(api: Api) -> None:
    await timed(api)
    api.clock.advance(days=1)
    answers = await asyncio.gather(*(sweep(api) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert await roles_of(api, MEMBER) == {MEMBERS, MODERATORS}
