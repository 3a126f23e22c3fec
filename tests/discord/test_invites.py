"""Invites: made, counted, taken and deleted, and what the audit log tells of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from husqy_graphql.discord.port import AuditLogAction, Invalid, NotThere, PermissionOverwrite, Refused, TooMany
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import NOW, Stage

CHANNEL_IDS = {name: channel_id for channel_id, name, _, _ in world.CHANNELS}
GENERAL = CHANNEL_IDS["general"]
DAY = 86_400


async def invited(stage: Stage, *, max_age: int = 0, max_uses: int = 0, **options: Any) -> str:
    return (await stage.bot.create_channel_invite(GENERAL, max_age=max_age, max_uses=max_uses, **options)).code


async def take(stage: Stage, code: str, token: str = "sandbox-outsider") -> tuple[int, dict[str, Any]]:
    answer = await stage.act(token, "POST", f"/invites/{code}")
    return answer.status_code, answer.json()


async def uses(stage: Stage) -> dict[str, int | None]:
    return {each.code: each.uses for each in await stage.bot.guild_invites(world.DEMO_GUILD) or ()}


async def leave(stage: Stage, user_id: int = world.OUTSIDER) -> None:
    await stage.control.delete(f"/control/guilds/{world.DEMO_GUILD}/members/{user_id}")


async def allow_husqy(stage: Stage, permissions: int) -> None:
    """Let Husqy have nothing but these permissions in the demo guild, whatever everyone may."""
    guild = stage.sandbox.state.store.get("guild", world.DEMO_GUILD) or {}
    roles = [{**role, "permissions": str(permissions)} for role in guild["roles"]]
    stage.sandbox.state.store.put("guild", world.DEMO_GUILD, {**guild, "roles": roles})


async def test_an_invite_is_made_read_and_deleted(stage: Stage) -> None:
    made = await stage.bot.create_channel_invite(GENERAL, max_age=DAY, max_uses=5, temporary=True)

    assert (made.channel_id, made.guild_id, made.inviter_id) == (GENERAL, world.DEMO_GUILD, world.HUSQY)
    assert (made.uses, made.max_uses, made.max_age, made.temporary) == (0, 5, DAY, True)
    assert (made.created_at, made.expires_at) == (NOW, NOW + timedelta(days=1))
    assert await stage.bot.guild_invites(world.DEMO_GUILD) == [made]
    assert await stage.bot.invite(made.code) == made
    for_ever = await stage.bot.create_channel_invite(GENERAL, max_age=0, max_uses=0)
    assert (for_ever.max_age, for_ever.max_uses, for_ever.expires_at) == (0, 0, None)
    assert await stage.bot.delete_invite(made.code)
    assert not await stage.bot.delete_invite(made.code)
    assert await stage.bot.invite(made.code) is None
    assert await stage.bot.guild_invites(world.DEMO_GUILD) == [for_ever]
    assert await stage.bot.guild_invites(world.QUIET_GUILD) == []
    assert await stage.bot.guild_invites(world.FOREIGN_GUILD) is None
    assert await stage.bot.guild_invites(42) is None


async def test_an_invite_alone_says_nothing_of_its_uses(stage: Stage) -> None:
    code = await invited(stage)

    bare = (await stage.act(world.BOT_TOKEN, "GET", f"/invites/{code}")).json()

    assert bare.keys().isdisjoint({"uses", "max_uses", "max_age", "temporary", "created_at"})
    await allow_husqy(stage, 1 << 10)
    found = await stage.bot.invite(code)
    assert found is not None
    assert (found.guild_id, found.inviter_id, found.uses, found.created_at) == (
        world.DEMO_GUILD, world.HUSQY, None, None
    )  # fmt: skip
    with pytest.raises(Refused) as raised:
        await stage.bot.guild_invites(world.DEMO_GUILD)
    assert raised.value.code == 50013
    await allow_husqy(stage, 1 << 10 | 1 << 7)
    assert await uses(stage) == {code: None}


async def test_a_similar_invite_is_used_again_unless_a_new_one_is_wanted(stage: Stage) -> None:
    first = await invited(stage, max_uses=2)

    assert await invited(stage, max_uses=2, unique=False) == first
    assert await invited(stage, max_uses=3, unique=False) != first
    assert await invited(stage, max_uses=2) != first


@pytest.mark.parametrize(
    "options",
    [
        {"max_age": 604_801}, {"max_age": -1}, {"max_uses": 101}, {"max_uses": -1}, {"max_uses": True},
    ],
)  # fmt: skip
async def test_limits_of_invites(stage: Stage, options: dict[str, int]) -> None:
    with pytest.raises(Invalid) as raised:
        await invited(stage, **options)

    assert raised.value.code == 50035
    assert await uses(stage) == {}
    await invited(stage, max_age=604_800, max_uses=100)


async def test_where_no_invite_is_made(stage: Stage) -> None:
    hidden = (PermissionOverwrite(world.HUSQY, 1, allow=0, deny=1),)
    closed = await stage.bot.create_channel(world.DEMO_GUILD, name="closed", type=0, permission_overwrites=hidden)
    direct = await stage.bot.open_dm(world.MEMBER)
    for channel_id, error, code in (
        (closed.id, Refused, 50013), (42, NotThere, 10003), (world.TEXT, Invalid, 50024), (direct, Invalid, 50003)
    ):  # fmt: skip
        with pytest.raises(error) as raised:
            await stage.bot.create_channel_invite(channel_id, max_age=0, max_uses=0)
        assert raised.value.code == code
    assert await uses(stage) == {}


async def test_no_more_than_a_thousand_invites(stage: Stage) -> None:
    code = await invited(stage, max_age=60)
    kept = stage.sandbox.state.store.get("invite", code) or {}
    for number in range(999):
        stage.sandbox.state.store.put("invite", f"x{number}", {**kept, "code": f"x{number}"})

    with pytest.raises(TooMany) as raised:
        await invited(stage)

    assert raised.value.code == 30016
    stage.clock.advance(seconds=60)
    await invited(stage)


async def test_somebody_takes_an_invite_and_is_in(stage: Stage) -> None:
    code = await invited(stage)

    status, answer = await take(stage, code)

    assert (status, answer["code"], answer["new_member"]) == (200, code, True)
    assert await stage.bot.member(world.DEMO_GUILD, world.OUTSIDER) is not None
    assert await uses(stage) == {code: 1}
    # Who is in already uses nothing up.
    assert (await take(stage, code))[1]["new_member"] is False
    assert (await take(stage, code, "sandbox-member"))[1]["new_member"] is False
    assert await uses(stage) == {code: 1}
    assert (await take(stage, code, world.BOT_TOKEN))[1]["code"] == 20001
    assert (await take(stage, "nothing"))[1]["code"] == 10006


async def test_an_invite_ends_with_its_last_use_and_with_its_time(stage: Stage) -> None:
    limited, timed = await invited(stage, max_uses=2), await invited(stage, max_age=60)
    await take(stage, limited)
    await leave(stage)
    assert await uses(stage) == {limited: 1, timed: 0}

    await take(stage, limited)
    await leave(stage)

    assert await uses(stage) == {timed: 0}
    assert (await take(stage, limited))[0] == 404
    stage.clock.advance(seconds=60)
    assert await uses(stage) == {}
    assert await stage.bot.invite(timed) is None
    assert (await take(stage, timed))[1]["code"] == 10006
    assert await stage.bot.member(world.DEMO_GUILD, world.OUTSIDER) is None


async def test_people_make_invites_and_only_managers_delete_them(stage: Stage) -> None:
    made = await stage.act("sandbox-member", "POST", f"/channels/{GENERAL}/invites", json={})
    code = made.json()["code"]

    [listed] = await stage.bot.guild_invites(world.DEMO_GUILD) or ()
    assert (listed.code, listed.inviter_id, listed.max_age) == (code, world.MEMBER, DAY)
    refused = await stage.act("sandbox-member", "DELETE", f"/invites/{code}")
    assert (refused.status_code, refused.json()["code"]) == (403, 50013)
    refused = await stage.act("sandbox-outsider", "DELETE", f"/invites/{code}")
    assert (refused.status_code, refused.json()["code"]) == (403, 50001)
    refused = await stage.act("sandbox-member", "GET", f"/channels/{GENERAL}/invites")
    assert (refused.status_code, refused.json()["code"]) == (403, 50013)
    of_channel = (await stage.act("sandbox-owner", "GET", f"/channels/{GENERAL}/invites")).json()
    assert [each["code"] for each in of_channel] == [code]
    deleted = await stage.act("sandbox-admin", "DELETE", f"/invites/{code}")
    assert (deleted.status_code, deleted.json()["code"]) == (200, code)


async def test_the_audit_log_tells_who_made_and_deleted_an_invite(stage: Stage) -> None:
    first, second = await invited(stage, reason="For Mía"), await invited(stage)
    await stage.act("sandbox-admin", "DELETE", f"/invites/{first}")
    await stage.bot.delete_invite(second, reason="Spam")

    deleted = await stage.bot.guild_audit_log(world.DEMO_GUILD, AuditLogAction.INVITE_DELETE)
    made = await stage.bot.guild_audit_log(world.DEMO_GUILD, AuditLogAction.INVITE_CREATE, limit=1)

    assert deleted is not None
    assert made is not None
    told = [
        (each.user_id, each.target_id, each.reason, {change.key: change.old_value for change in each.changes}["code"])
        for each in deleted
    ]
    assert told == [(world.HUSQY, None, "Spam", second), (world.ADMIN, None, None, first)]
    assert [(each.reason, each.changes[0].new_value, each.changes[0].old_value) for each in made] == [
        (None, second, None)
    ]
    assert await stage.bot.guild_audit_log(world.FOREIGN_GUILD, AuditLogAction.INVITE_DELETE) is None
    await allow_husqy(stage, 1 << 10)
    with pytest.raises(Refused):
        await stage.bot.guild_audit_log(world.DEMO_GUILD, AuditLogAction.INVITE_DELETE)


async def test_the_invites_to_a_channel_go_with_it(stage: Stage) -> None:
    code = await invited(stage)

    await stage.bot.delete_channel(GENERAL)

    assert await stage.bot.invite(code) is None
    assert await uses(stage) == {}
