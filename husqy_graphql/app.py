"""The composition root: settings -> engines -> Discord -> schema -> Starlette.

Everything that lives as long as the process is made here, once, and handed to whatever needs it.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from threading import Thread
from time import monotonic
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE

from husqy_graphql.api_keys import models as api_key_models
from husqy_graphql.api_keys.service import find_actor, guild_of_key
from husqy_graphql.asgi import create_asgi, create_worker_asgi, openapi_document, rest_endpoints
from husqy_graphql.config import ConfigurationError, Settings, load_settings
from husqy_graphql.core.access import ServiceActor, authorize_service
from husqy_graphql.core.clock import Clock, system_clock
from husqy_graphql.core.jobs import Job
from husqy_graphql.core.key_ring import create_key_ring
from husqy_graphql.core.rate_limits import MemoryRateLimiter, RateLimiter, RatePolicy
from husqy_graphql.core.timed_cache import TimedCache
from husqy_graphql.db.engines import create_engines
from husqy_graphql.db.events import GuildEvents, Relay
from husqy_graphql.db.unit_of_work import Committed, after_commit_nothing, unit_of_work
from husqy_graphql.demo import DEMO_GUILDS
from husqy_graphql.discord.adapter import BotDiscord, OAuthDiscord, UserDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.limits import RateLimits as DiscordRateLimits
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import BASE_URL as SANDBOX_URL
from husqy_graphql.discord.sandbox.app import Sandbox, create_sandbox
from husqy_graphql.discord.view import create_view
from husqy_graphql.gql.context import Resources
from husqy_graphql.gql.readiness import Readiness
from husqy_graphql.guilds.service import join_guild
from husqy_graphql.identity.service import CACHE_SIZE, Identity
from husqy_graphql.identity.sessions import Sessions
from husqy_graphql.lifecycle import Work
from husqy_graphql.logs import configure_logging
from husqy_graphql.modules.logging.posting import LogPoster
from husqy_graphql.monitoring import read_program
from husqy_graphql.transport.credentials import Gate
from husqy_graphql.transport.origins import Origins
from husqy_graphql.transport.rate_limits import RateLimits
from husqy_graphql.worker.jobs import JobRunner, Units
from husqy_graphql.worker.loop import run_worker
from husqy_graphql.worker.modules import perform_job
from husqy_graphql.worker.resources import WorkerResources

__all__ = [
    "METADATA",
    "Program",
    "create_app",
    "create_program",
    "create_worker_app",
    "openapi_document",
    "rest_endpoints",
]

METADATA = api_key_models.ApiKey.metadata
SANDBOX_PER_SECOND = 1_000  # what its own buckets say


@dataclass(frozen=True, slots=True)
class Shared:
    """What processes share."""

    relay: Relay
    limiter: RateLimiter
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Program:
    """The whole program, made but not started."""

    asgi: ASGIApp
    worker_asgi: ASGIApp
    resources: Resources
    worker: WorkerResources
    http: DiscordHTTP
    sandbox: Sandbox | None
    shared: Shared | None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Hear what other processes tell, and close what was opened when the block ends."""
        listening = asyncio.create_task(self.resources.events.run())
        try:
            yield
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await self.worker.runner.close()
            await self.worker.log_poster.close()
            if self.shared is not None:
                await self.shared.close()
            await self.http.close()
            await self.resources.engines.dispose()
            if self.sandbox is not None:
                self.sandbox.close()

    async def seed_demo_world(self) -> None:
        """Let Husqy join the guilds of the demo world; what is there stays as it is."""
        for guild_id in DEMO_GUILDS:
            async with self.worker.unit_of_work("demo") as uow:
                await join_guild(uow, authorize_service(ServiceActor(None), guild_id))


def create_program(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    now: Callable[[], float] = monotonic,
    discord_limits: DiscordRateLimits | None = None,
) -> Program:
    """Put the program together. `now` gives the seconds by which cached answers grow old; `discord_limits` wait before
    and between attempts to call Discord."""
    engines = create_engines(settings.database_url.get_secret_value(), settings.database_pool_size)
    reads = engines.reads
    sandbox = create_sandbox(settings.sandbox_path, clock) if settings.sandbox else None
    http = (
        DiscordHTTP(
            SANDBOX_URL, transport=sandbox.transport, limits=discord_limits or DiscordRateLimits(SANDBOX_PER_SECOND)
        )
        if sandbox
        else DiscordHTTP(settings.discord_api_url, limits=discord_limits)
    )
    token = settings.discord_bot_token.get_secret_value() if settings.discord_bot_token else world.BOT_TOKEN
    bot = BotDiscord(http, token, min(settings.application_ids))
    key_ring = create_key_ring(settings.ring_secrets)
    shared = _shared_through_redis(settings, now) if settings.redis_url else None
    events = GuildEvents(shared.relay if shared else None)
    log_poster = LogPoster(
        reads, partial(unit_of_work, engines.write, clock, after_commit_nothing, "log-lines"), bot, clock
    )

    async def tell(committed: Committed) -> None:
        log_poster.wake(committed.logged_guilds)
        await events.publish(committed.events)

    async def after_commit(committed: Committed) -> None:
        await tell(committed)
        await runner.attempt(committed.jobs)  # a request waits for what it has changed on Discord

    async def after_commit_of_job(committed: Committed) -> None:
        await tell(committed)
        runner.wake()

    async def perform(units: Units, job: Job) -> None:
        await perform_job(Work(units, bot, reads), job)

    runner = JobRunner(perform, reads, partial(unit_of_work, engines.write, clock, after_commit_of_job, "job"), clock)
    units = partial(unit_of_work, engines.write, clock, after_commit, "api-key-use")
    identity = Identity(
        bot=bot,
        users=UserDiscord(http),
        find_api_key=partial(find_actor, reads, units, key_ring, clock),
        guild_of_api_key=partial(guild_of_key, reads),
        clock=clock,
        application_ids=settings.application_ids,
        service_credentials=settings.accepted_service_credentials,
        tokens=TimedCache(CACHE_SIZE, now),
        guilds=TimedCache(CACHE_SIZE, now),
        administrators=TimedCache(CACHE_SIZE, now),
    )
    sessions = Sessions(
        reads=reads,
        units=partial(unit_of_work, engines.write, clock, after_commit, "session"),
        oauth=OAuthDiscord(http, min(settings.application_ids), _client_secret(settings)),
        identity=identity,
        key_ring=key_ring,
        clock=clock,
        lifetime=timedelta(days=settings.session_days),
    )
    readiness = Readiness(reads, bot, TimedCache(1, now))
    view = create_view(bot, now)
    resources = Resources(
        engines=engines,
        bot=bot,
        view=view,
        clock=clock,
        key_ring=key_ring,
        credentials=identity,
        readiness=readiness,
        events=events,
        after_commit=after_commit,
        log_queue=log_poster,
        page_max=settings.max_page,
        dashboard_url=settings.dashboard_url,
    )
    rates = RateLimits(
        credential=_policy("credential", settings.rate_credential),
        guild=_policy("guild", settings.rate_guild),
        address=_policy("address", settings.rate_address),
        limiter=shared.limiter if shared else MemoryRateLimiter(now),
        now=now,
    )
    worker = WorkerResources(engines, bot, clock, after_commit_of_job, log_poster, runner)
    origins = Origins(settings.public_url, frozenset(settings.cors_origins))
    gate = Gate(resources, identity, sessions if settings.sign_in else None, origins, rates)
    caches: dict[str, TimedCache[Any, Any]] = {
        "tokens": identity.tokens,
        "guilds of users": identity.guilds,
        "administrators": identity.administrators,
    }
    read = partial(read_program, worker, http, caches, events)
    asgi = create_asgi(settings, gate, sandbox, read)
    return Program(asgi, create_worker_asgi(gate, read), resources, worker, http, sandbox, shared)


def create_app(settings: Settings) -> ASGIApp:
    """The program for an ASGI server: its lifespan runs the background jobs and closes everything at the end."""
    program = create_program(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with program.running():
            jobs = asyncio.create_task(run_worker(program.worker))
            gc.collect()
            gc.freeze()  # what lives for ever needs no looking at: shorter pauses
            yield
            jobs.cancel()
            with suppress(asyncio.CancelledError):
                await jobs

    life = Starlette(lifespan=lifespan)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (life if scope["type"] == "lifespan" else program.asgi)(scope, receive, send)

    return app


def create_worker_app() -> ASGIApp:
    """The program of a process that another one started, which has read and checked the same settings before.

    Ends the process with the status that its parent takes for final when a setting is wrong all the same.
    """
    try:
        settings = load_settings(workers=1)  # how many there are is the parent's business
        configure_logging(settings.log_level, as_json=settings.log_json)
        Thread(target=_end_with_parent, name="watch parent", daemon=True).start()
        return create_app(settings)
    except ConfigurationError as error:
        sys.stderr.write(f"husqy-graphql: {error}\n")
        sys.exit(STARTUP_FAILURE)


def _end_with_parent() -> None:
    """Stop this process once its parent is gone: nobody else could, and it would keep the port."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _shared_through_redis(settings: Settings, now: Callable[[], float]) -> Shared:
    # Imported here, because the package is an extra.
    from husqy_graphql.db.redis import RedisRateLimiter, RedisRelay, connect

    assert settings.redis_url is not None
    redis = connect(settings.redis_url.get_secret_value())
    prefix = settings.redis_prefix
    return Shared(RedisRelay(redis, prefix), RedisRateLimiter(redis, prefix, MemoryRateLimiter(now)), redis.aclose)


def _client_secret(settings: Settings) -> str:
    given = settings.discord_client_secret
    return world.CLIENT_SECRET if settings.sandbox or given is None else given.get_secret_value()


def _policy(name: str, rate: tuple[int, float] | None) -> RatePolicy | None:
    return None if rate is None else RatePolicy(name, *rate)
