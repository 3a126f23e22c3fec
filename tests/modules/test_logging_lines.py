"""The lines that the logging module writes: for reported events, in order, while Discord is down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.worker import modules as worker_modules
from tests.conftest import GUILD, MEMBER, OWNER, QUIET_GUILD, Api
from tests.modules.helpers import (
    GENERAL_CHANNEL,
    channel_messages,
    enable,
    writes,
)
from tests.modules.logs import PATH, SETTINGS, check, logs, update


async def test_a_reported_event_becomes_a_line(api: Api) -> None:
    await enable(api, "logging")

    answer = await check(api, category="channel", event="channel_join", data={"channel_id": str(GENERAL_CHANNEL)})

    assert answer.json() == {"data": {"message": "The event is logged."}}
    assert (await logs(api))[-1] == f"**<@{MEMBER}>** joined the voice channel <#{GENERAL_CHANNEL}>"


async def test_a_line_stands_in_the_time_of_the_guild_and_notifies_nobody(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "gmt": "Asia/Kolkata"})

    await check(api, category="user", event="ban_create", data={"member_id": str(MEMBER), "text": "`@everyone` <@1>"})

    message = (await channel_messages(api, channel))[-1]
    assert message["content"].startswith("01-03-2026 17:30:00 - ")
    assert message["allowed_mentions"] == {"parse": []}
    assert "`@everyone <@1>`" in message["content"]


async def test_a_switch_that_is_off_writes_nothing(api: Api) -> None:
    await enable(api, "logging")
    await update(api, log_meme=False)
    lines = await logs(api)

    assert (await check(api, category="misc", event="meme")).json()["data"][
        "message"
    ] == "This event is not logged here."
    assert await logs(api) == lines


async def test_a_failure_is_told_by_the_switch_of_errors(api: Api) -> None:
    await enable(api, "logging")
    await update(api, log_meme=False)

    await check(api, category="misc", event="meme", success=False, reason="limit_reached")
    assert (await logs(api))[-1] == f"**<@{MEMBER}>** failed at meme: limit reached"
    await update(api, log_errors=False, log_meme=True)
    lines = await logs(api)
    await check(api, category="misc", event="meme", success=False)
    assert await logs(api) == lines


@pytest.mark.parametrize(
    "info",
    [
        {"category": "misc", "event": None},
        {"category": "misc"},
        {"category": "misc", "event": "log_meme"},
        {"category": "general", "event": "meme"},
        {"category": "misc", "event": "nothing"},
        {"category": "channel", "event": "slowmode"},
        {"category": "nothing", "event": "meme"},
        {"category": "misc", "event": "meme", "success": None},
        {"category": "misc", "event": "meme", "data": [1]},
    ],
)
async def test_an_event_that_is_none_is_refused(api: Api, info: dict[str, Any]) -> None:
    await enable(api, "logging")
    before, asked = await api.everything(), await writes(api)
    answer = await check(api, **info)
    assert answer.status_code == 400, answer.text
    assert (await api.everything(), await writes(api)) == (before, asked)


async def test_events_are_for_guilds_that_log(api: Api) -> None:
    assert (await check(api, category="misc", event="meme")).status_code == 404
    await enable(api, "logging", QUIET_GUILD)
    assert (await check(api, category="misc", event="meme")).status_code == 404


async def test_a_logs_channel_that_is_gone_is_told_until_another_one_is_chosen(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await api.discord("DELETE", f"/api/v10/channels/{channel}", headers={"authorization": "Bot sandbox-bot"})

    for _ in range(2):
        assert (await check(api, category="misc", event="meme")).status_code == 404
    assert await api.rows("log_lines") == []
    query = f'{{ guild(id: "{GUILD}") {{ logging {{ settings {{ channelId channel {{ name }} }} }} }} }}'
    api.monotonic.advance(11)
    assert (await api.data(query))["guild"]["logging"]["settings"] == {"channelId": channel, "channel": None}
    await update(api, logs_channel_id=GENERAL_CHANNEL)
    assert (await check(api, category="misc", event="meme")).status_code == 200


async def test_a_line_that_discord_refuses_is_told(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await api.fault({"path": f"/channels/{channel}/messages", "method": "POST", "status": 403, "times": 9})

    assert (await check(api, category="misc", event="meme")).status_code == 500
    assert await api.rows("log_lines") == []


async def test_lines_wait_for_a_discord_that_is_down_and_are_written_once_in_order(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await channel_messages(api, channel)
    await api.fault({"path": f"/channels/{channel}/messages", "method": "POST", "drop": "after", "times": 999})
    for number in range(3):
        answer = await check(api, category="general", event="settings_changed", data={"name": f"n{number}"})
        assert answer.status_code == 200
    assert len(await api.rows("log_lines")) == 3
    await api.fault()

    api.clock.advance(seconds=31)  # whoever had the lease is taken for dead
    await worker_modules.write_log_lines(api.program.worker)

    told = [line for line in await logs(api) if "general settings" in line]
    assert told == [f"**<@{MEMBER}>** changed the general settings: `n{number}`" for number in range(3)]
    assert await api.rows("log_lines") == []


async def test_a_burst_is_joined_into_few_messages_in_order(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await channel_messages(api, channel)
    before = len(await channel_messages(api, channel))

    await asyncio.gather(
        *(check(api, category="general", event="settings_changed", data={"name": str(number)}) for number in range(50))
    )

    messages = (await channel_messages(api, channel))[before:]
    lines = [line for message in messages for line in message["content"].split("\n")]
    assert len(lines) == 50
    assert len(messages) < 40
    assert all(len(message["content"].split("\n")) <= 10 for message in messages)


async def test_no_operation_fails_because_its_line_cannot_be_written(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    await api.fault({"path": f"/channels/{channel}/messages", "method": "POST", "status": 500, "times": 99})

    assert (await api.rest("POST", "/modules/autoresponder/enable", json=SETTINGS)).status_code == 200


async def test_a_key_is_never_named_in_a_line(api: Api) -> None:
    await enable(api, "logging")
    made = await api.rest("POST", "/auth/api-key", json=SETTINGS)
    key = made.json()["data"]["api_key"]["api_key"]

    await api.rest("PUT", f"{PATH}/settings", token=key, json={**SETTINGS, "log_help": False})
    await api.rest("DELETE", "/auth/api-key", json={**SETTINGS, "api_key": key})

    lines = await logs(api)
    assert "**An API key** changed the settings of the module `logging`" in lines
    assert lines.count(f"**<@{OWNER}>** changed the general settings: `API keys`") == 2
    assert key not in "\n".join(lines)
