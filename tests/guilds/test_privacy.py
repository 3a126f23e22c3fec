"""A member's own data: counted and deleted for that member alone."""

from __future__ import annotations

import pytest

from tests.conftest import ADMIN, FOREIGN_GUILD, GUILD, MEMBER, MEMBER_2, OUTSIDER, UNKNOWN_GUILD, Api

COUNT = "/privacy/get-user-entries"
DELETE = "/privacy/delete-user-entries"
REMEMBER = """mutation ($user: Snowflake!, $input: MemberUpdateInput!) {
  memberUpdate(guildId: "1300000000000000001", userId: $user, input: $input) { member { userId username avatar } } }"""
NAMES = {"username": "mia", "displayName": "Mia the Great", "globalName": "Mia", "nickname": "Mia the Great"}


async def remember(api: Api, user: int = MEMBER) -> None:
    await api.data(REMEMBER, token="sandbox-service", user=str(user), input=NAMES)


async def count(api: Api, token: str, acting: int | None = None, guild: int = GUILD, member: int = MEMBER) -> int:
    params = {"guild_id": guild, "privacy_member_id": member}
    return (await api.rest("GET", COUNT, token=token, acting=acting, params=params)).status_code


async def test_stored_values_are_counted_by_what_they_contain(api: Api) -> None:
    await remember(api)

    params = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    response = await api.rest("GET", COUNT, token="sandbox-member", params=params)

    assert response.status_code == 200
    entries = response.json()["data"]
    # Discord shows her as "Mia", which is a word of three stored names.
    assert entries["display_name"] == 3
    assert entries["global_name"] == 3
    assert entries["nickname"] == 2
    assert entries["username"] >= 1
    assert entries["id"] == 1


async def test_the_bot_may_ask_for_the_member_and_nobody_else_may(api: Api) -> None:
    assert await count(api, "sandbox-member") == 200
    assert await count(api, "sandbox-service", acting=MEMBER) == 200
    assert await count(api, "sandbox-service") == 403
    assert await count(api, "sandbox-service", acting=ADMIN) == 403
    assert await count(api, "sandbox-owner") == 403
    assert await count(api, "sandbox-member-2") == 403
    key = (await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})).json()["data"]["api_key"]["api_key"]
    assert await count(api, key) == 403


async def test_a_guild_that_is_not_known_is_forbidden_or_not_found(api: Api) -> None:
    assert await count(api, "sandbox-outsider", member=OUTSIDER) == 403
    assert await count(api, "sandbox-member", guild=UNKNOWN_GUILD) == 403
    assert await count(api, "sandbox-service", acting=MEMBER, guild=FOREIGN_GUILD) == 404


async def test_deletion_blanks_what_is_cached_and_keeps_the_choice(api: Api) -> None:
    await remember(api)
    await remember(api, MEMBER_2)
    choose = """mutation ($user: Snowflake!) { memberDataCollectionSet(
      guildId: "1300000000000000001", userId: $user, input: {prevented: true}) { member { userId } } }"""
    await api.data(choose, token="sandbox-service", user=str(MEMBER))
    body = {"guild_id": GUILD, "privacy_member_id": MEMBER}

    response = await api.rest("DELETE", DELETE, token="sandbox-service", acting=MEMBER, json=body)

    assert response.status_code == 200
    assert set(response.json()["data"]) == {"message"}
    member, other = await api.rows("guild_members")
    assert (member["username"], member["nickname"], member["user_id"]) == (None, None, MEMBER)
    assert bool(member["prevent_data_collection"]) is True
    assert other["username"] == "mia"
    assert (await api.rest("DELETE", DELETE, token="sandbox-member", json=body)).status_code == 200


@pytest.mark.parametrize("token", ["sandbox-owner", "sandbox-member-2", "sandbox-service"])
async def test_nobody_deletes_the_data_of_others(api: Api, token: str) -> None:
    await remember(api)
    before = await api.everything()

    response = await api.rest("DELETE", DELETE, token=token, json={"guild_id": GUILD, "privacy_member_id": MEMBER})

    assert response.status_code == 403
    assert await api.everything() == before


async def test_the_audit_log_holds_no_data_of_members(api: Api) -> None:
    await remember(api)
    body = {"guild_id": GUILD, "privacy_member_id": MEMBER}
    await api.rest("DELETE", DELETE, token="sandbox-service", acting=MEMBER, json=body)

    rows = str([{**row, "actor_user_id": None} for row in await api.rows("audit_log")])

    assert "mia" not in rows.lower()
    assert str(MEMBER) not in rows
