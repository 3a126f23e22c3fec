"""API keys: made, copied, used, deleted; and never seen where they should not be."""

from __future__ import annotations

from functools import partial

import pytest

from husqy_graphql.api_keys.service import find_actor, rotate_keys
from husqy_graphql.core.key_ring import create_key_ring
from tests.conftest import FOREIGN_GUILD, GUILD, OWNER, QUIET_GUILD, Api

PATH = "/auth/api-key"


async def create(api: Api, guild: int = GUILD, token: str = "sandbox-owner") -> str:
    response = await api.rest("POST", PATH, token=token, json={"guild_id": guild})
    assert response.status_code == 200
    return response.json()["data"]["api_key"]["api_key"]


async def test_a_key_is_made_listed_and_deleted(api: Api) -> None:
    made = (await api.rest("POST", PATH, json={"guild_id": GUILD})).json()["data"]["api_key"]
    assert made["id"] == 1
    assert made["guild_id"] == str(GUILD)
    assert made["last_use"] is None
    assert made["api_key"].startswith("hq_")
    assert len(made["api_key"]) == 46

    second = await create(api, token="sandbox-admin")
    listed = (await api.rest("GET", f"{PATH}?guild_id={GUILD}")).json()["data"]["api_keys"]
    assert [key["api_key"] for key in listed] == [made["api_key"], second]

    deletion = {"guild_id": GUILD, "api_key": made["api_key"]}
    deleted = await api.rest("DELETE", PATH, json=deletion)
    assert deleted.status_code == 200
    assert deleted.json()["data"]["api_key"] == made
    assert (await api.rest("DELETE", PATH, json=deletion)).status_code == 404
    assert [key["id"] for key in await api.rows("api_keys")] == [2]


async def test_a_key_acts_as_an_administrator_of_its_own_guild(api: Api) -> None:
    key = await create(api)

    assert (await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)).status_code == 200
    change = {"guild_id": GUILD, "auto_delete": 7}
    assert (await api.rest("PUT", "/settings", token=key, json=change)).status_code == 200
    assert (await api.rest("GET", f"/settings?guild_id={QUIET_GUILD}", token=key)).status_code == 403
    assert (await api.rest("GET", f"/settings?guild_id={FOREIGN_GUILD}", token=key)).status_code == 403
    [entry] = [row for row in await api.rows("audit_log") if row["action"] == "guild.settings.update"]
    assert (entry["actor_kind"], entry["actor_user_id"]) == ("api_key", None)
    assert [guild["id"] for guild in (await api.data("{ guilds { id } }", token=key))["guilds"]] == [str(GUILD)]


async def test_a_key_is_also_taken_as_x_api_key(api: Api) -> None:
    key = await create(api)

    response = await api.http.get(f"/v1/settings?guild_id={GUILD}", headers={"x-api-key": key})

    assert response.status_code == 200


async def test_a_key_can_never_manage_keys(api: Api) -> None:
    key = await create(api)
    before = await api.everything()

    assert (await api.rest("GET", f"{PATH}?guild_id={GUILD}", token=key)).status_code == 403
    assert (await api.rest("POST", PATH, token=key, json={"guild_id": GUILD})).status_code == 403
    body = {"guild_id": GUILD, "api_key": key}
    assert (await api.rest("DELETE", PATH, token=key, json=body)).status_code == 403
    after = await api.everything()
    after["api_keys"][0]["last_use"] = before["api_keys"][0]["last_use"]
    assert after == before


@pytest.mark.parametrize("token", ["sandbox-member", "sandbox-outsider", "sandbox-service"])
async def test_only_administrators_in_person_manage_keys(api: Api, token: str) -> None:
    key = await create(api)
    before = await api.everything()
    acting = OWNER if token == "sandbox-service" else None

    for method, options in (
        ("GET", {"params": {"guild_id": GUILD}}),
        ("POST", {"json": {"guild_id": GUILD}}),
        ("DELETE", {"json": {"guild_id": GUILD, "api_key": key}}),
    ):
        assert (await api.rest(method, PATH, token=token, acting=acting, **options)).status_code == 403
    assert await api.everything() == before


async def test_a_deleted_key_is_refused_at_once(api: Api) -> None:
    key = await create(api)
    assert (await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)).status_code == 200

    await api.rest("DELETE", PATH, json={"guild_id": GUILD, "api_key": key})

    response = await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_key_of_another_guild_is_not_there(api: Api) -> None:
    key = await create(api, QUIET_GUILD)

    response = await api.rest("DELETE", PATH, json={"guild_id": GUILD, "api_key": key})

    assert response.status_code == 404
    assert len(await api.rows("api_keys")) == 1
    assert (await api.rest("POST", PATH, json={"guild_id": FOREIGN_GUILD})).status_code == 404


async def test_the_last_use_is_noted_once_a_minute(api: Api) -> None:
    key = await create(api)

    async def last_use() -> object:
        return (await api.rest("GET", f"{PATH}?guild_id={GUILD}")).json()["data"]["api_keys"][0]["last_use"]

    await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)
    assert await last_use() == "2026-03-01T12:00:00Z"
    api.clock.advance(seconds=59)
    await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)
    assert await last_use() == "2026-03-01T12:00:00Z"
    api.clock.advance(seconds=2)
    await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)
    assert await last_use() == "2026-03-01T12:01:01Z"


async def test_a_key_rests_encrypted_and_is_in_no_audit_row(api: Api) -> None:
    key = await create(api)
    await api.rest("DELETE", PATH, json={"guild_id": GUILD, "api_key": key})
    other = await create(api)

    stored = str(await api.everything())

    assert key not in stored
    assert other not in stored
    assert [row["target"] for row in await api.rows("audit_log")][-3:] == ["api key 1", "api key 1", "api key 2"]


async def test_graphql_pages_keys_and_deletes_one_by_id(api: Api) -> None:
    keys = [await create(api) for _ in range(3)]
    query = """query ($after: String) { guild(id: "1300000000000000001") {
      apiKeys(first: 2, after: $after) { nodes { id key databaseId } pageInfo { hasNextPage endCursor } } } }"""

    first = (await api.data(query))["guild"]["apiKeys"]
    assert [key["key"] for key in first["nodes"]] == keys[:2]
    assert first["pageInfo"]["hasNextPage"] is True
    rest = (await api.data(query, after=first["pageInfo"]["endCursor"]))["guild"]["apiKeys"]
    assert [key["key"] for key in rest["nodes"]] == keys[2:]
    assert rest["pageInfo"]["hasNextPage"] is False

    delete = """mutation ($id: ID!) { apiKeyDelete(guildId: "1300000000000000001", apiKey: {id: $id}) {
      apiKey { key } } }"""
    deleted = await api.data(delete, id=first["nodes"][0]["id"])
    assert deleted["apiKeyDelete"]["apiKey"]["key"] == keys[0]
    assert (await api.error(delete, id=first["nodes"][0]["id"]))["extensions"]["code"] == "NOT_FOUND"
    both = """mutation { apiKeyDelete(guildId: "1300000000000000001", apiKey: {id: "x", key: "y"}) {
      apiKey { key } } }"""
    assert (await api.error(both))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_keys_outlive_a_rotation_of_the_secrets(api: Api) -> None:
    key = await create(api)
    old, new = create_key_ring(["sandbox-secret-key"]), create_key_ring(["new"])
    both = create_key_ring(["new", "sandbox-secret-key"])
    resources = api.program.resources
    units = partial(api.program.worker.unit_of_work, "rotation")
    find = partial(find_actor, resources.reads, units, clock=api.clock, value=key)

    assert await find(key_ring=old) is not None
    assert await find(key_ring=both) is not None
    assert await find(key_ring=new) is None
    async with units() as uow:
        assert await rotate_keys(uow, both) == 1

    assert await find(key_ring=new) is not None
    assert await find(key_ring=old) is None
    [row] = await api.rows("api_keys")
    assert new.decrypt(row["encrypted"]) == key
