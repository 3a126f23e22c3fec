"""What everybody is asked: the same work in the words of REST, of our schema, and of PostGraphile's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from benchmarks.load import Call
from benchmarks.world import World, verifier_id
from husqy_graphql.discord.sandbox.world import DEMO_GUILD, QUIET_GUILD

ROW, LIST, UPDATE = "one row", "list", "settings update"
READS = (ROW, LIST)
WORKS = (*READS, UPDATE)
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

_AMBER_ENTRY = "databaseId: rowId guildId verifierId userId verified: isVerified messageId channelId createdAt"
_AMBER_ROW_DOCUMENT = (
    f"query Entry($id: String!) {{ entry: verifierEntryByVerifierId(verifierId: $id) {{ {_AMBER_ENTRY} }} }}"
)
_AMBER_LIST_DOCUMENT = f"""query Entries($guild: BigInt!, $first: Int!) {{
  guild: guildSettingByGuildId(guildId: $guild) {{
    moduleVerifier entries: verifierEntriesByGuildId(first: $first) {{ nodes {{ {_AMBER_ENTRY} }} }}
  }}
}}"""

# The fields of an entry, as REST and as GraphQL call them.
_REST_FIELDS = (
    "id",
    "guild_id",
    "verifier_id",
    "user_id",
    "is_verified",
    "verify_message_id",
    "verify_channel_id",
    "timestamp",
)
_GRAPHQL_FIELDS = (
    "databaseId",
    "guildId",
    "verifierId",
    "userId",
    "verified",
    "messageId",
    "channelId",
    "createdAt",
)


def graphql_call(document: str, variables: Mapping[str, Any], numbers: int = 0) -> Call:
    """A POST of a document in full, as clients send it; `"@n@"` among the variables becomes a number."""
    body = json.dumps({"query": document, "variables": variables}).replace('"@n@"', "@n@")
    return Call("POST", "/graphql", body, numbers)


def rest_calls(world: World) -> Mapping[str, Call]:
    """The works as requests of the REST API."""
    path = "/v1/modules/verifier/entries"
    return {
        ROW: Call("GET", f"{path}/{_middle(world)}?guild_id={DEMO_GUILD}"),
        LIST: Call("GET", f"{path}?guild_id={DEMO_GUILD}"),
        # Of the guild without modules: a logging module would have its own work with every change.
        UPDATE: Call("PUT", "/v1/settings", f'{{"guild_id":"{QUIET_GUILD}","auto_delete":@n@}}', UPDATES),
    }


def graphql_calls(world: World) -> Mapping[str, Call]:
    """The works as documents of our schema."""
    return {
        ROW: graphql_call(_ROW_DOCUMENT, {"id": _middle(world)}),
        LIST: graphql_call(_LIST_DOCUMENT, {"guild": str(DEMO_GUILD), "first": world.rows}),
        UPDATE: graphql_call(_UPDATE_DOCUMENT, {"guild": str(QUIET_GUILD), "seconds": "@n@"}, UPDATES),
    }


def amber_calls(world: World) -> Mapping[str, Call]:
    """The reads as documents of the schema that PostGraphile makes out of the tables."""
    return {
        ROW: graphql_call(_AMBER_ROW_DOCUMENT, {"id": _middle(world)}),
        LIST: graphql_call(_AMBER_LIST_DOCUMENT, {"guild": str(DEMO_GUILD), "first": world.rows}),
    }


def rest_value(work: str, answer: Any) -> Any:
    """What a REST answer says, in values that can be compared with those of other kinds of answers."""
    data = answer["data"]
    match work:
        case "one row":
            return _entry(data["entry"], _REST_FIELDS)
        case "list":
            return [_entry(each, _REST_FIELDS) for each in data["entries"]]
        case _:
            return int(data["settings"]["auto_delete"])


def graphql_value(work: str, answer: Any) -> Any:
    """The same for a GraphQL answer; the errors, where there are any."""
    if answer.get("errors"):
        return answer["errors"]
    data = answer["data"]
    match work:
        case "one row":
            return _entry(data["entry"], _GRAPHQL_FIELDS)
        case "list":
            return [_entry(each, _GRAPHQL_FIELDS) for each in data["guild"]["entries"]["nodes"]]
        case _:
            return data["guildSettingsUpdate"]["settings"]["autoDelete"]


def _middle(world: World) -> str:
    return verifier_id((world.rows + 1) // 2)


def _entry(found: Any, fields: tuple[str, ...]) -> tuple[object, ...]:
    row_id, *values, at = (found[field] for field in fields)
    return int(row_id), *values, datetime.fromisoformat(at)
