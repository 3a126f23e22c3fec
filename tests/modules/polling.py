"""What the tests of polls have in common."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.conftest import GUILD, MEMBER, OWNER, Api
from tests.modules.helpers import GENERAL_CHANNEL, writes

PATH = "/modules/polls"
MISSING = "00000000-0000-4000-8000-000000000000"
BOT: dict[str, Any] = {"token": "sandbox-service"}
AS_MEMBER: dict[str, Any] = {**BOT, "acting": MEMBER}
BUTTONS, EMOJI, DROPDOWN = 2, 1, 3
DISCORD, HUSQY = 1, 2


def answers(*texts: str, **values: Any) -> list[dict[str, Any]]:
    """Answers with labels."""
    return [{"answer_text": text, "label": text, **values} for text in texts]


def emoji_answers(*emojis: str) -> list[dict[str, Any]]:
    return [{"answer_text": f"answer {emoji}", "emoji_name": emoji} for emoji in emojis]


def body(**values: Any) -> dict[str, Any]:
    """A request to ask something by buttons, without an end."""
    return {
        "guild_id": GUILD,
        "channel_id": GENERAL_CHANNEL,
        "poll_type": HUSQY,
        "poll_answer_type": BUTTONS,
        "question": "Pizza?",
        "answers": answers("Yes", "No"),
        "is_multi_select": False,
        "is_anonymous": False,
        "max_votes_per_answer": 1,
        "poll_owner_id": OWNER,
        **values,
    }


async def ask(api: Api, options: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Ask something over `/v1`: the `entry` and the `answers` of the answer."""
    response = await api.rest("POST", f"{PATH}/entries", json=body(**values), **(options or {}))
    assert response.status_code == 200, response.text
    return response.json()["data"]


def vote_body(poll: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {
        "guild_id": GUILD,
        "poll_id": poll["entry"]["poll_id"],
        "channel_id": int(poll["entry"]["channel_id"]),
        "interacted_message_id": int(poll["entry"]["message_id"]),
        "action": "add",
        "answer_id": 1,
        **values,
    }


async def vote(api: Api, poll: dict[str, Any], user: int = MEMBER, **values: Any) -> httpx2.Response:
    """Let a member vote for the first answer, or as `values` say."""
    return await api.rest("POST", f"{PATH}/entry/vote", json=vote_body(poll, **values), **{**BOT, "acting": user})


async def voted(api: Api, poll: dict[str, Any], user: int = MEMBER, **values: Any) -> None:
    response = await vote(api, poll, user, **values)
    assert response.status_code == 200, response.text


def path_of(poll: dict[str, Any], rest: str = "") -> str:
    return f"{PATH}/entries/{poll['entry']['poll_id']}{rest}"


async def read(api: Api, poll: dict[str, Any]) -> dict[str, Any]:
    """The poll as it is now."""
    response = await api.rest("GET", f"{path_of(poll)}?guild_id={GUILD}")
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def votes(api: Api, poll: dict[str, Any]) -> list[str | None]:
    """The votes of its answers, as `/v1` writes them."""
    return [each["votes"] for each in (await read(api, poll))["answers"]]


async def message_of(api: Api, poll: dict[str, Any]) -> dict[str, Any] | None:
    """The message of a poll as it stands on Discord; None once it is gone."""
    messages = await api.discord("GET", f"/control/channels/{poll['entry']['channel_id']}/messages")
    return next((each for each in messages if each["id"] == poll["entry"]["message_id"]), None)


async def standing_message(api: Api, poll: dict[str, Any]) -> dict[str, Any]:
    message = await message_of(api, poll)
    assert message is not None
    return message


async def messages_sent(api: Api) -> int:
    """How many messages the bot has sent."""
    return sum(method == "POST" and path.endswith("/messages") for method, path in await writes(api))


async def effects(api: Api, guild: int = GUILD) -> list[tuple[str, str]]:
    """What is still to be done on Discord, and where it stands."""
    query = "query ($guild: Snowflake!) { guild(id: $guild) { effects { nodes { action state } } } }"
    found = (await api.data(query, guild=str(guild)))["guild"]["effects"]["nodes"]
    return [(each["action"], each["state"]) for each in found]
