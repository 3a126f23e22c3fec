"""Which hosts are answered, which pages may call, and whom a proxy speaks for."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.requests import HTTPConnection

from husqy_graphql.app import create_program
from husqy_graphql.config import ConfigurationError, load_settings
from husqy_graphql.transport.hosts import host_name
from husqy_graphql.transport.rate_limits import address_of
from tests.conftest import Api, FixedClock, client, credentials, settings_for

DASHBOARD = "https://dashboard.example.com"
LIVE = {"query": "{ service { liveness } }"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "", "[::2]"])
async def test_a_foreign_host_name_gets_nothing(api: Api, host: str) -> None:
    response = await api.http.post("/graphql", json=LIVE, headers={"host": host})
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"

    response = await api.http.get("/v1/livez", headers={"host": host})
    assert (response.status_code, response.headers["content-type"]) == (400, "application/problem+json")
    assert (await api.http.get("/livez", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:1234", "[::1]:8000", "localhost."])
async def test_loopback_by_any_of_its_names_is_answered(api: Api, host: str) -> None:
    assert (await api.http.post("/graphql", json=LIVE, headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    ("host", "name"), [("A.Example:80", "a.example"), ("[::1]", "[::1]"), ("[::1]:8", "[::1]"), ("", ""), (":80", "")]
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


async def test_pages_of_other_origins_may_not_read_by_default(api: Api) -> None:
    response = await api.http.post("/graphql", json=LIVE, headers={"origin": DASHBOARD})
    assert not any(name.startswith("access-control") for name in response.headers)
    asked = {"origin": DASHBOARD, "access-control-request-method": "POST"}
    response = await api.http.options("/graphql", headers=asked)
    assert not any(name.startswith("access-control") for name in response.headers)


async def test_pages_of_listed_origins_may(database_url: str, clock: FixedClock) -> None:
    program = create_program(settings_for(database_url, cors_origins=DASHBOARD), clock=clock)
    async with program.running(), client(program) as http:
        await program.seed_demo_world()
        for path in ("/graphql", "/v1/settings"):
            asked = {
                "origin": DASHBOARD,
                "access-control-request-method": "PUT" if path.startswith("/v1") else "POST",
                "access-control-request-headers": "authorization,content-type,graphql-require-preflight",
            }
            response = await http.options(path, headers=asked)
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == DASHBOARD
            foreign = await http.options(path, headers={**asked, "origin": "https://evil.example"})
            assert "access-control-allow-origin" not in foreign.headers
        response = await http.post("/graphql", json=LIVE, headers={"origin": DASHBOARD})
        assert response.headers["access-control-allow-origin"] == DASHBOARD
        assert "ratelimit" in response.headers["access-control-expose-headers"]
        response = await http.post("/graphql", json=LIVE, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "dashboard.example.com", "https://a.example/", "https://A.example", "https://a.example:443", "x://a"],
)
def test_what_is_no_origin_is_no_setting(origin: str) -> None:
    with pytest.raises(ConfigurationError, match="HUSQY_CORS_ORIGINS"):
        load_settings(cors_origins=origin)


def test_the_hosts_follow_from_the_public_address() -> None:
    real: dict[str, Any] = {
        "discord_bot_token": "token",
        "discord_client_id": 1,
        "service_credentials": "s" * 32,
        "secret_keys": "k" * 32,
    }
    assert load_settings(**real).served_hosts is None
    assert load_settings(**real, public_url="https://api.example.com/").served_hosts == {"api.example.com"}
    hosts = load_settings(**real, public_url="https://api.example.com", allowed_hosts="a.example, B.example")
    assert hosts.served_hosts == {"a.example", "b.example"}


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "::ffff:10.1.2.3"),
        ("testclient", "testclient"),
    ],
)
def test_who_an_address_is(host: str, address: str) -> None:
    assert address_of(HTTPConnection({"type": "http", "headers": [], "client": (host, 1)})) == address


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
async def test_a_big_answer_is_compressed_and_a_small_one_is_not(api: Api, encoding: str) -> None:
    headers = {**credentials("sandbox-owner"), "accept-encoding": encoding}
    big = await api.http.post("/graphql", json={"query": "{ supportedTimeZones }"}, headers=headers)
    assert big.headers["content-encoding"] == encoding
    assert "accept-encoding" in big.headers["vary"].lower()
    small = await api.http.post("/graphql", json=LIVE, headers=headers)
    assert "content-encoding" not in small.headers
