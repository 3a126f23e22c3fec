"""The rules module: switched on and off, its settings and its rules, limits, and a member's own data."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conftest import GUILD, MEMBER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.modules.rules_stage import (
    ADMINS,
    BASE,
    FORUM,
    HUSQY_ROLE,
    INTEGRATION,
    MEMBERS,
    MODERATORS,
    RULES,
    add,
    call,
    enable,
    go_premium,
    in_channel,
    messages,
    nothing_changes,
    ok,
    put,
    sent,
    writes,
)

DEFAULTS = {
    "guild_id": str(GUILD), "rules_channel": None, "rules_actions_enabled": True, "rules_accepted_role_ids": None,
    "rules_denied_action": 1, "rules_denied_role_ids": None, "rules_message_id": None,
}  # fmt: skip


async def test_the_module_is_switched_on_and_off(api: Api) -> None:
    assert (await ok(api, "GET", "/status"))["status"] is False

    made = await ok(api, "POST", "/enable")

    assert made == {"settings": {"id": 1, **DEFAULTS}, "rules": [], "active_entries": []}
    assert await writes(api) == []
    assert (await ok(api, "GET", "/status"))["status"] is True
    assert (await ok(api, "GET", "/settings"))["settings"] == made["settings"]
    assert (await call(api, "POST", "/enable")).status_code == 409

    entry = await add(api)
    active = await sent(api)
    calls = await writes(api)
    gone = await ok(api, "POST", "/disable")

    assert gone["settings"] == made["settings"]
    assert gone["rules"] == [entry]
    assert gone["active_entries"] == [
        {
            "id": 1, "guild_id": str(GUILD), "channel_id": str(active["channel_id"]), "user_id": str(MEMBER),
            "message_id": str(active["message_id"]), "timestamp": "2026-03-01T12:00:00Z",
        }
    ]  # fmt: skip
    assert await writes(api) == calls
    for table in ("module_rules", "rules_roles", "rules_entries", "rules_active_entries", "module_intents"):
        assert await api.rows(table) == [], table
    assert (await call(api, "POST", "/disable")).status_code == 409
    assert (await ok(api, "GET", "/status"))["status"] is False


async def test_purging_works_once_whether_it_is_on_or_off(api: Api) -> None:
    assert (await call(api, "DELETE", "/settings")).status_code == 404
    await in_channel(api)

    gone = await ok(api, "DELETE", "/settings", token="sandbox-service")

    assert [len(gone["rules"]), len(gone["active_entries"]), gone["settings"]["rules_channel"]] == [1, 0, str(RULES)]
    assert len(await messages(api, RULES)) == 1
    assert (await call(api, "DELETE", "/settings")).status_code == 404


OFF = [
    ("GET", "/settings", {}, 404), ("PUT", "/settings", {"rules_actions_enabled": False}, 404),
    ("GET", "/entries", {}, 404), ("POST", "/entries", {"rule_text": "x"}, 409), ("GET", "/entries/x", {}, 404),
    ("DELETE", "/entries/x", {}, 404), ("POST", "/check/send", {"token": "sandbox-service", "acting": MEMBER}, 409),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status"), OFF)
async def test_a_module_that_is_off_answers_so(
    api: Api, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    async with nothing_changes(api):
        response = await call(api, method, path, **body)

    assert response.status_code == status, response.text


async def test_a_guild_without_husqy_is_unknown_to_the_bot_and_forbidden_to_others(api: Api) -> None:
    body = {"token": "sandbox-service", "acting": MEMBER, "guild_id": UNKNOWN_GUILD}
    assert (await call(api, "POST", "/check/send", **body)).status_code == 404
    assert (await call(api, "GET", "/settings", guild_id=UNKNOWN_GUILD)).status_code == 403


async def test_rules_are_added_read_and_deleted(api: Api) -> None:
    await enable(api)

    first, second = await add(api, "Be kind."), await add(api, "No spam.")

    assert first == {"id": 1, "guild_id": str(GUILD), "rule_id": first["rule_id"], "rule_text": "Be kind."}
    assert len(first["rule_id"]) == 36
    assert (await ok(api, "GET", "/entries"))["entries"] == [first, second]
    assert (await ok(api, "GET", f"/entries/{second['rule_id']}"))["entry"] == second
    assert (await ok(api, "DELETE", f"/entries/{first['rule_id']}"))["entry"] == first
    assert (await call(api, "DELETE", f"/entries/{first['rule_id']}")).status_code == 404
    assert (await call(api, "GET", f"/entries/{first['rule_id']}")).status_code == 404
    assert (await ok(api, "GET", "/entries"))["entries"] == [second]
    assert await writes(api) == []  # by direct message, nothing stands anywhere


async def test_a_rule_of_another_guild_is_not_there(api: Api) -> None:
    for guild in (GUILD, QUIET_GUILD):
        await ok(api, "POST", "/enable", guild_id=guild)
    other = await add(api, guild_id=QUIET_GUILD)

    async with nothing_changes(api):
        assert (await call(api, "GET", f"/entries/{other['rule_id']}")).status_code == 404
        assert (await call(api, "DELETE", f"/entries/{other['rule_id']}")).status_code == 404


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "x" * 1_000_000, "a\x00b", "\ud800", 7, None, {"a": [1]}])
async def test_a_text_that_is_no_rule_is_refused_by_name(api: Api, text: Any) -> None:
    await in_channel(api)
    async with nothing_changes(api):
        body = json.dumps({"guild_id": GUILD, "rule_text": text}).encode()
        response = await api.rest("POST", f"{BASE}/entries", content=body)

    assert response.status_code in {400, 413}, response.text
    if response.status_code == 400:
        assert response.json()["errors"][0]["pointer"] == "#/rule_text"


async def test_hostile_text_is_stored_as_it_is_and_notifies_nobody(api: Api) -> None:
    text = f"@everyone @here <@{MEMBER}> <@&{MODERATORS}> <user_mention> ']); -- <b>*`"
    await in_channel(api, text)

    [message] = await messages(api, RULES)

    assert (await ok(api, "GET", "/entries"))["entries"][0]["rule_text"] == text
    assert text in message["embeds"][0]["description"]  # the variables of a member stay: many read it
    assert (message["content"], message["mentions"], message["mention_everyone"]) == ("", [], False)
    assert message["allowed_mentions"] == {"parse": []}


async def test_a_fourth_rule_needs_husqy_plus(api: Api) -> None:
    await in_channel(api, "One.", "Two.", "Three.")

    async with nothing_changes(api):
        refused = await call(api, "POST", "/entries", rule_text="Four.")
    assert refused.status_code == 409
    assert "at most 3" in refused.json()["detail"]
    await go_premium(api)
    await add(api, "Four.")


async def test_rules_that_fit_into_no_message_are_refused(api: Api) -> None:
    await enable(api)
    await go_premium(api)
    for number in range(5):
        await add(api, f"{number}" * 1000)
    await put(api, rules_channel=RULES)

    async with nothing_changes(api):
        refused = await call(api, "POST", "/entries", rule_text="x" * 1000)

    assert refused.status_code == 400
    assert "6000" in refused.json()["errors"][0]["detail"]
    await add(api, "A short one fits.")
    [message] = await messages(api, RULES)
    assert len(message["embeds"]) == 2
    assert message["embeds"][0]["title"] == "The rules of Husqy demo"
    assert "title" not in message["embeds"][1]
    assert message["embeds"][1]["description"].endswith("**6.** A short one fits.")
    assert {embed["color"] for embed in message["embeds"]} == {661809}


async def test_fifty_at_once_stop_at_the_limit_and_stand_in_one_message(api: Api) -> None:
    await enable(api)
    await put(api, rules_channel=RULES)

    answers = await asyncio.gather(*(call(api, "POST", "/entries", rule_text=f"Rule {n}.") for n in range(50)))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [409] * 47
    [message] = await messages(api, RULES)
    texts = [row["rule_text"] for row in await api.rows("rules_entries")]
    expected = "\n\n".join(f"**{number}.** {text}" for number, text in enumerate(texts, 1))
    assert message["embeds"][0]["description"] == expected
    assert (await ok(api, "GET", "/settings"))["settings"]["rules_message_id"] == message["id"]
    assert await api.rows("module_intents") == []


async def test_settings_are_changed_one_by_one(api: Api) -> None:
    await enable(api)

    changed = await put(
        api, rules_channel=str(RULES), rules_actions_enabled=False, rules_denied_action=2,
        rules_accepted_role_ids=[MODERATORS, str(MEMBERS), MODERATORS], rules_denied_role_ids=[MEMBERS],
    )  # fmt: skip

    assert changed == {
        "id": 1, **DEFAULTS, "rules_channel": str(RULES), "rules_actions_enabled": False, "rules_denied_action": 2,
        "rules_accepted_role_ids": f"{MODERATORS},{MEMBERS}", "rules_denied_role_ids": str(MEMBERS),
    }  # fmt: skip
    assert await writes(api) == []  # there is no rule to show yet
    kept = await put(api, rules_actions_enabled=None, rules_denied_action=None)
    assert kept == changed
    async with nothing_changes(api):
        assert await put(api) == changed
    cleared = await put(api, rules_channel="dm", rules_accepted_role_ids=None, rules_denied_role_ids=[])
    assert cleared == {"id": 1, **DEFAULTS, "rules_actions_enabled": False, "rules_denied_action": 2}
    [first, second] = [row for row in await api.rows("audit_log") if row["action"] == "rules.settings.update"]
    assert [first["target"], second["target"]] == ["rules settings"] * 2


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"rules_channel": "somewhere"}, 400, "#/rules_channel"),
        ({"rules_channel": 0}, 400, "#/rules_channel"),
        ({"rules_channel": True}, 400, "#/rules_channel"),
        ({"rules_channel": [RULES]}, 400, "#/rules_channel"),
        ({"rules_channel": FORUM}, 400, "#/rules_channel"),
        ({"rules_channel": 42}, 404, None),
        ({"rules_denied_action": 0}, 400, "#/rules_denied_action"),
        ({"rules_denied_action": 4}, 400, "#/rules_denied_action"),
        ({"rules_actions_enabled": "yes"}, 400, "#/rules_actions_enabled"),
        ({"rules_accepted_role_ids": [GUILD]}, 400, "#/rules_accepted_role_ids"),
        ({"rules_accepted_role_ids": [INTEGRATION]}, 400, "#/rules_accepted_role_ids"),
        ({"rules_denied_role_ids": [HUSQY_ROLE]}, 400, "#/rules_denied_role_ids"),
        ({"rules_denied_role_ids": [MEMBERS, ADMINS]}, 400, "#/rules_denied_role_ids"),
        ({"rules_denied_role_ids": [42]}, 404, None),
        ({"rules_denied_role_ids": "1,2"}, 400, "#/rules_denied_role_ids"),
    ],
)
async def test_settings_that_cannot_be_are_refused_by_name(
    api: Api, change: dict[str, Any], status: int, pointer: str | None
) -> None:
    await in_channel(api)

    async with nothing_changes(api):
        response = await call(api, "PUT", "/settings", **{"rules_actions_enabled": False, **change})

    assert response.status_code == status, response.text
    if pointer:
        assert response.json()["errors"][0]["pointer"].startswith(pointer)
