"""What every module has in common, over every module that exists."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from husqy_graphql.core.log_events import LogCategory, LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.modules import MODULES
from tests.conftest import GUILD, MEMBER, QUIET_GUILD, Api
from tests.modules.helpers import enable, refused
from tests.serving import graphql_socket, served, until

BUILT = [name.value for name in MODULES]
SOURCE = Path(__file__).parents[2] / "husqy_graphql"
# Raised by the bot over `/events/check`: what it sees at Discord's gateway, and what its own commands do.
BY_THE_BOT = {
    LogCategory.CHANNEL, LogCategory.ROLE, LogCategory.USER, LogCategory.MISC, LogCategory.UTILS,
}  # fmt: skip
BOT_EVENTS = {LogEvent.INFO, LogEvent.HELP, LogEvent.ERRORS}


@pytest.mark.parametrize("module", BUILT)
async def test_a_module_is_switched_on_once_and_off_once(api: Api, module: str) -> None:
    path, body = f"/modules/{module}", {"guild_id": GUILD}
    assert (await api.rest("GET", f"{path}/status?guild_id={GUILD}")).json() == {"data": {"status": False}}
    await refused(api, 409, "POST", f"{path}/disable", json=body)

    await enable(api, module)
    await refused(api, 409, "POST", f"{path}/enable", json=body)
    assert (await api.rest("GET", f"{path}/status?guild_id={GUILD}")).json() == {"data": {"status": True}}
    assert (await api.rest("GET", f"{path}/status?guild_id={QUIET_GUILD}")).json() == {"data": {"status": False}}

    assert (await api.rest("POST", f"{path}/disable", json=body)).status_code == 200
    await refused(api, 409, "POST", f"{path}/disable", json=body)
    actions = [
        (row["action"], row["target"]) for row in await api.rows("audit_log") if row["action"].startswith("module.")
    ]
    assert actions == [("module.enable", module), ("module.disable", module)]


@pytest.mark.parametrize("module", BUILT)
async def test_of_twenty_at_once_one_wins(api: Api, module: str) -> None:
    for path in ("enable", "disable"):
        answers = await asyncio.gather(
            *(api.rest("POST", f"/modules/{module}/{path}", json={"guild_id": GUILD}) for _ in range(20))
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19


@pytest.mark.parametrize("module", BUILT)
async def test_a_purge_needs_something_to_purge(api: Api, module: str) -> None:
    path, body = f"/modules/{module}/settings", {"guild_id": GUILD}
    if MODULES[ModuleName(module)].may_be_empty:
        return  # see its own tests
    await refused(api, 404, "DELETE", path, json=body)
    await enable(api, module)
    assert (await api.rest("DELETE", path, token="sandbox-service", json=body)).status_code == 200
    assert (await api.rest("GET", f"/modules/{module}/status?guild_id={GUILD}")).json()["data"]["status"] is False
    await refused(api, 404, "DELETE", path, json=body)


@pytest.mark.parametrize("module", BUILT)
async def test_privacy_works_while_the_module_is_off(api: Api, module: str) -> None:
    options = {"token": "sandbox-service", "acting": MEMBER}
    query = f"/modules/{module}/privacy/get-user-entries?guild_id={GUILD}&privacy_member_id={MEMBER}"
    assert set((await api.rest("GET", query, **options)).json()["data"].values()) == {0}
    body = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    deleted = await api.rest("DELETE", f"/modules/{module}/privacy/delete-user-entries", json=body, **options)
    assert list(deleted.json()["data"]) == ["message"]


@pytest.mark.parametrize("module", BUILT)
async def test_a_subscriber_of_the_module_hears_of_it(api: Api, module: str) -> None:
    name = ModuleName(module).name
    watch = f'subscription {{ guildChanged(guildId: "{GUILD}", modules: [{name}]) {{ action module }} }}'
    async with served(api.program) as address, graphql_socket(address) as socket:
        await socket.initialise()
        await socket.subscribe("1", watch)
        await until(lambda: api.program.resources.events.subscribers == 1)
        await enable(api, module)
        change = (await socket.receive())["payload"]["data"]["guildChanged"]
        assert change == {"action": "MODULE_ENABLE", "module": name}


async def test_a_module_that_is_not_there_yet_is_told(api: Api) -> None:
    missing = [name for name in ModuleName if name not in MODULES]
    for name in missing[:1]:
        error = await api.error(
            f'mutation {{ moduleEnable(guildId: "{GUILD}", module: {name.name}) {{ guild {{ id }} }} }}'
        )
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


def test_every_live_event_of_a_module_that_exists_is_raised_by_it() -> None:
    for event in LogEvent:
        if event.dormant or event in BOT_EVENTS or event.category in BY_THE_BOT:
            continue
        if event.category is LogCategory.GENERAL:
            folders = [SOURCE]
        elif ModuleName(event.category.value) in MODULES:
            folders = [SOURCE / "modules" / event.category.value]
        else:
            continue  # pending: its module is not there yet
        text = "".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py"))
        assert re.search(rf"LogEvent\.{event.name}\b", text), event


def test_every_metric_of_a_module_that_exists_is_counted_by_it() -> None:
    for metric in Metric:
        parts = metric.value.split("/")
        if parts[0] != "modules" or ModuleName(parts[1].replace("-", "_")) not in MODULES:
            continue
        folder = SOURCE / "modules" / parts[1].replace("-", "_")
        text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
        assert re.search(rf"Metric\.{metric.name}\b", text), metric
