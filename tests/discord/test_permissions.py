"""Permissions in a channel, computed by Husqy, and by the sandbox in its own way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from husqy_graphql.discord.permissions import ALL_PERMISSIONS, channel_permissions
from husqy_graphql.discord.port import DiscordChannel, DiscordMember, PermissionOverwrite
from husqy_graphql.discord.roles import roles_to_give
from husqy_graphql.discord.sandbox import places, world
from tests.discord.conftest import Stage

ADD_REACTIONS, VIEW, SEND = 1 << 6, 1 << 10, 1 << 11
EVERYONE, MEMBERS, MODERATORS = world.DEMO_GUILD, world.ROLES["Members"][0], world.ROLES["Moderators"][0]
BASE = world.EVERYONE_PERMISSIONS
ROLE, MEMBER = 0, 1
GENERAL = world.BASE + 311

Case = tuple[int, tuple[PermissionOverwrite, ...], int]


def overwrite(id: int, type: int, *, allow: int = 0, deny: int = 0) -> PermissionOverwrite:
    return PermissionOverwrite(id, type, allow, deny)


CASES: dict[str, Case] = {
    "no overwrites": (world.MEMBER_2, (), BASE),
    "everyone is denied": (world.MEMBER_2, (overwrite(EVERYONE, ROLE, deny=SEND),), BASE & ~SEND),
    "a role allows what everyone is denied": (
        world.MEMBER,
        (overwrite(EVERYONE, ROLE, deny=SEND), overwrite(MEMBERS, ROLE, allow=SEND)),
        BASE,
    ),
    "a role that the member has not got": (world.MEMBER, (overwrite(MODERATORS, ROLE, deny=SEND),), BASE),
    "one role denies and another allows: allowed": (
        world.MEMBER,
        (overwrite(MEMBERS, ROLE, deny=SEND), overwrite(MODERATORS, ROLE, allow=SEND)),
        BASE | 0x2006,
    ),
    "the member is denied what a role allows": (
        world.MEMBER,
        (overwrite(MEMBERS, ROLE, allow=SEND), overwrite(world.MEMBER, MEMBER, deny=SEND)),
        BASE & ~SEND,
    ),
    "the member is allowed what everyone is denied": (
        world.MEMBER_2,
        (overwrite(EVERYONE, ROLE, deny=VIEW), overwrite(world.MEMBER_2, MEMBER, allow=VIEW)),
        BASE,
    ),
    "another member's overwrite": (world.MEMBER_2, (overwrite(world.MEMBER, MEMBER, deny=SEND),), BASE),
    "who does not see the channel may do nothing there": (
        world.MEMBER_2,
        (overwrite(EVERYONE, ROLE, deny=VIEW, allow=ADD_REACTIONS),),
        0,
    ),
    "an administrator": (world.ADMIN, (overwrite(EVERYONE, ROLE, deny=VIEW),), ALL_PERMISSIONS),
    "the owner": (world.OWNER, (overwrite(world.OWNER, MEMBER, deny=VIEW),), ALL_PERMISSIONS),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_permissions_in_a_channel(stage: Stage, case: Case) -> None:
    user_id, overwrites, expected = case
    if any(each.id == MODERATORS and each.allow for each in overwrites):
        await stage.bot.add_member_role(world.DEMO_GUILD, user_id, MODERATORS)
    guild = await stage.bot.guild(world.DEMO_GUILD)
    member = await stage.bot.member(world.DEMO_GUILD, user_id)
    assert guild is not None
    assert member is not None

    assert channel_permissions(guild, channel_with(overwrites), member) == expected

    store = stage.sandbox.state.store
    kept_guild = store.get("guild", guild.id)
    kept_member = store.get("member", f"{guild.id}:{user_id}")
    assert kept_guild is not None
    assert kept_member is not None
    rows = [
        {"id": str(each.id), "type": each.type, "allow": str(each.allow), "deny": str(each.deny)} for each in overwrites
    ]
    found = places.channel_permissions(stage.sandbox.state, kept_guild, kept_member, {"permission_overwrites": rows})
    assert found == expected


def channel_with(overwrites: tuple[PermissionOverwrite, ...]) -> DiscordChannel:
    return DiscordChannel(
        id=GENERAL,
        guild_id=world.DEMO_GUILD,
        name="general",
        type=0,
        position=0,
        parent_id=None,
        topic=None,
        nsfw=False,
        permission_overwrites=overwrites,
    )


async def test_the_bot_knows_that_it_may_not_write_in_the_closed_channel(stage: Stage) -> None:
    guild, channels = await stage.bot.guild(world.DEMO_GUILD), await stage.bot.channels(world.DEMO_GUILD)
    husqy = await stage.bot.member(world.DEMO_GUILD, world.HUSQY)
    assert guild is not None
    assert channels is not None
    assert husqy is not None

    closed = next(each for each in channels if each.name == "closed")
    assert not channel_permissions(guild, closed, husqy) & SEND
    assert channel_permissions(guild, replace(closed, permission_overwrites=()), husqy) & SEND


async def test_a_timeout_leaves_reading(stage: Stage) -> None:
    store = stage.sandbox.state.store
    key = f"{world.DEMO_GUILD}:{world.MEMBER}"
    member = store.get("member", key)
    assert member is not None
    path = f"/channels/{GENERAL}/messages"
    store.put("member", key, {**member, "communication_disabled_until": "2026-03-01T12:05:00+00:00"})

    assert (await stage.act("sandbox-member", "POST", path, json={"content": "x"})).status_code == 403
    assert (await stage.act("sandbox-member", "GET", path)).status_code == 200
    stage.clock.advance(minutes=5)
    assert (await stage.act("sandbox-member", "POST", path, json={"content": "x"})).status_code == 200


async def test_a_bot_gives_the_roles_below_its_own(stage: Stage) -> None:
    guild = await stage.bot.guild(world.DEMO_GUILD)
    assert guild is not None
    givers = {user_id: await stage.bot.member(world.DEMO_GUILD, user_id) for user_id in (world.HUSQY, world.OWNER)}
    moderator = await stage.bot.member(world.DEMO_GUILD, world.MEMBER_2)
    assert moderator is not None
    assert (bot := givers[world.HUSQY]) is not None
    assert (owner := givers[world.OWNER]) is not None
    names = {role_id: name for name, (role_id, _, _) in world.ROLES.items()}

    def given(member: DiscordMember) -> set[str]:
        return {names[each] for each in roles_to_give(guild, member)}

    assert given(bot) == {"Members", "Moderators"}
    assert given(owner) == {"Members", "Moderators", "Admins", "Founders"}
    assert given(moderator) == set()
    assert given(replace(moderator, role_ids=(world.ROLES["Moderators"][0],))) == {"Members"}


async def test_of_two_roles_at_one_place_the_older_one_stands_higher(stage: Stage) -> None:
    guild = await stage.bot.guild(world.DEMO_GUILD)
    bot = await stage.bot.member(world.DEMO_GUILD, world.HUSQY)
    assert guild is not None
    assert bot is not None
    own = next(role for role in guild.roles if role.id in bot.role_ids)
    beside = [replace(own, id=own.id + step, managed=False) for step in (-1, 1)]
    assert roles_to_give(replace(guild, roles=(own, *beside)), bot) == {own.id + 1}
