"""The permanent message with the rules: it says what is stored, also after Discord failed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from husqy_graphql.modules.rules import permanent
from husqy_graphql.worker.modules import sweep_intents, trim_guilds
from tests.conftest import GUILD, MEMBER, Api
from tests.modules.rules_stage import (
    BASE,
    CLOSED,
    DOWN,
    GENERAL,
    NEWS,
    RULES,
    add,
    answered,
    call,
    enable,
    enable_logging,
    go_premium,
    in_channel,
    log_lines,
    messages,
    nothing_changes,
    ok,
    put,
    writes,
)

SEND = {"method": "POST", "path": "/messages$"}
EDIT = {"method": "PATCH", "path": "/messages/"}
DELETE = {"method": "DELETE", "path": "/messages/"}
REFUSALS = [{"status": 403}, {"status": 404}]


def said(message: dict[str, Any]) -> str:
    return message["embeds"][0]["description"]


async def sweep(api: Api) -> None:
    """Let the worker do what was left, once it is old enough."""
    api.clock.advance(minutes=2)
    await sweep_intents(api.program.worker)


async def test_rules_are_shown_in_the_channel_that_is_chosen(api: Api) -> None:
    await enable(api)
    await add(api, "Be kind in <server_name>, <user_display_name>.")
    settings = await put(api, rules_channel=RULES)

    [message] = await messages(api, RULES)

    assert settings["rules_message_id"] == message["id"]
    assert message["embeds"] == [
        {
            "type": "rich", "title": "The rules of Husqy demo", "color": 661809,
            "description": "**1.** Be kind in Husqy demo, <user_display_name>.",
        }
    ]  # fmt: skip
    buttons = [(each["label"], each["style"], each["custom_id"]) for each in message["components"][0]["components"]]
    assert buttons == [("Accept", 3, "rules:accept"), ("Deny", 4, "rules:deny")]


async def test_the_message_follows_the_rules(api: Api) -> None:
    await enable(api)
    assert (await put(api, rules_channel=NEWS))["rules_message_id"] is None
    first = await add(api, "One.")
    [message] = await messages(api, NEWS)
    assert (await ok(api, "GET", "/settings"))["settings"]["rules_message_id"] == message["id"]

    second = await add(api, "Two.")
    assert said((await messages(api, NEWS))[0]) == "**1.** One.\n\n**2.** Two."
    await ok(api, "DELETE", f"/entries/{first['rule_id']}")
    [edited] = await messages(api, NEWS)
    assert (edited["id"], said(edited)) == (message["id"], "**1.** Two.")
    await ok(api, "DELETE", f"/entries/{second['rule_id']}")
    assert await messages(api, NEWS) == []
    assert (await ok(api, "GET", "/settings"))["settings"]["rules_message_id"] is None
    await add(api, "Again.")
    assert [said(each) for each in await messages(api, NEWS)] == ["**1.** Again."]


async def test_settings_move_and_redraw_the_message(api: Api) -> None:
    settings = await in_channel(api)

    without = await put(api, rules_actions_enabled=False)
    [message] = await messages(api, RULES)
    assert (without["rules_message_id"], message["components"]) == (settings["rules_message_id"], [])
    await put(api, rules_actions_enabled=True)
    assert len((await messages(api, RULES))[0]["components"][0]["components"]) == 2
    calls = await writes(api)
    await put(api, rules_denied_action=3, rules_actions_enabled=True, rules_channel=RULES)
    assert await writes(api) == calls  # nothing that shows

    moved = await put(api, rules_channel=GENERAL)
    assert await messages(api, RULES) == []
    assert [each["id"] for each in await messages(api, GENERAL)] == [moved["rules_message_id"]]
    gone = await put(api, rules_channel="dm")
    assert (gone["rules_channel"], gone["rules_message_id"]) == (None, None)
    assert await messages(api, GENERAL) == []


async def test_an_old_message_that_cannot_be_deleted_keeps_no_channel_from_changing(api: Api) -> None:
    await in_channel(api)

    await api.fault({**DELETE, "status": 403})
    moved = await put(api, rules_channel=GENERAL)

    assert [each["id"] for each in await messages(api, GENERAL)] == [moved["rules_message_id"]]
    assert len(await messages(api, RULES)) == 1


async def test_a_message_deleted_by_hand_is_sent_again(api: Api) -> None:
    settings = await in_channel(api)

    for change in ({"rules_actions_enabled": False}, None):
        await api.program.resources.bot.delete_message(RULES, int(settings["rules_message_id"]))
        if change:
            await put(api, **change)
        else:
            await add(api, "Two.")
        [message] = await messages(api, RULES)
        settings = (await ok(api, "GET", "/settings"))["settings"]
        assert settings["rules_message_id"] == message["id"]


@pytest.mark.parametrize("fault", REFUSALS)
@pytest.mark.parametrize(
    ("change", "call_"), [({"rules_channel": GENERAL}, SEND), ({"rules_actions_enabled": 0}, EDIT)]
)
async def test_what_discord_refuses_undoes_the_change(
    api: Api, fault: dict[str, Any], change: dict[str, Any], call_: dict[str, Any]
) -> None:
    change = {name: bool(value) if name == "rules_actions_enabled" else value for name, value in change.items()}
    await in_channel(api)
    shown = await messages(api, RULES)

    await api.fault({**call_, **fault}, {**SEND, **fault})
    async with nothing_changes(api, asked=True):
        refused = await call(api, "PUT", "/settings", rules_denied_action=3, **change)

    assert (refused.status_code, refused.json()["title"]) == (500, "Discord refused")
    assert "View Channel" in refused.json()["detail"]
    assert await messages(api, RULES) == shown
    assert await messages(api, GENERAL) == []


async def test_a_channel_that_husqy_may_not_write_in_is_refused(api: Api) -> None:
    await in_channel(api)

    async with nothing_changes(api, asked=True):
        refused = await call(api, "PUT", "/settings", rules_channel=CLOSED)

    assert refused.status_code == 500
    assert "Send Messages" in refused.json()["detail"]


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": "before"}, {"drop": "after"}])
@pytest.mark.parametrize("change", [{"rules_channel": GENERAL}, {"rules_actions_enabled": False}])
async def test_a_discord_that_fails_once_is_asked_again(
    api: Api, fault: dict[str, Any], change: dict[str, Any]
) -> None:
    await in_channel(api)

    await api.fault({**(SEND if "rules_channel" in change else EDIT), **fault})
    changed = await put(api, **change)

    found = await messages(api, int(changed["rules_channel"]))
    assert [each["id"] for each in found] == [changed["rules_message_id"]]


@pytest.mark.parametrize("how", [{"status": 503}, {"drop": "after"}])
@pytest.mark.parametrize(
    ("change", "call_"), [({"rules_channel": GENERAL}, SEND), ({"rules_actions_enabled": 0}, EDIT)]
)
async def test_a_discord_that_stays_down_changes_nothing_and_leaves_nothing(
    api: Api, how: dict[str, Any], change: dict[str, Any], call_: dict[str, Any]
) -> None:
    change = {name: bool(value) if name == "rules_actions_enabled" else value for name, value in change.items()}
    await in_channel(api)
    shown, before = await messages(api, RULES), await api.everything()

    await api.fault({**call_, **how, "times": 4})
    failed = await call(api, "PUT", "/settings", **change)

    assert failed.status_code == 503
    await sweep(api)
    assert await api.everything() == before
    [message] = await messages(api, RULES)
    assert (message["id"], message["components"]) == (shown[0]["id"], shown[0]["components"])
    assert await messages(api, GENERAL) == []


async def test_a_rule_is_kept_though_discord_refuses_the_message(api: Api) -> None:
    channel = await enable_logging(api)
    await in_channel(api, "One.")

    await api.fault({**EDIT, "status": 403})
    await add(api, "Two.")

    assert len(await api.rows("rules_entries")) == 2
    assert await api.rows("module_intents") == []  # asking again would be in vain
    assert "failed at rules rule add: discord refused" in await log_lines(api, channel)
    await add(api, "Three.")
    assert said((await messages(api, RULES))[0]) == "**1.** One.\n\n**2.** Two.\n\n**3.** Three."


@pytest.mark.parametrize("how", [{"status": 500}, {"drop": "before"}, {"drop": "after"}])
async def test_the_worker_brings_a_message_in_line_that_discord_did_not_take(api: Api, how: dict[str, Any]) -> None:
    await enable(api)
    await put(api, rules_channel=RULES)

    await api.fault({**SEND, **how, "times": 4})
    first = await add(api, "One.")
    assert (await ok(api, "GET", "/settings"))["settings"]["rules_message_id"] is None
    assert len(await api.rows("module_intents")) == 1
    await sweep(api)
    [message] = await messages(api, RULES)  # one, though a dropped call may have sent it before
    assert (await ok(api, "GET", "/settings"))["settings"]["rules_message_id"] == message["id"]

    await api.fault({**EDIT, **how, "times": 4})
    await add(api, "Two.")
    await sweep(api)
    assert said((await messages(api, RULES))[0]) == "**1.** One.\n\n**2.** Two."

    [second] = [row for row in await api.rows("rules_entries") if row["rule_text"] == "Two."]
    await api.fault({**DELETE, **how, "times": 4})
    for rule in (first["rule_id"], second["rule_id"]):
        await ok(api, "DELETE", f"/entries/{rule}")
    await sweep(api)
    assert await messages(api, RULES) == []
    assert await api.rows("module_intents") == []
    assert (await api.rows("module_rules"))[0]["rules_message_id"] is None


async def test_what_another_process_is_sending_is_taken_back_only_when_it_came_to_no_end(api: Api) -> None:
    await in_channel(api, "One.")
    await api.fault({**SEND, "drop": "after", "times": 4})
    assert (await call(api, "PUT", "/settings", rules_channel=GENERAL)).status_code == 503
    assert len(await messages(api, GENERAL)) == 1  # nobody knows of it

    await add(api, "Two.")
    assert len(await messages(api, GENERAL)) == 1
    assert said((await messages(api, RULES))[0]) == "**1.** One.\n\n**2.** Two."
    assert len(await api.rows("module_intents")) == 1
    await sweep(api)

    assert await messages(api, GENERAL) == []
    assert len(await messages(api, RULES)) == 1
    assert await api.rows("module_intents") == []
    [row] = await api.rows("module_rules")
    assert (row["pending_channel"], row["pending_nonce"], row["pending_since"]) == (None, None, None)


async def test_a_worker_leaves_what_discord_goes_on_refusing(api: Api) -> None:
    await in_channel(api, "One.")
    await api.fault({**EDIT, **DOWN, "times": 4})
    await add(api, "Two.")

    await api.fault({**EDIT, **DOWN, "times": 4}, {**EDIT, "status": 403})
    await sweep(api)
    assert len(await api.rows("module_intents")) == 1
    await sweep(api)
    assert await api.rows("module_intents") == []


async def test_changes_at_the_same_time_end_in_one_message_that_says_them_all(api: Api) -> None:
    await in_channel(api, "One.")
    await go_premium(api)

    answers = await asyncio.gather(
        *(call(api, "POST", "/entries", rule_text=f"Rule {n}.") for n in range(8)),
        call(api, "PUT", "/settings", rules_channel=GENERAL),
        call(api, "PUT", "/settings", rules_actions_enabled=False),
        call(api, "PUT", "/settings", rules_channel=NEWS),
    )

    assert [answer.status_code for answer in answers] == [200] * 11
    [settings] = await api.rows("module_rules")
    found = {channel: await messages(api, channel) for channel in (RULES, GENERAL, NEWS)}
    [message] = found.pop(settings["rules_channel"])
    assert found == {channel: [] for channel in found}
    assert message["id"] == str(settings["rules_message_id"])
    texts = [row["rule_text"] for row in await api.rows("rules_entries")]
    assert said(message) == "\n\n".join(f"**{number}.** {text}" for number, text in enumerate(texts, 1))
    assert message["components"] == []
    assert await api.rows("module_intents") == []


async def test_several_processes_end_in_one_message_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await in_channel(api, "One.")
    second = await add(api, "Two.")
    for rule in (second["rule_id"], (await api.rows("rules_entries"))[0]["rule_id"]):
        await ok(api, "DELETE", f"/entries/{rule}")
    await go_premium(api)
    monkeypatch.setattr(permanent, "_lock", lambda _: asyncio.Lock())  # processes share none

    # The first message and the first edit come to Discord after those of the others.
    await api.fault({**SEND, "delay": 0.5}, {**EDIT, "delay": 0.5})
    answers = await asyncio.gather(*(call(api, "POST", "/entries", rule_text=f"Rule {n}.") for n in range(12)))

    assert [answer.status_code for answer in answers] == [200] * 12
    await sweep(api)  # who met too many others leaves the rest to the worker
    [message] = await messages(api, RULES)
    texts = [row["rule_text"] for row in await api.rows("rules_entries")]
    assert said(message) == "\n\n".join(f"**{number}.** {text}" for number, text in enumerate(texts, 1))
    assert (await api.rows("module_rules"))[0]["rules_message_id"] == int(message["id"])
    assert await api.rows("module_intents") == []


async def test_an_older_text_that_comes_late_from_another_process_does_not_stay(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_channel(api, "One.")
    spare = await add(api, "Spare.")
    await ok(
        api, "DELETE", f"/entries/{spare['rule_id']}"
    )  # Discord's limit for edits is known: they overtake each other
    monkeypatch.setattr(permanent, "_lock", lambda _: asyncio.Lock())  # processes share none

    await api.fault({**EDIT, "delay": 0.5, "times": 1})
    late = asyncio.create_task(add(api, "Two."))
    await asyncio.sleep(0.2)
    await add(api, "Three.")
    await late

    [message] = await messages(api, RULES)
    assert said(message) == "**1.** One.\n\n**2.** Two.\n\n**3.** Three."
    assert await api.rows("module_intents") == []


async def test_the_end_of_husqy_plus_takes_the_newest_rules(api: Api) -> None:
    await in_channel(api, "One.")
    await go_premium(api, startAt="2026-03-01T11:00:00Z", endsAt="2026-03-01T13:00:00Z")
    for text in ("Two.", "Three.", "Four.", "Five."):
        await add(api, text)
    await trim_guilds(api.program.worker)
    assert len(await api.rows("rules_entries")) == 5

    api.clock.advance(hours=2)
    await trim_guilds(api.program.worker)
    calls = await writes(api)
    await trim_guilds(api.program.worker)

    assert [row["rule_text"] for row in await api.rows("rules_entries")] == ["One.", "Two.", "Three."]
    assert said((await messages(api, RULES))[0]) == "**1.** One.\n\n**2.** Two.\n\n**3.** Three."
    assert await writes(api) == calls


async def test_a_members_names_are_counted_and_replaced_in_the_message_too(api: Api) -> None:
    await in_channel(api, "Ask Mia or mia.", f"Do not ping <@{MEMBER}>.", "Miami is fine.")
    params = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    path = f"{BASE}/privacy/get-user-entries"
    count = await api.rest("GET", path, token="sandbox-member", params=params)
    assert count.json()["data"] == {"username": 1, "display_name": 1, "global_name": 1, "nickname": 0, "id": 1}

    path = f"{BASE}/privacy/delete-user-entries"
    for _ in range(2):
        gone = await api.rest("DELETE", path, token="sandbox-service", acting=MEMBER, json=params)
        assert (gone.status_code, gone.json()["data"]) == (200, {"message": "The member's data is deleted."})

    [message] = await messages(api, RULES)
    assert said(message) == (
        "**1.** Ask (removed_user) or (removed_user).\n\n**2.** Do not ping (removed_user).\n\n**3.** Miami is fine."
    )
    assert len(await api.rows("rules_entries")) == 3


async def test_a_slash_command_is_answered_and_a_lost_answer_keeps_the_rule(api: Api) -> None:
    await enable(api)
    command = {"application_id": 1300000000000000109, "token": "command-1"}
    entry = await add(api, "One.", token="sandbox-service", acting=1300000000000000102)
    made = await api.rest("POST", f"{BASE}/entries", json={"guild_id": GUILD, "rule_text": "Two.", **command})
    assert made.status_code == 200
    assert (await answered(api, "command-1"))["content"] == "The rule is added."

    body = {"guild_id": GUILD, **command, "token": "command-2"}
    gone = await api.rest("DELETE", f"{BASE}/entries/{entry['rule_id']}", json=body)
    assert gone.status_code == 200
    assert (await answered(api, "command-2"))["content"] == "The rule is deleted."

    body = {"guild_id": GUILD, "rule_text": "Three.", **command, "token": "expired-1"}
    late = await api.rest("POST", f"{BASE}/entries", json=body)
    assert late.status_code == 500
    assert "expired-1" not in late.text
    assert [row["rule_text"] for row in await api.rows("rules_entries")] == ["Two.", "Three."]
