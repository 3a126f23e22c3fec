"""What the tests of reminders have in common."""

from __future__ import annotations

from typing import Any

from husqy_graphql.db.guilds import lock_guild
from husqy_graphql.discord.sandbox.world import APPLICATION_ID
from tests.conftest import GUILD, MEMBER, Api
from tests.modules import helpers
from tests.modules.helpers import GENERAL_CHANNEL, channel_messages, writes

PATH = "/modules/reminders"
MISSING = "00000000-0000-4000-8000-000000000000"
BOT = {"token": "sandbox-service"}
AS_MEMBER: dict[str, Any] = {**BOT, "acting": MEMBER}
QUICK, REPEATED, SCHEDULED = 1, 2, 3
HOURLY = {"schedule_type": "interval", "hours": 1}


def body(kind: int = QUICK, **values: Any) -> dict[str, Any]:
    """A request to set a reminder that comes in ten minutes, or each hour."""
    said = {"title": "Walk the dog"} if kind == QUICK else {"content": "Woof"}
    when = HOURLY if kind == REPEATED else {"duration": "10m"}
    common = {"guild_id": GUILD, "reminder_type": kind, "schedule_details": when, "destination_id": GENERAL_CHANNEL}
    return {**common, **said, **values}


async def create(api: Api, kind: int = QUICK, options: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    """Set a reminder over `/v1`; quick ones as a member."""
    options = options or (AS_MEMBER if kind == QUICK else {})
    response = await api.rest("POST", f"{PATH}/entries", json=body(kind, **values), **options)
    assert response.status_code == 200, response.text
    return response.json()["data"]["reminder"]


def entry_path(reminder: dict[str, Any], rest: str = "") -> str:
    return f"{PATH}/entries/{reminder['reminder_id']}{rest}"


async def entries(api: Api, **query: Any) -> list[dict[str, Any]]:
    response = await api.rest("GET", f"{PATH}/entries", params={"guild_id": GUILD, **query})
    assert response.status_code == 200, response.text
    return response.json()["data"]["reminders"]


async def interact(api: Api, reminder: dict[str, Any], action: str, token: str | None = None, **values: Any) -> Any:
    """Press a button of a reminder, as its owner unless `acting` is somebody else."""
    options = {**BOT, "acting": values.pop("acting", MEMBER)}
    request = {"guild_id": GUILD, "action": action, **values}
    if token is not None:
        request |= {"application_id": APPLICATION_ID, "token": token}
    return await api.rest("POST", entry_path(reminder, "/interact"), json=request, **options)


async def sent(api: Api, channel_id: int | str = GENERAL_CHANNEL) -> list[dict[str, Any]]:
    return await channel_messages(api, channel_id)


async def contents(api: Api) -> list[str]:
    return [each["content"] for each in await sent(api)]


async def row(api: Api) -> dict[str, Any]:
    """The only reminder there is."""
    [found] = await api.rows("reminders")
    return found


async def refused(api: Api, status: int, method: str, path: str, **options: Any) -> dict[str, Any]:
    """The problem of a request that must be refused, with no row changed and nothing changed on Discord. Only while the
    logging module is off."""
    before = await writes(api)
    problem = await helpers.refused(api, status, method, path, **options)
    assert await writes(api) == before
    return problem


async def refused_creation(api: Api, status: int, options: dict[str, Any] | None = None, **values: Any) -> Any:
    """The same for a reminder; the pointers and details of the problem."""
    kind = values.pop("reminder_type", QUICK)
    options = options or (AS_MEMBER if kind == QUICK else {})
    problem = await refused(api, status, "POST", f"{PATH}/entries", json=body(kind, **values), **options)
    return {each["pointer"]: each["detail"] for each in problem.get("errors") or ()}


async def keep_statistics(api: Api) -> None:
    """Let the guild keep statistics."""
    async with api.program.worker.unit_of_work("test") as uow:
        settings = await lock_guild(uow.session, GUILD)
        assert settings is not None
        settings.module_serverstats = True


async def metrics(api: Api) -> list[tuple[str, int | None]]:
    """What was counted, and about whom."""
    return [(each["metric"], each["user_id"]) for each in await api.rows("statistics_journal")]


async def dm_channel(api: Api, user: int = MEMBER) -> int:
    return await api.program.resources.bot.open_dm(user)


async def send(api: Api, reminder: dict[str, Any]) -> Any:
    return await api.rest("POST", entry_path(reminder, "/send"), json={"guild_id": GUILD}, **BOT)
