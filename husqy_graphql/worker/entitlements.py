"""Reads every entitlement from Discord now and then, because an event can be missed."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from husqy_graphql.core.access import ServiceActor, authorize_service
from husqy_graphql.db.guilds import guild_settings_rows
from husqy_graphql.discord.port import DiscordEntitlement
from husqy_graphql.guilds import service
from husqy_graphql.guilds.repository import entitlements_of_guilds
from husqy_graphql.worker.resources import WorkerResources

log = structlog.get_logger()

INTERVAL = 300.0  # seconds


async def sync_entitlements(resources: WorkerResources) -> int:
    """Mirror what differs from the rows of guilds that Husqy is in; returns how many rows were written."""
    reported = [(each.guild_id, each) for each in await resources.bot.entitlements() if each.guild_id is not None]
    guild_ids = sorted({guild_id for guild_id, _ in reported})
    known = {row.guild_id for row in await guild_settings_rows(resources.reads, guild_ids)}
    stored = {row.entitlement_id: row for row in await entitlements_of_guilds(resources.reads, guild_ids)}
    written = 0
    for guild_id, each in reported:
        if guild_id not in known or _is_stored(each, stored.get(each.id)):
            continue
        async with resources.unit_of_work("entitlements") as uow:
            access = authorize_service(ServiceActor(None), guild_id)
            await service.upsert_entitlement(uow, access, _to_report(each))
        written += 1
    if written:
        log.info("entitlements_synchronised", written=written)
    return written


def _is_stored(reported: DiscordEntitlement, row: object) -> bool:
    if row is None:
        return False
    facts: Sequence[str] = ("sku_id", "type", "ends_at", "deleted")
    same_start = reported.starts_at is None or reported.starts_at == getattr(row, "start_at", None)
    return same_start and all(getattr(row, fact) == getattr(reported, fact) for fact in facts)


def _to_report(each: DiscordEntitlement) -> service.Entitlement:
    return service.Entitlement(
        entitlement_id=each.id,
        sku_id=each.sku_id,
        type=each.type,
        start_at=each.starts_at,
        ends_at=each.ends_at,
        deleted=each.deleted,
    )
