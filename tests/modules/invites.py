"""What the tests of the invite tracker have in common."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.conftest import GUILD, MEMBER, Api
from tests.modules.helpers import GENERAL_CHANNEL, enable

PATH = "/modules/invite_tracker"
HUSQY = 1300000000000000109
WELCOME = 1300000000000000312
BOT: dict[str, Any] = {"token": "sandbox-service"}
DISCORD_BOT = {"authorization": "Bot sandbox-bot"}
POST_INVITE = {"method": "POST", "path": "/channels/[0-9]+/invites"}


async def on(api: Api, **settings: Any) -> dict[str, Any]:
    """Switch the module on, and set it up; the answer of the first."""
    enabled = await enable(api, "invite_tracker")
    if settings:
        await put(api, **settings)
    return enabled


async def put(api: Api, **settings: Any) -> dict[str, Any]:
    response = await api.rest("PUT", f"{PATH}/settings", json={"guild_id": GUILD, **settings})
    assert response.status_code == 200, response.text
    return response.json()["data"]["settings"]


def body(**values: Any) -> dict[str, Any]:
    """A request to make an invite."""
    return {
        "guild_id": GUILD, "channel_id": GENERAL_CHANNEL, "max_uses": 0, "max_age": 3600, "is_temporary": False,
        **values,
    }  # fmt: skip


async def create(api: Api, options: dict[str, Any] | None = None, **values: Any) -> str:
    """Make an invite over `/v1`; its code."""
    response = await api.rest("POST", f"{PATH}/invite", json=body(**values), **(options or {}))
    assert response.status_code == 200, response.text
    return response.json()["data"]["invite_code"]


async def create_as(api: Api, member: int = MEMBER, **values: Any) -> str:
    """Let a member make one with the slash command."""
    return await create(api, {**BOT, "acting": member}, **values)


async def links(api: Api, guild: int = GUILD) -> list[dict[str, Any]]:
    response = await api.rest("GET", f"{PATH}/invite-links?guild_id={guild}")
    assert response.status_code == 200, response.text
    return response.json()["data"]["invites"]


async def uses(api: Api, inviter: int = MEMBER) -> list[dict[str, Any]]:
    response = await api.rest("GET", f"{PATH}/stats/uses?guild_id={GUILD}&inviter_id={inviter}")
    assert response.status_code == 200, response.text
    return response.json()["data"]["stats_uses"]


async def report(api: Api, event: str, acting: int | None = None, **values: Any) -> httpx2.Response:
    """What the bot reports: `join/check-invite`, `invite/create`, ..."""
    return await api.rest("POST", f"{PATH}/events/{event}", **BOT, acting=acting, json={"guild_id": GUILD, **values})


async def joined(api: Api, user: int) -> None:
    response = await report(api, "join/check-invite", user)
    assert response.status_code == 200, response.text


async def left(api: Api, user: int) -> None:
    """Somebody leaves on Discord, and the bot says so."""
    await api.discord("DELETE", f"/control/guilds/{GUILD}/members/{user}")
    response = await report(api, "leave/check-invite", user)
    assert response.status_code == 200, response.text


async def take(api: Api, code: str, token: str = "sandbox-outsider") -> None:
    """Somebody joins by an invite on Discord."""
    await api.discord("POST", f"/api/v10/invites/{code}", headers={"authorization": f"Bearer {token}"})


async def make_on_discord(api: Api, token: str = "Bearer sandbox-owner", **values: Any) -> str:
    """Make an invite without Husqy; its code."""
    path, headers = f"/api/v10/channels/{GENERAL_CHANNEL}/invites", {"authorization": token}
    return (await api.discord("POST", path, headers=headers, json={"unique": True, **values}))["code"]


async def on_discord(api: Api) -> dict[str, dict[str, Any]]:
    """The invites that Discord has, by code."""
    found = await api.discord("GET", f"/api/v10/guilds/{GUILD}/invites", headers=DISCORD_BOT)
    return {each["code"]: each for each in found}


def allow_husqy(api: Api, permissions: int) -> None:
    """Let Husqy have nothing but these permissions in the guild, whatever everyone may."""
    assert api.program.sandbox is not None
    store = api.program.sandbox.state.store
    guild = store.get("guild", GUILD) or {}
    store.put(
        "guild", GUILD, {**guild, "roles": [{**role, "permissions": str(permissions)} for role in guild["roles"]]}
    )


def add_people(api: Api, number: int) -> list[int]:
    """People who are members of nothing yet."""
    assert api.program.sandbox is not None
    store = api.program.sandbox.state.store
    ids = [1300000000000001000 + index for index in range(number)]
    for user_id in ids:
        some = store.get("user", MEMBER) or {}
        store.put("user", user_id, {**some, "id": str(user_id), "username": f"person{user_id % 1000}"})
    return ids


async def take_as(api: Api, user: int, code: str) -> None:
    """Let one of the added people join by an invite."""
    assert api.program.sandbox is not None
    store = api.program.sandbox.state.store
    known = store.get("token", "sandbox-outsider") or {}
    store.put("token", f"token-{user}", {**known, "user_id": user})
    await take(api, code, f"token-{user}")
