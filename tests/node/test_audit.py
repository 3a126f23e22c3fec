"""The audit suite of GraphQL over HTTP, of the npm package graphql-http."""

from __future__ import annotations

import pytest

from tests.node.conftest import told

AUDITS = 61


@pytest.mark.parametrize("credential", [(), ("sandbox-owner",)], ids=["anonymous", "signed-in"])
async def test_every_audit_is_passed(authority: str, credential: tuple[str, ...]) -> None:
    [results] = await told("audit.mjs", f"http://{authority}/graphql", *credential)

    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS
