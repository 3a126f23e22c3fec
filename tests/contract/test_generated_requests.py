"""Two thousand requests made up from our own OpenAPI document: no 5xx, and a refusal changes nothing."""

from __future__ import annotations

import random
from typing import Any

import orjson

from husqy_graphql.app import openapi_document, rest_endpoints
from tests.conftest import ADMIN, GUILD, MEMBER, QUIET_GUILD, Api, credentials

REQUESTS = 2_000
CALLERS = ("sandbox-owner", "sandbox-admin", "sandbox-member", "sandbox-service", "hq_wrong", None)
VALUES: tuple[Any, ...] = (
    GUILD, str(GUILD), QUIET_GUILD, MEMBER, 0, -1, 1, 60, 901, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**70, 1.5, 1e300,
    "", "en", "UTC", "Europe/Amsterdam", "metric", "x" * 3_000, "<user_name>", "\u0000", "é", "💥", "\u202e", "'; --",
    "../..", "%00", "null", None, True, False, [], [1, "2"], {}, {"a": {"b": []}}, [[[[]]]],
)  # fmt: skip


def operations() -> list[tuple[str, str, list[str], list[str]]]:
    """Method, path, names of query parameters, names of body fields."""
    document = openapi_document()
    found: list[tuple[str, str, list[str], list[str]]] = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            query = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
            content = operation.get("requestBody", {}).get("content", {})
            schema = next(iter(content.values()))["schema"] if content else {}
            if "$ref" in schema:
                schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
            found.append((method.upper(), path, query, list(schema.get("properties", ()))))
    return found


async def test_no_generated_request_breaks_or_half_changes_anything(api: Api) -> None:
    dice = random.Random(20260301)
    known = operations()
    assert len(known) == len(rest_endpoints())
    statuses: dict[int, int] = {}
    before = await api.everything()

    for number in range(REQUESTS):
        method, path, query, fields = dice.choice(known)
        # Half of the values fit, so that requests get past the first check.
        chosen: dict[str, Any] = {
            name: dice.choice((GUILD, MEMBER, ADMIN, "en", "UTC", 30)) if dice.random() < 0.5 else dice.choice(VALUES)
            for name in (*query, *fields, "unknown")
            if dice.random() < 0.85
        }
        if "guild_id" in chosen and dice.random() < 0.7:
            chosen["guild_id"] = GUILD
        options: dict[str, Any] = {}
        if query:
            options["params"] = {name: str(value) for name, value in chosen.items()}
        elif fields:
            content = orjson.dumps({name: _encodable(value) for name, value in chosen.items()})
            cut = dice.randrange(len(content)) if dice.random() < 0.1 else len(content)
            options["content"] = content[:cut]
        acting = MEMBER if dice.random() < 0.2 else None
        headers = {**credentials(dice.choice(CALLERS), acting), "content-type": "application/json"}

        response = await api.http.request(method, path, headers=headers, **options)

        what = f"request {number}: {method} {path} {options} -> {response.status_code} {response.text[:300]}"
        assert response.status_code < 500, what
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        body = response.json()
        if response.status_code >= 400:
            assert response.headers["content-type"] == "application/problem+json", what
            assert body["status"] == response.status_code, what
            assert await api.everything() == before, what
        else:
            assert list(body) == ["data"], what
            before = await api.everything()

    assert {200, 400, 401, 403} <= statuses.keys(), statuses


def _encodable(value: Any) -> Any:
    """orjson writes no integers beyond 64 bits; as a float they are still out of any range."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 2**63 else value
