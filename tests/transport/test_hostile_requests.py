"""Requests that no client would send: each gets an answer in JSON, none is a defect, and nothing changes."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import quote_from_bytes

import pytest

from tests.conftest import GUILD, SLOW, Api

REQUESTS = 2_000 if SLOW else 300
SECONDS_EACH = 0.1
NESTED = re.compile(rb'"@(lists|objects)(\d+)@"')
CALLERS = ("sandbox-owner", "sandbox-member", "sandbox-service", "hq_wrong", None)
DOCUMENTS = (
    f'query Q($id: Snowflake! = "{GUILD}", $first: Int) {{ guild(id: $id) {{ name settings {{ language timeZone }} '
    "members(first: $first) { edges { cursor node { id } } pageInfo { hasNextPage } } } }",
    f'{{ guild(id: "{GUILD}") {{ ...G auditLog(first: 5) {{ nodes {{ id }} }} }} }} '
    "fragment G on Guild { roles { id } }",
    "query A { viewer { kind } } query B { service { liveness } supportedLanguages { name } }",
    '{ node(id: "R3VpbGQ6MQ==") { id ... on Guild { name } } nodes(ids: ["x", "", "eDox"]) { id } }',
    'query V($a: [ID!]!, $s: String! = """b""") { nodes(ids: $a) { id } credential(value: $s) { value } }',
    '{ variableReplacedContent(content: "<user_name> \\u00e9", language: "en", timeZone: "UTC") rateLimit { cost } }',
    '{ __schema { types { name } } __type(name: "Guild") { fields { name } } }',
    f'subscription S {{ guildChanged(guildId: "{GUILD}") {{ action }} }}',
)  # fmt: skip
# A mutation that no caller may carry out, so that nothing may change whatever becomes of its text.
MUTATION = (
    'mutation { guildSettingsUpdate(guildId: "1300000000000000003", input: {autoDelete: 3}) { settings { language } } }'
)
WHOLE = (
    b"", b'"x"', b"null", b"42", b"[1]", b"{}", b"[]", b"true", b"\xff\xfe", b"\x00", b"\xef\xbb\xbf{}", b"[" * 99_999,
    b'{"query":' * 9_000, b"-", b"1e999999", b"9" * 9_000, b'{"query":"{__typename}"', b'{"query":"\xed\xa0\x80"}',
    b'{"query":"\\ud800 {__typename}"}', b'{"query":"{__typename}\\u0000"}', b'{"query":"{__typename}","query":"{"}',
    b'{"query":"{__typename}","variables":{"a":1,"a":[2]}}', b'{"query":"{__typename}","variables":{"a":1e400}}',
    b'{"query":"{__typename}","variables":{"a":' + b"9" * 5_000 + b"}}", b'{"query":"{__typename}","x":NaN}',
    b'[{"query":"{__typename}"},{"query":"{__typename}"}]', b'{"query":"' + b"\xf0\x9f\x92\xa5" * 20_000 + b'"}',
    b'{"query":"{__typename}","extensions":{"persistedQuery":{"sha256Hash":"' + b"\\udc00" * 64 + b'"}}}',
    b'{"query":"{__typename}","extensions":{"persistedQuery":{"sha256Hash":"' + b"z" * 64 + b'","version":{}}}}',
    b'{"documentId":"\\u0000"}', b'{"documentId":"sha256:\\ud800"}',
    b'{"query":"{__typename}","operationName":"\\ud800"}',
)  # fmt: skip
SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e300, -0.0, 2**31, 2**53 + 1, 2**63, 2**64, 10**400, "", "x", str(GUILD), "\x00",
    "\ud800", "💥", "\u202e", "'; --", "__proto__", "x" * 20_000, GUILD,
)  # fmt: skip
HEADERS: tuple[dict[bytes, bytes], ...] = (
    {b"accept": b"application/graphql-response+json"},
    {b"accept": b"text/event-stream"},
    {b"accept": b"*/*;q=2, ;;;, a/b/c, \xff"},
    {b"accept": b"application/json;q=nan"},
    {b"accept": b"," * 2_000},
    {b"accept": b""},
    {b"content-type": b"application/json; charset=utf-16"},
    {b"content-type": b"application/json; charset="},
    {b"content-type": b"\xff\xff"},
    {b"content-type": b"multipart/form-data; boundary=x"},
    {b"content-encoding": b"gzip"},
    {b"accept-encoding": b"gzip;q=x, br;q=-1, \xe9"},
    {b"x-request-id": b"\xff" * 100},
    {b"x-husqy-acting-user": b"9" * 400},
    {b"x-husqy-acting-user": b"\xb2"},
    {b"authorization": b"Bearer \xe9\xff"},
    {b"x-api-key": b"\x01\x02"},
    {b"origin": b"null"},
    {b"cookie": b"=;;\xff=" * 50},
)


@dataclass
class Hostile:
    """One request, as bytes."""

    method: str
    target: bytes
    headers: dict[bytes, bytes]
    body: bytes


@dataclass
class Answer:
    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""


async def send(api: Api, request: Hostile) -> Answer:
    """The answer over ASGI: an HTTP client would refuse to send some of these bytes."""
    path, _, query = request.target.partition(b"?")
    answer = Answer()
    parts = iter([{"type": "http.request", "body": request.body, "more_body": False}])

    async def receive() -> Any:
        return next(parts, {"type": "http.disconnect"})

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], dict(message["headers"])
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": path.decode(),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"127.0.0.1:8000"), *request.headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }
    await api.program.asgi(scope, receive, sent)
    return answer


class Maker:
    """Makes requests out of a seed."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)

    def request(self) -> Hostile:
        dice = self.dice
        headers = {b"content-type": b"application/json"}
        caller = dice.choice(CALLERS)
        if caller is not None:
            headers[b"authorization"] = f"Bearer {caller}".encode()
        if dice.random() < 0.3:
            headers.update(dice.choice(HEADERS))
        if dice.random() < 0.15:
            return Hostile("GET", b"/graphql?" + self.query_string(), headers, b"")
        return Hostile("POST", b"/graphql", headers, self.body())

    def body(self) -> bytes:
        kind = self.dice.random()
        if kind < 0.1:
            return self.dice.choice(WHOLE)
        if kind < 0.4:
            return as_json({"query": self.mutated(self.document()).decode("latin-1"), "variables": self.variables()})
        body = as_json(self.parameters())
        return self.mutated(body) if kind < 0.75 else body

    def query_string(self) -> bytes:
        pairs = [
            (name, value if isinstance(value, str) else as_json(value).decode())
            for name, value in self.parameters().items()
        ]
        if self.dice.random() < 0.2:
            pairs += pairs[:1]
        text = "&".join(f"{name}={quote_from_bytes(value.encode(errors='surrogatepass'))}" for name, value in pairs)
        raw = text.encode("latin-1", errors="replace")
        return self.mutated(raw) if self.dice.random() < 0.5 else raw

    def parameters(self) -> dict[str, Any]:
        dice = self.dice
        given: dict[str, Any] = {"query": self.document(), "variables": self.variables()}
        if dice.random() < 0.3:
            given["operationName"] = dice.choice(("Q", "A", "B", "nope", "", None))
        if dice.random() < 0.3:
            given["extensions"] = {"cost": True, "persistedQuery": self.value(3)}
        if dice.random() < 0.3:
            name = dice.choice(("query", "variables", "operationName", "extensions", "documentId", "x"))
            given[name] = self.value(3)
        return given

    def document(self) -> str:
        return MUTATION if self.dice.random() < 0.1 else self.dice.choice(DOCUMENTS)

    def variables(self) -> dict[str, Any]:
        names = ("id", "first", "a", "s", "x", "", "\x00", "id" * 500)
        return {name: self.value(4) for name in names if self.dice.random() < 0.4}

    def value(self, depth: int) -> Any:
        kind = self.dice.random()
        if kind < 0.03:
            return f"@{self.dice.choice(('lists', 'objects'))}{self.dice.randrange(1, 1_000)}@"
        if depth and kind < 0.2:
            return [self.value(depth - 1) for _ in range(self.dice.randrange(5))]
        if depth and kind < 0.35:
            return {str(self.dice.choice(SCALARS))[:50]: self.value(depth - 1) for _ in range(self.dice.randrange(4))}
        return self.dice.choice(SCALARS)

    def mutated(self, given: str | bytes) -> bytes:
        """A few bytes flipped, deleted, inserted, or the half of something else in their place."""
        data = bytearray(given.encode() if isinstance(given, str) else given)
        dice = self.dice
        for _ in range(dice.choice((1, 1, 2, 5, 20))):
            at = dice.randrange(len(data) + 1)
            match dice.randrange(5):
                case 0 if at < len(data):
                    data[at] ^= 1 << dice.randrange(8)
                case 1:
                    del data[at : at + dice.randrange(1, 20)]
                case 2:
                    data[at:at] = dice.choice(
                        (b"{", b"}", b'"', b"$", b"...", b"@skip", b"\\u0000", b"\xff", b"\x00", b"[" * 50)
                    )
                case 3:
                    other = dice.choice(DOCUMENTS).encode()
                    data[at:] = other[dice.randrange(len(other)) :]
                case _:
                    data[at:at] = data[:at][-dice.randrange(1, 60) :]
        return bytes(data)


def as_json(value: Any) -> bytes:
    """The value as JSON; the places of deep values are filled in here, because no encoder goes that deep."""
    return NESTED.sub(_nested, json.dumps(value).encode())


def _nested(place: re.Match[bytes]) -> bytes:
    opening, closing = {b"lists": (b"[", b"]"), b"objects": (b'{"a":', b"}")}[place[1]]
    return opening * int(place[2]) + b'"x"' + closing * int(place[2])


def check(request: Hostile, answer: Answer) -> None:
    """An answer in JSON, or in events of JSON, that is not about a defect of ours."""
    what = f"{request.method} {request.target[:500]!r} {request.headers} {request.body[:3_000]!r} -> {answer.status}"
    assert 200 <= answer.status < 500, f"{what} {answer.body[:500]!r}"
    assert b"INTERNAL" not in answer.body, f"{what} {answer.body[:500]!r}"
    if answer.headers[b"content-type"].startswith(b"text/event-stream"):
        assert answer.status == 200, what
        return
    assert b"json" in answer.headers[b"content-type"], what
    body = json.loads(answer.body)
    assert body.keys() & {"errors", "data"}, what
    assert body.keys() <= {"errors", "data", "extensions"}, what


@pytest.mark.timeout(600)
async def test_no_hostile_request_breaks_or_changes_anything(api: Api) -> None:
    maker = Maker(20260302)
    before = await api.everything()
    statuses: dict[int, int] = {}
    began = perf_counter()

    for _ in range(REQUESTS):
        request = maker.request()
        answer = await send(api, request)
        check(request, answer)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1

    spent = perf_counter() - began
    print(f"{spent / REQUESTS * 1000:.1f} ms each; {statuses}")
    assert spent < SECONDS_EACH * REQUESTS
    assert {200, 400, 401} <= statuses.keys()
    assert await api.everything() == before


@pytest.mark.parametrize("body", WHOLE, ids=lambda body: repr(body[:40]))
async def test_each_hostile_body_is_answered(api: Api, body: bytes) -> None:
    request = Hostile("POST", b"/graphql", {b"content-type": b"application/json"}, body)

    check(request, await send(api, request))


@pytest.mark.parametrize("headers", HEADERS, ids=lambda headers: repr(headers)[:60])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_each_odd_header_is_answered(api: Api, headers: dict[bytes, bytes], method: str) -> None:
    given = {b"content-type": b"application/json", **headers}
    request = Hostile(method, b"/graphql?query={__typename}", given, as_json({"query": "{ __typename }"}))

    check(request, await send(api, request))


@pytest.mark.parametrize("path", [b"/graphql", b"/v1/settings", b"/v1/docs", b"/", b"/auth/login", b"/livez"])
async def test_a_query_string_that_is_no_utf_8_is_answered(api: Api, path: bytes) -> None:
    for method in ("GET", "POST"):
        answer = await send(api, Hostile(method, path + b"?query=\xff&guild_id=%ff", {}, b""))

        assert answer.status < 500, answer.body
