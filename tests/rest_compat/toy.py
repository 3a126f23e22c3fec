"""A small schema with a case of everything that `/v1` meets, documents over it, and the program that serves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NewType

import httpx2
import strawberry
from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, execute
from starlette.applications import Starlette
from starlette.requests import Request
from strawberry.schema.config import StrawberryConfig

from rest_compat.compile import Endpoint, Expansion, compile_documents, read_documents
from rest_compat.openapi import openapi
from rest_compat.serve import Runtime, routes

Snowflake = NewType("Snowflake", int)
Seconds = NewType("Seconds", int)


class CodedError(Exception):
    def __init__(self, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extensions = {"code": code, **more}


def parse_snowflake(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    raise GraphQLError("must be a Discord id")


def parse_seconds(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 900:
        return value
    raise ValueError("must be from 0 to 900")


SCALARS = {
    Snowflake: strawberry.scalar(name="Snowflake", serialize=str, parse_value=parse_snowflake),
    Seconds: strawberry.scalar(name="Seconds", serialize=int, parse_value=parse_seconds),
}
JSON_TYPES = {
    "Snowflake": {"request": {"type": ["integer", "string"]}, "response": {"type": "string", "pattern": "^[0-9]+$"}},
    "Seconds": {"request": {"type": "integer", "minimum": 0, "maximum": 900}, "response": {"type": "integer"}},
}


@strawberry.enum(description="How a poll looks.")
class PollType(Enum):
    BUTTONS = 1
    NATIVE = 2


@strawberry.enum
class ChannelKind(Enum):
    TEXT = "text"
    VOICE = "voice"


@strawberry.enum
class Odd(Enum):
    PAIR = (1, 2)


@strawberry.type
class Answer:
    text: str
    emoji_id: Snowflake | None
    votes: list[Snowflake]
    kind: PollType | None = None


@strawberry.type
class Owner:
    name: str


@strawberry.type
class Poll:
    database_id: int
    type: PollType
    question: str = strawberry.field(description="What is asked.")
    duration: Seconds | None
    answers: list[Answer]
    owner: Owner | None
    voters: list[Owner] | None


@strawberry.type
class PollEdge:
    node: Poll


@strawberry.type
class PollConnection:
    edges: list[PollEdge]


@strawberry.type
class PollsModule:
    enabled: bool
    polls: PollConnection
    poll: Poll | None


@strawberry.type
class GuildSettings:
    language: str
    weight: float | None
    kinds: list[ChannelKind]


@strawberry.interface
class Item:
    id: strawberry.ID


@strawberry.type
class Book(Item):
    pages: int


@strawberry.type
class Film(Item):
    minutes: int


@strawberry.type
class Guild:
    id: Snowflake
    name: str
    settings: GuildSettings
    polls: PollsModule | None
    role_ids: list[Snowflake] | None
    items: list[Item]
    odd: Odd | None = None

    @strawberry.field
    def broken(self) -> str | None:
        raise RuntimeError("a secret")

    @strawberry.field
    def late(self, limit: int | None = None) -> str | None:
        raise CodedError("BAD_USER_INPUT", "Too late.", fields={"limit": "is too late"})


@strawberry.input
class AnswerInput:
    answer_text: str = strawberry.field(description="What can be chosen.")
    emoji_id: Snowflake | None = None
    vote_count: int = 0
    inner: list[AnswerInput] | None = None


@strawberry.input(one_of=True)
class TargetInput:
    user_id: strawberry.Maybe[Snowflake]
    role_id: strawberry.Maybe[Snowflake]


@strawberry.input
class PollCreateInput:
    question: str = strawberry.field(description="The question, up to 300 characters.")
    type: PollType = PollType.BUTTONS
    answers: list[AnswerInput] = strawberry.field(default_factory=list)
    time_zone: strawberry.Maybe[str | None]
    target: TargetInput | None = None


@strawberry.type
class PollCreatePayload:
    poll: Poll | None


ANSWERS = [Answer(text="yes", emoji_id=Snowflake(2**60 + 1), votes=[Snowflake(7), Snowflake(8)], kind=PollType.NATIVE)]
ANSWERS.append(Answer(text="no", emoji_id=None, votes=[]))
POLL = Poll(
    database_id=3,
    type=PollType.NATIVE,
    question="Why?",
    duration=Seconds(60),
    answers=ANSWERS,
    owner=Owner(name="Ada"),
    voters=[Owner(name="Bob")],
)


def make_guild(id: int) -> Guild | None:
    if id == 404:
        return None
    ownerless = Poll(**{**POLL.__dict__, "owner": None, "voters": None, "duration": None})
    module = PollsModule(
        enabled=True,
        polls=PollConnection(edges=[PollEdge(node=POLL), PollEdge(node=POLL)]),
        poll={1: POLL, 2: ownerless}.get(id),
    )
    return Guild(
        id=Snowflake(id),
        name="Demo",
        settings=GuildSettings(language="en", weight=1.5, kinds=[ChannelKind.TEXT, ChannelKind.VOICE]),
        polls=None if id == 5 else module,
        role_ids=[Snowflake(1), Snowflake(2**60 + 1)] if id == 1 else None,
        items=[Book(id=strawberry.ID("b"), pages=9), Film(id=strawberry.ID("f"), minutes=90)],
    )


@strawberry.type
class Query:
    @strawberry.field(description="A guild.")
    def guild(self, id: Snowflake) -> Guild | None:
        return make_guild(id)

    @strawberry.field
    def echo(
        self,
        text: str | None = None,
        int: int | None = None,  # noqa: A002
        float: float | None = None,  # noqa: A002
        boolean: bool | None = None,
        id: strawberry.ID | None = None,
        type: PollType | None = None,
        kinds: list[ChannelKind] | None = None,
        seconds: Seconds | None = None,
        snowflake: Snowflake | None = None,
    ) -> str:
        return "echo"


ERRORS: Mapping[str, CodedError] = {
    "limit": CodedError("CONFLICT", "Too many polls.", reason="LIMIT_REACHED"),
    "off": CodedError("CONFLICT", "The polls module is off.", reason="MODULE_DISABLED"),
    "busy": CodedError("UNAVAILABLE", "Discord does not answer.", retryAfter=1.2),
    "strange": CodedError("NEVER_HEARD_OF", "Strange."),
    "bad": CodedError(
        "BAD_USER_INPUT",
        "The poll cannot be made.",
        fields={
            "input.timeZone": "is not a zone",
            "input.answers.1.answerText": "is there twice",
            "guildId": "is not yours",
            "elsewhere": "is odd",
        },
    ),
}


@strawberry.type
class Mutation:
    @strawberry.mutation
    def poll_create(self, guild_id: Snowflake, input: PollCreateInput) -> PollCreatePayload | None:
        if input.question in ERRORS:
            raise ERRORS[input.question]
        if input.question == "crash":
            raise RuntimeError("a secret")
        return None if input.question == "nothing" else PollCreatePayload(poll=POLL)


DOCUMENTS = read_documents(Path(__file__).parent / "documents")

STATUSES = {
    "UNAUTHENTICATED": (401, "Not signed in"),
    "NOT_FOUND": (404, "Not found"),
    "BAD_USER_INPUT": (400, "Bad input"),
    "CONFLICT": (409, "Conflict"),
    "UNAVAILABLE": (503, "Not available right now"),
    "INTERNAL": (500, "Internal error"),
    "METHOD_NOT_ALLOWED": (405, "Method not allowed"),
    "PAYLOAD_TOO_LARGE": (413, "Request too large"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported content type"),
}

EXPANSIONS = {
    "metrics": [
        Expansion("members/joined", {"text": "joined"}, {"user_id": "joined_member_id"}),
        Expansion("messages/sent", {"text": "sent"}),
    ]
}


@dataclass
class Context:
    anonymous: bool


@dataclass
class World:
    """The program, and the variables of each document that it ran."""

    client: httpx2.AsyncClient
    endpoints: tuple[Endpoint, ...]
    calls: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, method: str, path: str, **kwargs: Any) -> httpx2.Response:
        headers = {"authorization": "Bearer token", **kwargs.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **kwargs)


def toy_schema() -> GraphQLSchema:
    config = StrawberryConfig(scalar_map=dict(SCALARS))
    schema = strawberry.Schema(query=Query, mutation=Mutation, types=[Book, Film], config=config)._schema
    for name, json in JSON_TYPES.items():
        schema.type_map[name].extensions["json"] = json
    return schema


def compiled(**documents: str) -> tuple[Endpoint, ...]:
    return compile_documents(toy_schema(), documents or DOCUMENTS, expansions=EXPANSIONS)


def _masked(error: GraphQLError) -> GraphQLError:
    extensions = error.extensions or {"code": "INTERNAL"}
    message = error.message if error.extensions else "Something went wrong."
    return GraphQLError(message, path=error.path, extensions=extensions)


def make_world(**documents: str) -> World:
    schema, calls = toy_schema(), []

    async def open_context(request: Request) -> Context:
        credential = request.headers.get("authorization")
        if credential == "Bearer wrong":
            raise CodedError("UNAUTHENTICATED", "The token is not valid.")
        if credential == "Bearer crash":
            raise RuntimeError("a secret")
        return Context(anonymous=credential is None)

    def prepare(document: DocumentNode, name: str) -> tuple[DocumentNode, str]:
        return document, name

    async def run(operation: tuple[DocumentNode, str], variables: dict[str, Any], context: Context) -> ExecutionResult:
        document, operation_name = operation
        calls.append(variables)
        result = execute(
            schema, document, variable_values=variables, operation_name=operation_name, context_value=context
        )
        assert isinstance(result, ExecutionResult)
        return ExecutionResult(result.data, [_masked(error) for error in result.errors or ()])

    endpoints = compiled(**documents)
    runtime = Runtime(
        open=open_context,
        prepare=prepare,
        execute=run,
        statuses=STATUSES,
        document=openapi(endpoints, title="Toy", version="1.2.3", description="A toy."),
        absent={"PollsModule": ("CONFLICT", "The polls module is off.")},
    )
    app = Starlette(routes=routes(endpoints, runtime))
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://test")
    return World(client, endpoints, calls)
