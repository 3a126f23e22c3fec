"""What all modules share: switching them on and off, and what they know of a member. Plain functions over a record.

Source: conventions G4, G5, G12 and sections 4 and 7 of the general service.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from husqy_graphql.core.access import GuildAccess, MemberAccess
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.errors import Conflict, ConflictReason, Forbidden, NotFound
from husqy_graphql.core.jobs import Job
from husqy_graphql.core.limits import Limit, check_limit
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.modules import ModuleName, enabled_column
from husqy_graphql.core.privacy import MemberNames
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.guilds import NO_GUILD, GuildSettings, is_premium, lock_guild, prevents_data_collection
from husqy_graphql.db.intents import add_intent, delete_intent, find_intent
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, DiscordError, Unreachable
from husqy_graphql.gql.context import Context

log = structlog.get_logger()

NO_DATA_COLLECTION = (
    "This member forbids that Husqy collects data about them, so nothing can be stored that belongs to them. They can "
    "allow it with the command /privacy info."
)
INTENT_LIFE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Work:
    """What the functions of a module need beside a request: transactions, Discord, and committed rows."""

    units: Callable[[], AbstractAsyncContextManager[UnitOfWork]]
    bot: BotPort
    reads: Reads


def work_of(context: Context) -> Work:
    """What a request brings along for it."""
    return Work(context.unit_of_work, context.resources.bot, context.resources.reads)


@dataclass(frozen=True, slots=True)
class StoredTexts:
    """What a module stores in a guild that may refer to a member: free texts, and ids of people."""

    texts: Sequence[str] = ()
    user_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Module:
    """One module of Husqy.

    `create` makes its default rows, with what `prepare` made on Discord before; `undo` takes that back, and `sweep`
    what a crash left of it. `wipe` deletes every row of a guild and returns them; `after_disable` gets these once that
    is committed. `trim` deletes what a guild has over its limits without Husqy+. `member_left` forgets a member who
    is gone. `settle` brings Discord in line with the rows, once a change of another's (`trim`, `erase_member`) is
    committed. `after_verification` is called where the module is on, once a member has passed the verifier. `perform`
    does one of the module's jobs; it raises what Discord answers, and LeaseLost for a timer that is another's by now.
    `may_be_empty` says that a purge which finds nothing is none the worse for it.
    """

    name: ModuleName
    wipe: Callable[[UnitOfWork, int], Awaitable[Any]]
    create: Callable[[UnitOfWork, GuildAccess, Any], Awaitable[None]] | None = None
    prepare: Callable[[Work, GuildAccess], Awaitable[Any]] | None = None
    undo: Callable[[Work, Any], Awaitable[None]] | None = None
    sweep: Callable[[Work, Reads, int, Any], Awaitable[None]] | None = None
    after_enable: Callable[[Work, GuildAccess, Any], Awaitable[None]] | None = None
    after_disable: Callable[[Work, GuildAccess, Any], Awaitable[None]] | None = None
    stored_texts: Callable[[Reads, int], Awaitable[StoredTexts]] | None = None
    erase_member: Callable[[UnitOfWork, int, MemberNames], Awaitable[None]] | None = None
    trim: Callable[[UnitOfWork, int], Awaitable[None]] | None = None
    member_left: Callable[[UnitOfWork, int, int], Awaitable[None]] | None = None
    settle: Callable[[Work, int], Awaitable[None]] | None = None
    after_verification: Callable[[Work, MemberAccess], Awaitable[None]] | None = None
    may_be_empty: bool = False
    perform: Callable[[Work, Job], Awaitable[None]] | None = None


def is_enabled(settings: Any, name: ModuleName) -> bool:
    """Whether the module is on, from a guild's settings row."""
    return getattr(settings, enabled_column(name))


async def require_guild(uow: UnitOfWork, guild_id: int) -> GuildSettings:
    """The guild's settings row, locked until the transaction ends. Raises NotFound when Husqy is not in the guild."""
    settings = await lock_guild(uow.session, guild_id)
    if settings is None:
        raise NotFound(NO_GUILD)
    return settings


async def require_enabled(uow: UnitOfWork, guild_id: int, name: ModuleName) -> GuildSettings:
    """The same for a guild that has the module on. Raises NotFound, or Conflict (MODULE_DISABLED)."""
    settings = await require_guild(uow, guild_id)
    if not is_enabled(settings, name):
        raise module_off(name)
    return settings


async def require_data_collection(
    uow: UnitOfWork, guild_id: int, *user_ids: int | None, logged_as: str | None = None
) -> None:
    """Raise Forbidden when one of the members forbids that data about them is collected, before anything that refers to
    the member is stored (G16)."""
    for user_id in user_ids:
        if user_id is not None and await prevents_data_collection(uow.session, guild_id, user_id):
            raise Forbidden(NO_DATA_COLLECTION, logged_as=logged_as)


async def require_room(
    uow: UnitOfWork, guild_id: int, limit: Limit, count: int, *, logged_as: str | None = None
) -> None:
    """Raise Conflict (LIMIT_REACHED) unless the guild's tier allows one more beside `count`; hold its lock (G15)."""
    check_limit(limit, count, premium=await is_premium(uow.session, guild_id, uow.clock()), logged_as=logged_as)


def module_off(name: ModuleName) -> Conflict:
    """The refusal of what needs the module on."""
    return Conflict(f"The module {_title(name)} is off. Switch it on first.", ConflictReason.MODULE_DISABLED)


async def enable_module(work: Work, access: GuildAccess, module: Module) -> None:
    """Switch the module on. Raises NotFound, Conflict (MODULE_ENABLED) when it is on or somebody is just doing it, and
    what Discord answers where something is made there; nothing is stored then."""
    made = None
    if module.prepare is not None:
        async with work.units() as uow:
            await _require_disabled(uow, access.guild_id, module.name)
            await add_intent(uow.session, access.guild_id, module.name, uow.clock())
        made = await _prepared(work, access, module)
    try:
        async with work.units() as uow:
            settings = await _require_disabled(uow, access.guild_id, module.name, ours=made is not None)
            if module.create is not None:
                await module.create(uow, access, made)
            setattr(settings, enabled_column(module.name), True)
            await delete_intent(uow.session, access.guild_id, module.name)
            _note_switch(uow, access, AuditAction.MODULE_ENABLE, module.name, "enabled")
    except BaseException:
        if made is not None and module.undo is not None:
            await module.undo(work, made)
        raise
    await _best_effort(module.after_enable, work, access, made)


async def disable_module(work: Work, access: GuildAccess, module: Module) -> Any:
    """Switch the module off, and delete all that it stored; returns that.

    Raises NotFound, Conflict (MODULE_DISABLED).
    """
    async with work.units() as uow:
        settings = await require_enabled(uow, access.guild_id, module.name)
        wiped = await module.wipe(uow, access.guild_id)
        setattr(settings, enabled_column(module.name), False)
        _note_switch(uow, access, AuditAction.MODULE_DISABLE, module.name, "disabled")
    await _best_effort(module.after_disable, work, access, wiped)
    return wiped


async def purge_module(work: Work, access: GuildAccess, module: Module) -> Any:
    """Delete all that the module stored, on or off, without a line in the logs; returns that.

    Raises NotFound when Husqy is not in the guild, or nothing is stored.
    """
    async with work.units() as uow:
        settings = await require_guild(uow, access.guild_id)
        wiped = await module.wipe(uow, access.guild_id)
        if not (module.may_be_empty or is_enabled(settings, module.name) or any(wiped.values())):
            raise NotFound(f"Nothing is stored for the module {_title(module.name)}.")
        setattr(settings, enabled_column(module.name), False)
        uow.audit(access, AuditAction.MODULE_PURGE, module.name.value, module=module.name)
    return wiped


async def settle_module(work: Work, guild_id: int, module: Module) -> None:
    """Let Discord show what is stored for the module; a failure is its own to try again, and raises nothing here."""
    if module.settle is None:
        return
    try:
        await module.settle(work, guild_id)
    except DiscordError as error:
        log.warning("module_not_settled", error=type(error).__name__, guild_id=guild_id, module=module.name.value)


async def _require_disabled(uow: UnitOfWork, guild_id: int, name: ModuleName, *, ours: bool = False) -> GuildSettings:
    settings = await require_guild(uow, guild_id)
    intent = await find_intent(uow.session, guild_id, name)
    busy = intent is not None and not ours and uow.clock() - intent.created_at < INTENT_LIFE
    if is_enabled(settings, name) or busy:
        raise Conflict(f"The module {_title(name)} is on already.", ConflictReason.MODULE_ENABLED)
    return settings


async def _prepared(work: Work, access: GuildAccess, module: Module) -> Any:
    assert module.prepare is not None
    try:
        return await module.prepare(work, access)
    except DiscordError as error:
        # Where nobody knows whether it took place, the intent stays for the sweeper.
        if not (isinstance(error, Unreachable) and error.ambiguous):
            async with work.units() as uow:
                await delete_intent(uow.session, access.guild_id, module.name)
        raise


def _note_switch(uow: UnitOfWork, access: GuildAccess, action: AuditAction, name: ModuleName, word: str) -> None:
    uow.audit(access, action, name.value, module=name)
    if name is not ModuleName.LOGGING:  # which says so itself, in any case
        uow.log(access, LogEvent.MODULES, action=word, module=_title(name))


async def _best_effort(
    step: Callable[[Work, GuildAccess, Any], Awaitable[None]] | None, work: Work, access: GuildAccess, what: Any
) -> None:
    if step is None:
        return
    try:
        await step(work, access, what)
    except DiscordError as error:
        log.warning("module_step_failed", error=type(error).__name__, guild_id=access.guild_id)


def _title(name: ModuleName) -> str:
    return name.value.replace("_", " ")
