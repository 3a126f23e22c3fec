"""What background work gets: the same database and Discord as requests, and no caller."""

from __future__ import annotations

import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from husqy_graphql.core.clock import Clock
from husqy_graphql.core.events import Publish
from husqy_graphql.db.engines import Engines, Reads
from husqy_graphql.db.unit_of_work import UnitOfWork, unit_of_work
from husqy_graphql.discord.port import BotPort


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What lives as long as the worker."""

    engines: Engines
    bot: BotPort
    clock: Clock
    publish: Publish

    @property
    def reads(self) -> Reads:
        return Reads(self.engines.read)

    def unit_of_work(self, job: str) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction whose audit rows name the job in place of a request."""
        return unit_of_work(self.engines.write, self.clock, self.publish, f"{job}-{secrets.token_hex(6)}")
