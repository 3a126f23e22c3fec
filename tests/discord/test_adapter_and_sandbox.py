"""The adapter on the sandbox: the demo world as the port tells it, and the strings behind the stage."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import httpx2
import pytest

from husqy_graphql.discord.adapter import BotDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.permissions import base_permissions, is_administrator
from husqy_graphql.discord.port import NO_MENTIONS, Unauthorized, Unreachable
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import create_sandbox
from tests.discord.conftest import NOW, Stage
from tests.discord.test_history import GENERAL


async def test_the_demo_guild(stage: Stage) -> None:
    guild = await stage.bot.guild(world.DEMO_GUILD)

    assert guild is not None
    assert (guild.name, guild.owner_id) == ("Husqy demo", world.OWNER)
    assert [role.name for role in guild.roles] == ["@everyone", *world.ROLES]
    assert [emoji.name for emoji in guild.emojis] == ["husky", "wag"]
    channels = await stage.bot.channels(world.DEMO_GUILD)
    assert channels is not None
    assert {channel.type for channel in channels} == {0, 2, 4, 5, 13, 15}
    assert len(channels) == len(world.CHANNELS)


async def test_who_is_in_which_guild(stage: Stage) -> None:
    members = await stage.bot.members(world.DEMO_GUILD)
    assert members is not None
    assert [member.user.id for member in members] == sorted(world.DEMO_MEMBERS)
    assert await stage.bot.member(world.QUIET_GUILD, world.MEMBER) is None
    assert await stage.bot.guild(world.FOREIGN_GUILD) is None
    assert await stage.bot.members(world.FOREIGN_GUILD) is None
    assert await stage.bot.guild(42) is None
    assert await stage.bot.user(42) is None


async def test_who_administers(stage: Stage) -> None:
    guild = await stage.bot.guild(world.DEMO_GUILD)
    assert guild is not None
    found = {
        user_id: is_administrator(guild, member)
        for user_id in world.DEMO_MEMBERS
        if (member := await stage.bot.member(guild.id, user_id))
    }
    assert {user_id for user_id, administers in found.items() if administers} == {world.OWNER, world.ADMIN}
    husqy = await stage.bot.member(guild.id, world.HUSQY)
    assert husqy is not None
    assert base_permissions(guild, husqy) == world.HUSQY_PERMISSIONS


async def test_tokens(stage: Stage) -> None:
    info = await stage.users.token_info("sandbox-admin")
    assert info.user is not None
    assert (info.user.id, info.application_id) == (world.ADMIN, world.APPLICATION_ID)
    assert info.scopes == {"identify", "guilds"}
    assert (await stage.users.token_info("sandbox-foreign-app")).application_id == world.OTHER_APPLICATION_ID
    with pytest.raises(Unauthorized):
        await stage.users.token_info("sandbox-expired")
    guilds = await stage.users.user_guilds("sandbox-owner")
    assert [(guild.name, guild.owner) for guild in guilds] == [
        ("Husqy demo", True), ("Quiet corner", True), ("Not yet", True)
    ]  # fmt: skip
    assert await stage.users.user_guilds("sandbox-outsider") == []


async def test_a_wrong_bot_token(stage: Stage) -> None:
    with pytest.raises(Unauthorized):
        await BotDiscord(stage.http, "wrong", world.APPLICATION_ID).current_user()


async def test_entitlements_are_made_and_taken_back(stage: Stage) -> None:
    assert await stage.bot.entitlements() == []
    path = f"/api/v10/applications/{world.APPLICATION_ID}/entitlements"
    bot = {"authorization": f"Bot {world.BOT_TOKEN}"}
    body = {"sku_id": str(world.SKU_ID), "owner_id": str(world.DEMO_GUILD), "owner_type": 1}
    for _ in range(3):
        made = (await stage.control.post(path, json=body, headers=bot)).json()
    await stage.control.delete(f"{path}/{made['id']}", headers=bot)

    found = await stage.bot.entitlements()

    assert [each.deleted for each in found] == [False, False, True]
    assert {each.guild_id for each in found} == {world.DEMO_GUILD}


async def test_faults_come_as_told_and_end(stage: Stage) -> None:
    await stage.control.put("/control/faults", json=[{"path": "/users/@me$", "status": 500, "times": 9}])
    with pytest.raises(Unreachable):
        await stage.bot.current_user()
    await stage.control.delete("/control/faults")
    assert (await stage.bot.current_user()).id == world.HUSQY

    await stage.control.put("/control/faults", json=[{"path": "/users/@me$", "drop": "before", "times": 1}])
    assert (await stage.bot.current_user()).id == world.HUSQY  # a read is tried again


async def test_a_call_that_is_dropped_after_its_effect_had_it(stage: Stage) -> None:
    path = "/applications/{application_id}/entitlements"
    await stage.control.put("/control/faults", json=[{"path": "entitlements", "method": "POST", "drop": "after"}])

    with pytest.raises(Unreachable) as raised:
        await stage.http.request(
            "POST",
            path,
            authorization=f"Bot {world.BOT_TOKEN}",
            parameters={"application_id": world.APPLICATION_ID},
            json={"sku_id": "1", "owner_id": str(world.DEMO_GUILD), "owner_type": 1},
        )

    assert raised.value.ambiguous
    assert len(await stage.bot.entitlements()) == 1


async def test_a_slow_answer_comes_after_the_effect(stage: Stage) -> None:
    await stage.control.put("/control/faults", json=[{"path": "/messages$", "method": "POST", "answer_delay": 0.3}])
    began = time.monotonic()

    await stage.bot.send_message(GENERAL, content="slow", allowed_mentions=NO_MENTIONS)

    assert time.monotonic() - began >= 0.3


async def test_people_leave_and_come_back(stage: Stage) -> None:
    path = f"/control/guilds/{world.DEMO_GUILD}/members/{world.MEMBER}"
    assert (await stage.control.delete(path)).status_code == 204
    assert await stage.bot.member(world.DEMO_GUILD, world.MEMBER) is None
    assert (await stage.control.put(path)).status_code == 204
    assert await stage.bot.member(world.DEMO_GUILD, world.MEMBER) is not None
    assert (await stage.control.put(f"/control/guilds/42/members/{world.MEMBER}")).status_code == 404
    await stage.control.put(f"/control/guilds/{world.FOREIGN_GUILD}/bot")
    assert await stage.bot.guild(world.FOREIGN_GUILD) is not None


async def test_the_control_is_for_this_machine_alone(stage: Stage) -> None:
    elsewhere = httpx2.ASGITransport(app=stage.sandbox.app, client=("192.0.2.1", 5))
    async with httpx2.AsyncClient(transport=elsewhere, base_url="http://sandbox") as client:
        for method, path in (("PUT", "/control/faults"), ("POST", "/control/reset"), ("GET", "/control/calls")):
            headers = {"x-forwarded-for": "127.0.0.1"}
            assert (await client.request(method, path, headers=headers)).status_code == 403


async def test_calls_are_listed_without_tokens(stage: Stage) -> None:
    await stage.bot.current_user()

    calls = (await stage.control.get("/control/calls")).json()

    [call] = calls
    assert datetime.fromisoformat(call.pop("at")).tzinfo is not None
    assert call == {"method": "GET", "path": "/api/v10/users/@me", "status": 200}


async def test_the_world_outlives_its_process_and_can_be_reset(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    for expected in ("olivia", "liv"):
        sandbox = create_sandbox(path, lambda: NOW)
        async with httpx2.AsyncClient(transport=sandbox.transport, base_url="http://sandbox") as control:
            bot = {"authorization": f"Bot {world.BOT_TOKEN}"}
            user = await control.get(f"/api/v10/users/{world.OWNER}", headers=bot)
            assert user.json()["username"] == expected
            await control.put(f"/control/users/{world.OWNER}", json={"username": "liv"})
            if expected == "liv":
                await control.post("/control/reset")
                user = await control.get(f"/api/v10/users/{world.OWNER}", headers=bot)
                assert user.json()["username"] == "olivia"
        sandbox.close()


async def test_an_answer_that_lacks_something_is_unusable_and_no_key_error() -> None:
    http = DiscordHTTP("http://x", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json={"id": "1"})))

    with pytest.raises(Unreachable, match="username"):
        await BotDiscord(http, "x", 1).current_user()
    await http.close()


async def test_a_server_that_ignores_after_does_not_keep_us_for_ever() -> None:
    row = {"user": {"id": "5", "username": "x"}, "roles": []}
    http = DiscordHTTP("http://x", transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=[row] * 1000)))

    members = await BotDiscord(http, "x", 1).members(1)

    assert members is not None
    assert {member.user.id for member in members} == {5}
    await http.close()
