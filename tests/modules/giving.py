"""What the tests of giveaways have in common."""

from __future__ import annotations

from typing import Any

import httpx2
from sqlalchemy import select

from husqy_graphql.discord.sandbox.world import member
from husqy_graphql.modules.giveaways.models import Giveaway, GiveawayParticipant
from tests.conftest import GUILD, MEMBER, OWNER, Api
from tests.modules.helpers import GENERAL_CHANNEL, writes

PATH = "/modules/giveaways"
MISSING = "00000000-0000-4000-8000-000000000000"
HERE = {"guild_id": GUILD}
BOT: dict[str, Any] = {"token": "sandbox-service"}
AS_MEMBER: dict[str, Any] = {**BOT, "acting": MEMBER}
STRANGER = 1400000000000000000  # the first of a crowd


def body(**values: Any) -> dict[str, Any]:
    """A request to give something away for an hour."""
    return {
        **HERE,
        "channel_id": GENERAL_CHANNEL,
        "giveaway_owner_id": OWNER,
        "prize": "A bone",
        "winner_count": 1,
        "end_time": "1h",
        **values,
    }


async def give(api: Api, options: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Give something away over `/v1`: the `entry` of the answer."""
    response = await api.rest("POST", f"{PATH}/entries", json=body(**values), **(options or {}))
    assert response.status_code == 200, response.text
    return response.json()["data"]["entry"]


def path_of(entry: dict[str, Any], rest: str = "") -> str:
    return f"{PATH}/entries/{entry['giveaway_id']}{rest}"


async def press(api: Api, entry: dict[str, Any], button: str, user: int = MEMBER, **values: Any) -> httpx2.Response:
    """Let a member press `enter` or `leave`."""
    return await api.rest("POST", path_of(entry, f"/{button}"), json={**HERE, **values}, **{**BOT, "acting": user})


async def entered(api: Api, entry: dict[str, Any], *users: int) -> None:
    for user in users:
        response = await press(api, entry, "enter", user)
        assert response.status_code == 200, response.text


async def reroll(api: Api, entry: dict[str, Any], options: dict[str, Any] | None = None) -> httpx2.Response:
    return await api.rest("POST", path_of(entry, "/reroll"), json=HERE, **(options or {}))


async def read(api: Api, entry: dict[str, Any]) -> dict[str, Any]:
    """The giveaway as it is now."""
    response = await api.rest("GET", f"{path_of(entry)}?guild_id={GUILD}")
    assert response.status_code == 200, response.text
    return response.json()["data"]["entry"]


async def winners(api: Api, entry: dict[str, Any]) -> list[int]:
    joined = (await read(api, entry))["winners"]
    return [int(each) for each in joined.split(",")] if joined else []


async def entries(api: Api) -> list[dict[str, Any]]:
    response = await api.rest("GET", f"{PATH}/entries?guild_id={GUILD}")
    assert response.status_code == 200, response.text
    return response.json()["data"]["entries"]


async def crowd(api: Api, entry: dict[str, Any], number: int) -> list[int]:
    """Let so many strangers join the server and enter a giveaway."""
    users = [STRANGER + index for index in range(number)]
    assert api.program.sandbox is not None
    store = api.program.sandbox.state.store
    async with api.program.worker.unit_of_work("test") as uow:
        row = await uow.session.scalar(select(Giveaway).where(Giveaway.giveaway_id == entry["giveaway_id"]))
        assert row is not None
        for user_id in users:
            known = {"id": str(user_id), "username": f"u{user_id}", "global_name": None, "avatar": None, "bot": False}
            store.put("user", user_id, {**known, "discriminator": "0"})
            store.put("member", f"{GUILD}:{user_id}", member(GUILD, user_id, [], api.clock()))
            uow.session.add(GiveawayParticipant(guild_id=GUILD, giveaway_row_id=row.id, user_id=user_id))
            await uow.session.flush()
    return users


async def channel(api: Api) -> list[dict[str, Any]]:
    return await api.discord("GET", f"/control/channels/{GENERAL_CHANNEL}/messages")


async def message_of(api: Api, entry: dict[str, Any]) -> dict[str, Any] | None:
    """The message of a giveaway as it stands on Discord; None once it is gone."""
    return next((each for each in await channel(api) if each["id"] == entry["message_id"]), None)


async def shown(api: Api, entry: dict[str, Any]) -> dict[str, str]:
    """The fields of the message, and its title."""
    message = await message_of(api, entry)
    assert message is not None
    [embed] = message["embeds"]
    return {"title": embed["title"], **{each["name"]: each["value"] for each in embed["fields"]}}


async def notices(api: Api) -> list[str]:
    return [each["content"] for each in await channel(api) if "has ended:" in each["content"]]


async def edits(api: Api) -> int:
    """How often the bot has edited a message."""
    return sum(method == "PATCH" for method, _ in await writes(api))


async def job_kinds(api: Api) -> list[str]:
    return [row["kind"] for row in await api.rows("jobs")]
