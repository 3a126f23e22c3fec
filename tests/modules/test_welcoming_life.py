"""A whole life of the welcoming module, once over `/v1` and once over GraphQL, with the same result."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from tests.conftest import GUILD, MEMBER_2, Api
from tests.modules.helpers import channel_messages
from tests.modules.welcoming import EMBED, MODERATORS, PATH, WELCOME_CHANNEL, direct_messages, roles_of

# Ids that Husqy makes, and what names them.
UNLIKE = {"id", "response_id", "timed_role_id", "dm_response_id", "request_id", "target", "changes"}
GRAPHQL = {
    "enable": "mutation ($g: Snowflake!) { moduleEnable(guildId: $g, module: WELCOMING) { guild { id } } }",
    "respond": """mutation ($g: Snowflake!, $input: WelcomingResponseCreateInput!) {
      welcomingResponseCreate(guildId: $g, input: $input) { response { responseId } } }""",
    "time": """mutation ($g: Snowflake!, $input: WelcomingTimedRoleCreateInput!) {
      welcomingTimedRoleCreate(guildId: $g, input: $input) { timedRole { timedRoleId } } }""",
    "change": """mutation ($g: Snowflake!, $input: WelcomingSettingsUpdateInput!) {
      welcomingSettingsUpdate(guildId: $g, input: $input) { settings { id } } }""",
    "greet": """mutation ($g: Snowflake!, $type: WelcomingResponseType!) {
      welcomingMessageCheck(guildId: $g, type: $type) { sent message } }""",
    "give": "mutation ($g: Snowflake!) { welcomingAutoroleCheck(guildId: $g) { roleIds skippedRoleIds message } }",
    "sweep": "mutation { welcomingTimedRolesCheck { given message } }",
    "forget": """mutation ($g: Snowflake!, $id: ID!) {
      welcomingResponseDelete(guildId: $g, responseId: $id) { response { responseId } } }""",
    "untime": """mutation ($g: Snowflake!, $id: ID!) {
      welcomingTimedRoleDelete(guildId: $g, timedRoleId: $id) { timedRole { timedRoleId } } }""",
    "disable": """mutation ($g: Snowflake!) { moduleDisable(guildId: $g, module: WELCOMING) {
      deleted { welcoming { settings { databaseId } responses { content } timedRoles { addAfter } } } } }""",
}


async def live_over_rest(api: Api) -> list[Any]:
    async def send(method: str, path: str, *, bot: bool = False, **body: Any) -> Any:
        options: dict[str, Any] = {"token": "sandbox-service", "acting": MEMBER_2} if bot else {}
        response = await api.rest(method, f"{PATH}{path}", json={"guild_id": GUILD, **body}, **options)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    await send("POST", "/enable")
    dm = await send("POST", "/responses", response_type=1, is_embed=True, content=EMBED)
    greeting = await send("POST", "/responses", response_type=2, is_embed=False, content="Hi <user_mention>")
    timed = await send("POST", "/timedroles", role_id=MODERATORS, add_after=60)
    await send(
        "PUT",
        "/settings",
        welcome_messages_dm_enabled=True,
        welcome_message_dm_response_id=dm["response"]["response_id"],
        welcome_messages_enabled=True,
        welcome_messages_randomized=True,
        welcome_messages_channel=WELCOME_CHANNEL,
        autorole_enabled=True,
        autorole_role_ids=[MODERATORS],
        timedroles_enabled=True,
    )
    for check in ("welcome/dm", "welcome/channel", "leave/channel", "role/on-join", "role/timed"):
        await send("POST", f"/check/{check}", bot=True)
    seen = await what_is_there(api)
    await send("DELETE", f"/responses/{greeting['response']['response_id']}")
    await send("DELETE", f"/timedroles/{timed['timedrole']['timedrole_id']}")
    seen += await what_is_there(api)
    await send("POST", "/disable")
    return seen + await what_is_there(api)


async def live_over_graphql(api: Api) -> list[Any]:
    async def send(name: str, *, bot: bool = False, **variables: Any) -> Any:
        options: dict[str, Any] = {"token": "sandbox-service", "acting": MEMBER_2} if bot else {}
        if name != "sweep":
            variables["g"] = str(GUILD)
        return next(iter((await api.data(GRAPHQL[name], **options, **variables)).values()))

    await send("enable")
    dm = await send("respond", input={"type": "DM_WELCOME", "isEmbed": True, "content": EMBED})
    greeting = await send("respond", input={"type": "CHANNEL_WELCOME", "content": "Hi <user_mention>"})
    timed = await send("time", input={"roleId": str(MODERATORS), "addAfter": 60})
    await send(
        "change",
        input={
            "directMessage": {"enabled": True, "responseId": dm["response"]["responseId"]},
            "welcomeMessage": {"enabled": True, "randomized": True, "channelId": str(WELCOME_CHANNEL)},
            "autorole": {"enabled": True, "roleIds": [str(MODERATORS)]},
            "timedRolesEnabled": True,
        },
    )
    for kind, sent in (("DM_WELCOME", True), ("CHANNEL_WELCOME", True), ("CHANNEL_LEAVE", False)):
        assert (await send("greet", bot=True, type=kind))["sent"] is sent
    assert (await send("give", bot=True)) == {
        "roleIds": [str(MODERATORS)],
        "skippedRoleIds": [],
        "message": "1 role was given.",
    }
    assert (await send("sweep", bot=True))["given"] == 0
    seen = await what_is_there(api)
    await send("forget", id=greeting["response"]["responseId"])
    await send("untime", id=timed["timedRole"]["timedRoleId"])
    seen += await what_is_there(api)
    deleted = (await send("disable"))["deleted"]["welcoming"]
    assert (deleted["responses"], deleted["timedRoles"]) == ([{"content": EMBED}], [])
    return seen + await what_is_there(api)


async def what_is_there(api: Api) -> list[Any]:
    """Rows without what is another one each time, and what Discord has."""
    rows = {
        table: [{name: value for name, value in row.items() if name not in UNLIKE} for row in found]
        for table, found in (await api.everything()).items()
    }
    said = [
        (each["content"], [embed["title"] for embed in each["embeds"]])
        for each in (*await direct_messages(api, MEMBER_2), *await channel_messages(api, WELCOME_CHANNEL))
    ]
    return [rows, said, await roles_of(api, MEMBER_2)]


async def begin_anew(api: Api) -> None:
    """Forget what an earlier life left behind: what was said, roles that were given, and the audit log."""
    await api.discord("POST", "/control/reset")
    async with api.program.worker.unit_of_work("test") as uow:
        await uow.session.execute(text("DELETE FROM audit_log"))


async def test_both_ways_lead_to_the_same(api: Api) -> None:
    await begin_anew(api)
    over_rest = await live_over_rest(api)
    assert over_rest[1] == [("", ["Ahoy noah"]), (f"Hi <@{MEMBER_2}>", [])]
    assert over_rest[2] == {MODERATORS}
    await begin_anew(api)
    over_graphql = await live_over_graphql(api)

    assert over_graphql == over_rest
