"""What the tests of the verifier have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from tests.conftest import GUILD, MEMBER, Api

BASE = "/modules/verifier"
CHANNEL = 1300000000000000311  # general
MEMBERS, MODERATORS, INTEGRATION = 1300000000000000201, 1300000000000000202, 1300000000000000203
ADMINS = 1300000000000000205  # above Husqy's own role
EPHEMERAL = 64
READS = {"GET", "HEAD"}


async def put(api: Api, **settings: Any) -> dict[str, Any]:
    """Change settings by the contract's names without `verifier_`; the row."""
    response = await change(api, **settings)
    assert response.status_code == 200, response.text
    return response.json()["data"]["settings"]


async def change(api: Api, **settings: Any) -> httpx2.Response:
    body = {"guild_id": GUILD, **{f"verifier_{name}": value for name, value in settings.items()}}
    return await api.rest("PUT", f"{BASE}/settings", json=body)


async def enabled(api: Api, **settings: Any) -> dict[str, Any]:
    """Switch the verifier on, with these settings; the row."""
    response = await api.rest("POST", f"{BASE}/enable", json={"guild_id": GUILD})
    assert response.status_code == 200, response.text
    return await put(api, **settings) if settings else response.json()["data"]["settings"]


async def create(api: Api, user: int | None = MEMBER, requester: Any = "husqy", **body: Any) -> httpx2.Response:
    given = {"guild_id": GUILD, "requester": requester, **body}
    return await api.rest("POST", f"{BASE}/event/create-verification", token="sandbox-service", acting=user, json=given)


async def opened(api: Api, user: int = MEMBER) -> str:
    """Send a member a prompt; the `verifier_id`."""
    response = await create(api, user)
    assert response.status_code == 200, response.text
    [entry] = [row for row in await api.rows("verifier_entries") if row["user_id"] == user and not row["is_verified"]]
    return entry["verifier_id"]


async def handle(
    api: Api,
    verifier_id: str,
    kind: str | None = "ComponentInteraction",
    *,
    user: int | None = MEMBER,
    caller: str = "sandbox-service",
    **body: Any,
) -> httpx2.Response:
    given = {"verifier_id": verifier_id, "interaction_type": kind, **body}
    acting = user if caller == "sandbox-service" else None
    return await api.rest("POST", f"{BASE}/event/handle-verification", token=caller, acting=acting, json=given)


def click(token: str = "click") -> dict[str, Any]:
    """The interaction of a click."""
    return {"interaction_id": 1, "token": token}


async def answered(api: Api, token: str = "click") -> dict[str, Any]:
    """What an interaction was answered."""
    return await api.discord("GET", f"/interactions/{token}")


async def posted(api: Api, channel: int) -> list[dict[str, Any]]:
    """The messages of a channel, the oldest first."""
    return await api.discord("GET", f"/control/channels/{channel}/messages")


async def dm_of(api: Api, row: int = -1) -> int:
    """The channel of a prompt, by default of the newest."""
    return (await api.rows("verifier_entries"))[row]["channel_id"]


async def roles_of(api: Api, user: int = MEMBER, guild: int = GUILD) -> set[int]:
    member = await api.program.resources.bot.member(guild, user)
    return set(member.role_ids) if member else set()


async def writes(api: Api) -> list[dict[str, Any]]:
    """What Discord was asked to change so far."""
    return [call for call in await api.calls() if call["method"] not in READS]


async def lines(api: Api) -> list[str]:
    """The lines of the logs channel, once all are written."""
    [row] = await api.rows("module_logging")
    assert await api.program.resources.log_queue.wait(GUILD, 5)
    said = await posted(api, row["logs_channel_id"])
    return [line for each in said for line in each["content"].splitlines()]


async def log(api: Api) -> None:
    """Switch logging on."""
    assert (await api.rest("POST", "/modules/logging/enable", json={"guild_id": GUILD})).status_code == 200


def error_of(response: httpx2.Response) -> Mapping[str, str]:
    """Pointer -> detail of a refusal."""
    return {each["pointer"]: each["detail"] for each in response.json().get("errors", ())}
