"""Counts the statements that reads send to the database, through SQLAlchemy or past it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from tests.conftest import Api


@contextmanager
def counted(api: Api) -> Generator[list[str]]:
    """The statements of the block, as they are sent."""
    engines = api.program.resources.engines
    statements: list[str] = []

    def note(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    assert engines.driver is not None
    driver: Any = type(engines.driver)
    fetch = driver.fetch

    async def noted_fetch(self: object, text: str, arguments: Sequence[Any]) -> Sequence[Any]:
        statements.append(text)
        return await fetch(self, text, arguments)

    event.listen(engines.read.sync_engine, "before_cursor_execute", note)
    with patch.object(driver, "fetch", noted_fetch):
        yield statements
    event.remove(engines.read.sync_engine, "before_cursor_execute", note)
