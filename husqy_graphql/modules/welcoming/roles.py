"""Gives roles on joining, and after some time of membership. Discord is never called inside a transaction.

Source: welcoming.md, sections 3, 4 and 7.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from time import perf_counter
from typing import Any

import structlog

from husqy_graphql.core.access import GuildAccess, ServiceActor, authorize_service
from husqy_graphql.core.clock import Clock
from husqy_graphql.core.errors import NotFound
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.db.engines import Reads
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.discord.port import BotPort, DiscordError, DiscordMember, NotThere, Refused
from husqy_graphql.discord.roles import roles_to_give
from husqy_graphql.modules.welcoming import repository
from husqy_graphql.modules.welcoming.repository import FullSettings

log = structlog.get_logger()

JOINING = "Husqy gives this role to everybody who joins."
STAYING = "Husqy gives this role after some time of membership."
GUILDS_AT_ONCE = 10
UNKNOWN_MEMBER = 10007  # Discord's code


@dataclass(frozen=True, slots=True)
class Given:
    """The roles that somebody got, and those that cannot be given: gone, or not below Husqy's own."""

    role_ids: Sequence[int] = ()
    skipped_ids: Sequence[int] = ()


async def give_on_joining(bot: BotPort, settings: FullSettings, user_id: int) -> Given:
    """Give a member the roles of the autorole that are missing. Raises NotFound for no member of the guild, and what
    Discord answers."""
    if not settings.row.autorole_enabled or not settings.autorole_ids:
        return Given()
    guild = await bot.guild(settings.guild_id)
    if guild is None:
        return Given()
    member = await bot.member(guild.id, user_id)
    if member is None:
        raise NotFound("There is no such member in this server.")
    missing = [each for each in settings.autorole_ids if each not in member.role_ids]
    me = await bot.member(guild.id, (await bot.current_user()).id) if missing else None
    possible = roles_to_give(guild, me) if me else frozenset[int]()
    given = [each for each in missing if each in possible]
    if len(given) == 1:  # which cannot take away what another bot gives at the same moment
        await bot.add_member_role(guild.id, user_id, given[0], reason=JOINING)
    elif given:
        await bot.set_member_roles(guild.id, user_id, [*member.role_ids, *given], reason=JOINING)
    return Given(given, [each for each in missing if each not in possible])


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What a sweep needs."""

    reads: Reads
    bot: BotPort
    clock: Clock
    units: Callable[[], AbstractAsyncContextManager[UnitOfWork]]


@dataclass(slots=True)
class Swept:
    """What a sweep did in a guild: (member, role) that were given, and roles that could not be, with a word why."""

    given: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    failed: dict[int, str] = field(default_factory=dict[int, str])


async def sweep_timed_roles(sweeper: Sweeper) -> int:
    """Give every timed role that is due, in all guilds; how many were given. A guild that fails stops no other one.

    Raises what Discord answers where it does not even say who Husqy is.
    """
    rows = await repository.timed_roles_at_work(sweeper.reads)
    if not rows:
        return 0
    own_id = (await sweeper.bot.current_user()).id
    slots = asyncio.Semaphore(GUILDS_AT_ONCE)

    async def sweep(guild_id: int, timed_roles: Sequence[Any]) -> int:
        async with slots:
            return await _sweep_guild(sweeper, own_id, guild_id, timed_roles)

    guilds = [(guild_id, list(each)) for guild_id, each in groupby(rows, lambda row: row.guild_id)]
    return sum(await asyncio.gather(*(sweep(guild_id, timed_roles) for guild_id, timed_roles in guilds)))


async def _sweep_guild(sweeper: Sweeper, own_id: int, guild_id: int, timed_roles: Sequence[Any]) -> int:
    began = perf_counter()
    swept = Swept()
    try:
        await _give_due(sweeper, own_id, guild_id, timed_roles, swept)
    except DiscordError as error:
        log.warning("timed_roles_not_given", guild_id=guild_id, error=type(error).__name__)
    finally:  # what was given is told, even when the request runs out of time
        await _note(sweeper, guild_id, swept, perf_counter() - began)
    return len(swept.given)


async def _give_due(sweeper: Sweeper, own_id: int, guild_id: int, timed_roles: Sequence[Any], swept: Swept) -> None:
    guild = await sweeper.bot.guild(guild_id)
    members = await sweeper.bot.members(guild_id) if guild else None
    if guild is None or members is None:
        return
    me = next((each for each in members if each.user.id == own_id), None)
    possible = set(roles_to_give(guild, me)) if me else set[int]()
    now = sweeper.clock()
    for member in members:
        for role_id in _due(member, timed_roles, now):
            if role_id not in possible:
                continue
            try:
                await sweeper.bot.add_member_role(guild_id, member.user.id, role_id, reason=STAYING)
            except NotThere as error:
                if error.code == UNKNOWN_MEMBER:
                    break  # left while we were sweeping
                possible.discard(role_id)
            except Refused:
                swept.failed[role_id] = "discord_refused"
                possible.discard(role_id)  # it would be refused for everybody
            else:
                swept.given.append((member.user.id, role_id))


def _due(member: DiscordMember, timed_roles: Sequence[Any], now: datetime) -> list[int]:
    """The roles that a human has been there long enough for and has not got, each once."""
    if member.user.bot or member.joined_at is None:
        return []
    stayed = now - member.joined_at
    due = (row.role_id for row in timed_roles if stayed >= timedelta(seconds=row.add_after))
    return [role_id for role_id in dict.fromkeys(due) if role_id not in member.role_ids]


async def _note(sweeper: Sweeper, guild_id: int, swept: Swept, seconds: float) -> None:
    """A line for each role that was given or refused, and one sample of how long a sweep that gave some took. Raises
    nothing: the roles are given, and one guild must not end the sweep of all others."""
    if not swept.given and not swept.failed:
        return
    event = LogEvent.WELCOMING_CHECK_ROLE_TIMED
    try:
        async with sweeper.units() as uow:
            for user_id, role_id in swept.given:
                uow.log(authorize_service(ServiceActor(user_id), guild_id), event, role_id=role_id)
            for role_id, reason in swept.failed.items():
                uow.log(husqy(guild_id), event, succeeded=False, reason=reason, role_id=role_id)
            if swept.given:
                count_time(uow, guild_id, seconds)
    except Exception as error:  # noqa: BLE001
        log.warning("timed_roles_not_noted", guild_id=guild_id, error=type(error).__name__)


def husqy(guild_id: int) -> GuildAccess:
    """Husqy itself at work in a guild, on nobody's behalf."""
    return authorize_service(ServiceActor(None), guild_id)


def count_time(uow: UnitOfWork, guild_id: int, seconds: float) -> None:
    """Count how long a check took. It is about no member, whose choice would else keep it from being counted."""
    uow.count(husqy(guild_id), Metric.WELCOMING_CHECK_TIME, check_time=round(seconds, 6))
