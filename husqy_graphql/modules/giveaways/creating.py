"""What a new giveaway must be, and its row. Source: giveaways.md, section 4 and its order of checks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from uuid import uuid4

from husqy_graphql.core.access import GuildAccess, ServiceActor, acting_user_id, require_acting_user_id
from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.durations import parse_duration
from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.core.jobs import JobKind
from husqy_graphql.core.limits import Limit
from husqy_graphql.core.local_times import parse_local_time
from husqy_graphql.core.log_events import LogEvent
from husqy_graphql.core.metrics import Metric
from husqy_graphql.core.time_zones import time_zone_or_utc
from husqy_graphql.db.unit_of_work import UnitOfWork
from husqy_graphql.lifecycle import require_data_collection, require_guild, require_room
from husqy_graphql.modules.giveaways import repository, service
from husqy_graphql.modules.giveaways.models import Giveaway
from husqy_graphql.modules.giveaways.repository import FullGiveaway
from husqy_graphql.sending import SETTLE_AFTER

AHEAD_MAX = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class NewGiveaway:
    """A giveaway that is to be announced."""

    channel_id: int
    owner_id: int
    prize: str
    description: str | None
    winner_count: int
    end_time: str | None


async def check_creator(uow: UnitOfWork, access: GuildAccess, new: NewGiveaway) -> None:
    """Raise unless the caller may make a giveaway for this owner: NotFound, Conflict (module off), BadUserInput for
    Husqy on behalf of nobody, and Forbidden for who forbids that data is collected."""
    await service.require_settings(uow, access.guild_id)
    if isinstance(access.actor, ServiceActor):
        require_acting_user_id(access.actor)
    people = (acting_user_id(access.actor), new.owner_id)
    await require_data_collection(uow, access.guild_id, *people, logged_as="prevent_data_collection_enabled")


async def store_giveaway(uow: UnitOfWork, access: GuildAccess, new: NewGiveaway) -> FullGiveaway:
    """Write down a giveaway that is to be announced, which nobody sees yet, and what settles it should we crash.

    Raises what `check_creator` raises, then BadUserInput and Conflict (LIMIT_REACHED) in the order of the numbered
    checks.
    """
    await check_creator(uow, access, new)
    settings = await service.require_settings(uow, access.guild_id)
    guild = await require_guild(uow, access.guild_id)
    service.check_winner_count(new.winner_count)
    running = await repository.count_running(uow.session, access.guild_id)
    await require_room(uow, access.guild_id, Limit.GIVEAWAYS_RUNNING, running, logged_as="max_giveaways_reached")
    now = uow.clock()
    end_time = resolve_end(new.end_time, now, time_zone_or_utc(guild.time_zone))
    service.check_texts(new.prize, new.description)
    row = Giveaway(
        guild_id=access.guild_id,
        giveaway_id=str(uuid4()),
        channel_id=new.channel_id,
        prize=new.prize,
        description=new.description,
        winner_count=new.winner_count,
        owner_id=new.owner_id,
        created_at=now,
        end_time=end_time,
        delete_at=end_time + timedelta(seconds=settings.save_duration_timeout),
    )
    uow.session.add(row)
    await uow.session.flush()
    uow.effect(access.guild_id, JobKind.GIVEAWAY_SETTLE, service.object_key(row.giveaway_id), delay=SETTLE_AFTER)
    return FullGiveaway(row, (), ())


async def publish_giveaway(
    uow: UnitOfWork, access: GuildAccess, giveaway_id: str, message_id: int
) -> FullGiveaway | None:
    """Note that the message of a giveaway stands, and let its life begin; None where it is not wanted any more."""
    settings = await repository.find_settings(uow.session, access.guild_id)
    row = await repository.find_giveaway(uow.session, access.guild_id, giveaway_id)
    if settings is None or row is None:
        return None
    if row.published:
        return await repository.load_full(uow.session, row) if row.message_id == message_id else None
    key = service.object_key(giveaway_id)
    row.message_id, row.published = message_id, True
    await uow.cancel(access.guild_id, key, JobKind.GIVEAWAY_SETTLE)
    uow.timer(access.guild_id, JobKind.GIVEAWAY_END, key, row.end_time)
    uow.audit(
        access,
        AuditAction.GIVEAWAY_CREATE,
        service.target_of(giveaway_id),
        after={"winner_count": row.winner_count, "end_time": row.end_time.isoformat()},
    )
    uow.log(access, LogEvent.GIVEAWAYS_CREATED, name=giveaway_id, channel_id=row.channel_id)
    uow.count(access, Metric.GIVEAWAYS_GIVEAWAY_CREATED)
    return FullGiveaway(row, (), ())


async def forget_unsent(uow: UnitOfWork, guild_id: int, giveaway_id: str) -> None:
    """Delete a giveaway whose message was not sent; one that stands stays."""
    row = await repository.find_giveaway(uow.session, guild_id, giveaway_id)
    if row is not None and not row.published:
        await uow.cancel(guild_id, service.object_key(giveaway_id))
        await repository.delete_giveaway(uow.session, row)


def resolve_end(text: str | None, now: datetime, zone: tzinfo) -> datetime:
    """When a giveaway ends, out of a duration or a time. Raises BadUserInput."""
    if text is None:
        raise _no_end("A giveaway needs an end.", "is required", "unknown_end_delete_time")
    try:
        # A duration has none of what stands between the parts of a time.
        is_time = "-" in text or ":" in text
        end_time = parse_local_time(text, zone) if is_time else now + parse_duration(text)
    except ValueError:
        raise _no_end(
            "This says neither how long nor until when.",
            "must be a duration like 30s, 20m, 1h or 2d, or a date with a time like 2026-03-01T14:05, at most "
            f"{AHEAD_MAX.days} days ahead",
            "invalid_wait_duration",
        ) from None
    if end_time <= now:
        raise _no_end("The end lies in the past.", "must lie in the future", "end_time_in_past")
    if end_time > now + AHEAD_MAX:
        raise _no_end(
            "The end is too far away.", f"must be at most {AHEAD_MAX.days} days ahead", "invalid_wait_duration"
        )
    return end_time


def _no_end(detail: str, fault: str, word: str) -> BadUserInput:
    return BadUserInput(detail, {"input.endTime": fault}, logged_as=word)
