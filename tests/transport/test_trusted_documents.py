"""Documents that clients name instead of sending: the owner's trusted ones, and automatic persisted queries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from husqy_graphql.app import create_program
from husqy_graphql.config import ConfigurationError
from tests.conftest import GUILD, Api, FixedClock, client, credentials, settings_for

WHO = "query Who { viewer { kind } }"
SETTINGS = "query Settings($id: Snowflake!) { guild(id: $id) { settings { language } } }"
UPDATE = """mutation Update($id: Snowflake!) {
  guildSettingsUpdate(guildId: $id, input: {autoDelete: 8}) { settings { autoDelete } } }"""
ALIASES = "{ " + " ".join(f"a{number}: viewer {{ kind }}" for number in range(18)) + " }"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "below").mkdir(parents=True)
    (folder / "who.graphql").write_text(WHO)
    (folder / "below" / "many.graphql").write_text(ALIASES)
    (folder / "relay.json").write_text(json.dumps({"settings-1": SETTINGS}))
    operations = [{"id": "update-1", "body": UPDATE, "name": "Update", "type": "mutation"}]
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    (folder / "apollo.json").write_text(json.dumps(manifest))
    (folder / "README.md").write_text("not a document")
    return folder


@asynccontextmanager
async def serving(url: str, clock: FixedClock, **settings: Any) -> AsyncGenerator[httpx2.AsyncClient]:
    program = create_program(settings_for(url, **settings), clock=clock)
    async with program.running(), client(program) as http:
        await program.seed_demo_world()
        http.headers.update(credentials("sandbox-owner"))
        yield http


async def post(http: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    return (await http.post("/graphql", json=body)).json()


async def test_a_trusted_document_runs_by_its_id(database_url: str, clock: FixedClock, folder: Path) -> None:
    async with serving(database_url, clock, trusted_documents=folder) as http:
        assert await post(http, documentId=f"sha256:{sha256(WHO)}") == {"data": {"viewer": {"kind": "USER"}}}
        variables = {"id": str(GUILD)}
        answer = await post(http, documentId="settings-1", variables=variables)
        assert answer == {"data": {"guild": {"settings": {"language": "en"}}}}
        answer = await post(http, documentId="update-1", variables=variables)
        assert answer["data"]["guildSettingsUpdate"]["settings"]["autoDelete"] == 8
        query = httpx2.QueryParams({"documentId": "settings-1", "variables": json.dumps(variables)})
        assert (await http.get(f"/graphql?{query}")).status_code == 200
        query = httpx2.QueryParams({"documentId": "update-1", "variables": json.dumps(variables)})
        assert (await http.get(f"/graphql?{query}")).status_code == 405


async def test_the_limits_of_a_document_do_not_bind_trusted_ones(
    database_url: str, clock: FixedClock, folder: Path
) -> None:
    async with serving(database_url, clock, trusted_documents=folder) as http:
        assert "errors" not in await post(http, documentId=f"sha256:{sha256(ALIASES)}")
        assert "errors" not in await post(http, query=ALIASES)  # the same text is the same document
        [error] = (await post(http, query=ALIASES + " "))["errors"]
        assert error["extensions"]["limit"] == "aliases"


@pytest.mark.parametrize("folder_or_file", ["folder", "file"])
async def test_nothing_else_runs_when_only_trusted_documents_are_taken(
    database_url: str, clock: FixedClock, folder: Path, folder_or_file: str
) -> None:
    path = folder if folder_or_file == "folder" else folder / "who.graphql"
    async with serving(database_url, clock, trusted_documents=path, trusted_documents_only=True) as http:
        assert "errors" not in await post(http, documentId=f"sha256:{sha256(WHO)}")
        assert "errors" not in await post(http, query=WHO)
        persisted = {"persistedQuery": {"version": 1, "sha256Hash": sha256(SETTINGS + " ")}}
        for body in ({"query": "{ __typename }"}, {"query": SETTINGS + " ", "extensions": persisted}):
            response = await http.post("/graphql", json=body)
            assert response.status_code == 403
            assert response.json()["errors"][0]["extensions"]["code"] == "DOCUMENT_NOT_TRUSTED"
        assert (await http.get("/v1/settings", params={"guild_id": GUILD})).status_code == 200


@pytest.mark.parametrize("key", ["sha256:00", "", "settings-1", "../who.graphql", "who"])
async def test_an_unknown_id_is_told(api: Api, key: str) -> None:
    response = await api.http.post(
        "/graphql", json={"documentId": key}, headers={"accept": "application/graphql-response+json"}
    )

    assert response.status_code == 400
    expected = "PERSISTED_QUERY_NOT_FOUND" if key else "BAD_USER_INPUT"
    assert response.json()["errors"][0]["extensions"]["code"] == expected


async def test_a_query_is_persisted_by_its_hash(api: Api) -> None:
    persisted = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256(WHO)}}}
    headers = credentials("sandbox-owner")

    [error] = (await api.http.post("/graphql", json=persisted, headers=headers)).json()["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
    first = await api.http.post("/graphql", json={"query": WHO, **persisted}, headers=headers)
    again = await api.http.post("/graphql", json=persisted, headers=headers)
    by_get = await api.http.get("/graphql", params={"extensions": json.dumps(persisted["extensions"])}, headers=headers)
    assert first.json() == again.json() == by_get.json() == {"data": {"viewer": {"kind": "USER"}}}


@pytest.mark.parametrize(
    ("query", "persisted"),
    [
        (WHO, {"version": 1, "sha256Hash": sha256("{ other }")}),
        (WHO, {"version": 1, "sha256Hash": "short"}),
        (WHO, {"version": 1, "sha256Hash": 5}),
        (None, {"version": 1}),
        (None, "x"),
    ],
)
async def test_a_hash_that_is_not_the_querys_is_refused_and_persists_nothing(
    api: Api, query: str | None, persisted: Any
) -> None:
    body = {"query": query, "extensions": {"persistedQuery": persisted}}
    [error] = (await api.http.post("/graphql", json=body)).json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"

    for text in (WHO, "{ other }"):
        key = {"persistedQuery": {"version": 1, "sha256Hash": sha256(text)}}
        [error] = (await api.http.post("/graphql", json={"extensions": key})).json()["errors"]
        assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


async def test_what_may_not_run_is_not_persisted(api: Api) -> None:
    persisted = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": sha256("{ nope }")}}}

    [error] = (await api.http.post("/graphql", json={"query": "{ nope }", **persisted})).json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    [error] = (await api.http.post("/graphql", json=persisted)).json()["errors"]
    assert error["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bad.graphql", "{ nope }"),
        ("bad.graphql", "{"),
        ("bad.json", "["),
        ("bad.json", '{"a": 5}'),
        ("bad.json", '{"who": "query Other { viewer { kind } }", "operations": [{"id": 5, "body": "x"}]}'),
    ],
)
async def test_a_trusted_document_that_cannot_be_used_stops_the_start(
    database_url: str, folder: Path, name: str, text: str
) -> None:
    (folder / name).write_text(text)

    with pytest.raises(ConfigurationError, match=f"HUSQY_TRUSTED_DOCUMENTS: .*{name}"):
        create_program(settings_for(database_url, trusted_documents=folder))


async def test_an_empty_folder_stops_the_start(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="has no document"):
        create_program(settings_for(database_url, trusted_documents=tmp_path))
