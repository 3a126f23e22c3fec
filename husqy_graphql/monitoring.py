"""What is read of the program's parts for whoever watches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from husqy_graphql.core.readings import Reading
from husqy_graphql.core.timed_cache import TimedCache
from husqy_graphql.db.events import GuildEvents
from husqy_graphql.db.jobs import count_jobs
from husqy_graphql.discord.http import DiscordHTTP
from husqy_graphql.worker.resources import WorkerResources


async def read_program(
    worker: WorkerResources, http: DiscordHTTP, caches: Mapping[str, TimedCache[Any, Any]], events: GuildEvents
) -> list[Reading]:
    """Jobs of all guilds, out of the database; and what this process did, asked of Discord, and remembers."""
    return [
        *await _jobs(worker),
        *_runner(worker),
        *_discord(http),
        *_caches(caches),
        Reading("husqy_subscriptions", "Subscriptions that run in this process.", events.subscribers),
    ]


async def _jobs(worker: WorkerResources) -> list[Reading]:
    counts = await count_jobs(worker.reads, worker.clock())
    effects = "Effects on Discord that are not done, of all processes."
    return [
        Reading("husqy_effects", effects, counts.effects_pending, {"state": "pending"}),
        Reading("husqy_effects", effects, counts.effects_failed, {"state": "failed"}),
        Reading("husqy_effects_oldest_seconds", "Age of the oldest effect that is pending.", counts.oldest_effect_age),
        Reading("husqy_timers", "Timers that are set, of all processes.", counts.timers),
        Reading("husqy_timers_late", "Timers whose time has come.", counts.timers_late),
        Reading("husqy_timers_late_seconds", "How late the latest of them is.", counts.latest_timer_age),
    ]


def _runner(worker: WorkerResources) -> list[Reading]:
    runner, done = worker.runner, worker.runner.counters
    ended = "Jobs that this process has tried, by how that ended."
    return [
        Reading("husqy_jobs_total", ended, done.done, {"outcome": "done"}, counter=True),
        Reading("husqy_jobs_total", ended, done.failed, {"outcome": "refused"}, counter=True),
        Reading("husqy_jobs_total", ended, done.tried_again, {"outcome": "put off"}, counter=True),
        Reading("husqy_timers_fired_total", "Timers that this process has fired.", done.timers, counter=True),
        Reading(
            "husqy_timers_lateness_seconds_total",
            "How late all of these were together.",
            done.lateness_sum,
            counter=True,
        ),
        Reading("husqy_worker_paused", "Whether Discord rejects the bot's token, so that jobs wait.", runner.paused),
    ]


def _discord(http: DiscordHTTP) -> list[Reading]:
    limits = http.limits
    answers = "Calls to Discord by the status of the answer; 0 without one."
    return [
        *(
            Reading(
                "husqy_discord_calls_total", answers, count, {"method": method, "status": str(status)}, counter=True
            )
            for (method, status), count in sorted(http.calls.items())
        ),
        Reading("husqy_discord_buckets", "Rate limit buckets of Discord's that are known.", limits.buckets),
        Reading("husqy_discord_buckets_empty", "Those of them that have nothing left now.", limits.empty_buckets()),
        Reading(
            "husqy_discord_invalid_requests",
            "Answers 401, 403 and 429 in the last ten minutes; at 10,000 Discord bans the address.",
            limits.invalid_requests(),
        ),
    ]


def _caches(caches: Mapping[str, TimedCache[Any, Any]]) -> list[Reading]:
    asked = "Questions to what is remembered of Discord's answers."
    return [
        reading
        for name, cache in caches.items()
        for reading in (
            Reading("husqy_cache_requests_total", asked, cache.hits, {"cache": name, "found": "yes"}, counter=True),
            Reading("husqy_cache_requests_total", asked, cache.loads, {"cache": name, "found": "no"}, counter=True),
        )
    ]
