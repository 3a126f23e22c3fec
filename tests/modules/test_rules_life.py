"""The rules module as a dashboard, the logs, the statistics and both doors see it."""

from __future__ import annotations

from typing import Any

from husqy_graphql.db.guilds import lock_guild
from tests.conftest import GUILD, MEMBER, OWNER, Api
from tests.guilds.test_statements import counted
from tests.modules.rules_stage import (
    GENERAL,
    MEMBERS,
    MODERATORS,
    RULES,
    add,
    by_message,
    call,
    enable,
    enable_logging,
    go_premium,
    log_lines,
    messages,
    ok,
    put,
    sent,
)

PAGE = f"""{{ guild(id: "{GUILD}") {{ rules {{
  settings {{ id channelId channel {{ id name }} messageId actionsEnabled acceptedRoleIds acceptedRoles {{ id name }}
    deniedAction deniedRoleIds deniedRoles {{ id name }} }}
  entries(first: 100) {{ nodes {{ id entryId text }} pageInfo {{ hasNextPage endCursor }} }}
  activeEntries(first: 100) {{ nodes {{ id userId channelId messageId sentAt }} }} }} }} }}"""


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
