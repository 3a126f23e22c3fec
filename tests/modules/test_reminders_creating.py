"""What a new reminder may say, when it comes and where it goes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import GUILD, MEMBER, MEMBER_2, OUTSIDER, OWNER, QUIET_GUILD, Api
from tests.modules.helpers import CLOSED_CHANNEL, FORUM, enable, make_premium
from tests.modules.reminders import (
    QUICK,
    REPEATED,
    SCHEDULED,
    create,
    refused_creation,
    row,
)

CATEGORY = 1300000000000000301
DETAILS = "#/schedule_details"


def cron(**fields: Any) -> dict[str, Any]:
    return {"schedule_type": "cron", **fields}


@pytest.mark.parametrize(
    ("details", "pointer"),
    [
        ({}, DETAILS),
        ({"duration": None}, DETAILS),
        ({"duration": "1m", "run_date": "2026-03-02T00:00"}, DETAILS),
        ({"when": "1m"}, f"{DETAILS}/when"),
        ({"duration": "1m", "hour": 3}, f"{DETAILS}/hour"),
        ({"duration": 5}, f"{DETAILS}/duration"),
        ({"duration": "0m"}, f"{DETAILS}/duration"),
        ({"duration": "1 m"}, f"{DETAILS}/duration"),
        ({"duration": "3651d"}, f"{DETAILS}/duration"),
        ({"duration": "9" * 400 + "d"}, f"{DETAILS}/duration"),
        ({"duration": True}, f"{DETAILS}/duration"),
        ({"duration": ["1m"]}, f"{DETAILS}/duration"),
        ({"run_date": "soon"}, f"{DETAILS}/run_date"),
        ({"run_date": 20270101}, f"{DETAILS}/run_date"),
        ({"run_date": "2026-03-01T12:00:00Z"}, f"{DETAILS}/run_date"),
        ({"run_date": "2026-03-01T13:00:00+01:00"}, f"{DETAILS}/run_date"),
        ({"run_date": "2025-03-01T13:00"}, f"{DETAILS}/run_date"),
    ],
)
async def test_times_that_cannot_be(api: Api, details: dict[str, Any], pointer: str) -> None:
    await enable(api, "reminders")
    assert list(await refused_creation(api, 400, schedule_details=details)) == [pointer]
    assert list(await refused_creation(api, 400, reminder_type=SCHEDULED, schedule_details=details)) == [pointer]


@pytest.mark.parametrize(
    ("details", "pointer"),
    [
        ({}, f"{DETAILS}/schedule_type"),
        ({"duration": "1m"}, f"{DETAILS}/schedule_type"),
        ({"schedule_type": "date"}, f"{DETAILS}/schedule_type"),
        ({"schedule_type": 1}, f"{DETAILS}/schedule_type"),
        (cron(), DETAILS),
        (cron(hour=None), DETAILS),
        (cron(hours=1), f"{DETAILS}/hours"),
        (cron(hour=24), f"{DETAILS}/hour"),
        (cron(second="0,30"), f"{DETAILS}/second"),
        (cron(second="*"), f"{DETAILS}/second"),
        (cron(month=2, day=30), DETAILS),
        (cron(year=2025), DETAILS),
        ({"schedule_type": "interval"}, DETAILS),
        ({"schedule_type": "interval", "seconds": 59}, DETAILS),
        ({"schedule_type": "interval", "minutes": -1}, f"{DETAILS}/minutes"),
        ({"schedule_type": "interval", "hour": 1}, f"{DETAILS}/hour"),
        ({"schedule_type": "interval", "days": "9" * 30}, f"{DETAILS}/days"),
    ],
)
async def test_schedules_that_cannot_be(api: Api, details: dict[str, Any], pointer: str) -> None:
    await enable(api, "reminders")
    assert list(await refused_creation(api, 400, reminder_type=REPEATED, schedule_details=details)) == [pointer]


@pytest.mark.parametrize(
    ("zone", "kind", "details", "stored", "first"),
    [
        ("UTC", QUICK, {"duration": "3650d"}, None, "2036-02-27 12:00:00"),
        ("Europe/Amsterdam", SCHEDULED, {"run_date": "2026-07-01T09:00", "duration": None},
         '{"run_date":"2026-07-01T07:00:00Z"}', "2026-07-01 07:00:00"),
        ("Europe/Amsterdam", QUICK, {"run_date": "2026-07-01T09:00:00+05:00"},
         '{"run_date":"2026-07-01T04:00:00Z"}', "2026-07-01 04:00:00"),
        ("Europe/Amsterdam", REPEATED, cron(hour="9", minute=None), '{"schedule_type":"cron","hour":"9"}',
         "2026-03-02 08:00:00"),
        ("America/New_York", REPEATED, cron(day_of_week="mon,fri", hour=9, minute=30),
         '{"schedule_type":"cron","day_of_week":"mon,fri","hour":9,"minute":30}', "2026-03-02 14:30:00"),
        ("UTC", REPEATED, cron(minute="*", second=0), None, "2026-03-01 12:01:00"),
        ("UTC", REPEATED, {"schedule_type": "interval", "seconds": "60"}, None, "2026-03-01 12:01:00"),
        ("UTC", REPEATED, {"schedule_type": "interval", "weeks": 1, "days": 0, "minutes": "5"}, None,
         "2026-03-08 12:05:00"),
    ],
)  # fmt: skip
async def test_when_it_comes(
    api: Api, zone: str, kind: int, details: dict[str, Any], stored: str | None, first: str
) -> None:
    await api.rest("PUT", "/settings", json={"guild_id": GUILD, "gmt": zone})
    await enable(api, "reminders")
    made = await create(api, kind, schedule_details=details)

    assert stored is None or made["schedule_details"] == stored
    found = await row(api)
    assert str(found["next_run_at"]).startswith(first)
    [job] = await api.rows("jobs")
    assert str(job["due_at"]).startswith(first)


async def test_where_it_goes(api: Api) -> None:
    await enable(api, "reminders")
    await make_premium(api)
    for destination in (None, FORUM, CATEGORY, 1300000000000009998, OUTSIDER):
        for kind in (QUICK, SCHEDULED):
            errors = await refused_creation(api, 400, reminder_type=kind, destination_id=destination)
            assert list(errors) == ["#/destination_id"], destination
    assert list(await refused_creation(api, 400, destination_id=MEMBER_2)) == ["#/destination_id"]
    assert list(await refused_creation(api, 400, reminder_type=SCHEDULED, destination_id=OWNER)) == ["#/destination_id"]
    await create(api, destination_id=MEMBER)
    await create(api, SCHEDULED, destination_id=CLOSED_CHANNEL)
    await enable(api, "reminders", QUIET_GUILD)
    options = {"token": "sandbox-owner"}
    assert list(await refused_creation(api, 400, options, guild_id=QUIET_GUILD)) == ["#/destination_id"]


@pytest.mark.parametrize(
    ("kind", "values", "pointer"),
    [
        (QUICK, {"title": None}, "#/title"),
        (QUICK, {"title": "  "}, "#/title"),
        (QUICK, {"title": "x" * 257}, "#/title"),
        (QUICK, {"description": "x" * 2_001}, "#/description"),
        (QUICK, {"url": "ftp://husqy.xyz"}, "#/url"),
        (QUICK, {"url": "https://"}, "#/url"),
        (QUICK, {"url": "https://husqy.xyz/" + "x" * 495}, "#/url"),
        (REPEATED, {"content": None}, "#/content"),
        (SCHEDULED, {"content": " \n"}, "#/content"),
        (SCHEDULED, {"content": "x" * 2_001}, "#/content"),
        (SCHEDULED, {"content": "{}", "content_is_embed": True}, "#/content"),
        (SCHEDULED, {"content": '{"embeds": [{"color": -1}]}', "content_is_embed": True}, "#/content/embeds/0/color"),
        (SCHEDULED, {"content": json.dumps({"embeds": [{"title": "x"}] * 6}), "content_is_embed": True},
         "#/content/embeds"),
    ],
)  # fmt: skip
async def test_texts_that_cannot_be(api: Api, kind: int, values: dict[str, Any], pointer: str) -> None:
    await enable(api, "reminders")
    assert list(await refused_creation(api, 400, reminder_type=kind, **values)) == [pointer]


async def test_texts_at_their_limits(api: Api) -> None:
    await enable(api, "reminders")
    await create(api, title="x" * 256, description="x" * 2_000, url="https://husqy.xyz/" + "x" * 494, content="ignored")
    await create(api, SCHEDULED, content="x" * 2_000)
    await create(api, REPEATED, content=json.dumps({"embeds": [{"title": "x"}] * 5}), content_is_embed=True)
