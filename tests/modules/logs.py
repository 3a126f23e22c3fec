"""What the tests of the logging module share."""

from __future__ import annotations

from typing import Any

from tests.conftest import GUILD, MEMBER, Api
from tests.modules.helpers import channel_messages

PATH = "/modules/logging"
SETTINGS = {"guild_id": GUILD}


async def logs(api: Api) -> list[str]:
    """What stands in the logs channel, without the times."""
    settings = (await api.rest("GET", f"{PATH}/settings?guild_id={GUILD}")).json()["data"]["settings"]
    contents = [message["content"] for message in await channel_messages(api, settings["logs_channel_id"])]
    return [line.partition(" - ")[2] or line for content in contents for line in content.split("\n")]


async def check(api: Api, acting: int | None = MEMBER, **info: Any) -> Any:
    return await api.rest(
        "POST",
        f"{PATH}/events/check",
        token="sandbox-service",
        acting=acting,
        json={"guild_id": GUILD, "event_info": {"success": True, **info}},
    )


async def update(api: Api, **changes: Any) -> dict[str, Any]:
    response = await api.rest("PUT", f"{PATH}/settings", json={"guild_id": GUILD, **changes})
    assert response.status_code == 200, response.text
    return response.json()["data"]["settings"]
