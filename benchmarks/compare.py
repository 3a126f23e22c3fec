"""The program beside what people write by hand: `make bench`, or `python -m benchmarks.compare --help`."""

from __future__ import annotations

import os
from contextlib import suppress

import click

from benchmarks.load import CLIENT_CORE, LoadFailed, require_wrk
from benchmarks.measuring import Plan, Results, measure_database
from benchmarks.report import report
from benchmarks.scaling import measure_scaling
from benchmarks.subjects import SUBJECTS, choose
from benchmarks.works import WORKS
from benchmarks.world import POSTGRES, forget_settings, postgres_world, reach, sqlite_world


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Of which the median counts.")
@click.option("--seconds", default=2.0, show_default=True, help="Of each measurement.")
@click.option("--rows", default=100, show_default=True, help="Of the list, at most 100.")
@click.option("--subjects", default=",".join(each.key for each in SUBJECTS), show_default=True)
@click.option("--works", default=",".join(WORKS), show_default=True)
@click.option("--databases", default="sqlite,postgres", show_default=True)
@click.option("--postgres", default=POSTGRES, show_default=True, help="A database of its own is made on this server.")
@click.option("--latencies/--no-latencies", default=True, show_default=True, help="Also alone, and at half load.")
@click.option("--scaling/--no-scaling", default=True, show_default=True, help="Also several processes.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def main(
    rounds: int,
    seconds: float,
    rows: int,
    subjects: str,
    works: str,
    databases: str,
    postgres: str,
    latencies: bool,
    scaling: bool,
    markdown: bool,
) -> None:
    """Measure side by side, and print the table."""
    forget_settings()
    with suppress(OSError):
        os.sched_setaffinity(0, {CLIENT_CORE})
    results, plan = Results(), Plan(rounds, seconds, works.split(","), latencies)
    try:
        require_wrk()
        chosen, missing = choose(subjects)
        results.skipped.extend(missing)
        if "sqlite" in databases:
            with sqlite_world(rows) as world:
                measure_database(results, "SQLite", world, chosen, plan)
        reason = reach(postgres) if "postgres" in databases else None
        if reason is not None:
            results.skipped.append(reason)
        elif "postgres" in databases:
            with postgres_world(rows, postgres) as world:
                measure_database(results, "PostgreSQL", world, chosen, plan)
                if scaling:
                    measure_scaling(results, world, rounds, seconds)
    except LoadFailed as error:
        raise click.ClickException(str(error)) from None
    print(report(results, rows, markdown=markdown))


if __name__ == "__main__":
    main()
