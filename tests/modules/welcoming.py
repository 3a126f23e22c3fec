"""What the tests of the welcoming module share."""

from __future__ import annotations

from typing import Any

import httpx2

from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.discord.sandbox.world import ROLES
from tests.conftest import GUILD, MEMBER, Api

PATH = "/modules/welcoming"
WELCOME_CHANNEL = 1300000000000000312
EMBED = '{"embeds": [{"title": "Ahoy <user_display_name>", "description": "in <channel_mention>"}]}'
MISSING = "00000000-0000-4000-8000-000000000000"
MEMBERS, MODERATORS, INTEGRATION, HUSQYS, ADMINS, FOUNDERS = (ROLES[name][0] for name in ROLES)
DM, WELCOME, LEAVE = "welcome/dm", "welcome/channel", "leave/channel"
TYPES = {DM: 1, WELCOME: 2, LEAVE: 3}
SERVICE: dict[str, Any] = {"token": "sandbox-service", "acting": MEMBER}

DEFAULTS = {
    "id": 1,
    "guild_id": str(GUILD),
    "welcome_messages_dm_enabled": False,
    "welcome_messages_dm_randomized": False,
    "welcome_message_dm_response_id": None,
    "welcome_messages_enabled": False,
    "welcome_messages_randomized": False,
    "welcome_messages_channel": None,
    "welcome_message_response_id": None,
    "leave_messages_enabled": False,
    "leave_messages_randomized": False,
    "leave_messages_channel": None,
    "leave_message_response_id": None,
    "autorole_enabled": False,
    "autorole_role_ids": None,
    "timedroles_enabled": False,
}


async def respond(api: Api, kind: int = 1, content: str = "hello", *, guild: int = GUILD, **values: Any) -> Any:
    body = {"guild_id": guild, "response_type": kind, "is_embed": False, "content": content, **values}
    response = await api.rest("POST", f"{PATH}/responses", json=body)
    assert response.status_code == 200, response.text
    return response.json()["data"]["response"]


async def time_role(api: Api, role_id: int = MODERATORS, add_after: int = 60, *, guild: int = GUILD) -> Any:
    body = {"guild_id": guild, "role_id": role_id, "add_after": add_after}
    response = await api.rest("POST", f"{PATH}/timedroles", json=body)
    assert response.status_code == 200, response.text
    return response.json()["data"]["timedrole"]


async def change(api: Api, *, guild: int = GUILD, **values: Any) -> Any:
    response = await api.rest("PUT", f"{PATH}/settings", json={"guild_id": guild, **values})
    assert response.status_code == 200, response.text
    return response.json()["data"]["settings"]


async def listed(api: Api, what: str, guild: int = GUILD) -> Any:
    return (await api.rest("GET", f"{PATH}/{what}?guild_id={guild}")).json()["data"][what]


async def set_up(api: Api, check: str, content: str = "hello", **values: Any) -> Any:
    """A response that this check sends; the response."""
    made = await respond(api, TYPES[check], content, **values)
    settings: dict[str, dict[str, Any]] = {
        DM: {"welcome_messages_dm_enabled": True, "welcome_message_dm_response_id": made["response_id"]},
        WELCOME: {
            "welcome_messages_enabled": True,
            "welcome_messages_channel": WELCOME_CHANNEL,
            "welcome_message_response_id": made["response_id"],
        },
        LEAVE: {
            "leave_messages_enabled": True,
            "leave_messages_channel": WELCOME_CHANNEL,
            "leave_message_response_id": made["response_id"],
        },
    }
    await change(api, **settings[check])
    return made


async def check(api: Api, what: str, acting: int | None = MEMBER, guild: int = GUILD) -> httpx2.Response:
    """Let the bot report that a member joined or left."""
    body = {"guild_id": guild}
    return await api.rest("POST", f"{PATH}/check/{what}", token="sandbox-service", acting=acting, json=body)


async def sweep(api: Api) -> httpx2.Response:
    return await api.rest("POST", f"{PATH}/check/role/timed", token="sandbox-service")


async def direct_messages(api: Api, user_id: int = MEMBER) -> list[dict[str, Any]]:
    """What Husqy wrote to somebody."""
    headers = {"authorization": "Bot sandbox-bot"}
    opened = await api.discord(
        "POST", "/api/v10/users/@me/channels", headers=headers, json={"recipient_id": str(user_id)}
    )
    return await api.discord("GET", f"/control/channels/{opened['id']}/messages")


async def roles_of(api: Api, user_id: int = MEMBER, guild: int = GUILD) -> set[int]:
    headers = {"authorization": "Bot sandbox-bot"}
    found = await api.discord("GET", f"/api/v10/guilds/{guild}/members/{user_id}", headers=headers)
    return {int(each) for each in found["roles"]}


async def count_statistics(api: Api) -> None:
    """Let the demo guild keep statistics."""
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True


async def log_lines(api: Api) -> str:
    """All lines of the logs channel."""
    for guild_id in list(api.program.worker.log_poster._running):
        assert await api.program.worker.log_poster.wait(guild_id, 10)
    [settings] = await api.rows("module_logging")
    messages = await api.discord("GET", f"/control/channels/{settings['logs_channel_id']}/messages")
    return "\n".join(each["content"] for each in messages)
