"""Whether the program's memory stays: `make bench-memory`, or `python -m benchmarks.memory --help`.

A million requests by turns to `/v1` and `/graphql`, with 50,000 documents among them that nobody has sent before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click

from benchmarks.load import Call, LoadFailed, json_answer, measure, require_wrk
from benchmarks.measuring import say
from benchmarks.servers import Server, free_port, serving
from benchmarks.subjects import OURS
from benchmarks.works import LIST, ROW, graphql_call, rest_calls
from benchmarks.world import forget_settings, sqlite_world
from husqy_graphql.discord.sandbox.world import DEMO_GUILD

BASE = 10_000
ROWS = 10
TURN = 4.0
DOCUMENT = "query Numbered@n@($guild: Snowflake!) { guild(id: $guild) { settings { language field@n@: timeZone } } }"


@click.command()
@click.option("--requests", default=1_000_000, show_default=True, help="How many in all.")
@click.option("--documents", default=50_000, show_default=True, help="How many documents among them are new.")
def main(requests: int, documents: int) -> None:
    """Print the memory after the first 10,000 requests, at the end, and the ratio."""
    forget_settings()
    try:
        require_wrk()
        with sqlite_world(ROWS) as world:
            port = free_port()
            command, environment = OURS.command(world, port), OURS.environment(world, port)
            with serving(command, environment, port, rest_calls(world)[ROW], world.folder / "ours.log") as server:
                rest = rest_calls(world)
                # About a third of all requests are documents.
                every = max(1, requests // 3 // documents)
                new = replace(graphql_call(DOCUMENT, {"guild": str(DEMO_GUILD)}, documents), every=every)
                require_accepted(json_answer(port, new))
                measure_memory(server, (rest[ROW], new, rest[LIST]), requests, documents)
    except LoadFailed as error:
        raise click.ClickException(str(error)) from None


def require_accepted(answer: Any) -> None:
    """Raise LoadFailed for a GraphQL answer with errors."""
    if "errors" in answer:
        raise LoadFailed(f"the numbered document is refused: {answer}")


def measure_memory(server: Server, calls: tuple[Call, ...], requests: int, documents: int) -> None:
    """Ask by turns until enough is answered and every document is sent."""
    done, sent, fresh = 0, 0, server.memory()
    base, base_at = 0.0, 0
    seconds = 1.0
    while done < requests or sent < documents:
        for call in calls:
            if call.numbers:
                load = measure(server.port, replace(call, first=min(sent, documents - 1)), seconds)
                sent += load.requests // call.every
            else:
                load = measure(server.port, call, seconds)
            done += load.requests
            if not base and done >= BASE:
                base, base_at, seconds = server.memory(), done, TURN
        say(f"{done:,} requests, {min(sent, documents):,} documents, {server.memory():.0f} MB")
    end = server.memory()
    print(f"{fresh:.0f} MB at the start, {base:.0f} MB after {base_at:,} requests, {end:.0f} MB after {done:,} with")
    print(f"{documents:,} different documents among them: {end / base:.2f} times as much")


if __name__ == "__main__":
    main()
