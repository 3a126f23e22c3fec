"""kill -9 while members are verified, accept rules, and join: they get all their roles or can try again, and a prompt
stands exactly where an answer to it is waited for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from husqy_graphql.discord.sandbox.world import APPLICATION_ID
from tests.conftest import GUILD, MEMBER, OWNER
from tests.faults.kills import (
    DELETE,
    EDIT,
    SEND,
    At,
    Attempt,
    Call,
    Kill,
    Operation,
    asked,
    run_every_kill,
    run_kills,
)
from tests.faults.processes import Process, Stage
from tests.modules.helpers import GENERAL_CHANNEL
from tests.modules.welcoming import MEMBERS, MODERATORS

VERIFIER, RULES, WELCOMING = "verifier", "rules", "welcoming"
OPEN: Call = ("POST", "/users/@me/channels$")  # somebody's direct messages
GIVE: Call = ("PUT", f"/roles/{MODERATORS}$")
GIVE_MORE: Call = ("PUT", f"/roles/{MEMBERS}$")
TAKE: Call = ("DELETE", f"/roles/{MEMBERS}$")
LIST: Call = ("GET", "/members$")
PROMPT = Operation("prompt", [SEND, DELETE], "channel")
ACCEPT = Operation("accept", [TAKE, GIVE, EDIT])
OPERATIONS = {
    VERIFIER: [
        PROMPT,
        Operation("prompt", [OPEN, SEND, DELETE], "direct"),
        Operation("pass", [GIVE, GIVE_MORE, DELETE], "channel"),
        Operation("pass", [GIVE, GIVE_MORE, EDIT], "direct"),
    ],
    RULES: [Operation("send", [OPEN, SEND, EDIT]), ACCEPT],
    WELCOMING: [Operation("join", [GIVE]), Operation("stay", [LIST, GIVE])],
}
FEW = [(VERIFIER, Kill(PROMPT, At.BEFORE_ANSWER, SEND)), (RULES, Kill(ACCEPT, At.BEFORE_ANSWER, TAKE))]

Again = Callable[[], Awaitable[bool]]


async def verify(stage: Stage, process: Process, operation: Operation, _: str) -> Attempt:
    """An open verification, which another one replaces or the member passes."""
    path = f"/modules/{VERIFIER}"
    wanted = {"verifier_verified_role_ids": [MODERATORS, MEMBERS]}
    wanted["verifier_channel"] = GENERAL_CHANNEL if operation.kind == "channel" else None
    assert await asked(process, "PUT", f"{path}/settings", OWNER, **wanted)
    set_roles(stage, [])
    prompt = ("POST", f"{path}/event/create-verification", MEMBER)
    assert await asked(process, *prompt, requester="husqy")
    [entry] = await stage.rows("SELECT verifier_id FROM verifier_entries WHERE NOT is_verified")
    attempt = {"verifier_id": entry["verifier_id"], "interaction_type": "ComponentInteraction"}

    def begin(by: Process) -> Awaitable[bool]:
        if operation.name == "prompt":
            return asked(by, *prompt, requester="husqy")
        return asked(by, "POST", f"{path}/event/handle-verification", MEMBER, **attempt)

    async def check(acknowledged: bool) -> None:
        await check_prompts(stage)
        if operation.name == "pass":
            if await passed(stage, entry["verifier_id"]) == 0:
                assert not acknowledged
                assert await begin(stage.processes[-1])
                await stage.settled()
                await check_prompts(stage)
            assert await passed(stage, entry["verifier_id"]) == 1
            assert roles(stage) == {MODERATORS, MEMBERS}

    return Attempt(partial(begin, process), check)


async def check_prompts(stage: Stage) -> None:
    """One verification is open at most, and one prompt can be pressed: its own."""
    entries = await stage.rows("SELECT message_id FROM verifier_entries WHERE NOT is_verified")
    assert standing(stage, "vf:") == [entry["message_id"] for entry in entries]
    assert len(entries) <= 1


async def passed(stage: Stage, verifier_id: str) -> int:
    named = "SELECT id FROM verifier_entries WHERE verifier_id = :verifier_id AND is_verified"
    return len(await stage.rows(named, verifier_id=verifier_id))


async def agree(stage: Stage, process: Process, operation: Operation, text: str) -> Attempt:
    """Rules that a member got, who gets them anew or accepts them."""
    path = f"/modules/{RULES}"
    if not await stage.rows("SELECT id FROM rules_entries"):
        assert await asked(process, "POST", f"{path}/entries", OWNER, rule_text="Be kind.")
    both = {"rules_accepted_role_ids": [MODERATORS], "rules_denied_role_ids": [MEMBERS]}
    assert await asked(process, "PUT", f"{path}/settings", OWNER, **both)
    set_roles(stage, [MEMBERS])
    assert await asked(process, "POST", f"{path}/check/send", MEMBER)
    [entry] = await stage.rows("SELECT channel_id, message_id FROM rules_active_entries")
    click = {"interaction_custom_id": "rules:accept", "application_id": APPLICATION_ID}

    def begin(by: Process) -> Awaitable[bool]:
        if operation.name == "send":
            return asked(by, "POST", f"{path}/check/send", MEMBER)
        return asked(by, "POST", f"{path}/check/interaction", MEMBER, **entry, **click, interaction_id_token=text)

    async def check(acknowledged: bool) -> None:
        await check_rules(stage)
        if operation.name == "accept":
            if await stage.rows("SELECT id FROM rules_active_entries"):
                assert not acknowledged
                assert await begin(stage.processes[-1])
                await stage.settled()
                await check_rules(stage)
            assert await stage.rows("SELECT id FROM rules_active_entries") == []
            assert roles(stage) == {MODERATORS}

    return Attempt(partial(begin, process), check)


async def check_rules(stage: Stage) -> None:
    """One message at most waits for an answer, and one has buttons: the same."""
    entries = await stage.rows("SELECT message_id FROM rules_active_entries")
    assert standing(stage, "rules:") == [entry["message_id"] for entry in entries]
    assert len(entries) <= 1


async def welcome(stage: Stage, process: Process, operation: Operation, _: str) -> Attempt:
    """A role for everybody who joins, or who has been there for a while."""
    path = f"/modules/{WELCOMING}"
    joining = {"autorole_enabled": True, "autorole_role_ids": [MODERATORS]}
    wanted = joining if operation.name == "join" else {"timedroles_enabled": True}
    assert await asked(process, "PUT", f"{path}/settings", OWNER, **wanted)
    if operation.name == "stay" and not await stage.rows("SELECT id FROM welcoming_timed_roles"):
        assert await asked(process, "POST", f"{path}/timedroles", OWNER, role_id=MODERATORS, add_after=60)
    set_roles(stage, [])
    begin = partial(asked, method="POST", path=f"{path}/check/role/on-join", acting=MEMBER)
    if operation.name == "stay":
        begin = partial(asked, method="POST", path=f"{path}/check/role/timed", acting=OWNER)

    async def check(acknowledged: bool) -> None:
        if not acknowledged:
            assert await begin(stage.processes[-1])
        assert roles(stage) == {MODERATORS}

    return Attempt(partial(begin, process), check)


PREPARE = {VERIFIER: verify, RULES: agree, WELCOMING: welcome}


def standing(stage: Stage, custom_id: str) -> list[int]:
    """The messages with a button whose custom id begins like this."""
    return [int(each["id"]) for each in stage.discord.all_messages() if custom_id in str(each["components"])]


def roles(stage: Stage) -> set[int]:
    return {int(each) for each in _member(stage)["roles"]}


def set_roles(stage: Stage, role_ids: list[int]) -> None:
    """Let the member, who has been there for long, have these roles and no other one."""
    joined = {"joined_at": "2026-01-01T00:00:00+00:00"}
    member = {**_member(stage), **joined, "roles": [str(each) for each in role_ids]}
    stage.discord.state.store.put("member", f"{GUILD}:{MEMBER}", member)


def _member(stage: Stage) -> dict[str, Any]:
    member = stage.discord.state.store.get("member", f"{GUILD}:{MEMBER}")
    assert member is not None
    return member


@pytest.mark.parametrize(("module", "kill"), FEW, ids=str)
async def test_members_survive_a_few_kills(database_url: str, module: str, kill: Kill) -> None:
    await run_kills(database_url, module, PREPARE[module], [kill])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("module", "operation"),
    [(module, operation) for module, operations in OPERATIONS.items() for operation in operations],
    ids=str,
)
async def test_members_survive_every_kill(database_url: str, module: str, operation: Operation) -> None:
    await run_every_kill(database_url, module, PREPARE[module], operation)
