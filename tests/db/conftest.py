"""Engines with the program's adapter for SQLite, and with SQLAlchemy's own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.aiosqlite import SQLiteDialect_aiosqlite

from husqy_graphql.db.engines import Engines, create_engines
from tests.db.things import Make, filled


@pytest.fixture
def stock(monkeypatch: pytest.MonkeyPatch) -> Make:
    """The program's engines with SQLAlchemy's own adapter."""

    def make(url: str) -> Engines:
        with monkeypatch.context() as patch:
            patch.setattr("husqy_graphql.db.engines.OneHopDbapi", SQLiteDialect_aiosqlite.import_dbapi)
            return create_engines(url)

    return make


@pytest.fixture(params=["one hop", "stock"])
async def engines(request: pytest.FixtureRequest, tmp_path: Path, stock: Make) -> AsyncGenerator[Engines]:
    """For what both must do."""
    engines = await filled(create_engines if request.param == "one hop" else stock, tmp_path / "either.db")
    yield engines
    await engines.dispose()


@pytest.fixture
async def one_hop(tmp_path: Path) -> AsyncGenerator[Engines]:
    engines = await filled(create_engines, tmp_path / "one_hop.db")
    yield engines
    await engines.dispose()
