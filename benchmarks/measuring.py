"""What is measured on one database: rates, latencies, memory, and the page of the dashboard."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import orjson

from benchmarks.dashboard import Dashboard, measure_dashboard
from benchmarks.load import Load, LoadFailed, answer, measure
from benchmarks.pacing import paced
from benchmarks.servers import Server, free_port, serving
from benchmarks.subjects import OURS, RAW, Subject
from benchmarks.works import LIST, READS, ROW, UPDATE, rest_value
from benchmarks.world import World, pin_backends


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of some rounds; `spread` is the distance of the best from the worst, as a part of it."""

    rate: float
    spread: float
    p50: float
    p99: float

    @classmethod
    def of(cls, loads: Sequence[Load]) -> Figure:
        rates = [each.rate for each in loads]
        rate = median(rates)
        return cls(rate, (max(rates) - min(rates)) / rate, median(e.p50 for e in loads), median(e.p99 for e in loads))


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds until a program answers, and its megabytes then and after the load."""

    started_in: float
    fresh: float
    loaded: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and what to measure."""

    rounds: int
    seconds: float
    works: Sequence[str]
    latencies: bool


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that was measured, by database, work, and subject."""

    figures: dict[tuple[str, str, str], Figure] = field(default_factory=dict[tuple[str, str, str], Figure])
    quiet: dict[tuple[str, str, str], Load] = field(default_factory=dict[tuple[str, str, str], Load])
    half: dict[tuple[str, str, str], Load] = field(default_factory=dict[tuple[str, str, str], Load])
    costs: dict[tuple[str, str], Cost] = field(default_factory=dict[tuple[str, str], Cost])
    dashboards: dict[str, Dashboard] = field(default_factory=dict[str, Dashboard])
    scaling: dict[int, Figure] = field(default_factory=dict[int, Figure])
    skipped: list[str] = field(default_factory=list[str])


def say(sentence: str) -> None:
    """Tell whoever waits."""
    print(sentence, file=sys.stderr, flush=True)


def measure_database(results: Results, name: str, world: World, subjects: Sequence[Subject], plan: Plan) -> None:
    """Run all servers on one database at once, and let them take turns."""
    subjects = [each for each in subjects if any(each.has(work, world) for work in plan.works)]
    fresh: dict[str, float] = {}
    # Those that only read are stopped before the updates: PostgreSQL has no connections for all of them.
    with ExitStack() as writers, ExitStack() as readers:
        servers = _start(subjects, world, readers, writers)
        for key, server in servers.items():
            fresh[key] = server.memory()

        def keep_costs() -> None:
            for key, server in servers.items():
                if server.process.poll() is None:
                    results.costs[name, key] = Cost(server.started_in, fresh[key], server.memory())

        reads = [work for work in READS if work in plan.works]
        _check(reads, subjects, servers, world)
        for work in reads:
            _rounds(results, (name, work), subjects, servers, world, plan)
        _check(reads, subjects, servers, world)
        if plan.latencies:
            for work in reads:
                _latencies(results, (name, work), subjects, servers, world, plan)
        keep_costs()
        readers.close()
        writing = [each for each in subjects if each.has(UPDATE, world)]
        if UPDATE in plan.works and writing:
            _check([UPDATE], writing, servers, world)
            _rounds(results, (name, UPDATE), writing, servers, world, plan)
            _check([UPDATE], writing, servers, world)
        if OURS.key in servers:
            say(f"{name}: the page of the dashboard")
            results.dashboards[name] = measure_dashboard(servers[OURS.key].port)
        keep_costs()


def _start(subjects: Sequence[Subject], world: World, readers: ExitStack, writers: ExitStack) -> dict[str, Server]:
    servers: dict[str, Server] = {}
    # The constant repeats what another one has answered.
    for subject in sorted(subjects, key=lambda each: each is RAW):
        if subject is RAW:
            _keep_answers(subjects, servers, world)
        program = subject.program
        if program.key not in servers:
            port = free_port()
            server = serving(
                program.command(world, port),
                program.environment(world, port),
                port,
                subject.calls(world)[ROW],
                world.folder / f"{program.key}.log",
            )
            stack = writers if subject.has(UPDATE, world) else readers
            servers[program.key] = stack.enter_context(server)
    return servers


def _keep_answers(subjects: Sequence[Subject], servers: dict[str, Server], world: World) -> None:
    source = next((each for each in subjects if each.value is rest_value and each is not RAW), None)
    if source is None:
        raise LoadFailed("The constant needs one of hand-written, fastapi and v1 beside it, whose answers it repeats.")
    calls, port = source.calls(world), servers[source.program.key].port
    world.answers.write_bytes(
        orjson.dumps({"row": orjson.loads(answer(port, calls[ROW])), "list": orjson.loads(answer(port, calls[LIST]))})
    )


def _check(works: Sequence[str], subjects: Sequence[Subject], servers: dict[str, Server], world: World) -> None:
    """Raise LoadFailed unless all answer the same: REST byte by byte, the others in value."""
    for number, work in enumerate(works, 1):
        bodies: dict[str, bytes] = {}
        values: dict[str, Any] = {}
        for subject in subjects:
            if subject.has(work, world):
                body = answer(servers[subject.program.key].port, subject.calls(world)[work], number)
                values[subject.key] = subject.value(work, orjson.loads(body))
                if subject.value is rest_value:
                    bodies[subject.key] = body
        _require_same(work, bodies)
        _require_same(work, values)
        if work == LIST and any(len(value) != world.rows for value in values.values()):
            raise LoadFailed(f"The list does not have {world.rows} rows.")


def _require_same(work: str, found: dict[str, Any]) -> None:
    first = next(iter(found), None)
    for key, value in found.items():
        if first is not None and value != found[first]:
            raise LoadFailed(f"{work}: {key} and {first} answer differently:\n{value!r:.600}\n{found[first]!r:.600}")


def _rounds(
    results: Results,
    place: tuple[str, str],
    subjects: Sequence[Subject],
    servers: dict[str, Server],
    world: World,
    plan: Plan,
) -> None:
    name, work = place
    loads: dict[str, list[Load]] = {}

    def ask(subject: Subject, seconds: float) -> Load:
        return measure(servers[subject.program.key].port, subject.calls(world)[work], seconds)

    doing = [each for each in subjects if each.has(work, world)]
    for subject in doing:
        ask(subject, subject.warm_up)
    pin_backends(world)
    for turn in range(plan.rounds):
        say(f"{name}: {work}, round {turn + 1} of {plan.rounds}")
        for subject in doing:
            loads.setdefault(subject.key, []).append(ask(subject, plan.seconds))
    for key, found in loads.items():
        results.figures[name, work, key] = Figure.of(found)


def _latencies(
    results: Results,
    place: tuple[str, str],
    subjects: Sequence[Subject],
    servers: dict[str, Server],
    world: World,
    plan: Plan,
) -> None:
    name, work = place
    say(f"{name}: {work}, latencies")
    rates = {each: results.figures[name, work, each.key].rate for each in subjects if each.has(work, world)}
    for subject, most in rates.items():
        port, call = servers[subject.program.key].port, subject.calls(world)[work]
        results.quiet[name, work, subject.key] = measure(port, call, plan.seconds, connections=1)
        # The constant at the rate of the slowest: what its percentiles are apart is the machine's and the generator's.
        half = (min(rates.values()) if subject is RAW else most) / 2
        results.half[name, work, subject.key] = _middle(lambda: paced(port, call, half, plan.seconds), plan.rounds)  # noqa: B023


def _middle(take: Callable[[], Load], times: int) -> Load:
    """The one of some measurements that has the median of the 99th percentiles."""
    return sorted((take() for _ in range(times)), key=lambda each: each.p99)[times // 2]
