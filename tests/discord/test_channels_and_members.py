"""Channels made and deleted, roles given and taken, members put out."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest

from husqy_graphql.discord.port import (
    NO_MENTIONS,
    DiscordError,
    Invalid,
    NotThere,
    PermissionOverwrite,
    Refused,
    TooMany,
    Unreachable,
)
from husqy_graphql.discord.sandbox import world
from tests.discord.conftest import Stage

GUILD = world.DEMO_GUILD
SEND, CONNECT, MANAGE_ROLES = 1 << 11, 1 << 20, 1 << 28
ROLES = {name: role_id for name, (role_id, _, _) in world.ROLES.items()}
UNKNOWN = 1300000000000009999


async def names(stage: Stage) -> list[str | None]:
    return [channel.name for channel in await stage.bot.channels(GUILD) or ()]


async def role_ids(stage: Stage, user_id: int) -> tuple[int, ...]:
    member = await stage.bot.member(GUILD, user_id)
    assert member is not None
    return member.role_ids


async def refused(call: Awaitable[object], error: type[DiscordError], code: int) -> None:
    with pytest.raises(error) as raised:
        await call
    assert (type(raised.value), raised.value.code) == (error, code)


async def test_a_channel_is_made_and_deleted(stage: Stage) -> None:
    closed = PermissionOverwrite(world.MEMBER, 1, allow=0, deny=SEND)
    made = await stage.bot.create_channel(
        GUILD, name="My  New Ticket", type=0, parent_id=world.TEXT, topic="Help", permission_overwrites=[closed]
    )

    assert (made.name, made.guild_id, made.parent_id, made.topic) == ("my-new-ticket", GUILD, world.TEXT, "Help")
    assert made.permission_overwrites == (closed,)
    assert made in (await stage.bot.channels(GUILD) or ())
    await stage.bot.send_message(made.id, content="x", allowed_mentions=NO_MENTIONS)
    path = f"/channels/{made.id}/messages"
    assert (await stage.act("sandbox-member", "POST", path, json={"content": "x"})).status_code == 403
    assert (await stage.act("sandbox-member-2", "POST", path, json={"content": "x"})).status_code == 200
    assert await stage.bot.delete_channel(made.id, reason="Closed")
    assert not await stage.bot.delete_channel(made.id)
    assert await stage.messages(made.id) == []


async def test_a_channel_takes_the_overwrites_of_its_category(stage: Stage) -> None:
    closed = PermissionOverwrite(GUILD, 0, allow=0, deny=SEND)
    category = await stage.bot.create_channel(GUILD, name="A B", type=4, permission_overwrites=[closed])
    voice = await stage.bot.create_channel(GUILD, name="Game Night", type=2, parent_id=category.id)

    assert (category.name, voice.name) == ("A B", "Game Night")
    assert voice.permission_overwrites == (closed,)
    await stage.bot.delete_channel(category.id)
    [kept] = [each for each in await stage.bot.channels(GUILD) or () if each.id == voice.id]
    assert kept.parent_id is None


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        ({"name": " "}, Invalid, 50035),
        ({"name": "x" * 101}, Invalid, 50035),
        ({"topic": "x" * 1025}, Invalid, 50035),
        ({"type": 3}, Invalid, 50035),
        ({"parent_id": world.BASE + 311}, Invalid, 50035),
        ({"guild_id": world.FOREIGN_GUILD}, Refused, 50001),
        ({"guild_id": UNKNOWN}, NotThere, 10004),
        ({"permission_overwrites": [PermissionOverwrite(GUILD, 0, allow=CONNECT, deny=0)]}, Refused, 50013),
        ({"permission_overwrites": [PermissionOverwrite(GUILD, 0, allow=MANAGE_ROLES, deny=0)]}, Refused, 50013),
    ],
)
async def test_a_channel_that_discord_does_not_make(
    stage: Stage, options: dict[str, Any], error: type[DiscordError], code: int
) -> None:
    before = await names(stage)

    await refused(stage.bot.create_channel(**{"guild_id": GUILD, "name": "x", "type": 0, **options}), error, code)

    assert await names(stage) == before


async def test_a_category_and_a_guild_are_full(stage: Stage) -> None:
    for number in range(500 - len(world.CHANNELS)):
        channel = world.channel(world.BASE + 7000 + number, "x", 0, world.ARCHIVE if number < 50 else None, 20)
        stage.sandbox.state.store.put("channel", f"{GUILD}:{channel['id']}", channel)

    await refused(stage.bot.create_channel(GUILD, name="x", type=0), TooMany, 30013)
    await stage.bot.delete_channel(world.BASE + 7400)
    with pytest.raises(Invalid, match="category"):
        await stage.bot.create_channel(GUILD, name="x", type=0, parent_id=world.ARCHIVE)
    await stage.bot.create_channel(GUILD, name="x", type=0)


async def test_a_channel_whose_answer_was_lost_is_there_and_ambiguous(stage: Stage) -> None:
    await stage.fault({"path": "/channels$", "method": "POST", "drop": "after"})

    with pytest.raises(Unreachable) as raised:
        await stage.bot.create_channel(GUILD, name="Once", type=0)

    assert raised.value.ambiguous
    assert (await names(stage)).count("once") == 1


async def test_people_make_no_channels_but_administrators_do(stage: Stage) -> None:
    path, body = f"/guilds/{GUILD}/channels", {"name": "x"}

    assert (await stage.act("sandbox-member", "POST", path, json=body)).status_code == 403
    assert (await stage.act("sandbox-outsider", "POST", path, json=body)).json()["code"] == 50001
    assert (await stage.act("sandbox-admin", "POST", path, json=body)).status_code == 201


async def test_roles_are_given_and_taken(stage: Stage) -> None:
    for _ in range(2):
        await stage.bot.add_member_role(GUILD, world.MEMBER_2, ROLES["Moderators"], reason="Elected")
        assert await role_ids(stage, world.MEMBER_2) == (ROLES["Moderators"],)
    for _ in range(2):
        await stage.bot.remove_member_role(GUILD, world.MEMBER_2, ROLES["Moderators"])
        assert await role_ids(stage, world.MEMBER_2) == ()


@pytest.mark.parametrize(
    ("guild_id", "user_id", "role_id", "error", "code"),
    [
        (GUILD, world.MEMBER, ROLES["Founders"], Refused, 50013),
        (GUILD, world.MEMBER, ROLES["Admins"], Refused, 50013),
        (GUILD, world.MEMBER, ROLES["Husqy"], Refused, 50013),
        (GUILD, world.MEMBER, ROLES["Integration"], Refused, 50013),
        (GUILD, world.MEMBER, GUILD, Invalid, 50028),
        (GUILD, world.MEMBER, UNKNOWN, NotThere, 10011),
        (GUILD, world.OUTSIDER, ROLES["Members"], NotThere, 10007),
        (UNKNOWN, world.MEMBER, ROLES["Members"], NotThere, 10004),
        (world.FOREIGN_GUILD, world.OWNER, ROLES["Members"], Refused, 50001),
    ],
)
async def test_a_role_that_the_bot_may_not_give_or_take(
    stage: Stage, guild_id: int, user_id: int, role_id: int, error: type[DiscordError], code: int
) -> None:
    await refused(stage.bot.add_member_role(guild_id, user_id, role_id), error, code)
    await refused(stage.bot.remove_member_role(guild_id, user_id, role_id), error, code)
    assert await role_ids(stage, world.MEMBER) == (ROLES["Members"],)


async def test_all_roles_of_a_member_are_set_in_one_step(stage: Stage) -> None:
    wanted = [ROLES["Moderators"], ROLES["Members"]]
    for _ in range(2):
        await stage.bot.set_member_roles(GUILD, world.MEMBER_2, [*wanted, wanted[0]], reason="Joined")
        assert await role_ids(stage, world.MEMBER_2) == tuple(wanted)
    await stage.bot.set_member_roles(GUILD, world.MEMBER_2, wanted[1:])
    assert await role_ids(stage, world.MEMBER_2) == (ROLES["Members"],)
    # What somebody has and keeps is not looked at, even above the bot.
    await stage.bot.set_member_roles(GUILD, world.ADMIN, [ROLES["Admins"], ROLES["Members"]])
    assert await role_ids(stage, world.ADMIN) == (ROLES["Admins"], ROLES["Members"])


@pytest.mark.parametrize(
    ("guild_id", "user_id", "roles", "error", "code"),
    [
        (GUILD, world.MEMBER, ["Members", "Founders"], Refused, 50013),
        (GUILD, world.MEMBER, ["Members", "Integration"], Refused, 50013),
        (GUILD, world.ADMIN, [], Refused, 50013),  # which would take a role above the bot away
        (GUILD, world.OUTSIDER, ["Members"], NotThere, 10007),
        (UNKNOWN, world.MEMBER, ["Members"], NotThere, 10004),
        (world.FOREIGN_GUILD, world.OWNER, ["Members"], Refused, 50001),
    ],
)
async def test_roles_that_the_bot_may_not_set(
    stage: Stage, guild_id: int, user_id: int, roles: list[str], error: type[DiscordError], code: int
) -> None:
    await refused(stage.bot.set_member_roles(guild_id, user_id, [ROLES[each] for each in roles]), error, code)
    await refused(stage.bot.set_member_roles(GUILD, world.MEMBER, [UNKNOWN]), NotThere, 10011)
    assert await role_ids(stage, world.MEMBER) == (ROLES["Members"],)


async def test_a_member_is_kicked_once(stage: Stage) -> None:
    assert await stage.bot.kick_member(GUILD, world.MEMBER, reason="Rules")

    assert await stage.bot.member(GUILD, world.MEMBER) is None
    assert not await stage.bot.kick_member(GUILD, world.MEMBER)


@pytest.mark.parametrize("user_id", [world.OWNER, world.ADMIN, world.HUSQY])
async def test_nobody_kicks_the_owner_or_who_stands_above(stage: Stage, user_id: int) -> None:
    await refused(stage.bot.kick_member(GUILD, user_id), Refused, 50013)

    assert await stage.bot.member(GUILD, user_id) is not None


async def test_members_kick_nobody(stage: Stage) -> None:
    answer = await stage.act("sandbox-member", "DELETE", f"/guilds/{GUILD}/members/{world.MEMBER_2}")

    assert (answer.status_code, answer.json()["code"]) == (403, 50013)


async def test_the_world_is_kept_over_a_dropped_answer(stage: Stage) -> None:
    await stage.fault({"path": "/roles/", "drop": "after"}, {"path": "/members/", "method": "DELETE", "drop": "after"})

    await stage.bot.add_member_role(GUILD, world.MEMBER_2, ROLES["Members"])
    assert await role_ids(stage, world.MEMBER_2) == (ROLES["Members"],)
    # The first try put the member out, the second found nobody: all the same they are gone.
    assert not await stage.bot.kick_member(GUILD, world.MEMBER)
    assert await stage.bot.member(GUILD, world.MEMBER) is None
