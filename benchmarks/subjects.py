"""Who is measured, and what each of them is asked: the same work in the words of each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.load import Call
from benchmarks.world import World, verifier_id
from husqy_graphql.discord.sandbox.world import DEMO_GUILD

ROW, LIST, UPDATE = "one row", "list", "settings update"
READS = (ROW, LIST)
# The values that an update goes through, each another one than the one before.
UPDATES = 900

_ENTRY = "databaseId guildId verifierId userId verified messageId channelId createdAt"
_ROW_DOCUMENT = f"query Entry($id: ID!) {{ entry: verifierEntry(verifierId: $id) {{ {_ENTRY} }} }}"
_LIST_DOCUMENT = f"""query Entries($guild: Snowflake!, $first: Int!) {{
  guild(id: $guild) {{ entries: verifierEntries(first: $first) {{ nodes {{ {_ENTRY} }} }} }}
}}"""
_UPDATE_DOCUMENT = """mutation Update($guild: Snowflake!, $seconds: AutoDeleteSeconds!) {
  guildSettingsUpdate(guildId: $guild, input: {autoDelete: $seconds}) {
    settings { databaseId guildId language timeZone unitSystem autoDelete }
  }
}"""


@dataclass(frozen=True, slots=True)
class Program:
    """A server process: the command that starts it on a port, and its environment."""

    key: str
    command: Callable[[World, int], list[str]]
    environment: Callable[[World, int], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """One row of the table: a way into a program. `data` takes the common value out of an answer to a work."""

    key: str
    title: str
    program: Program
    calls: Callable[[World], Mapping[str, Call]]
    data: Callable[[str, Any], Any]
    postgres_only: bool = False


def graphql_call(document: str, variables: Mapping[str, Any], numbers: int = 0) -> Call:
    """A POST of a document in full, as clients send it; `"@n@"` among the variables becomes a number."""
    body = json.dumps({"query": document, "variables": variables}).replace('"@n@"', "@n@")
    return Call("POST", "/graphql", body, numbers)


def rest_calls(world: World) -> Mapping[str, Call]:
    """The works as requests of the REST API."""
    path = "/v1/modules/verifier/entries"
    return {
        ROW: Call("GET", f"{path}/{verifier_id(_middle(world))}?guild_id={DEMO_GUILD}"),
        LIST: Call("GET", f"{path}?guild_id={DEMO_GUILD}"),
        UPDATE: Call("PUT", "/v1/settings", f'{{"guild_id":"{DEMO_GUILD}","auto_delete":@n@}}', UPDATES),
    }


def graphql_calls(world: World) -> Mapping[str, Call]:
    """The works as documents of our schema."""
    guild = str(DEMO_GUILD)
    return {
        ROW: graphql_call(_ROW_DOCUMENT, {"id": verifier_id(_middle(world))}),
        LIST: graphql_call(_LIST_DOCUMENT, {"guild": guild, "first": world.rows}),
        UPDATE: graphql_call(_UPDATE_DOCUMENT, {"guild": guild, "seconds": "@n@"}, UPDATES),
    }


def _middle(world: World) -> int:
    return (world.rows + 1) // 2


def _rest_data(work: str, answer: Any) -> Any:
    return answer["data"][{ROW: "entry", LIST: "entries", UPDATE: "settings"}[work]]


def _graphql_data(work: str, answer: Any) -> Any:
    if answer.get("errors"):
        return answer["errors"]
    data = answer["data"]
    match work:
        case "one row":
            return data["entry"]
        case "list":
            return data["guild"]["entries"]["nodes"]
        case _:
            return data["guildSettingsUpdate"]["settings"]


def _uvicorn(module: str) -> Callable[[World, int], list[str]]:
    def command(_: World, port: int) -> list[str]:
        options = ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log"]
        return [sys.executable, "-m", "uvicorn", f"benchmarks.peers.{module}:app", *options, "--log-level", "warning"]

    return command


def _peer_environment(world: World, _: int) -> dict[str, str]:
    return {"BENCH_DATABASE_URL": world.database_url, "BENCH_ANSWERS": str(world.folder / "answers.json")}


def _serve(_: World, __: int) -> list[str]:
    return [sys.executable, "-c", "from husqy_graphql.cli import main; main()", "serve"]


OURS = Program("ours", _serve, lambda world, port: {**world.environment, "HUSQY_PORT": str(port)})
SUBJECTS = (
    Subject("raw", "a constant", Program("raw", _uvicorn("raw"), _peer_environment), rest_calls, _rest_data),
    Subject(
        "hand-written",
        "Starlette + SQLAlchemy Core + orjson",
        Program("hand-written", _uvicorn("hand_written"), _peer_environment),
        rest_calls,
        _rest_data,
    ),
    Subject("v1", "ours, /v1", OURS, rest_calls, _rest_data),
    Subject("graphql", "ours, /graphql", OURS, graphql_calls, _graphql_data),
)
