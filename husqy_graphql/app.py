"""The composition root: settings -> engines -> Discord -> schema -> Starlette.

Everything that lives as long as the process is made here, once, and handed to whatever needs it.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from importlib.metadata import version
from time import monotonic
from typing import Any

from graphql import GraphQLSchema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from husqy_graphql.api_keys import models as api_key_models
from husqy_graphql.api_keys.service import find_actor, guild_of_key
from husqy_graphql.config import Settings
from husqy_graphql.core.access import ServiceActor, authorize_service
from husqy_graphql.core.clock import Clock, system_clock
from husqy_graphql.core.errors import CodedError, ErrorCode
from husqy_graphql.core.key_ring import create_key_ring
from husqy_graphql.core.timed_cache import TimedCache
from husqy_graphql.db.engines import Reads, create_engines
from husqy_graphql.db.unit_of_work import unit_of_work
from husqy_graphql.demo import DEMO_GUILDS
from husqy_graphql.discord.adapter import BotDiscord, OAuthDiscord, UserDiscord
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.discord.limits import RateLimits
from husqy_graphql.discord.sandbox import world
from husqy_graphql.discord.sandbox.app import BASE_URL as SANDBOX_URL
from husqy_graphql.discord.sandbox.app import Sandbox, create_sandbox
from husqy_graphql.discord.view import create_view
from husqy_graphql.engine.documents import DocumentStore
from husqy_graphql.engine.errors import coded
from husqy_graphql.engine.execution import Engine
from husqy_graphql.gql.context import Context, Resources
from husqy_graphql.gql.readiness import Readiness
from husqy_graphql.guilds.service import join_guild
from husqy_graphql.identity.service import CACHE_SIZE, Identity
from husqy_graphql.identity.sessions import Sessions
from husqy_graphql.schema import build_schema, graphql_schema
from husqy_graphql.transport.credentials import Authentication, open_context
from husqy_graphql.transport.explorer import explorer_routes
from husqy_graphql.transport.graphql_http import GraphQLEndpoint
from husqy_graphql.transport.health import health_routes
from husqy_graphql.transport.middleware import RequestMiddleware, request_id_of
from husqy_graphql.transport.origins import Origins
from husqy_graphql.transport.rest_docs import rest_docs_routes
from husqy_graphql.transport.sign_in import SignIn, sign_in_routes
from husqy_graphql.worker.loop import run_worker
from husqy_graphql.worker.resources import WorkerResources
from rest_compat.compile import Endpoint, compile_documents, read_documents
from rest_compat.openapi import openapi
from rest_compat.serve import Runtime
from rest_compat.serve import routes as rest_routes

__all__ = ["METADATA", "Program", "create_app", "create_program", "openapi_document", "rest_endpoints"]

METADATA = api_key_models.ApiKey.metadata
SANDBOX_PATH = "/sandbox/discord"
SANDBOX_PER_SECOND = 1_000  # what its own buckets say
VERSION = version("husqy-graphql")
REST_TITLE = "Husqy"
REST_DESCRIPTION = "Husqy's published REST API. Every operation is a GraphQL document over the schema of `/graphql`."


@dataclass(frozen=True, slots=True)
class Program:
    """The whole program, made but not started."""

    asgi: ASGIApp
    resources: Resources
    worker: WorkerResources
    http: DiscordHTTP
    sandbox: Sandbox | None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Close what was opened when the block ends."""
        try:
            yield
        finally:
            await self.http.close()
            await self.resources.engines.dispose()
            if self.sandbox is not None:
                self.sandbox.close()

    async def seed_demo_world(self) -> None:
        """Let Husqy join the guilds of the demo world; what is there stays as it is."""
        for guild_id in DEMO_GUILDS:
            async with self.worker.unit_of_work("demo") as uow:
                await join_guild(uow, authorize_service(ServiceActor(None), guild_id))


def create_program(settings: Settings, *, clock: Clock = system_clock, now: Callable[[], float] = monotonic) -> Program:
    """Put the program together. `now` gives the seconds by which cached answers grow old."""
    engines = create_engines(settings.database_url.get_secret_value(), settings.database_pool_size)
    reads = Reads(engines.read)
    sandbox = create_sandbox(settings.sandbox_path, clock) if settings.sandbox else None
    http = (
        DiscordHTTP(SANDBOX_URL, transport=sandbox.transport, limits=RateLimits(SANDBOX_PER_SECOND))
        if sandbox
        else DiscordHTTP(settings.discord_api_url)
    )
    token = settings.discord_bot_token.get_secret_value() if settings.discord_bot_token else world.BOT_TOKEN
    bot = BotDiscord(http, token, min(settings.application_ids))
    key_ring = create_key_ring(settings.ring_secrets)
    units = partial(unit_of_work, engines.write, clock, "api-key-use")
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
        units=partial(unit_of_work, engines.write, clock, "session"),
        oauth=OAuthDiscord(http, min(settings.application_ids), _client_secret(settings)),
        identity=identity,
        key_ring=key_ring,
        clock=clock,
        lifetime=timedelta(days=settings.session_days),
    )
    readiness = Readiness(reads, bot, TimedCache(1, now))
    resources = Resources(engines, bot, create_view(bot, now), clock, key_ring, identity, readiness)
    worker = WorkerResources(engines, bot, clock)
    origins = Origins(settings.public_url, frozenset(settings.cors_origins))
    authentication = Authentication(identity, sessions if settings.sign_in else None, origins)
    return Program(_asgi(settings, resources, authentication, sandbox), resources, worker, http, sandbox)


def create_app(settings: Settings) -> Starlette:
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

    return Starlette(routes=[Mount("/", program.asgi)], lifespan=lifespan)


@cache
def served_schema() -> GraphQLSchema:
    """The schema, built once a process."""
    return graphql_schema(build_schema())


@cache
def rest_endpoints() -> tuple[Endpoint, ...]:
    """Every operation of `/v1`; raises rest_compat's DocumentError when a document does not fit the schema."""
    return compile_documents(served_schema(), read_documents())


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of `/v1`."""
    return openapi(rest_endpoints(), title=REST_TITLE, version=VERSION, description=REST_DESCRIPTION)


def _client_secret(settings: Settings) -> str:
    given = settings.discord_client_secret
    return world.CLIENT_SECRET if settings.sandbox or given is None else given.get_secret_value()


def _sign_in(settings: Settings, authentication: Authentication) -> SignIn | None:
    if authentication.sessions is None:
        return None
    return SignIn(
        sessions=authentication.sessions,
        origins=authentication.origins,
        client_id=min(settings.application_ids),
        authorize_url=f"{SANDBOX_PATH}/oauth2/authorize" if settings.sandbox else settings.discord_authorize_url,
        # Whoever has consented before need not again; in the sandbox one wants to choose whom to be.
        prompt=None if settings.sandbox else "none",
    )


def _asgi(settings: Settings, resources: Resources, authentication: Authentication, sandbox: Sandbox | None) -> ASGIApp:
    engine = Engine(served_schema())
    graphql = GraphQLEndpoint(
        engine, DocumentStore(served_schema()), partial(open_context, resources, authentication, stored=False)
    )

    async def open_stored(request: Request) -> Context:
        try:
            return await open_context(resources, authentication, request, stored=True)
        except CodedError:
            raise
        except Exception as error:
            raise coded(error, request_id_of(request.scope)) from error

    runtime = Runtime(
        open=open_stored,
        execute=engine.execute,
        statuses={code.name: (code.status, code.title) for code in ErrorCode},
        title=REST_TITLE,
        version=VERSION,
        description=REST_DESCRIPTION,
    )
    routes: list[BaseRoute] = [
        Route("/graphql", graphql),
        *explorer_routes(sandbox=sandbox is not None),
        *health_routes(resources.readiness),
        *sign_in_routes(_sign_in(settings, authentication), settings.missing_for_sign_in),
        *rest_docs_routes(openapi_document, sandbox=sandbox is not None),
        *rest_routes(rest_endpoints(), runtime),
    ]
    if sandbox is not None:
        routes.append(Mount(SANDBOX_PATH, sandbox.app))
    return Starlette(routes=routes, middleware=[Middleware(RequestMiddleware)])
