"""The rules module: switched on and off, its settings and its rules, limits, and a member's own data."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from husqy_graphql.db.guilds import lock_guild
from tests.conftest import GUILD, MEMBER, OWNER, QUIET_GUILD, UNKNOWN_GUILD, Api
from tests.guilds.test_statements import counted
from tests.modules.rules_stage import (
    ADMINS,
    BASE,
    FORUM,
    GENERAL,
    HUSQY_ROLE,
    INTEGRATION,
    MEMBERS,
    MODERATORS,
    RULES,
    add,
    by_message,
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
    sent,
    writes,
)

DEFAULTS = {
    "guild_id": str(GUILD), "rules_channel": None, "rules_actions_enabled": True, "rules_accepted_role_ids": None,
    "rules_denied_action": 1, "rules_denied_role_ids": None, "rules_message_id": None,
}  # fmt: skip
PAGE = f"""{{ guild(id: "{GUILD}") {{ rules {{
  settings {{ id channelId channel {{ id name }} messageId actionsEnabled acceptedRoleIds acceptedRoles {{ id name }}
    deniedAction deniedRoleIds deniedRoles {{ id name }} }}
  entries(first: 100) {{ nodes {{ id entryId text }} pageInfo {{ hasNextPage endCursor }} }}
  activeEntries(first: 100) {{ nodes {{ id userId channelId messageId sentAt }} }} }} }} }}"""


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


async def test_the_whole_page_is_one_query_with_a_constant_number_of_statements(api: Api) -> None:
    await by_message(api, rules_accepted_role_ids=[MEMBERS], rules_denied_role_ids=[MODERATORS])
    await sent(api)

    async def statements() -> tuple[int, Any]:
        with counted(api) as seen:
            page = (await api.data(PAGE))["guild"]["rules"]
        return len(seen), page

    few, page = await statements()
    assert page["settings"]["acceptedRoles"] == [{"id": str(MEMBERS), "name": "Members"}]
    assert page["settings"]["deniedRoles"] == [{"id": str(MODERATORS), "name": "Moderators"}]
    assert (page["settings"]["channel"], page["settings"]["deniedAction"]) == (None, "NOTHING")
    assert [each["userId"] for each in page["activeEntries"]["nodes"]] == [str(MEMBER)]
    await go_premium(api)
    for number in range(20):
        await add(api, f"Rule {number}.")
    await put(api, rules_channel=GENERAL)
    many, page = await statements()
    assert len(page["entries"]["nodes"]) == 21
    assert page["settings"]["channel"] == {"id": str(GENERAL), "name": "general"}
    assert many == few <= 6
    ids = [page["settings"]["id"], page["entries"]["nodes"][3]["id"], page["activeEntries"]["nodes"][0]["id"]]
    found = await api.data("query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }", ids=ids)
    assert [each["__typename"] for each in found["nodes"]] == ["RulesSettings", "RulesEntry", "RulesActiveEntry"]
    foreign = await api.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", token="sandbox-outsider", ids=ids)
    assert foreign["nodes"] == [None] * 3


async def test_a_list_is_read_in_pages_and_by_member(api: Api) -> None:
    await by_message(api, "One.", "Two.", "Three.")
    await sent(api)
    page = f"""query ($after: String, $user: Snowflake) {{ guild(id: "{GUILD}") {{ rules {{
      entries(first: 2, after: $after) {{ nodes {{ text }} pageInfo {{ hasNextPage endCursor }} }}
      activeEntries(userId: $user) {{ nodes {{ userId }} }} }} }} }}"""

    first = (await api.data(page, user=str(MEMBER)))["guild"]["rules"]
    second = (await api.data(page, after=first["entries"]["pageInfo"]["endCursor"], user="1"))["guild"]["rules"]

    assert [each["text"] for each in first["entries"]["nodes"]] == ["One.", "Two."]
    assert [each["text"] for each in second["entries"]["nodes"]] == ["Three."]
    assert second["entries"]["pageInfo"]["hasNextPage"] is False
    assert [len(each["activeEntries"]["nodes"]) for each in (first, second)] == [1, 0]


async def test_changes_and_refusals_are_told_in_the_logs(api: Api) -> None:
    channel = await enable_logging(api)
    await enable(api)
    entry = await add(api, "Be kind.")
    await put(api, rules_denied_action=3)
    await call(api, "PUT", "/settings", rules_channel=42)
    await call(api, "DELETE", "/entries/x")
    await ok(api, "DELETE", f"/entries/{entry['rule_id']}")

    told = await log_lines(api, channel)

    for line in (
        "enabled the module `rules`", "added the rule `Be kind.`", "changed the settings of the module `rules`",
        "failed at modules: not found", "failed at rules rule remove: not found", "deleted the rule `Be kind.`",
    ):  # fmt: skip
        assert line in told, line
    actions = [row["action"] for row in await api.rows("audit_log") if row["action"].startswith("rules.")]
    assert actions == ["rules.entry.create", "rules.settings.update", "rules.entry.delete"]


async def test_statistics_count_rules_and_how_long_sending_took(api: Api) -> None:
    await by_message(api)
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True
    entry = await add(api)
    await sent(api)
    await ok(api, "DELETE", f"/entries/{entry['rule_id']}")

    found = [(row["metric"], row["user_id"]) for row in await api.rows("statistics_journal")]

    assert found == [
        ("modules/rules/rule/added", OWNER),
        ("modules/rules/check-time", MEMBER),
        ("modules/rules/rule/removed", OWNER),
    ]


async def test_an_api_key_keeps_the_rules_too(api: Api) -> None:
    made = await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})
    token = made.json()["data"]["api_key"]["api_key"]
    await ok(api, "POST", "/enable", token=token)
    await add(api, token=token)
    changed = await ok(api, "PUT", "/settings", token=token, rules_channel=RULES)

    assert [each["id"] for each in await messages(api, RULES)] == [changed["settings"]["rules_message_id"]]


async def test_a_life_over_graphql_is_the_one_over_rest(api: Api) -> None:
    async def rows() -> dict[str, Any]:
        tables = ("module_rules", "rules_roles", "rules_entries", "rules_active_entries")
        found = {name: await api.rows(name) for name in tables}
        return {
            name: [{column: value for column, value in row.items() if "id" not in column.split("_")} for row in rows]
            for name, rows in found.items()
        }

    async def graphql(field: str, **options: Any) -> dict[str, Any]:
        return await api.data(f"mutation {{ answer: {field} }}", **options)

    guild = f'guildId: "{GUILD}"'
    await graphql(f"moduleEnable({guild}, module: RULES) {{ guild {{ id }} }}")
    await graphql(f'rulesEntryCreate({guild}, input: {{text: "One."}}) {{ entry {{ entryId }} }}')
    made = await graphql(f'rulesEntryCreate({guild}, input: {{text: "Two."}}) {{ entry {{ entryId }} }}')
    entry_id = made["answer"]["entry"]["entryId"]
    given = f'channel: "{RULES}", acceptedRoleIds: ["{MODERATORS}"], deniedAction: KICK, actionsEnabled: true'
    await graphql(f"rulesSettingsUpdate({guild}, input: {{{given}}}) {{ settings {{ messageId }} }}")
    await graphql(f'rulesEntryDelete({guild}, entryId: "{entry_id}") {{ entry {{ text }} }}')
    await graphql(f'rulesSettingsUpdate({guild}, input: {{channel: "dm"}}) {{ settings {{ messageId }} }}')
    await graphql(
        f"rulesSendCheck({guild}, input: {{}}) {{ sent message }}", token="sandbox-service", acting=MEMBER
    )  # fmt: skip
    first, gone = await rows(), await graphql(
        f"moduleDisable({guild}, module: RULES) {{ deleted {{ name rules {{ settings {{ deniedAction }} "
        f"entries {{ text }} activeEntries {{ userId }} }} }} }}"
    )  # fmt: skip
    assert gone["answer"]["deleted"] == {
        "name": "RULES",
        "rules": {
            "settings": {"deniedAction": "KICK"},
            "entries": [{"text": "One."}],
            "activeEntries": [{"userId": str(MEMBER)}],
        },
    }

    await enable(api)
    await add(api, "One.")
    second = await add(api, "Two.")
    await put(
        api,
        rules_channel=RULES,
        rules_accepted_role_ids=[MODERATORS],
        rules_denied_action=3,
        rules_actions_enabled=True,
    )
    await ok(api, "DELETE", f"/entries/{second['rule_id']}")
    await put(api, rules_channel=None)
    await sent(api)

    assert await rows() == first
    assert await messages(api, RULES) == []
