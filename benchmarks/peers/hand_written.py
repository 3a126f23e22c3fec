"""The work by hand, as fast as the documentation of Starlette, SQLAlchemy Core and orjson leads one to write it.

Statements are made once, rows are read by position, reads run outside of transactions on PostgreSQL.
"""

from __future__ import annotations

import gc
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.peers.access import Refused, person_of, require_guild

DATABASE_URL = os.environ["BENCH_DATABASE_URL"]
SQLITE = DATABASE_URL.startswith("sqlite")
# As the answer spells them.
MODULES = (
    "logging",
    "tempchannels",
    "socials",
    "reactionroles",
    "autoresponder",
    "tickets",
    "serverstats",
    "tags",
    "welcoming",
    "verifier",
    "rules",
    "invite_tracker",
    "polls",
    "reminders",
    "giveaways",
)
_TIMES = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z

metadata = MetaData()
entries_table = Table(
    "verifier_entries",
    metadata,
    Column("id", Integer if SQLITE else BigInteger, primary_key=True),
    Column("guild_id", BigInteger),
    Column("verifier_id", String(36)),
    Column("user_id", BigInteger),
    Column("is_verified", Boolean),
    Column("message_id", BigInteger),
    Column("channel_id", BigInteger),
    Column("created_at", DateTime(timezone=True)),
)
settings_table = Table(
    "guild_settings",
    metadata,
    Column("id", Integer if SQLITE else BigInteger, primary_key=True),
    Column("guild_id", BigInteger),
    Column("language", String(16)),
    Column("time_zone", String(64)),
    Column("unit_system", String(16)),
    Column("auto_delete", Integer),
    *(Column(f"module_{name}", Boolean) for name in MODULES),
)
audit_table = Table(
    "audit_log",
    metadata,
    Column("id", Integer if SQLITE else BigInteger, primary_key=True),
    Column("guild_id", BigInteger),
    Column("at", DateTime(timezone=True)),
    Column("actor_kind", String(16)),
    Column("actor_user_id", BigInteger),
    Column("action", String(64)),
    Column("target", String(100)),
    Column("changes", JSON),
    Column("request_id", String(64)),
)

ENTRY = select(entries_table).where(entries_table.c.verifier_id == bindparam("verifier_id"))
VERIFIER_ON = select(settings_table.c.module_verifier).where(settings_table.c.guild_id == bindparam("guild_id"))
ENTRIES = select(entries_table).where(entries_table.c.guild_id == bindparam("guild_id")).order_by(entries_table.c.id)
LOCKED_SETTINGS = select(settings_table).where(settings_table.c.guild_id == bindparam("guild_id")).with_for_update()
SET_AUTO_DELETE = (
    update(settings_table)
    .where(settings_table.c.guild_id == bindparam("of_guild"))
    .values(auto_delete=bindparam("seconds"))
)
ADD_AUDIT = insert(audit_table)


def _use_wal(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA busy_timeout = 10000")
    cursor.close()


def _engines() -> tuple[AsyncEngine, AsyncEngine]:
    """To read with, and to write with."""
    if SQLITE:
        read = create_async_engine(DATABASE_URL, pool_size=16, max_overflow=0)
        write = create_async_engine(DATABASE_URL, pool_size=1, max_overflow=0)
        for engine in (read, write):
            event.listen(engine.sync_engine, "connect", _use_wal)
        return read, write
    read = create_async_engine(
        DATABASE_URL, pool_size=16, max_overflow=0, isolation_level="AUTOCOMMIT", pool_reset_on_return=None
    )
    return read, create_async_engine(DATABASE_URL, pool_size=16, max_overflow=0)


READ, WRITE = _engines()


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body, option=_TIMES), status, media_type="application/json")


def _entry_json(row: Any) -> dict[str, Any]:
    row_id, guild_id, verifier_id, user_id, is_verified, message_id, channel_id, created_at = row
    return {
        "id": row_id,
        "guild_id": str(guild_id),
        "verifier_id": verifier_id,
        "user_id": str(user_id),
        "is_verified": is_verified,
        "verify_message_id": str(message_id),
        "verify_channel_id": str(channel_id),
        "timestamp": created_at,
    }


def _settings_json(row: Any, auto_delete: int) -> dict[str, Any]:
    row_id, guild_id, language, time_zone, unit_system, _, *modules = row
    return {
        "id": row_id,
        "guild_id": str(guild_id),
        "language": language,
        "gmt": time_zone,
        "unit_system": unit_system,
        "auto_delete": str(auto_delete),
        **dict(zip(_MODULE_NAMES, modules, strict=True)),
    }


_MODULE_NAMES = ["module_tempchannel" if name == "tempchannels" else f"module_{name}" for name in MODULES]


async def entry(request: Request) -> Response:
    person = person_of(request.headers.get("authorization"))
    async with READ.connect() as connection:
        row = (await connection.execute(ENTRY, {"verifier_id": request.path_params["verifier_id"]})).first()
    if row is None:
        raise Refused(404)
    require_guild(person, row[1])
    return _json({"data": {"entry": _entry_json(row)}})


async def entries(request: Request) -> Response:
    person = person_of(request.headers.get("authorization"))
    guild_id = int(request.query_params["guild_id"])
    require_guild(person, guild_id)
    of_guild = {"guild_id": guild_id}
    async with READ.connect() as connection:
        settings = (await connection.execute(VERIFIER_ON, of_guild)).first()
        if settings is None or not settings[0]:
            raise Refused(404)
        rows = (await connection.execute(ENTRIES, of_guild)).all()
    return _json({"data": {"entries": [_entry_json(row) for row in rows]}})


async def update_settings(request: Request) -> Response:
    person = person_of(request.headers.get("authorization"))
    body = orjson.loads(await request.body())
    guild_id, seconds = int(body["guild_id"]), body["auto_delete"]
    require_guild(person, guild_id)
    if not isinstance(seconds, int) or not 0 <= seconds <= 900:
        raise Refused(400)
    async with WRITE.begin() as connection:
        row = (await connection.execute(LOCKED_SETTINGS, {"guild_id": guild_id})).first()
        if row is None:
            raise Refused(404)
        before = row[5]
        if before != seconds:
            await connection.execute(SET_AUTO_DELETE, {"of_guild": guild_id, "seconds": seconds})
            await connection.execute(
                ADD_AUDIT,
                {
                    "guild_id": guild_id,
                    "at": datetime.now(UTC),
                    "actor_kind": "user",
                    "actor_user_id": person.user_id,
                    "action": "guild.settings.update",
                    "target": "guild settings",
                    "changes": [{"field": "auto_delete", "before": before, "after": seconds}],
                    "request_id": secrets.token_hex(12),
                },
            )
    return _json({"data": {"settings": _settings_json(row, seconds)}})


async def refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return _json({"status": error.status}, error.status)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncGenerator[None]:
    gc.collect()
    gc.freeze()
    yield
    await READ.dispose()
    await WRITE.dispose()


app = Starlette(
    routes=[
        Route("/v1/modules/verifier/entries", entries),
        Route("/v1/modules/verifier/entries/{verifier_id}", entry),
        Route("/v1/settings", update_settings, methods=["PUT"]),
    ],
    exception_handlers={Refused: refused},
    lifespan=lifespan,
)
