"""A defect of ours shows its request id and nothing else."""

from __future__ import annotations

import logging

import pytest
import structlog
from sqlalchemy import text

from tests.conftest import GUILD, Api


async def test_a_defect_is_masked_and_found_in_the_log_by_its_request_id(api: Api) -> None:
    async with api.program.resources.engines.write.begin() as connection:
        await connection.execute(text("ALTER TABLE guild_settings RENAME TO lost"))

    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        graphql = await api.error(f'{{ guild(id: "{GUILD}") {{ id }} }}')
        rest = await api.rest("GET", f"/settings?guild_id={GUILD}")

    assert graphql["extensions"]["code"] == "INTERNAL"
    assert rest.status_code == 500
    assert rest.json()["type"] == "urn:husqy:problem:internal"
    for shown in (str(graphql), rest.text):
        assert "guild_settings" not in shown
        assert "sql" not in shown.lower()
    logged = {entry["request_id"] for entry in logs if entry["event"] == "unexpected_error"}
    assert logged == {graphql["extensions"]["requestId"], rest.headers["x-request-id"]}


async def test_no_credential_reaches_a_log_line(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = await api.rest("POST", "/auth/api-key", json={"guild_id": GUILD})
    key = made.json()["data"]["api_key"]["api_key"]

    with structlog.testing.capture_logs() as logs:
        await api.rest("GET", f"/settings?guild_id={GUILD}", token=key)
        await api.rest("POST", "/auth/authorize", json={"access_token": key})
        await api.rest("GET", f"/settings?guild_id={GUILD}", token="hq_wrong")
        await api.rest("DELETE", "/auth/api-key", json={"guild_id": GUILD, "api_key": key})
        await api.graphql(f'{{ credential(value: "{key}") {{ value }} }}')

    written = str(logs) + caplog.text
    assert [entry["event"] for entry in logs].count("request") == 5
    for secret in (key, "hq_wrong", "sandbox-owner", "sandbox-bot", "sandbox-secret-key"):
        assert secret not in written
