"""`/metrics`: for Husqy itself, in Prometheus's format, with labels that nobody outside can multiply."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.conftest import GUILD, Api, client, credentials
from tests.modules.helpers import enable
from tests.modules.polling import ask


async def scrape(api: Api) -> dict[tuple[str, frozenset[str]], float]:
    """Every sample by its name and the values of its labels."""
    answer = await api.http.get("/metrics", headers=credentials("sandbox-service"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.text)
    return {
        (sample.name, frozenset(sample.labels.values())): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("sandbox-owner", 403), ("sandbox-expired", 401)])
async def test_it_is_for_husqy_alone(api: Api, token: str | None, status: int) -> None:
    answer = await api.http.get("/metrics", headers=credentials(token))

    assert answer.status_code == status
    assert "husqy_" not in answer.text


async def test_requests_are_counted_by_few_labels(api: Api) -> None:
    for number in range(20):
        await api.http.get(f"/v1/nothing/{number}")
        await api.http.get(f"/{number}")
    await api.rest("GET", f"/settings?guild_id={GUILD}")
    await api.http.request("BREW", "/graphql")
    await api.data("{ viewer { kind } }")

    found = await scrape(api)

    assert found["husqy_requests_total", frozenset({"/v1", "GET", "404"})] == 20
    assert found["husqy_requests_total", frozenset({"other", "GET", "404"})] == 20
    assert found["husqy_requests_total", frozenset({"/v1", "GET", "200"})] == 1
    assert found["husqy_requests_total", frozenset({"/graphql", "other", "405"})] == 1
    assert found["husqy_request_seconds_count", frozenset({"/graphql"})] == 2
    assert found["husqy_documents", frozenset()] == 1
    assert len([name for name, _ in found if name == "husqy_requests_total"]) < 10


async def test_jobs_discord_and_caches_are_told(api: Api) -> None:
    await enable(api, "polls")
    await ask(api, poll_duration="1h")
    api.clock.advance(hours=2)

    found = await scrape(api)

    nothing = frozenset[str]()
    assert found["husqy_timers", nothing] == found["husqy_timers_late", nothing] == 1
    assert found["husqy_timers_late_seconds", nothing] == 3600
    assert found["husqy_effects", frozenset({"pending"})] == 0
    assert found["husqy_discord_calls_total", frozenset({"POST", "200"})] == 1
    assert found["husqy_cache_requests_total", frozenset({"tokens", "no"})] == 1
    await api.program.worker.runner.run_due()
    done = await scrape(api)
    assert done["husqy_timers_fired_total", nothing] == 1
    assert done["husqy_timers_lateness_seconds_total", nothing] == 3600
    assert done["husqy_jobs_total", frozenset({"done"})] >= 3  # the timer, and two effects at least


async def test_a_worker_tells_them_too(api: Api) -> None:
    async with client(api.program) as http:
        http._transport.app = api.program.worker_asgi
        assert (await http.get("/livez")).status_code == 200
        assert (await http.get("/graphql")).status_code == 404
        assert (await http.get("/metrics")).status_code == 401
        answer = await http.get("/metrics", headers=credentials("sandbox-service"))
        assert "husqy_timers_late 0.0" in answer.text
