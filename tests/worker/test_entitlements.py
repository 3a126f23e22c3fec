"""The worker mirrors what Discord says of entitlements."""

from __future__ import annotations

from typing import Any

from husqy_graphql.worker.entitlements import sync_entitlements
from tests.conftest import FOREIGN_GUILD, GUILD, Api

APPLICATION = "/sandbox/discord/api/v10/applications/1300000000000000109/entitlements"
BOT = {"authorization": "Bot sandbox-bot"}


async def buy(api: Api, guild: int) -> dict[str, Any]:
    body = {"sku_id": "9", "owner_id": str(guild), "owner_type": 1}
    return (await api.http.post(APPLICATION, json=body, headers=BOT)).json()


async def test_new_and_taken_back_entitlements_are_mirrored_once(api: Api) -> None:
    bought = await buy(api, GUILD)
    await buy(api, FOREIGN_GUILD)  # Husqy is not there

    assert await sync_entitlements(api.program.worker) == 1
    assert await sync_entitlements(api.program.worker) == 0
    [row] = await api.rows("guild_entitlements")
    assert (row["guild_id"], row["entitlement_id"], bool(row["deleted"])) == (GUILD, int(bought["id"]), False)
    assert (await api.data(f'{{ guild(id: "{GUILD}") {{ premium }} }}'))["guild"]["premium"] is True

    await api.http.delete(f"{APPLICATION}/{bought['id']}", headers=BOT)
    assert await sync_entitlements(api.program.worker) == 1
    assert (await api.data(f'{{ guild(id: "{GUILD}") {{ premium }} }}'))["guild"]["premium"] is False
    [*_, entry] = await api.rows("audit_log")
    assert (entry["actor_kind"], entry["actor_user_id"]) == ("service", None)
    assert entry["request_id"].startswith("entitlements-")
