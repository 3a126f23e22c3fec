"""What the commands do beside serving: migrations, the demo world, the lone worker, rotated secrets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from husqy_graphql.api_keys.service import rotate_keys
from husqy_graphql.app import METADATA, create_program
from husqy_graphql.config import Settings
from husqy_graphql.core.key_ring import create_key_ring
from husqy_graphql.db.engines import Engines, create_engines
from husqy_graphql.db.migrate import check_models, create_revision, migrate, pending_revision
from husqy_graphql.identity.sessions import rotate_sessions
from husqy_graphql.modules.verifier.service import rotate_passphrases
from husqy_graphql.serving import serve_metrics
from husqy_graphql.worker.loop import run_worker


class DatabaseNotReady(Exception):
    """The database cannot be used as it is; the message says what to do."""


async def migrate_database(settings: Settings, revision: str = "head") -> tuple[str | None, str | None]:
    """Upgrade the database; returns the revisions before and after."""
    async with _usable_database(settings) as engines:
        return await migrate(engines.write, METADATA, revision)


async def require_migrated(settings: Settings) -> None:
    """Raise DatabaseNotReady unless the database answers and is at the newest revision."""
    async with _usable_database(settings) as engines:
        pending = await pending_revision(engines.read)
    if pending is not None:
        raise DatabaseNotReady("The database is not at the newest schema: run `husqy-graphql migrate` first.")


async def check_migrations() -> None:
    """Raise alembic's error when the models say something that no migration does; uses a database of its own."""
    with TemporaryDirectory() as folder:
        engines = create_engines(f"sqlite+aiosqlite:///{Path(folder) / 'check.db'}")
        await migrate(engines.write, METADATA)
        await check_models(engines.write, METADATA)
        await engines.dispose()


async def create_migration(settings: Settings, message: str) -> None:
    """Write a migration for the difference between the models and the database."""
    async with _usable_database(settings) as engines:
        await create_revision(engines.write, METADATA, message)


async def seed_demo_world(settings: Settings) -> None:
    """Put the demo world into the database, unless it is there."""
    program = create_program(settings)
    async with program.running():
        await program.seed_demo_world()


async def run_worker_alone(settings: Settings) -> None:
    """Do the background work until cancelled, or until a signal stops it; with a port for metrics, answer there."""
    program = create_program(settings)
    async with program.running():
        if settings.metrics_port is None:
            await run_worker(program.worker)
            return
        work = asyncio.create_task(run_worker(program.worker))
        try:
            await serve_metrics(settings, program.worker_asgi)
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work


async def rotate_secrets(settings: Settings) -> tuple[int, int, int]:
    """Encrypt what rests encrypted under the first secret of the ring; returns how many API keys, sessions and
    passphrases."""
    program = create_program(settings)
    key_ring = create_key_ring(settings.ring_secrets)
    async with program.running(), program.worker.unit_of_work("rotate-keys") as uow:
        return (
            await rotate_keys(uow, key_ring),
            await rotate_sessions(uow, key_ring),
            await rotate_passphrases(uow, key_ring),
        )


def shown_database(settings: Settings) -> str:
    """The database's address with its password hidden."""
    return make_url(settings.database_url.get_secret_value()).render_as_string(hide_password=True)


@asynccontextmanager
async def _usable_database(settings: Settings) -> AsyncGenerator[Engines]:
    engines = create_engines(settings.database_url.get_secret_value())
    try:
        yield engines
    except (SQLAlchemyError, OSError) as error:
        # The error itself may quote the address with its password.
        name = type(error).__name__
        raise DatabaseNotReady(f"HUSQY_DATABASE_URL: {shown_database(settings)} cannot be used ({name}).") from None
    finally:
        await engines.dispose()
