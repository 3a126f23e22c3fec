"""The table, and the ratios that must hold beside their limits."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measuring import Results
from benchmarks.subjects import FASTAPI, GRAPHQL, HAND_WRITTEN, POSTGRAPHILE, STRAWBERRY, SUBJECTS, V1, Subject
from benchmarks.works import LIST, READS, ROW, WORKS

MISSED = "MISSED"
# Modules, and the packages that they come from.
_LIBRARIES = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "sqlalchemy": "sqlalchemy",
    "orjson": "orjson",
    "strawberry": "strawberry-graphql",
    "graphql": "graphql-core",
    "fastapi": "fastapi",
    "pydantic": "pydantic",
    "asyncpg": "asyncpg",
    "aiosqlite": "aiosqlite",
}


@dataclass(frozen=True, slots=True)
class Limit:
    """A ratio of rates that must be at least `least`."""

    ours: Subject
    peer: Subject
    work: str
    least: float


LIMITS = (
    Limit(V1, HAND_WRITTEN, ROW, 0.75),
    Limit(V1, HAND_WRITTEN, LIST, 0.80),
    Limit(V1, FASTAPI, ROW, 2.0),
    Limit(V1, FASTAPI, LIST, 2.2),
    Limit(GRAPHQL, STRAWBERRY, ROW, 4.0),
    Limit(GRAPHQL, STRAWBERRY, LIST, 8.0),
    Limit(GRAPHQL, POSTGRAPHILE, ROW, 0.85),
    Limit(GRAPHQL, POSTGRAPHILE, LIST, 1.3),
)
DASHBOARD_LEAST = 3.0
TAIL_MOST = 3.0


def report(results: Results, rows: int, *, markdown: bool) -> str:
    """Everything that was measured, as text."""
    title = f"{datetime.now(UTC):%Y-%m-%d}, {machine()}"
    parts = [
        title,
        *(_table(each, markdown=markdown) for each in _tables(results, rows)),
        *(f"Not measured: {reason}." for reason in results.skipped),
    ]
    return "\n\n".join(parts)


def machine() -> str:
    """The machine and the versions, in a sentence."""
    model = next(
        (line.partition(":")[2].strip() for line in _read("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    libraries = ", ".join(f"{package} {version(package)}" for name, package in _LIBRARIES.items() if find_spec(name))
    wrk = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout.split("[")[0].strip()
    cores = sum(line.startswith("processor") for line in _read("/proc/cpuinfo"))
    return f"{cores} x {model}, Python {platform.python_version()}, {libraries}, {wrk}"


def _read(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _tables(results: Results, rows: int) -> list[list[list[str]]]:
    tables = [_rates(results, rows), _latencies(results, rows), _costs(results), _others(results), _limits(results)]
    return [table for table in tables if len(table) > 1]


def _rates(results: Results, rows: int) -> list[list[str]]:
    table = [["database", "work", "who", "requests/s", "spread", "p50 ms", "p99 ms"]]
    for name in _databases(results):
        for work in WORKS:
            for subject in SUBJECTS:
                found = results.figures.get((name, work, subject.key))
                if found is not None:
                    shown = [f"{found.rate:,.0f}", f"{found.spread:.0%}", f"{found.p50:.2f}", f"{found.p99:.2f}"]
                    table.append([name, _work(work, rows), subject.title, *shown])
    return table


def _latencies(results: Results, rows: int) -> list[list[str]]:
    table = [["database", "work", "who", "alone p50 ms", "p99", "half of the most p50 ms", "p99", "p99 : p50"]]
    for name in _databases(results):
        for work in READS:
            for subject in SUBJECTS:
                quiet, half = (each.get((name, work, subject.key)) for each in (results.quiet, results.half))
                if quiet is not None and half is not None:
                    shown = [f"{each:.2f}" for each in (quiet.p50, quiet.p99, half.p50, half.p99)]
                    table.append([name, _work(work, rows), subject.title, *shown, f"{half.p99 / half.p50:.1f}"])
    return table


def _costs(results: Results) -> list[list[str]]:
    table = [["database", "program", "first answer s", "MB then", "MB after the load"]]
    for (name, program), cost in results.costs.items():
        table.append([name, program, f"{cost.started_in:.2f}", f"{cost.fresh:.0f}", f"{cost.loaded:.0f}"])
    return table


def _others(results: Results) -> list[list[str]]:
    table = [["what", "figure", "ratio"]]
    for name, page in results.dashboards.items():
        table.append([f"page of the dashboard in one query, {name}", f"{page.query:.1f} ms", "1.00"])
        table.append([f"page by {page.calls} calls of /v1, {name}", f"{page.rest:.1f} ms", f"{page.ratio:.2f}"])
    for workers, found in results.scaling.items():
        ratio = found.rate / results.scaling[1].rate
        table.append([f"one row, {workers} processes, PostgreSQL and Redis", f"{found.rate:,.0f} /s", f"{ratio:.2f}"])
    return table


def _limits(results: Results) -> list[list[str]]:
    table = [["must hold", "database", "limit", "measured", ""]]

    def add(what: str, name: str, value: float, limit: str, *, kept: bool) -> None:
        table.append([what, name, limit, f"{value:.2f}", "" if kept else MISSED])

    for limit in LIMITS:
        for name in _databases(results):
            ours, peer = (results.figures.get((name, limit.work, each.key)) for each in (limit.ours, limit.peer))
            if ours is not None and peer is not None:
                ratio = ours.rate / peer.rate
                what = f"{limit.ours.title} : {limit.peer.key}, {limit.work}"
                add(what, name, ratio, f">= {limit.least:.2f}", kept=ratio >= limit.least)
    for name, page in results.dashboards.items():
        kept = page.ratio >= DASHBOARD_LEAST
        add("the page's calls : its query, time", name, page.ratio, f">= {DASHBOARD_LEAST:.2f}", kept=kept)
    for (name, work, key), half in results.half.items():
        if key in {V1.key, GRAPHQL.key}:
            ratio = half.p99 / half.p50
            what = f"ours, /{key}: p99 : p50 at half of the most, {work}"
            add(what, name, ratio, f"< {TAIL_MOST:.2f}", kept=ratio < TAIL_MOST)
    return table


def _databases(results: Results) -> list[str]:
    return list(dict.fromkeys(name for name, _, _ in results.figures))


def _work(work: str, rows: int) -> str:
    return f"list of {rows}" if work == LIST else work


def _table(rows: Sequence[Sequence[str]], *, markdown: bool) -> str:
    if markdown:
        head, *others = (f"| {' | '.join(row)} |" for row in rows)
        return "\n".join([head, f"|{' --- |' * len(rows[0])}", *others])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
