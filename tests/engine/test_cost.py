"""What documents cost, by the real schema."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse

from husqy_graphql.engine.cost import Cost
from husqy_graphql.engine.documents import prepare, prepare_operations
from husqy_graphql.schema import build_schema, graphql_schema

SCHEMA = graphql_schema(build_schema())

# ruff: noqa: E501
# Document, variables -> points, objects.
COSTS: dict[str, tuple[str, dict[str, Any], int, int]] = {
    "a scalar is at least a point": ("{ supportedTimeZones }", {}, 1, 0),
    "an object is one": ("{ service { message liveness } }", {}, 1, 1),
    "objects add up": ('{ guild(id: "1") { settings { language } } service { message } }', {}, 3, 3),
    "a list of unknown length": ('{ guild(id: "1") { roles { id } } }', {}, 6, 6),
    "a list in a list": ("{ guilds { roles { id } } }", {}, 30, 30),
    "ids by their number": ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3, 3),
    "ids in a variable": ("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 7}, 7, 7),
    "a connection without first": ('{ guild(id: "1") { auditLog { nodes { id } } } }', {}, 27, 27),
    "a connection by first": ('{ guild(id: "1") { auditLog(first: 100) { nodes { id } } } }', {}, 102, 102),
    "edges are not counted beside nodes": ('{ guild(id: "1") { auditLog(first: 9) { edges { cursor node { id } } } } }', {}, 11, 11),
    "a page of no item": ('{ guild(id: "1") { auditLog(first: 9) { pageInfo { endCursor } } } }', {}, 2, 2),
    "first in a variable": ('query ($n: Int) { guild(id: "1") { auditLog(first: $n) { nodes { id } } } }', {"n": 50}, 52, 52),
    "first by the variable's default": ('query ($n: Int = 40) { guild(id: "1") { auditLog(first: $n) { nodes { id } } } }', {}, 42, 42),
    "a variable that is left out": ('query ($n: Int) { guild(id: "1") { auditLog(first: $n) { nodes { id } } } }', {}, 27, 27),
    "a first that is refused": ('{ guild(id: "1") { auditLog(first: 101) { nodes { id } } } }', {}, 27, 27),
    "a variable that is refused": ('query ($n: Int) { guild(id: "1") { auditLog(first: $n) { nodes { id } } } }', {"n": 10**9}, 27, 27),
    "items multiply what they hold": ('{ guild(id: "1") { auditLog(first: 10) { nodes { actor { kind } changes { field } } } } }', {}, 2 + 10 * 7, 2 + 10 * 7),
    "a fragment as often as it is spread": ('{ a: guild(id: "1") { ...G } b: guild(id: "2") { ...G } } fragment G on Guild { settings { id } }', {}, 4, 4),
    "items through a fragment": ('{ guild(id: "1") { auditLog(first: 9) { ...C } } } fragment C on AuditLogEntryConnection { nodes { id } }', {}, 11, 11),
    "an inline fragment": ('{ node(id: "x") { id ... on GuildSettings { language } ... on AuditLogEntry { actor { kind } } } }', {}, 2, 2),
    "a mutation": ('mutation { guildJoin(guildId: "1") { settings { id } } }', {}, 12, 2),
    "two mutations": ('mutation { a: guildJoin(guildId: "1") { settings { id } } b: guildJoin(guildId: "1") { settings { id } } }', {}, 24, 4),
    "introspection": ("{ __schema { types { name fields { name } } } }", {}, 10, 0),
    "what is skipped": ("{ service @skip(if: true) { message } }", {}, 1, 1),
}  # fmt: skip


def cost_of(query: str, variables: dict[str, Any]) -> Cost:
    [operation] = prepare_operations(SCHEMA, parse(query), trusted=True).values()
    return operation.cost.of(variables)


@pytest.mark.parametrize("name", COSTS)
def test_the_cost_of(name: str) -> None:
    query, variables, points, nodes = COSTS[name]

    assert not prepare(SCHEMA, query, None).errors
    assert cost_of(query, variables) == Cost(points, nodes)


def test_nested_spreads_cost_time_once_each_and_points_each_time() -> None:
    levels = 60  # 2 ** 60 guilds
    fragments = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(levels)]
    query = " ".join(["{ ...F0 }", *fragments, f'fragment F{levels} on Query {{ guild(id: "1") {{ id }} }}'])

    assert cost_of(query, {}).points == 2**levels
