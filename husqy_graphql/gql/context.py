"""What a resolver gets: the caller, the request, and the process's resources."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import strawberry
from strawberry.dataloader import DataLoader

from husqy_graphql.core.access import (
    Actor,
    GuildAccess,
    MemberAccess,
    Permission,
    ServiceActor,
    acting_user_id,
    authorize,
    authorize_member,
    authorize_service,
    require_actor,
    require_service,
)
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.errors import CodedError, Conflict, ConflictReason, Forbidden, RateLimited, Unauthenticated
from husqy_graphql.core.key_ring import KeyRing
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName, enabled_column
from husqy_graphql.db.engines import Engines, Reads
from husqy_graphql.db.events import GuildEvents
from husqy_graphql.db.guilds import guild_settings_rows
from husqy_graphql.db.unit_of_work import AfterCommit, UnitOfWork, unit_of_work
from husqy_graphql.discord.port import BotPort, UserGuild
from husqy_graphql.discord.view import DiscordView
from husqy_graphql.gql.budget import Budget
from husqy_graphql.gql.readiness import Readiness

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Caller(Protocol):
    """Who sent the request, and what Discord says about that person.

    `fresh` asks for an answer young enough to change something on its ground; it raises instead of using an old one
    when Discord does not answer.
    """

    @property
    def actor(self) -> Actor | None: ...

    async def administers(self, guild_id: int, *, fresh: bool) -> bool: ...

    async def belongs_to(self, guild_id: int, *, fresh: bool) -> bool: ...

    async def guilds(self, *, fresh: bool) -> Sequence[UserGuild]: ...


class Credentials(Protocol):
    """Resolves credentials for the operations that ask about one."""

    async def resolve(self, credential: str) -> Actor: ...

    async def target_administers(self, guild_id: int, target: str) -> bool: ...


class LogQueue(Protocol):
    """Writes the lines of logs channels."""

    async def wait(self, guild_id: int, seconds: float) -> bool: ...

    def refusal(self, line_id: int) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Resources:
    """What lives as long as the process."""

    engines: Engines
    bot: BotPort
    view: DiscordView
    clock: Clock
    key_ring: KeyRing = field(repr=False)
    credentials: Credentials
    readiness: Readiness
    events: GuildEvents
    after_commit: AfterCommit
    log_queue: LogQueue
    page_max: int
    dashboard_url: str  # without a slash at its end

    @property
    def reads(self) -> Reads:
        return self.engines.reads


@dataclass(slots=True)
class Context:
    """One request. `stored` marks a document of `/v1`, whose lists have no maximum length."""

    resources: Resources
    caller: Caller
    request_id: str
    budget: Budget = field(default_factory=Budget)
    stored: bool = False
    writes: bool = False  # set before a mutation runs
    _loaders: dict[Any, DataLoader[Any, Any]] = field(default_factory=dict[Any, DataLoader[Any, Any]])

    @property
    def anonymous(self) -> bool:
        """Whether the request came without a credential."""
        return self.caller.actor is None

    @property
    def actor(self) -> Actor:
        """The caller; raises Unauthenticated when there is none."""
        return require_actor(self.caller.actor)

    def require_actor(self) -> None:
        """Raise Unauthenticated without a credential."""
        require_actor(self.caller.actor)

    async def authorize(self, guild_id: int, permission: Permission) -> GuildAccess:
        """Proof of the permission; raises Unauthenticated, Forbidden or RateLimited."""
        access = await authorize(self.caller.actor, guild_id, permission, self._administers)
        await self.budget.charge_guild(guild_id)
        return access

    async def authorize_member(self, guild_id: int, user_id: int) -> MemberAccess:
        """Proof that the caller is, or acts for, the member; raises Unauthenticated, Forbidden or RateLimited."""
        access = await authorize_member(self.caller.actor, guild_id, user_id, self._belongs_to)
        await self.budget.charge_guild(guild_id)
        return access

    async def authorize_author(self, guild_id: int) -> GuildAccess:
        """Proof that the caller may make what belongs to a member: an administrator, or Husqy itself for its slash
        commands; raises what `authorize` raises."""
        if isinstance(self.caller.actor, ServiceActor):
            return self.authorize_service(guild_id)
        return await self.authorize(guild_id, Permission.ADMINISTER)

    async def administers_in_person(self, access: GuildAccess) -> bool:
        """Whether the caller is, or acts for, a person who administers the guild; an API key is nobody."""
        if acting_user_id(access.actor) is None:
            return False
        if access.permission is Permission.ADMINISTER:
            return True
        try:
            await self.authorize(access.guild_id, Permission.ADMINISTER)
        except Forbidden:
            return False
        return True

    async def stands_in_for_erased(self, access: GuildAccess, rows: Sequence[Any]) -> bool:
        """Whether the caller may stand in for the owner of a row of the guild, whose data was erased."""
        erased = any(row.guild_id == access.guild_id and row.owner_id is None for row in rows)
        return erased and await self.administers_in_person(access)

    def authorize_service(self, guild_id: int) -> GuildAccess:
        """Proof that the caller is Husqy's own bot; raises Unauthenticated or Forbidden."""
        return authorize_service(self.caller.actor, guild_id)

    def require_service(self) -> ServiceActor:
        """Husqy's own bot, for what names no guild; raises Unauthenticated or Forbidden for any other caller."""
        return require_service(self.caller.actor)

    def unit_of_work(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """A transaction that commits when its block ends."""
        return unit_of_work(
            self.resources.engines.write, self.resources.clock, self.resources.after_commit, self.request_id
        )

    @asynccontextmanager
    async def change(self, access: GuildAccess | MemberAccess, event: LogEvent) -> AsyncGenerator[UnitOfWork]:
        """A unit of work for a change that the logging module tells of, also when a rule refuses it."""
        async with self.telling_failures(access, event), self.unit_of_work() as uow:
            yield uow

    @asynccontextmanager
    async def telling_failures(self, access: GuildAccess | MemberAccess, event: LogEvent) -> AsyncGenerator[None]:
        """Let the logging module tell of whatever fails in the block: for operations with several steps."""
        try:
            yield
        except Exception as error:
            await self.log_failure(access, event, error)
            raise

    async def log_failure(self, access: GuildAccess | MemberAccess, event: LogEvent, error: Exception) -> None:
        """Write a line about a refusal by a rule or by Discord (logging.md, open point 11), or one that the module has
        a word for; raises nothing."""
        named = isinstance(error, CodedError) and error.logged_as is not None
        if not named and (
            isinstance(error, Unauthenticated | Forbidden | RateLimited)
            or (isinstance(error, Conflict) and error.reason in _MODULE_STATES)
        ):
            return
        reason = error.reason_word if isinstance(error, CodedError) else "discord_refused"
        with suppress(Exception):  # the refusal itself must reach the caller
            async with self.unit_of_work() as uow:
                uow.log(access, event, succeeded=False, reason=reason)

    async def load(self, batch: Callable[[Context, Sequence[K]], Awaitable[Sequence[V]]], key: K) -> V:
        """Load one value through `batch`, which gets the keys of all fields that ask at the same moment."""
        loader = self._loaders.get(batch)
        if loader is None:

            async def load_all(keys: list[K]) -> Sequence[V]:
                return await batch(self, keys)

            loader = self._loaders[batch] = DataLoader(load_fn=load_all)
        return await loader.load(key)

    async def is_module_enabled(self, guild_id: int, name: ModuleName) -> bool:
        """Whether the guild has the module on; read once an operation."""
        settings = await self.guild_settings(guild_id)
        return settings is not None and bool(getattr(settings, enabled_column(name)))

    async def guild_settings(self, guild_id: int) -> Any:
        """The guild's settings row, read once an operation; None where Husqy is not in the guild."""
        return await self.load(_load_guild_settings, guild_id)

    async def auto_delete(self, guild_id: int) -> int:
        """Seconds until the guild wants Husqy's replies removed; 0 keeps them."""
        settings = await self.guild_settings(guild_id)
        return 0 if settings is None else settings.auto_delete

    def forget(self) -> None:
        """Drop what was loaded, so that a field that follows a change reads it."""
        self._loaders.clear()

    async def _administers(self, guild_id: int) -> bool:
        return await self.caller.administers(guild_id, fresh=self.writes)

    async def _belongs_to(self, guild_id: int) -> bool:
        return await self.caller.belongs_to(guild_id, fresh=self.writes)


async def _load_guild_settings(context: Context, guild_ids: Sequence[int]) -> list[Any]:
    found = {row.guild_id: row for row in await guild_settings_rows(context.resources.reads, guild_ids)}
    return [found.get(guild_id) for guild_id in guild_ids]


_MODULE_STATES = {ConflictReason.MODULE_DISABLED, ConflictReason.MODULE_ENABLED}

Info = strawberry.Info[Context, None]
