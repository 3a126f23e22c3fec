"""The page of the REST API, made from an OpenAPI document that tries to break it, and from the program's own."""

from __future__ import annotations

import re
from copy import deepcopy
from html import unescape
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from husqy_graphql.app import openapi_document
from husqy_graphql.core.errors import ErrorCode
from husqy_graphql.transport.openapi_schema import example, type_of
from husqy_graphql.transport.rest_docs import rest_docs_routes
from tests.conftest import Api
from tests.transport.test_explorer import Page, assert_nothing_inline

HOSTILE = "<script>alert('1')</script>\" onload=\"x"
NODE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "description": "What it is called; see `label`."},
        "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        "kind": {"enum": [1, 2]},
        "until": {"type": ["string", "null"], "format": "date-time"},
    },
}
DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Small", "version": "1.0", "description": f"First.\n\nSecond {HOSTILE}."},
    "servers": [{"url": "/"}],
    "tags": [{"name": "things", "description": "What there is."}, {"name": "unused"}],
    "paths": {
        "/v1/things/{thing_id}": {
            "parameters": [{"$ref": "#/components/parameters/thing"}],
            "get": {
                "tags": ["things"],
                "operationId": "things.get",
                "summary": "Read a thing",
                "description": "Read a thing. It may have parts.",
                "security": [{"bearer": []}],
                "parameters": [
                    {"name": "guild_id", "in": "query", "required": True, "schema": {"type": "integer"}},
                    {"name": "deep", "in": "query", "schema": {"type": "boolean"}, "description": HOSTILE},
                ],
                "responses": {
                    "200": {
                        "description": "Done.",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"data": {"$ref": "#/components/schemas/Node"}},
                                }
                            }
                        },
                    },
                    "404": {"$ref": "#/components/responses/404"},
                },
            },
            "delete": {
                "tags": [HOSTILE],
                "operationId": "things.get",
                "summary": HOSTILE,
                "security": [],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["why"],
                                "properties": {
                                    "why": {"type": "string", "example": "it's 'old'"},
                                    HOSTILE: {"type": "string"},
                                },
                            }
                        }
                    }
                },
                "responses": {"200": {"description": HOSTILE}, "default": {"description": ""}},
            },
        }
    },
    "components": {
        "parameters": {
            "thing": {
                "name": "thing_id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "example": "a b"},
            }
        },
        "responses": {"404": {"description": "Not Found."}},
        "schemas": {"Node": NODE},
    },
}

# What only a document of a client's own can be refused for.
ABOUT_DOCUMENTS = {
    ErrorCode.GRAPHQL_PARSE_FAILED,
    ErrorCode.GRAPHQL_VALIDATION_FAILED,
    ErrorCode.QUERY_TOO_COMPLEX,
    ErrorCode.PERSISTED_QUERY_NOT_FOUND,
    ErrorCode.DOCUMENT_NOT_TRUSTED,
}


def client(document: dict[str, Any], *, sandbox: bool = False, calls: list[int] | None = None) -> httpx2.AsyncClient:
    def openapi() -> dict[str, Any]:
        if calls is not None:
            calls.append(1)
        return document

    app = Starlette(routes=rest_docs_routes(openapi, sandbox=sandbox))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://127.0.0.1:8000")


async def page_of(document: dict[str, Any], *, sandbox: bool = False, host: str = "127.0.0.1:8000") -> str:
    async with client(document, sandbox=sandbox) as http:
        return (await http.get("/v1/docs", headers={"host": host})).text


async def test_the_page_has_a_strict_policy_and_nothing_inline() -> None:
    async with client(DOCUMENT) as http:
        response = await http.get("/v1/docs")
        page = Page(response.text)
        for url in page.loaded():
            file = await http.get(url)
            assert file.status_code == 200
            assert "immutable" in file.headers["cache-control"]

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "style-src 'self'; img-src 'self'"
    )
    assert_nothing_inline(page)
    assert page.all("script") == []


async def test_whatever_the_document_says_is_text() -> None:
    html = await page_of(DOCUMENT)

    assert "<script" not in html
    assert 'onload="' not in html
    assert html.count("&lt;script&gt;alert(&#x27;1&#x27;)&lt;/script&gt;&quot; onload=&quot;x") >= 5


async def test_an_operation_shows_what_it_takes_and_answers() -> None:
    html = await page_of(DOCUMENT)
    [article] = re.findall(r'<article id="op-things-get">.*?</article>', html, re.DOTALL)

    assert '<span class="method get">GET</span> <code>/v1/things/{thing_id}</code>' in article
    assert article.count("Read a thing") == 2  # as the title, and as the name of the example
    assert "<p>It may have parts.</p>" in article
    for name, kind in (("thing_id", "string"), ("guild_id", "integer"), ("deep", "boolean")):
        assert f'<code class="name">{name}</code> <span class="type">{kind}</span>' in article
    assert '<span class="type">array of object</span>' in article
    assert '<span class="type">one of 1, 2</span>' in article
    assert '<span class="type">string (date-time) or null</span>' in article
    assert "What it is called; see <code>label</code>." in article
    assert "The same again." in article
    assert '<a href="#problems">404</a> Not Found.' in article


async def test_a_description_that_goes_on_inside_of_a_word_of_its_title_is_shown_whole() -> None:
    document = deepcopy(DOCUMENT)
    document["paths"]["/v1/things/{thing_id}"]["get"]["description"] = "Read a things list."

    assert "<p>Read a things list.</p>" in await page_of(document)


async def test_the_contents_lead_to_every_operation_and_no_two_share_an_anchor() -> None:
    page = Page(await page_of(DOCUMENT))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    targets = {(link["href"] or "")[1:] for link in page.all("a") if (link["href"] or "").startswith("#")}

    assert len(ids) == len(set(ids))
    assert targets <= set(ids)
    assert {"op-things-get", "op-things-get-2"} <= targets


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("api.example", "http://api.example"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("<b>", "http://localhost"),
        ("x;rm -rf", "http://localhost"),
    ],
)
async def test_a_curl_line_is_ready_to_be_pasted(host: str, address: str) -> None:
    html = await page_of(DOCUMENT, sandbox=True, host=host)

    [line] = re.findall(r"curl -s &#x27;.*?</code>", html, re.DOTALL)
    assert f"&#x27;{address}/v1/things/a%20b?guild_id=1300000000000000001&#x27;" in line
    assert "Authorization: Bearer sandbox-owner" in line


async def test_a_curl_line_quotes_a_body_for_the_shell_and_leaves_out_what_is_not_needed() -> None:
    html = await page_of(DOCUMENT)
    [article] = re.findall(r'<article id="op-things-get-2">.*?</article>', html, re.DOTALL)

    assert "Needs no credential." in article
    assert "Authorization" not in article
    assert "curl -s -X DELETE " in article
    body = """-d '{"why": "it'"'"'s '"'"'old'"'"'"}'"""
    assert body.replace("'", "&#x27;").replace('"', "&quot;") in article


async def test_outside_of_the_sandbox_the_credential_comes_from_the_shell() -> None:
    html = await page_of(DOCUMENT)

    assert "&quot;Authorization: Bearer $HUSQY_TOKEN&quot;" in html
    assert "sandbox" not in html


async def test_the_document_is_read_once_an_address() -> None:
    calls: list[int] = []
    async with client(DOCUMENT, calls=calls) as http:
        first = await http.get("/v1/docs")
        again = await http.get("/v1/docs/", headers={"if-none-match": first.headers["etag"]})
        head = await http.head("/v1/docs")

    assert (again.status_code, head.status_code, head.content) == (304, 200, b"")
    assert len(calls) == 1


async def test_every_type_of_problem_of_the_rest_api_is_explained() -> None:
    html = await page_of(DOCUMENT)

    for code in ErrorCode:
        urn = f"<code>urn:husqy:problem:{code.name.lower().replace('_', '-')}</code>"
        assert (urn in html) is (code not in ABOUT_DOCUMENTS)


async def test_the_program_s_own_document_is_shown_whole() -> None:
    document = openapi_document()
    html = await page_of(document, sandbox=True)

    assert_nothing_inline(Page(html))
    operations = [(method, path) for path, item in document["paths"].items() for method in item]
    assert html.count("<article ") == len(operations)
    for method, path in operations:
        assert f'<span class="method {method}">{method.upper()}</span> <code>{path}</code>' in html


@pytest.mark.parametrize(
    ("schema", "words", "value"),
    [
        ({}, "anything", "text"),
        ({"type": "integer", "minimum": 5}, "integer", 5),
        ({"type": ["array", "null"], "items": {"type": "number"}}, "array of number or null", [1]),
        ({"anyOf": [{"type": "null"}, {"type": "boolean"}]}, "null or boolean", True),
        ({"const": True}, "true", True),
        ({"enum": ["a", "b"]}, 'one of "a", "b"', "a"),
        ({"allOf": [{"$ref": "#/components/schemas/Node"}]}, "object", {"name": "text"}),
        ({"$ref": "#/components/schemas/Missing"}, "anything", "text"),
        ({"$ref": "#/components/schemas/Node", "description": "One."}, "object", {"name": "text"}),
    ],
)
def test_a_schema_in_words_and_by_example(schema: dict[str, Any], words: str, value: Any) -> None:
    assert type_of(DOCUMENT, schema) == words
    assert example(DOCUMENT, "field", schema) == value


async def test_every_get_of_the_program_s_own_examples_is_understood(api: Api) -> None:
    page = (await api.http.get("/v1/docs")).text
    urls = [
        unescape(line).split("'")[1] for line in re.findall(r"<code>curl -s (&#x27;http.*?)</code>", page, re.DOTALL)
    ]

    assert urls
    for url in urls:
        response = await api.http.get(url, headers={"authorization": "Bearer sandbox-owner"})
        off = response.status_code == 404 and ("is off" in response.text or "/{" in url or "string" in url)
        assert response.status_code == 200 or off, (url, response.text)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/components/schemas/Loop"},
        {"type": "object", "required": ["again"], "properties": {"again": {"$ref": "#/components/schemas/Loop"}}},
        {"anyOf": [{"$ref": "#/components/schemas/Loop"}, {"type": "null"}]},
        {"allOf": [{"$ref": "#/components/schemas/Loop"}]},
        {"type": "array", "items": {"$ref": "#/components/schemas/Loop"}},
    ],
    ids=["reference", "object", "union", "all of", "array"],
)
async def test_a_schema_that_refers_to_itself_ends(schema: dict[str, Any]) -> None:
    document = {**DOCUMENT, "components": {**DOCUMENT["components"], "schemas": {"Loop": schema, "Node": schema}}}

    assert type_of(document, {"$ref": "#/components/schemas/Loop"})
    example(document, "x", {"$ref": "#/components/schemas/Loop"})
    assert "Read a thing" in await page_of(document)
