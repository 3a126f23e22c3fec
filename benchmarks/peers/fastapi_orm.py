"""The work as FastAPI's documentation teaches it: a session as a dependency, ORM objects, pydantic models."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.peers.access import Person, Refused, person_of, require_guild
from benchmarks.peers.orm import Audit, Entry, Settings, new_session

app = FastAPI()


class FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True, coerce_numbers_to_str=True)


class EntryModel(FromRow):
    id: int
    guild_id: str
    verifier_id: str
    user_id: str
    is_verified: bool
    verify_message_id: str = Field(validation_alias="message_id")
    verify_channel_id: str = Field(validation_alias="channel_id")
    timestamp: datetime = Field(validation_alias="created_at")


class SettingsModel(FromRow):
    id: int
    guild_id: str
    language: str
    gmt: str = Field(validation_alias="time_zone")
    unit_system: str
    auto_delete: str
    module_logging: bool
    module_tempchannel: bool = Field(validation_alias="module_tempchannels")
    module_socials: bool
    module_reactionroles: bool
    module_autoresponder: bool
    module_tickets: bool
    module_serverstats: bool
    module_tags: bool
    module_welcoming: bool
    module_verifier: bool
    module_rules: bool
    module_invite_tracker: bool
    module_polls: bool
    module_reminders: bool
    module_giveaways: bool


class OneEntry(FromRow):
    entry: EntryModel


class Entries(FromRow):
    entries: list[EntryModel]


class ChangedSettings(FromRow):
    settings: SettingsModel


class EntryAnswer(FromRow):
    data: OneEntry


class EntriesAnswer(FromRow):
    data: Entries


class SettingsAnswer(FromRow):
    data: ChangedSettings


class SettingsUpdate(BaseModel):
    guild_id: int
    auto_delete: int = Field(ge=0, le=900)


async def get_session() -> AsyncGenerator[AsyncSession]:
    async with new_session() as session:
        yield session


async def get_person(authorization: Annotated[str | None, Header()] = None) -> Person:
    try:
        return person_of(authorization)
    except Refused as refused:
        raise HTTPException(refused.status) from None


SessionDep = Annotated[AsyncSession, Depends(get_session)]
PersonDep = Annotated[Person, Depends(get_person)]


def check_guild(person: Person, guild_id: int) -> None:
    try:
        require_guild(person, guild_id)
    except Refused as refused:
        raise HTTPException(refused.status) from None


@app.get("/v1/modules/verifier/entries/{verifier_id}", response_model=EntryAnswer)
async def read_entry(verifier_id: str, session: SessionDep, person: PersonDep) -> dict[str, object]:
    entry = await session.scalar(select(Entry).where(Entry.verifier_id == verifier_id))
    if entry is None:
        raise HTTPException(404)
    check_guild(person, entry.guild_id)
    return {"data": {"entry": entry}}


@app.get("/v1/modules/verifier/entries", response_model=EntriesAnswer)
async def read_entries(guild_id: int, session: SessionDep, person: PersonDep) -> dict[str, object]:
    check_guild(person, guild_id)
    settings = await session.scalar(select(Settings).where(Settings.guild_id == guild_id))
    if settings is None or not settings.module_verifier:
        raise HTTPException(404)
    entries = await session.scalars(select(Entry).where(Entry.guild_id == guild_id).order_by(Entry.id))
    return {"data": {"entries": entries.all()}}


@app.put("/v1/settings", response_model=SettingsAnswer)
async def update_settings(update: SettingsUpdate, session: SessionDep, person: PersonDep) -> dict[str, object]:
    check_guild(person, update.guild_id)
    settings = await session.scalar(select(Settings).where(Settings.guild_id == update.guild_id).with_for_update())
    if settings is None:
        raise HTTPException(404)
    before = settings.auto_delete
    if before != update.auto_delete:
        settings.auto_delete = update.auto_delete
        session.add(
            Audit(
                guild_id=update.guild_id,
                at=datetime.now(UTC),
                actor_kind="user",
                actor_user_id=person.user_id,
                action="guild.settings.update",
                target="guild settings",
                changes=[{"field": "auto_delete", "before": before, "after": update.auto_delete}],
                request_id=secrets.token_hex(12),
            )
        )
    await session.commit()
    return {"data": {"settings": settings}}
