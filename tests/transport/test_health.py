"""Liveness and readiness, for platforms and over `/v1`."""

from __future__ import annotations

from tests.conftest import Api


async def test_everything_is_alive_and_ready_without_a_credential(api: Api) -> None:
    assert (await api.http.get("/livez")).json() == {"status": "alive"}
    assert (await api.http.get("/readyz")).json() == {"status": "ready"}
    home = await api.rest("GET", "", token=None)
    assert home.json() == {"data": {"message": "This is Husqy's general service."}}
    assert (await api.rest("GET", "/", token=None)).json() == home.json()
    assert (await api.rest("GET", "/livez", token=None)).json() == {"data": {"status": "alive"}}
    assert (await api.rest("GET", "/readyz", token=None)).json() == {"data": {"status": "ready"}}


async def test_readiness_names_what_cannot_be_used(api: Api) -> None:
    await api.fault({"status": 503, "times": 1000})

    platform = await api.http.get("/readyz")
    assert platform.status_code == 503
    assert platform.json()["unusable"] == ["Discord"]
    rest = await api.rest("GET", "/readyz", token=None)
    assert rest.status_code == 503
    assert rest.headers["content-type"] == "application/problem+json"
    assert "Discord" in rest.json()["detail"]
    assert (await api.http.get("/livez")).status_code == 200

    await api.fault()
    api.monotonic.advance(seconds=6)
    assert (await api.http.get("/readyz")).status_code == 200
