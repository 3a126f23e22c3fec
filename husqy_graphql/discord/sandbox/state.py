"""What the routes of the sandbox share: its objects, its clock, its faults, and how callers prove who they are."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, cast

from starlette.requests import Request
from starlette.responses import JSONResponse

from husqy_graphql.core.access import ADMINISTRATOR_PERMISSION
from husqy_graphql.core.clock import Clock
from husqy_graphql.discord.permissions import ALL_PERMISSIONS
from husqy_graphql.discord.sandbox.store import Store
from husqy_graphql.discord.sandbox.world import BOT_TOKEN, HUSQY, seed

CALLS_KEPT = 1_000
DISCORD_EPOCH = 1_420_070_400_000  # milliseconds


class Refusal(Exception):
    """An error as Discord words it."""

    def __init__(self, status: int, code: int, message: str, errors: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code, **({"errors": errors} if errors else {})}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status)


def invalid(path: str, message: str, code: str = "BASE_TYPE_BAD_LENGTH") -> Refusal:
    """Discord's 50035 for the field at a dotted path, such as `embeds.0.title`."""
    errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
    for name in reversed(path.split(".")):
        errors = {name: errors}
    return Refusal(400, 50035, "Invalid Form Body", errors)


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; raises TypeError for anything else."""
    body: Any = await request.json()
    if not isinstance(body, dict):
        raise TypeError("no JSON object")
    return cast("dict[str, Any]", body)


def part(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object under a name; empty when there is none."""
    return cast("dict[str, Any]", holder.get(name) or {})


def parts(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The list of objects under a name; empty when there is none."""
    return cast("list[dict[str, Any]]", holder.get(name) or [])


def texts(holder: Mapping[str, Any], name: str) -> list[str]:
    """The list of ids or words under a name; empty when there is none."""
    return [str(each) for each in cast("list[object]", holder.get(name) or [])]


class Dropped(Exception):
    """The connection breaks without an answer."""


@dataclass(slots=True)
class Fault:
    """How the next `times` matching calls fail: an answer, a delay in seconds, or a dropped connection.

    `delay` comes before the call has its effect, `answer_delay` after that.
    """

    path: re.Pattern[str]
    method: str | None = None
    status: int | None = None
    delay: float = 0.0
    answer_delay: float = 0.0
    drop: str | None = None  # "before" or "after" the call had its effect
    retry_after: float = 1.0
    times: int = 1


@dataclass(slots=True)
class State:
    """Everything behind the routes; faults, the list of calls and `next_token` live in this process alone.

    `next_token` has what the next access token says in place of the truth: its `application_id`, its `scopes`.
    """

    store: Store
    clock: Clock
    faults: list[Fault] = field(default_factory=list[Fault])
    calls: deque[dict[str, Any]] = field(default_factory=lambda: deque[dict[str, Any]](maxlen=CALLS_KEPT))
    next_token: dict[str, Any] = field(default_factory=dict[str, Any])

    def seed_if_new(self) -> None:
        """Make the demo world in an empty store."""
        with self.store.transaction():  # or a process that starts later would undo what was changed meanwhile
            if self.store.is_empty():
                seed(self.store, self.clock())

    def reset(self) -> None:
        """Make the demo world anew, and forget faults and calls."""
        with self.store.transaction():
            self.store.clear()
            seed(self.store, self.clock())
        self.faults.clear()
        self.calls.clear()
        self.next_token.clear()

    def new_id(self) -> str:
        """A snowflake of this moment; later ones are higher."""
        milliseconds = int(self.clock().timestamp() * 1000) - DISCORD_EPOCH
        return str(self.store.next_number("snowflake", max(milliseconds, 0) << 22))

    def caller(self, request: Request) -> int:
        """The id of the user behind `Bot` or `Bearer`; raises Discord's 401."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Bot" and value == BOT_TOKEN:
            return HUSQY
        return int(self.token(request)["user_id"]) if scheme == "Bearer" else self._unauthorized()

    def token(self, request: Request) -> dict[str, Any]:
        """The access token of the request; raises Discord's 401."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        found = self.store.get("token", value) if scheme == "Bearer" else None
        if found is None or datetime.fromisoformat(found["expires"]) <= self.clock():
            self._unauthorized()
        return found

    def person(self, request: Request) -> int:
        """The id of the user behind `Bearer`, for what no bot may do; raises Discord's 401, and 403 for the bot."""
        user_id = self.caller(request)
        if user_id == HUSQY:
            raise Refusal(403, 20001, "Bots cannot use this endpoint")
        return user_id

    def bot(self, request: Request) -> None:
        """Raise Discord's 401 unless the bot calls."""
        if request.headers.get("authorization") != f"Bot {BOT_TOKEN}":
            self._unauthorized()

    def guild_of_bot(self, request: Request) -> dict[str, Any]:
        """The guild in the path; raises 401, 404 for no guild, 403 for one that the bot is not in."""
        self.bot(request)
        return self.guild_of_caller(request)[0]

    def guild_of_caller(self, request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
        """The guild in the path and the caller's membership; raises 401, 404, and 403 for who is not in it."""
        user_id = self.caller(request)
        guild = self.store.get("guild", request.path_params["guild_id"])
        if guild is None:
            raise Refusal(404, 10004, "Unknown Guild")
        member = self.store.get("member", f"{guild['id']}:{user_id}")
        if member is None:
            raise Refusal(403, 50001, "Missing Access")
        return guild, member

    def member(self, guild_id: str, user_id: object) -> dict[str, Any] | None:
        """A member as Discord answers it, the user inside."""
        found = self.store.get("member", f"{guild_id}:{user_id}")
        return None if found is None else self.with_user(found)

    def with_user(self, member: dict[str, Any]) -> dict[str, Any]:
        shown = {name: value for name, value in member.items() if name not in {"guild_id", "user_id"}}
        return {**shown, "user": self.store.get("user", member["user_id"])}

    def permissions(self, guild: dict[str, Any], member: dict[str, Any]) -> int:
        """The guild-wide permissions of a member as a bit field."""
        if guild["owner_id"] == member["user_id"]:
            return ALL_PERMISSIONS
        held = 0
        for role in guild["roles"]:
            if role["id"] == guild["id"] or role["id"] in member["roles"]:
                held |= int(role["permissions"])
        return ALL_PERMISSIONS if held & ADMINISTRATOR_PERMISSION else held

    def _unauthorized(self) -> NoReturn:
        raise Refusal(401, 0, "401: Unauthorized")
