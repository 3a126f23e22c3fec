"""The command line. Everything heavy is imported by the command that needs it, so that `--help` is quick."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from husqy_graphql.config import Settings

T = TypeVar("T")

SCHEMA_FILE = Path("schema.graphql")

EPILOG = """
\b
Settings come from environment variables that begin with HUSQY_; `husqy-graphql settings` lists them.
Without HUSQY_DISCORD_BOT_TOKEN the program runs on its own fake Discord, the sandbox, and needs nothing else.
\b
First steps:
  husqy-graphql migrate     make the database
  husqy-graphql demo        put the demo world into it, and show its tokens
  husqy-graphql serve       answer on http://127.0.0.1:8000
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="husqy-graphql")
def main() -> None:
    """Husqy's configuration behind one GraphQL schema, and the published REST API through it."""


@main.command()
@click.option(
    "--workers", type=int, metavar="N", help="Processes that answer; more than one need PostgreSQL and Redis."
)
def serve(*, workers: int | None) -> None:
    """Answer requests, and run the background jobs in the same process.

    /graphql takes GraphQL, /v1 the REST API, / shows the explorer. Ctrl-C stops it: requests that run are finished.
    """
    from husqy_graphql.serving import CannotListen, listen, serve_alone, serve_together

    settings = _settings() if workers is None else _settings(workers=workers)
    _require_migrated(settings)
    try:
        listener = listen(settings)
    except CannotListen as error:
        _fail(str(error))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    many = f" with {settings.workers} workers" if settings.workers > 1 else ""
    banner = f"Husqy GraphQL listens on http://{host}:{listener.getsockname()[1]}{many} (Ctrl-C stops it)."
    with listener:
        if settings.workers > 1:
            click.echo(banner, err=True)
            sys.exit(serve_together(settings, listener))
        app = _create_app(settings)
        click.echo(banner, err=True)
        sys.exit(serve_alone(settings, app, listener))


@main.command()
def worker() -> None:
    """Run the background jobs alone, beside `serve` processes that share the database."""
    from husqy_graphql.serving import CannotListen
    from husqy_graphql.tasks import run_worker_alone

    settings = _settings()
    _require_migrated(settings)
    click.echo("The worker runs (Ctrl-C stops it).", err=True)
    try:
        _run(run_worker_alone(settings))
    except CannotListen as error:
        _fail(str(error))


@main.command()
@click.option("--check", is_flag=True, help="Change nothing; fail when the models say something no migration does.")
@click.option("--revision", default="head", show_default=True, help="How far to go.")
@click.option("--create", metavar="MESSAGE", help="For developers: write a migration for what the models say.")
def migrate(*, check: bool, revision: str, create: str | None) -> None:
    """Bring the database to the newest schema. Safe to run twice, and from two processes at once."""
    from husqy_graphql import tasks

    if check:
        _run(tasks.check_migrations())
        return
    settings = _settings()
    if create:
        _run(tasks.create_migration(settings, create))
        return
    click.echo(f"Migrating {tasks.shown_database(settings)} ...", err=True)
    before, after = _run(tasks.migrate_database(settings, revision))
    click.echo("It was up to date." if before == after else f"Went from {before or 'nothing'} to {after}.", err=True)


@main.command()
def demo() -> None:
    """Put the demo world into the database, unless it is there, and show what to try with it."""
    from husqy_graphql.demo import demo_card
    from husqy_graphql.tasks import seed_demo_world

    settings = _settings()
    if not settings.sandbox:
        _fail("The demo world is made for the sandbox: unset HUSQY_DISCORD_BOT_TOKEN.")
    _require_migrated(settings)
    _run(seed_demo_world(settings))
    click.echo(demo_card(settings.host, settings.port))


@main.command()
@click.option("--write", is_flag=True, help="Write it to schema.graphql.")
@click.option("--check", is_flag=True, help="Fail when schema.graphql says something else.")
def schema(*, write: bool, check: bool) -> None:
    """Print the GraphQL schema in its definition language."""
    from husqy_graphql.schema import build_schema, print_schema

    text = print_schema(build_schema())
    if write:
        SCHEMA_FILE.write_text(text, encoding="utf-8")
    elif check:
        if not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text(encoding="utf-8") != text:
            _fail("schema.graphql is not what the code says: run `make schema` and look at the difference.")
    else:
        click.echo(text, nl=False)


@main.command()
def openapi() -> None:
    """Print the OpenAPI document of the REST API."""
    from husqy_graphql.app import openapi_document

    click.echo(json.dumps(openapi_document(), indent=2))


@main.command()
def settings() -> None:
    """List every setting with its default and its meaning. Values are not shown."""
    from husqy_graphql.config import describe_settings

    for name, default, description in describe_settings():
        click.echo(f"{name}\n    {description} Default: {default}.")


@main.group()
def explorer() -> None:
    """The GraphiQL explorer at /."""


@explorer.command()
def install() -> None:
    """Fetch the explorer's files with npm, so that the page needs no other host. Does nothing when they are there."""
    from husqy_graphql.transport.explorer_assets import ExplorerNotInstalled, ExplorerTampered, install_explorer

    try:
        click.echo(install_explorer().sentence, err=True)
    except ExplorerNotInstalled as error:
        click.echo(str(error), err=True)  # the page goes on with the CDN
    except ExplorerTampered as error:
        _fail(str(error))


@main.group()
def keys() -> None:
    """Work on the secrets at rest."""


@keys.command()
def rotate() -> None:
    """Write secrets at rest again under the first key of HUSQY_SECRET_KEYS, so that older ones can be dropped."""
    from husqy_graphql.tasks import rotate_secrets

    settings = _settings()
    _require_migrated(settings)
    keys, sessions, passphrases = _run(rotate_secrets(settings))
    click.echo(
        f"{keys} API keys, {sessions} sessions and {passphrases} passphrases are encrypted under the first secret key "
        "now."
    )


def _create_app(settings: Settings) -> ASGIApp:
    from husqy_graphql.app import create_app
    from husqy_graphql.config import ConfigurationError

    try:
        return create_app(settings)
    except ConfigurationError as error:
        _fail(str(error))


def _settings(**overrides: Any) -> Settings:
    from husqy_graphql.config import ConfigurationError, load_settings
    from husqy_graphql.logs import configure_logging

    try:
        settings = load_settings(**overrides)
    except ConfigurationError as error:
        _fail(str(error))
    # In every command: structlog's own defaults print local variables.
    configure_logging(settings.log_level, as_json=settings.log_json)
    return settings


def _require_migrated(settings: Settings) -> None:
    from husqy_graphql.tasks import require_migrated

    _run(require_migrated(settings))


def _run(work: Coroutine[Any, Any, T]) -> T:
    from husqy_graphql.tasks import DatabaseNotReady

    try:
        return asyncio.run(work)
    except DatabaseNotReady as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(sentence: str) -> NoReturn:
    click.echo(f"husqy-graphql: {sentence}", err=True)
    sys.exit(2)
