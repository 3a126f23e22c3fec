"""The program beside what people write by hand: `make bench`, or `python -m benchmarks.compare --help`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median

import click

from benchmarks.load import Load, LoadFailed, answer, json_answer, measure, require_wrk
from benchmarks.servers import Server, free_port, serving
from benchmarks.subjects import LIST, READS, ROW, SUBJECTS, Subject
from benchmarks.world import World, forget_settings, pin_backends, postgres_world, sqlite_world

WARM_UP = 1.0


@click.command()
@click.option("--rounds", default=5, show_default=True)
@click.option("--seconds", default=2.0, show_default=True, help="Of each measurement.")
@click.option("--rows", default=100, show_default=True, help="Of the list.")
@click.option("--subjects", default=",".join(each.key for each in SUBJECTS), show_default=True)
@click.option("--databases", default="sqlite,postgres", show_default=True)
@click.option("--works", default=",".join(READS), show_default=True)
def main(rounds: int, seconds: float, rows: int, subjects: str, databases: str, works: str) -> None:
    """Measure and print the table."""
    forget_settings()
    chosen = [each for each in SUBJECTS if each.key in subjects.split(",")]
    try:
        require_wrk()
        for name in databases.split(","):
            with (sqlite_world if name == "sqlite" else postgres_world)(rows) as world:
                compare(name, world, chosen, works.split(","), rounds, seconds)
    except LoadFailed as error:
        raise click.ClickException(str(error)) from None


def compare(
    name: str, world: World, subjects: Sequence[Subject], works: Sequence[str], rounds: int, seconds: float
) -> None:
    """Start every server, and let them take turns."""
    with ExitStack() as stack:
        servers: dict[str, Server] = {}
        for subject in sorted(subjects, key=lambda each: each.program.key != "ours"):
            if subject.program.key not in servers:
                servers[subject.program.key] = _start(stack, world, subject)
            if subject.program.key == "ours":
                _keep_answers(world, servers["ours"])
        for work in works:
            measured: dict[str, list[Load]] = {}
            for subject in subjects:
                measure(servers[subject.program.key].port, subject.calls(world)[work], WARM_UP)
            pin_backends(world)
            for _ in range(rounds):
                for subject in subjects:
                    load = measure(servers[subject.program.key].port, subject.calls(world)[work], seconds)
                    measured.setdefault(subject.key, []).append(load)
            for subject in subjects:
                loads = measured[subject.key]
                rate = median(each.rate for each in loads)
                spread = (max(each.rate for each in loads) - min(each.rate for each in loads)) / rate
                p50, p99 = median(each.p50 for each in loads), median(each.p99 for each in loads)
                print(f"{name:8} {work:8} {subject.key:14} {rate:8.0f} /s  ±{spread:4.0%}  {p50:6.2f} {p99:6.2f} ms")


def _start(stack: ExitStack, world: World, subject: Subject) -> Server:
    port, program = free_port(), subject.program
    log = world.folder / f"{program.key}.log"
    first = subject.calls(world)[ROW]
    command, environment = program.command(world, port), program.environment(world, port)
    return stack.enter_context(serving(command, environment, port, first, log))


def _keep_answers(world: World, ours: Server) -> None:
    rest = next(each for each in SUBJECTS if each.key == "v1").calls(world)
    kept = {"row": json_answer(ours.port, rest[ROW]), "list": json_answer(ours.port, rest[LIST])}
    (world.folder / "answers.json").write_text(json.dumps(kept))


if __name__ == "__main__":
    main()
