"""Who joins by which invite, and who of them leaves: the state machine, its messages, and many at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from husqy_graphql.app import create_program
from tests.conftest import (
    ADMIN,
    GUILD,
    MEMBER,
    MEMBER_2,
    OUTSIDER,
    OWNER,
    Api,
    FixedClock,
    Monotonic,
    client,
    settings_for,
)
from tests.modules.helpers import CLOSED_CHANNEL, channel_messages, enable, refused
from tests.modules.invites import (
    BOT,
    PATH,
    WELCOME,
    add_people,
    allow_husqy,
    create_as,
    joined,
    left,
    links,
    make_on_discord,
    on,
    on_discord,
    put,
    report,
    take,
    take_as,
    uses,
)
from tests.modules.logs import logs
from tests.modules.tags import prevent_data_collection

JOIN = "join/check-invite"
LEAVE = "leave/check-invite"
WELCOMING = {
    "join_messages_enabled": True, "join_messages_channel": WELCOME,
    "join_message_content": "<user_mention> by <inviter_display_name> with <invite_code>: <current_invite_count>",
    "leave_messages_enabled": True, "leave_messages_channel": WELCOME,
    "leave_message_content": (
        "<user_display_name> of <inviter_mention> <invite_code> <current_invite_count> <channel_name>"
    ),
}  # fmt: skip
SEND = {"method": "POST", "path": "/channels/[0-9]+/messages"}


async def contents(api: Api, channel: int = WELCOME) -> list[str]:
    return [message["content"] for message in await channel_messages(api, channel)]


async def test_a_member_counts_for_who_invited_them(api: Api) -> None:
    await enable(api, "logging")
    await on(api, **WELCOMING)
    code = await create_as(api)
    await take(api, code)

    answer = await report(api, JOIN, OUTSIDER)

    assert answer.json() == {"data": {"message": "The joining is noted."}}
    assert await uses(api) == [
        {
            "id": 1, "guild_id": str(GUILD), "invite_id": code, "member_id": str(OUTSIDER),
            "timestamp": "2026-03-01T12:00:00Z", "channel_id": "1300000000000000311", "inviter_id": str(MEMBER),
            "has_left": False,
        }
    ]  # fmt: skip
    assert [each["current_uses"] for each in await links(api)] == [1]
    [message] = await channel_messages(api, WELCOME)
    assert message["content"] == f"<@{OUTSIDER}> by Mia with {code}: 1"
    assert message["allowed_mentions"] == {"parse": [], "users": [str(OUTSIDER)], "roles": []}
    assert (await logs(api))[-1] == f"**<@{OUTSIDER}>** joined by an invite of <@{MEMBER}>"

    await left(api, OUTSIDER)

    assert [each["has_left"] for each in await uses(api)] == [True]
    message = (await channel_messages(api, WELCOME))[-1]
    assert message["content"] == f"Zoe of <@{MEMBER}> {code} 0 <channel_name>"
    assert message["allowed_mentions"]["users"] == [str(MEMBER)]
    assert (await logs(api))[-1] == f"**<@{OUTSIDER}>** left, once invited by <@{MEMBER}>"
    before = await api.everything()
    assert (await report(api, LEAVE, OUTSIDER)).json() == {"data": {"message": "The leaving is noted."}}
    assert await api.everything() == before
    assert await api.rows("jobs") == []


async def test_messages_may_be_embeds_and_know_the_inviter(api: Api) -> None:
    content = (
        '{"embeds": [{"title": "<inviter_nickname> <inviter_is_mute> <inviter_roles>", "description": '
        '"<user_display_name> in <channel_name> of <server_name>, <inviter_joined_at> <nothing>"}], "content": "<x>"}'
    )
    await on(
        api, join_messages_enabled=True, join_messages_channel=WELCOME, join_message_is_embed=True,
        join_message_content=content,
    )  # fmt: skip
    await api.discord("PUT", f"/control/users/{OUTSIDER}", json={"global_name": 'Z"o\\e <server_name>'})
    await take(api, await create_as(api))
    await joined(api, OUTSIDER)
    [message] = await channel_messages(api, WELCOME)
    [embed] = message["embeds"]
    assert embed["title"] == "No nickname Not muted <@&1300000000000000201>"
    assert embed["description"] == ('Z"o\\e <server_name> in welcome of Husqy demo, 01-03-2026 12:00:00 <nothing>')


async def test_an_unknown_inviter_is_named_so(api: Api) -> None:
    await on(api, **{**WELCOMING, "join_message_content": "<inviter_mention> <inviter_id> <current_invite_count>"})
    code = await create_as(api)
    await take(api, code)
    await joined(api, OUTSIDER)
    await erase(api, MEMBER)
    await left(api, OUTSIDER)
    assert (await contents(api))[-1] == f"Zoe of Unknown inviter {code} Unknown <channel_name>"
    await take(api, code)
    await joined(api, OUTSIDER)
    assert (await contents(api))[-1] == "Unknown inviter Unknown Unknown"
    assert [use["inviter_id"] for use in (await all_uses(api))] == [None, None]


async def all_uses(api: Api) -> list[dict[str, Any]]:
    return await api.rows("invite_tracker_uses")


async def erase(api: Api, user: int) -> None:
    body = {"guild_id": GUILD, "privacy_member_id": user}
    gone = await api.rest("DELETE", f"{PATH}/privacy/delete-user-entries", **BOT, acting=user, json=body)
    assert gone.status_code == 200, gone.text


async def test_joins_by_other_ways_are_told_alone(api: Api) -> None:
    await enable(api, "logging")
    await on(api, **WELCOMING)
    code = await make_on_discord(api)
    await take(api, code)
    await joined(api, OUTSIDER)
    assert await all_uses(api) == []
    assert await contents(api) == []
    assert (await logs(api))[-1].endswith("failed at invite based join: join failed no known invite found")


async def test_an_own_invite_does_not_count_where_that_is_wanted(api: Api) -> None:
    await enable(api, "logging")
    await on(api, **WELCOMING)
    code = await create_as(api, MEMBER)
    await left(api, MEMBER)
    await take(api, code, "sandbox-member")
    await joined(api, MEMBER)
    assert await all_uses(api) == []
    assert await contents(api) == []
    assert (await logs(api))[-1].endswith("failed at invite based join: join ignored joined is inviter")
    assert [each["current_uses"] for each in await links(api)] == [1]

    await put(api, prevent_own_invite_code=False)
    await left(api, MEMBER)
    await take(api, code, "sandbox-member")
    await joined(api, MEMBER)
    assert [use["member_id"] for use in await uses(api)] == [str(MEMBER)]


@pytest.mark.parametrize("who", [OUTSIDER, MEMBER])
async def test_who_forbids_data_collection_is_greeted_and_not_stored(api: Api, who: int) -> None:
    await enable(api, "logging")
    await on(api, **WELCOMING)
    code = await create_as(api)
    await prevent_data_collection(api, who)
    await take(api, code)
    await joined(api, OUTSIDER)
    assert await all_uses(api) == []
    assert await contents(api) == [f"<@{OUTSIDER}> by Mia with {code}: 0"]
    assert (await logs(api))[-1].endswith("failed at invite based join: joined failed to track")


async def test_bots_are_ignored(api: Api) -> None:
    await on(api)
    before = await api.everything()
    assert (await report(api, JOIN, 1300000000000000108)).status_code == 200
    assert await api.everything() == before


async def test_a_report_needs_a_member_and_comes_once_a_stay(api: Api) -> None:
    await on(api)
    code = await create_as(api)
    for event in (JOIN, LEAVE):
        path = f"{PATH}/events/{event}"
        await refused(api, 400, "POST", path, json={"guild_id": GUILD}, **BOT)
        for token in ("sandbox-owner", "sandbox-member"):
            await refused(api, 403, "POST", path, json={"guild_id": GUILD}, token=token)
    await refused(api, 404, "POST", f"{PATH}/events/{JOIN}", json={"guild_id": GUILD}, **BOT, acting=42)
    await take(api, code)
    await joined(api, OUTSIDER)
    await refused(api, 409, "POST", f"{PATH}/events/{JOIN}", json={"guild_id": GUILD}, **BOT, acting=OUTSIDER)

    # Gone and back, without a report of the leave.
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{OUTSIDER}")
    api.clock.advance(minutes=5)
    await take(api, code)
    await joined(api, OUTSIDER)
    assert [each["has_left"] for each in await uses(api)] == [True, False]


async def test_who_left_before_the_report_takes_their_use_along(api: Api) -> None:
    await on(api, **WELCOMING)
    code, other = await create_as(api), await create_as(api, ADMIN)
    person = add_people(api, 1)[0]
    await take(api, code)
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{OUTSIDER}")
    await joined(api, OUTSIDER)
    await take_as(api, person, other)
    await joined(api, person)
    assert [(use["member_id"], use["has_left"]) for use in await uses(api)] == [("0", True)]
    assert [use["member_id"] for use in await uses(api, ADMIN)] == [str(person)]
    assert len(await contents(api)) == 1


@pytest.mark.parametrize("reported", [False, True])
async def test_an_invite_that_is_used_up_still_counts(api: Api, reported: bool) -> None:
    await on(api)
    code = await create_as(api, max_uses=1)
    await take(api, code)
    assert await on_discord(api) == {}
    if reported:  # the gateway may tell of that first
        assert (await report(api, "invite/delete", invite_code=code)).status_code == 200
        assert await links(api) == []
    await joined(api, OUTSIDER)
    assert [use["invite_id"] for use in await uses(api)] == [code]
    assert await api.rows("invite_tracker_invites") == []


async def test_an_invite_that_was_deleted_does_not_count(api: Api) -> None:
    await on(api)
    code, unlimited = await create_as(api, max_uses=5), await create_as(api)
    for each in (code, unlimited):
        await api.discord("DELETE", f"/api/v10/invites/{each}", headers={"authorization": "Bearer sandbox-owner"})
    await take(api, await make_on_discord(api))
    await joined(api, OUTSIDER)
    assert await all_uses(api) == []
    assert await links(api) == []


async def test_uses_that_nobody_reports_wait_for_a_minute(api: Api) -> None:
    await on(api)
    code, other = await create_as(api), await make_on_discord(api)
    people = add_people(api, 3)
    for person in people[:2]:
        await take_as(api, person, code)
    await joined(api, people[0])
    assert [each["current_uses"] for each in await links(api)] == [2]
    api.clock.advance(seconds=60)
    await take_as(api, people[2], other)
    await joined(api, people[2])
    assert [use["member_id"] for use in await uses(api)] == [str(people[0])]


async def test_without_the_list_nothing_is_guessed(api: Api) -> None:
    await on(api)
    code = await create_as(api)
    await take(api, code)
    allow_husqy(api, 1 << 10 | 1 << 7)
    await joined(api, OUTSIDER)
    assert await all_uses(api) == []
    allow_husqy(api, 1 << 10)
    await refused(api, 500, "POST", f"{PATH}/events/{JOIN}", json={"guild_id": GUILD}, **BOT, acting=OUTSIDER)
    await api.fault({"path": "/invites", "method": "GET", "drop": "before", "times": 9})
    await refused(api, 503, "POST", f"{PATH}/events/{JOIN}", json={"guild_id": GUILD}, **BOT, acting=OUTSIDER)


async def test_a_message_that_is_refused_is_told_in_the_logs(api: Api) -> None:
    await enable(api, "logging")
    await on(api, **{**WELCOMING, "join_messages_channel": CLOSED_CHANNEL})
    code = await create_as(api)
    await take(api, code)
    await joined(api, OUTSIDER)
    assert (await logs(api))[-1].endswith("failed at invite based join: discord refused")
    assert await api.rows("jobs") == []
    assert len(await uses(api)) == 1
    assert api.program.sandbox is not None
    api.program.sandbox.state.store.delete("channel", f"{GUILD}:{WELCOME}")
    await left(api, OUTSIDER)
    assert (await logs(api))[-1].endswith("failed at invite based leave: channel gone")


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_message_is_sent_once_though_discord_was_silent(api: Api, drop: str) -> None:
    await on(api, **{**WELCOMING, "join_message_content": "<user_mention> <current_datetime>"})
    await take(api, await create_as(api))
    await api.fault({**SEND, "drop": drop, "times": 9})
    await joined(api, OUTSIDER)
    assert len(await api.rows("jobs")) == 1
    await api.fault()
    for _ in range(3):
        api.clock.advance(minutes=10)
        await api.program.worker.runner.run_due()
    assert await contents(api) == [f"<@{OUTSIDER}> 01-03-2026 12:00:00"]
    assert await api.rows("jobs") == []


async def test_a_message_that_was_switched_off_is_not_sent_later(api: Api) -> None:
    await on(api, **WELCOMING)
    await take(api, await create_as(api))
    await api.fault({**SEND, "drop": "before", "times": 9})
    await joined(api, OUTSIDER)
    await api.fault()
    await put(api, join_messages_enabled=False)
    api.clock.advance(minutes=10)
    await api.program.worker.runner.run_due()
    assert await contents(api) == []
    assert await api.rows("jobs") == []


async def test_leaving_forgets_the_member_and_keeps_the_count(api: Api) -> None:
    await on(api)
    code = await create_as(api)
    await take(api, code)
    await joined(api, OUTSIDER)
    leave = f'mutation {{ memberLeave(guildId: "{GUILD}", userId: "{OUTSIDER}") {{ deleted }} }}'
    await api.data(leave, token="sandbox-service")
    assert [(use["member_id"], use["has_left"]) for use in await uses(api)] == [("0", True)]
    await api.data(leave.replace(str(OUTSIDER), str(MEMBER)), token="sandbox-service")
    assert [each["owner_id"] for each in await links(api)] == [None]
    assert await uses(api) == []
    use = await api.data(
        f'{{ guild(id: "{GUILD}") {{ inviteTracker {{ uses {{ nodes {{ memberId memberReference }} }} }} }} }}'
    )
    assert use["guild"]["inviteTracker"]["uses"]["nodes"] == [
        {"memberId": None, "memberReference": "0"}
    ]  # fmt: skip


async def test_a_members_data_is_counted_and_erased(api: Api) -> None:
    embeds = f'{{"embeds": [{{"title": "ask Mia", "description": "or mia, <@{MEMBER}>"}}]}}'
    await on(api, leave_message_is_embed=True, leave_message_content=embeds, join_message_content='Mia, "mia" and Miah')
    code = await create_as(api)
    await take(api, code)
    await joined(api, OUTSIDER)
    query = f"{PATH}/privacy/get-user-entries?guild_id={GUILD}&privacy_member_id={MEMBER}"
    # Owner of an invite, inviter, and one of the messages.
    expected = {"username": 2, "display_name": 2, "global_name": 2, "nickname": 0, "id": 3}
    counted = await api.rest("GET", query, **BOT, acting=MEMBER)
    assert counted.json()["data"] == expected
    assert (await api.rest("GET", query, **BOT, acting=MEMBER_2)).status_code == 403

    await erase(api, MEMBER)

    assert set((await api.rest("GET", query, **BOT, acting=MEMBER)).json()["data"].values()) == {0}
    settings = (await api.rest("GET", f"{PATH}/settings?guild_id={GUILD}")).json()["data"]["settings"]
    assert settings["join_message_content"] == '(removed_user), "(removed_user)" and Miah'
    assert settings["leave_message_content"] == (
        '{"embeds":[{"title":"ask (removed_user)","description":"or (removed_user), (removed_user)"}]}'
    )
    [row] = await all_uses(api)
    assert (row["member_id"], row["inviter_id"]) == (OUTSIDER, None)
    await erase(api, OUTSIDER)
    [row] = await all_uses(api)
    assert row["member_id"] is None


async def test_many_at_once_are_credited_once_each(api: Api) -> None:
    await on(api)
    inviters = (MEMBER, ADMIN, OWNER)
    codes = {inviter: await create_as(api, inviter) for inviter in inviters}
    limited = await create_as(api, MEMBER_2, max_uses=4)
    people = add_people(api, 28)
    wanted = [codes[inviters[index % 3]] for index in range(24)] + [limited] * 4
    for person, code in zip(people, wanted, strict=True):
        await take_as(api, person, code)

    await asyncio.gather(*(joined(api, person) for person in people))

    await credited(api, people, wanted)
    assert limited not in [each["invite_id"] for each in await links(api)]


async def test_many_at_once_over_two_programs(database_url: str, tmp_path: Path, clock: FixedClock) -> None:
    """Each reads Discord's list by itself, and takes the same invites."""
    sandbox = tmp_path / "sandbox.db"
    programs = [create_program(settings_for(database_url, sandbox_path=sandbox), clock=clock) for _ in range(2)]
    async with programs[0].running(), programs[1].running(), client(programs[0]) as one, client(programs[1]) as two:
        await programs[0].seed_demo_world()
        apis = [Api(http, program, clock, Monotonic()) for http, program in zip((one, two), programs, strict=True)]
        await on(apis[0])
        codes = [await create_as(apis[0]), await create_as(apis[1], ADMIN), await create_as(apis[0], OWNER, max_uses=6)]
        people = add_people(apis[0], 24)
        wanted = [*(codes[index % 2] for index in range(18)), *[codes[2]] * 6]

        async def join(index: int) -> None:
            await take_as(apis[0], people[index], wanted[index])
            await joined(apis[index % 2], people[index])

        await asyncio.gather(*map(join, range(len(people))))

        await credited(apis[1], people, wanted)
        again = await asyncio.gather(*(report(api, JOIN, people[0]) for api in apis))
        assert [each.status_code for each in again] == [409, 409]


async def credited(api: Api, people: list[int], wanted: list[str]) -> None:
    """That everybody counts once, every invite for as many as took it, and no use is left over."""
    rows = await all_uses(api)
    assert sorted(row["member_id"] for row in rows) == sorted(people)
    assert Counter(row["code"] for row in rows) == Counter(wanted)
    for row in await api.rows("invite_tracker_invites"):
        assert (row["current_uses"], row["pending_uses"]) == (Counter(wanted)[row["code"]], 0)
