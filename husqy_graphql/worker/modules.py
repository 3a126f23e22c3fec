"""What the modules need done in the background: their jobs, log lines that were left, what a crash left on Discord, the
limits of guilds whose Husqy+ has ended, timed roles, and old uses of invites."""

from __future__ import annotations

from functools import partial

import structlog

from husqy_graphql.core.jobs import Job
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.db.guilds import guilds_with_entitlements, is_premium, lock_guild
from husqy_graphql.db.intents import delete_intent, intents_before
from husqy_graphql.discord.port import DiscordError
from husqy_graphql.lifecycle import INTENT_LIFE, Work, is_enabled, settle_module
from husqy_graphql.modules import MODULES
from husqy_graphql.modules.invite_tracker import repository as invites
from husqy_graphql.modules.invite_tracker.service import clean_guild, since
from husqy_graphql.modules.welcoming.roles import Sweeper, sweep_timed_roles
from husqy_graphql.worker.resources import WorkerResources

log = structlog.get_logger()

LOG_LINES_INTERVAL = 5.0  # seconds
INTENTS_INTERVAL = 60.0
TRIM_INTERVAL = 240.0
TIMED_ROLES_INTERVAL = 300.0
INVITES_INTERVAL = 3_600.0


async def perform_job(work: Work, job: Job) -> None:
    """Let the module that it is of do a job. Raises what Discord answers, and LeaseLost."""
    perform = MODULES[job.kind.module].perform
    assert perform is not None, f"nobody does {job.kind}"
    await perform(work, job)


async def write_log_lines(resources: WorkerResources) -> None:
    """Write the lines that nobody has written yet."""
    await resources.log_poster.wake_all()


async def sweep_intents(resources: WorkerResources) -> None:
    """End what was begun on Discord for a module and not ended: a crash came between, or Discord did not answer."""
    for intent in await intents_before(resources.reads, resources.clock() - INTENT_LIFE):
        name = ModuleName(intent.module)
        sweep = MODULES[name].sweep if name in MODULES else None
        try:
            if sweep is not None:
                await sweep(resources.work("sweep"), resources.reads, intent.guild_id, intent)
        except DiscordError as error:
            log.warning("intent_not_swept", guild_id=intent.guild_id, module=name.value, error=type(error).__name__)
            continue
        async with resources.unit_of_work("sweep") as uow:
            await delete_intent(uow.session, intent.guild_id, name)


async def trim_guilds(resources: WorkerResources) -> None:
    """Delete what guilds have over the free limits whose last entitlement has ended; the newest rows go first."""
    for guild_id in await guilds_with_entitlements(resources.reads):
        async with resources.unit_of_work("trim") as uow:
            settings = await lock_guild(uow.session, guild_id)
            if settings is None or await is_premium(uow.session, guild_id, resources.clock()):
                continue
            enabled = [module for module in MODULES.values() if is_enabled(settings, module.name)]
            for module in enabled:
                if module.trim is not None:
                    await module.trim(uow, guild_id)
        for module in enabled:
            await settle_module(resources.work("trim"), guild_id, module)


async def give_timed_roles(resources: WorkerResources) -> int:
    """Give the timed roles that are due; returns how many were given."""
    units = partial(resources.unit_of_work, "timed-roles")
    return await sweep_timed_roles(Sweeper(resources.reads, resources.bot, resources.clock, units))


async def clean_invites(resources: WorkerResources) -> None:
    """Delete uses of invites that count no more, and invites that have expired."""
    now = resources.clock()
    for guild_id in await invites.guilds_to_clean(resources.reads, before=since(now), now=now):
        async with resources.unit_of_work("invites") as uow:
            if await lock_guild(uow.session, guild_id) is not None:
                await clean_guild(uow, guild_id)
