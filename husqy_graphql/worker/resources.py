"""What background work gets: the same database and Discord as requests, and no caller."""

from __future__ import annotations

import secrets
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial

from husqy_graphql.core.clock import Clock
from husqy_graphql.db.engines import Engines, Reads
from husqy_graphql.db.unit_of_work import AfterCommit, UnitOfWork, unit_of_work
from husqy_graphql.discord.port import BotPort
from husqy_graphql.lifecycle import Work
from husqy_graphql.modules.logging.posting import LogPoster
from husqy_graphql.worker.jobs import JobRunner


@dataclass(frozen=True, slots=True)
class WorkerResources:
    """What lives as long as the worker."""

    engines: Engines
    bot: BotPort
    clock: Clock
    after_commit: AfterCommit
    log_poster: LogPoster
    runner: JobRunner

    @property
    def reads(self) -> Reads:
        return self.engines.reads

    def unit_of_work(self, job: str) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction whose audit rows name the job in place of a request."""
        return unit_of_work(self.engines.write, self.clock, self.after_commit, f"{job}-{secrets.token_hex(6)}")

    def work(self, job: str) -> Work:
        """What the functions of the modules take, on behalf of a job."""
        return Work(partial(self.unit_of_work, job), self.bot, self.reads)
