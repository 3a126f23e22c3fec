"""Every list costs the same number of statements, however long it is."""

from __future__ import annotations

import pytest

from tests.conftest import GUILD, Api
from tests.statements import counted

ENTITLE = """mutation ($id: Snowflake!) { guildEntitlementUpsert(guildId: "1300000000000000001",
  input: {entitlementId: $id, skuId: "1", type: PURCHASE}) { entitlement { id } } }"""
PAGE = f"""{{ guild(id: "{GUILD}") {{
  name settings {{ language }} modules {{ name }} entitlements {{ id }} premium
  roles {{ id }} channels {{ id }} members {{ nodes {{ id }} }}
  apiKeys(first: 100) {{ nodes {{ key }} }} auditLog(first: 100) {{ nodes {{ action }} }} }} }}"""
LISTS = {
    "guilds": "{ guilds { id active settings { language } entitlements { id } premium modules { enabled } } }",
    "members": f'{{ guild(id: "{GUILD}") {{ members {{ nodes {{ id preventDataCollection }} }} }} }}',
    "entitlements": f'{{ guild(id: "{GUILD}") {{ entitlements {{ id type }} }} }}',
    "apiKeys": f'{{ guild(id: "{GUILD}") {{ apiKeys(first: 100) {{ nodes {{ id key }} }} }} }}',
    "auditLog": f'{{ guild(id: "{GUILD}") {{ auditLog(first: 100) {{ nodes {{ id changes {{ field }} }} }} }} }}',
    "a page with everything": PAGE,
}


@pytest.mark.parametrize(("name", "most"), [*((name, 3) for name in LISTS if "page" not in name), (list(LISTS)[-1], 6)])
async def test_a_list_has_a_constant_number_of_statements(api: Api, name: str, most: int) -> None:
    async def statements() -> int:
        with counted(api) as seen:
            await api.data(LISTS[name])
        return len(seen)

    few = await statements()
    for number in range(20):
        await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})
        await api.data(ENTITLE, token="sandbox-service", id=str(number + 1))

    assert await statements() == few <= most
    assert few >= (1 if name != "members" else 0)


async def test_nodes_are_read_in_one_statement_for_each_type(api: Api) -> None:
    for _ in range(12):
        await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})
    page = await api.data(
        f'{{ guild(id: "{GUILD}") {{ apiKeys {{ nodes {{ id }} }} auditLog {{ nodes {{ id }} }} }} }}'
    )
    ids = [node["id"] for field in ("apiKeys", "auditLog") for node in page["guild"][field]["nodes"]]

    with counted(api) as seen:
        found = (await api.data("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids))["nodes"]
    assert [node["id"] for node in found] == ids
    assert len(ids) == 25
    assert len(seen) == 2
