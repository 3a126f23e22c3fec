"""The doors of the program: every route, and what stands in front of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from graphql import DocumentNode, GraphQLSchema
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware

from husqy_graphql.config import ConfigurationError, Settings
from husqy_graphql.core.errors import BadUserInput, CodedError, ErrorCode
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.core.readings import Reading
from husqy_graphql.discord.sandbox.app import Sandbox
from husqy_graphql.engine.documents import DocumentStore, PreparedOperation, prepare_operations
from husqy_graphql.engine.errors import coded
from husqy_graphql.engine.execution import Engine
from husqy_graphql.engine.trusted import UntrustedDocument, read_trusted_documents
from husqy_graphql.gql.context import Context
from husqy_graphql.lifecycle import module_off
from husqy_graphql.schema import build_schema, graphql_schema
from husqy_graphql.transport.credentials import Gate
from husqy_graphql.transport.csrf import PREFLIGHT_HEADERS
from husqy_graphql.transport.explorer import explorer_routes
from husqy_graphql.transport.explorer_access import ExplorerAccess
from husqy_graphql.transport.graphql_http import GraphQLEndpoint
from husqy_graphql.transport.health import health_routes
from husqy_graphql.transport.hosts import HostMiddleware
from husqy_graphql.transport.metrics import Read, metrics_route
from husqy_graphql.transport.middleware import RequestMiddleware, request_id_of
from husqy_graphql.transport.operations import Operations
from husqy_graphql.transport.request_metrics import RequestMetrics
from husqy_graphql.transport.responses import error_response
from husqy_graphql.transport.rest_docs import rest_docs_routes
from husqy_graphql.transport.sign_in import SignIn, sign_in_routes
from husqy_graphql.transport.websocket import WebSocketEndpoint
from rest_compat.compile import PREFIX, Endpoint, compile_documents, read_documents
from rest_compat.openapi import openapi
from rest_compat.problem import Refusal, problem_response
from rest_compat.serve import Runtime
from rest_compat.serve import routes as rest_routes

VERSION = version("husqy-graphql")
REST_TITLE = "Husqy"
REST_DESCRIPTION = "Husqy's published REST API. Every operation is a GraphQL document over the schema of `/graphql`."
STATUSES = {code.name: (code.status, code.title) for code in ErrorCode}
SANDBOX_PATH = "/sandbox/discord"
FEWEST_BYTES_TO_COMPRESS = 1_000


@cache
def served_schema() -> GraphQLSchema:
    """The schema, built once a process."""
    return graphql_schema(build_schema())


@cache
def rest_endpoints() -> tuple[Endpoint, ...]:
    """Every operation of `/v1`; raises rest_compat's DocumentError when a document does not fit the schema."""
    return compile_documents(served_schema(), read_documents())


@cache
def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of `/v1`; everybody reads the same one."""
    return openapi(rest_endpoints(), title=REST_TITLE, version=VERSION, description=REST_DESCRIPTION)


@cache
def stored_operations(*, compiled: bool) -> dict[int, PreparedOperation]:
    """What the operations of `/v1` run, by the identity of their documents, which live as long as the process."""
    documents = {id(endpoint.document): endpoint for endpoint in rest_endpoints()}
    operations: dict[int, PreparedOperation] = {}
    for identity, endpoint in documents.items():
        prepared = prepare_operations(served_schema(), endpoint.document, trusted=True)
        operation = operations[identity] = prepared[endpoint.name]
        if compiled:
            operation.program.compile()
    return operations


def create_worker_asgi(gate: Gate, read: Read) -> ASGIApp:
    """What a worker without clients answers: whether it is well, and its metrics."""
    metrics = RequestMetrics()
    routes = [*health_routes(gate.resources.readiness), metrics_route(metrics, read, gate)]
    return RequestMiddleware(Starlette(routes=routes), metrics)


def create_asgi(settings: Settings, gate: Gate, sandbox: Sandbox | None, read: Read) -> ASGIApp:
    """Everything that is answered; `/metrics` tells what `read` reads. Raises ConfigurationError for a trusted document
    that cannot be used."""
    metrics = RequestMetrics()
    documents = _documents(settings)
    operations = Operations(
        engine=Engine(
            served_schema(), settings.document_limits, settings.introspection_policy, compiled=settings.compiled
        ),
        documents=documents,
        trusted_only=settings.trusted_documents_only,
        deadline=settings.operation_seconds,
    )
    http = GraphQLEndpoint(
        operations,
        gate,
        max_body=settings.max_body,
        require_preflight=settings.preflight_required,
        recheck=settings.socket_recheck_seconds,
    )
    sockets = WebSocketEndpoint(
        operations,
        gate,
        max_message=settings.max_body,
        max_operations=settings.max_socket_operations,
        max_sockets=settings.max_sockets,
        init_wait=settings.socket_init_seconds,
        recheck=settings.socket_recheck_seconds,
    )
    explorer = _explorer_access(settings, gate)
    [rest] = rest_routes(rest_endpoints(), _rest_runtime(settings, operations, gate))
    routes: list[BaseRoute] = [
        Route("/graphql", http),
        WebSocketRoute("/graphql", sockets),
        *explorer_routes(explorer, sandbox=sandbox is not None),
        *health_routes(gate.resources.readiness),
        metrics_route(metrics, partial(_read_with_documents, read, documents), gate),
        *sign_in_routes(_sign_in(settings, gate), settings.missing_for_sign_in),
        *rest_docs_routes(openapi_document, sandbox=sandbox is not None, explorer=not explorer.closed),
        rest,
    ]
    if sandbox is not None:
        routes.append(Mount(SANDBOX_PATH, sandbox.app))
    pages = frozenset(route.path for route in routes if isinstance(route, Route))
    app: ASGIApp = Doors(http, rest, pages - {"/graphql"}, Starlette(routes=routes))
    for middleware, arguments, options in reversed(_middleware(settings, metrics)):
        app = middleware(app, *arguments, **options)
    return app


@dataclass(frozen=True, slots=True)
class Doors:
    """The way to what is asked most, past the table of routes. `pages` are the paths of other routes, some of which
    begin like those of the REST API."""

    graphql: ASGIApp
    rest: BaseRoute
    pages: frozenset[str]
    routes: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self.pages:
            await self.routes(scope, receive, send)
        elif scope["path"] == "/graphql":
            await self.graphql(scope, receive, send)
        elif self.rest.matches(scope)[0] is Match.FULL:
            await self.rest.handle(scope, receive, send)
        else:
            await self.routes(scope, receive, send)


async def _read_with_documents(read: Read, documents: DocumentStore) -> list[Reading]:
    kept, size = documents.size
    asked = "Documents that were sent, by whether they were known."
    return [
        *await read(),
        Reading("husqy_documents", "Documents that are kept.", kept),
        Reading("husqy_documents_bytes", "An estimate of the memory that they take.", size),
        Reading("husqy_documents_sent_total", asked, documents.hits, {"known": "yes"}, counter=True),
        Reading("husqy_documents_sent_total", asked, documents.prepared, {"known": "no"}, counter=True),
    ]


def _middleware(settings: Settings, metrics: RequestMetrics) -> list[Middleware]:
    """From the outside to the inside."""
    stack = [Middleware(RequestMiddleware, metrics)]
    if settings.served_hosts is not None:
        stack.append(Middleware(HostMiddleware, hosts=settings.served_hosts, refuse=_refuse))
    if settings.cors_origins:
        stack.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.cors_origins,
                allow_credentials=True,
                allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
                allow_headers=["authorization", "content-type", "x-api-key", "x-request-id", *PREFLIGHT_HEADERS],
                expose_headers=["x-request-id", "retry-after", "ratelimit", "ratelimit-policy"],
                max_age=3600,
            )
        )
    stack.append(Middleware(CompressMiddleware, minimum_size=FEWEST_BYTES_TO_COMPRESS))
    return stack


def _sign_in(settings: Settings, gate: Gate) -> SignIn | None:
    if gate.sessions is None:
        return None
    return SignIn(
        sessions=gate.sessions,
        origins=gate.origins,
        rates=gate.rates,
        client_id=min(settings.application_ids),
        authorize_url=f"{SANDBOX_PATH}/oauth2/authorize" if settings.sandbox else settings.discord_authorize_url,
        # Whoever has consented before need not again; in the sandbox one wants to choose whom to be.
        prompt=None if settings.sandbox else "none",
    )


def _explorer_access(settings: Settings, gate: Gate) -> ExplorerAccess:
    return ExplorerAccess(
        policy=settings.explorer_policy,
        origins=gate.origins,
        sessions=gate.sessions,
        missing=settings.missing_for_sign_in,
    )


def _documents(settings: Settings) -> DocumentStore:
    path = settings.trusted_documents
    try:
        trusted = {} if path is None else read_trusted_documents(served_schema(), path)
    except UntrustedDocument as error:
        raise ConfigurationError(f"HUSQY_TRUSTED_DOCUMENTS: {error}.") from None
    return DocumentStore(served_schema(), settings.document_limits, trusted)


def _rest_runtime(settings: Settings, operations: Operations, gate: Gate) -> Runtime:
    async def open_stored(request: Request) -> Context:
        try:
            return await gate.open(request, stored=True)
        except CodedError:
            raise
        except Exception as error:
            raise coded(error, request_id_of(request.scope)) from error

    stored = stored_operations(compiled=settings.compiled)

    def prepare(document: DocumentNode, _: str) -> PreparedOperation:
        return stored[id(document)]

    return Runtime(
        open=open_stored,
        prepare=prepare,
        execute=operations.run,
        statuses=STATUSES,
        document=openapi_document(),
        # A module's field in `Guild` is null while the module is off.
        absent={
            **{f"{pascal_case(name)}Module": ("CONFLICT", module_off(name).detail) for name in ModuleName},
            "VerifierEntryConnection": ("CONFLICT", module_off(ModuleName.VERIFIER).detail),
        },
    )


def pascal_case(name: ModuleName) -> str:
    """The name of a module at the beginning of its types: `InviteTracker`."""
    return "".join(word.capitalize() for word in name.value.split("_"))


def _refuse(path: str, error: BadUserInput) -> Response:
    """A refusal in the words of the API that the path belongs to."""
    if path == PREFIX or path.startswith(f"{PREFIX}/"):
        return problem_response(Refusal(error.code.name, error.detail), STATUSES)
    return error_response(error)
