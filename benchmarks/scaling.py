"""Several processes of the program on PostgreSQL and Redis."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from benchmarks.load import LoadFailed, measure
from benchmarks.measuring import Figure, Results, say
from benchmarks.servers import ROOT, free_port, serving
from benchmarks.subjects import V1
from benchmarks.works import ROW
from benchmarks.world import World, pin_backends

REDIS = "redis://127.0.0.1:6379/7"
MOST = 4
# Connections of each process, so that four of them fit into PostgreSQL's hundred.
POOL = 8
ALL_CORES = "0-" + str((os.cpu_count() or 1) - 1)


def measure_scaling(results: Results, world: World, rounds: int, seconds: float) -> None:
    """The rate of one row with one process and with more; a reason in `results.skipped` where that cannot be had."""
    serve = [sys.executable, "-c", "from husqy_graphql.cli import main; main()", "serve"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    shown = subprocess.run([*serve, "--help"], env=environment, capture_output=True, text=True, check=False).stdout
    if "--workers" not in shown:
        results.skipped.append("several processes: `serve` has no option --workers yet")
        return
    call, prefix = V1.calls(world)[ROW], f"bench-{os.getpid()}"
    for workers in range(1, MOST + 1):
        say(f"PostgreSQL and Redis: {workers} of {MOST} processes")
        port = free_port()
        settings = {
            **world.environment,
            "HUSQY_PORT": str(port),
            "HUSQY_DATABASE_POOL_SIZE": str(POOL),
            "HUSQY_REDIS_URL": REDIS,
            "HUSQY_REDIS_PREFIX": prefix,
        }
        command = [*serve, "--workers", str(workers)]
        try:
            with serving(command, settings, port, call, world.folder / "scaling.log", ALL_CORES):
                measure(port, call, V1.warm_up)
                pin_backends(world)
                results.scaling[workers] = Figure.of([measure(port, call, seconds) for _ in range(rounds)])
        except LoadFailed as error:
            results.skipped.append(f"{workers} processes: {error}")
            break
    _forget(prefix)


def _forget(prefix: str) -> None:
    redis: Any = Redis.from_url(REDIS)  # pyright: ignore[reportUnknownMemberType]
    with redis, suppress(RedisError):
        for key in redis.scan_iter(f"{prefix}*"):
            redis.delete(key)
