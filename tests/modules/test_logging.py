"""The logging module over HTTP: switching it on and off, its switches, and its life over both doors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.core.log_events import EVENTS_BY_SWITCH
from husqy_graphql.worker import modules as worker_modules
from tests.conftest import ADMIN, GUILD, MEMBER, OWNER, UNKNOWN_GUILD, Api
from tests.modules.helpers import (
    CLOSED_CHANNEL,
    FORUM,
    GENERAL_CHANNEL,
    channel_messages,
    enable,
    refused,
)
from tests.modules.logs import PATH, SETTINGS, check, logs, update


async def test_switching_on_makes_a_hidden_channel_and_logs_everything(api: Api) -> None:
    settings = (await enable(api, "logging"))["settings"]

    assert all(settings[f"log_{switch}"] is True for switch in EVENTS_BY_SWITCH)
    assert settings["guild_id"] == str(GUILD)
    headers = {"authorization": "Bot sandbox-bot"}
    channel = await api.discord("GET", f"/api/v10/channels/{settings['logs_channel_id']}", headers=headers)
    assert (channel["name"], channel["type"]) == ("husqy-logging", 0)
    everyone = next(each for each in channel["permission_overwrites"] if each["id"] == str(GUILD))
    assert int(everyone["deny"]) & 1 << 10
    assert await logs(api) == [f"**<@{OWNER}>** switched logging on"]
    status = await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")
    assert status.json() == {"data": {"status": True}}


async def test_of_twenty_at_once_one_switches_it_on(api: Api) -> None:
    body = {"guild_id": GUILD}
    answers = await asyncio.gather(*(api.rest("POST", f"{PATH}/enable", json=body) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    channels = await api.discord(
        "GET", f"/api/v10/guilds/{GUILD}/channels", headers={"authorization": "Bot sandbox-bot"}
    )
    assert len([channel for channel in channels if channel["name"] == "husqy-logging"]) == 1
    assert await api.rows("module_intents") == []
    assert len(await api.rows("module_logging")) == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"status": 403}, 500),
        ({"status": 404}, 500),
        ({"status": 500, "times": 9}, 503),
        ({"drop": "before", "times": 9}, 503),
    ],
)
async def test_nothing_is_stored_when_discord_makes_no_channel(api: Api, fault: dict[str, Any], status: int) -> None:
    before = await api.everything()
    await api.fault({"path": f"/guilds/{GUILD}/channels$", "method": "POST", **fault})

    response = await api.rest("POST", f"{PATH}/enable", json=SETTINGS)

    assert response.status_code == status, response.text
    after = await api.everything()
    if status == 500:
        assert after == before
    assert (after["module_logging"], after["guild_settings"]) == ([], before["guild_settings"])
    # Where nobody knows whether it took place, it is not tried again at once.
    await api.fault()
    again = await api.rest("POST", f"{PATH}/enable", json=SETTINGS)
    assert again.status_code == (200 if status == 500 else 409)
    api.clock.advance(seconds=61)
    if status != 500:
        assert (await api.rest("POST", f"{PATH}/enable", json=SETTINGS)).status_code == 200


async def test_a_channel_whose_answer_was_lost_is_found_again(api: Api) -> None:
    await api.fault({"path": f"/guilds/{GUILD}/channels$", "method": "POST", "drop": "after"})

    settings = (await enable(api, "logging"))["settings"]

    headers = {"authorization": "Bot sandbox-bot"}
    channels = await api.discord("GET", f"/api/v10/guilds/{GUILD}/channels", headers=headers)
    assert [each["id"] for each in channels if each["name"] == "husqy-logging"] == [settings["logs_channel_id"]]


async def test_what_a_crash_left_on_discord_is_swept(api: Api) -> None:
    await api.fault(
        {"path": f"/guilds/{GUILD}/channels$", "method": "POST", "drop": "after"},
        {"path": f"/guilds/{GUILD}/channels$", "method": "GET", "status": 500, "times": 9},
    )
    assert (await api.rest("POST", f"{PATH}/enable", json=SETTINGS)).status_code == 503
    await api.fault()
    assert len(await api.rows("module_intents")) == 1

    await worker_modules.sweep_intents(api.program.worker)
    assert len(await api.rows("module_intents")) == 1  # not yet: it may still be at work
    api.clock.advance(seconds=61)
    await worker_modules.sweep_intents(api.program.worker)

    assert await api.rows("module_intents") == []
    headers = {"authorization": "Bot sandbox-bot"}
    channels = await api.discord("GET", f"/api/v10/guilds/{GUILD}/channels", headers=headers)
    assert "husqy-logging" not in [each["name"] for each in channels]


async def test_switching_off_says_so_and_keeps_the_channel(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]

    answer = await api.rest("POST", f"{PATH}/disable", token="sandbox-admin", json=SETTINGS)

    assert answer.json()["data"]["settings"]["logs_channel_id"] == channel
    assert [each["content"] for each in await channel_messages(api, channel)][
        -1
    ] == f"**<@{ADMIN}>** switched logging off"
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json() == {"data": {"status": False}}
    assert await api.rows("module_logging") == []
    assert (await refused(api, 409, "POST", f"{PATH}/disable", json=SETTINGS))["detail"].startswith(
        "The module logging is off"
    )
    for method, path, body in (("GET", "/settings", None), ("PUT", "/settings", {**SETTINGS, "log_help": False})):
        query = f"?guild_id={GUILD}" if body is None else ""
        await refused(api, 404, method, f"{PATH}{path}{query}", json=body)


async def test_a_purge_works_on_and_off_and_writes_no_line(api: Api) -> None:
    channel = (await enable(api, "logging"))["settings"]["logs_channel_id"]
    before = len(await channel_messages(api, channel))

    purged = await api.rest("DELETE", f"{PATH}/settings", token="sandbox-service", json=SETTINGS)

    assert purged.json()["data"]["settings"]["logs_channel_id"] == channel
    assert len(await channel_messages(api, channel)) == before
    assert (await api.rest("GET", f"{PATH}/status?guild_id={GUILD}")).json() == {"data": {"status": False}}
    await refused(api, 404, "DELETE", f"{PATH}/settings", json=SETTINGS)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "status"),
        ("POST", "enable"),
        ("POST", "disable"),
        ("GET", "settings"),
        ("PUT", "settings"),
        ("DELETE", "settings"),
    ],
)
async def test_a_guild_without_husqy_is_not_found_by_its_administrators_alone(api: Api, method: str, path: str) -> None:
    guild = 1300000000000000003
    where = f"{PATH}/{path}"
    options: dict[str, Any] = {"params": {"guild_id": guild}} if method == "GET" else {"json": {"guild_id": guild}}
    await refused(api, 404, method, where, **options)
    options = {"params": {"guild_id": UNKNOWN_GUILD}} if method == "GET" else {"json": {"guild_id": UNKNOWN_GUILD}}
    await refused(api, 403, method, where, **options)


async def test_a_switch_is_turned_and_the_others_stay(api: Api) -> None:
    await enable(api, "logging")

    settings = await update(api, log_help=False, log_errors=None)

    assert settings["log_help"] is False
    assert all(settings[f"log_{switch}"] for switch in EVENTS_BY_SWITCH if switch != "help")
    assert (await logs(api))[-1] == f"**<@{OWNER}>** changed the settings of the module `logging`"
    [audit] = [row for row in await api.rows("audit_log") if row["action"] == "logging.settings.update"]
    assert "help" in str(audit["changes"])


async def test_an_update_that_changes_nothing_leaves_no_trace(api: Api) -> None:
    await enable(api, "logging")
    before, lines = await api.everything(), await logs(api)

    await update(api)
    await update(api, log_help=True, logs_channel_id=None)

    assert await api.everything() == before
    assert await logs(api) == lines


async def test_the_new_value_decides_about_the_line_of_its_own_change(api: Api) -> None:
    await enable(api, "logging")
    lines = await logs(api)

    await update(api, log_modules=False)
    assert await logs(api) == lines
    await update(api, log_modules=True)
    assert (await logs(api))[-1].endswith("changed the settings of the module `logging`")


async def test_both_channels_tell_of_a_move(api: Api) -> None:
    old = (await enable(api, "logging"))["settings"]["logs_channel_id"]

    settings = await update(api, logs_channel_id=GENERAL_CHANNEL)

    assert settings["logs_channel_id"] == str(GENERAL_CHANNEL)
    assert (await channel_messages(api, old))[-1]["content"] == f"**<@{OWNER}>** moved the logs to <#{GENERAL_CHANNEL}>"
    assert (await logs(api))[-1] == f"**<@{OWNER}>** moved the logs here from <#{old}>"


@pytest.mark.parametrize(
    ("channel", "status"), [(1, 404), (FORUM, 400), (CLOSED_CHANNEL, 400), (1300000000000000301, 400), ("x", 400)]
)
async def test_logs_need_a_channel_of_the_guild_that_takes_messages(api: Api, channel: Any, status: int) -> None:
    await enable(api, "logging")
    problem = await refused(
        api, status, "PUT", f"{PATH}/settings", json={**SETTINGS, "logs_channel_id": channel, "log_help": False}
    )
    if status == 400:
        assert problem["errors"][0]["pointer"] == "#/logs_channel_id"


async def test_all_faults_of_switches_are_told_at_once(api: Api) -> None:
    await enable(api, "logging")
    problem = await refused(api, 400, "PUT", f"{PATH}/settings", json={**SETTINGS, "log_help": "no", "log_info": 1})
    assert {each["pointer"] for each in problem["errors"]} == {"#/log_help", "#/log_info"}


async def test_privacy_has_nothing_to_count(api: Api) -> None:
    await enable(api, "logging")
    query = f"{PATH}/privacy/get-user-entries?guild_id={GUILD}&privacy_member_id={MEMBER}"
    entries = await api.rest("GET", query, token="sandbox-service", acting=MEMBER)
    assert set(entries.json()["data"].values()) == {0}


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 60}, {"drop": "before"}])
async def test_a_channel_is_not_changed_while_discord_cannot_be_asked(api: Api, fault: dict[str, Any]) -> None:
    await enable(api, "logging")
    await api.fault({"path": f"/guilds/{GUILD}", "times": 99, **fault})

    await refused(api, 503, "PUT", f"{PATH}/settings", json={**SETTINGS, "logs_channel_id": GENERAL_CHANNEL})
    assert (await update(api, log_help=False))["log_help"] is False  # switches need no Discord


async def test_a_move_stands_although_the_channels_cannot_be_told(api: Api) -> None:
    await enable(api, "logging")
    await api.fault({"path": "/messages$", "method": "POST", "status": 500, "times": 99})

    assert (await update(api, logs_channel_id=GENERAL_CHANNEL))["logs_channel_id"] == str(GENERAL_CHANNEL)


async def test_rest_and_graphql_lead_the_same_life(api: Api) -> None:
    await enable(api, "logging")
    await update(api, log_help=False, log_meme=False, logs_channel_id=GENERAL_CHANNEL)
    await check(api, category="misc", event="games", data={"name": "chess"})
    over_rest = [line for line in await logs(api) if "moved" not in line]
    [rest_row] = await api.rows("module_logging")
    await api.rest("DELETE", f"{PATH}/settings", json=SETTINGS)
    before = len(await channel_messages(api, GENERAL_CHANNEL))

    guild = {"guild": str(GUILD)}
    await api.data(
        "mutation ($guild: Snowflake!) { moduleEnable(guildId: $guild, module: LOGGING) { guild { id } } }", **guild
    )
    changed = await api.data(
        """mutation ($guild: Snowflake!, $channel: Snowflake) { loggingSettingsUpdate(guildId: $guild, input: {
          channelId: $channel, switches: [{event: HELP, enabled: false}, {event: MEME, enabled: false}]}) {
          settings { help: logs(event: HELP) games: logs(event: GAMES) channel { name }
            switches(category: MISC) { event enabled dormant } } } }""",
        **guild,
        channel=str(GENERAL_CHANNEL),
    )
    assert changed["loggingSettingsUpdate"]["settings"] == {
        "help": False,
        "games": True,
        "channel": {"name": "general"},
        "switches": [
            {"event": "GAMES", "enabled": True, "dormant": False},
            {"event": "MEME", "enabled": False, "dormant": False},
        ],
    }
    await api.data(
        """mutation ($guild: Snowflake!, $data: JSONObject) { loggingEventCheck(guildId: $guild, input: {
          category: MISC, event: "games", success: true, data: $data}) { logged message } }""",
        token="sandbox-service",
        acting=MEMBER,
        **guild,
        data={"name": "chess"},
    )
    [graphql_row] = await api.rows("module_logging")
    unlike = {"id", "posting_until"}
    assert {k: v for k, v in rest_row.items() if k not in unlike} == {
        k: v for k, v in graphql_row.items() if k not in unlike
    }
    told = [message["content"] for message in (await channel_messages(api, GENERAL_CHANNEL))[before:]]
    over_graphql = [line.partition(" - ")[2] or line for content in told for line in content.split("\n")]
    assert [line for line in over_graphql if "moved" not in line] == over_rest
