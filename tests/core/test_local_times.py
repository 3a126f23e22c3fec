from __future__ import annotations

from datetime import UTC, datetime

import pytest

from husqy_graphql.core.local_times import parse_local_time
from husqy_graphql.core.time_zones import time_zone

AMSTERDAM, NEW_YORK = time_zone("Europe/Amsterdam"), time_zone("America/New_York")


def said(text: str, zone_name: str) -> str:
    return parse_local_time(text, time_zone(zone_name)).isoformat()


@pytest.mark.parametrize(
    ("text", "zone_name", "utc"),
    [
        ("2026-01-15T12:00", "Europe/Amsterdam", "2026-01-15T11:00:00+00:00"),
        ("2026-07-15T12:00", "Europe/Amsterdam", "2026-07-15T10:00:00+00:00"),
        ("2026-01-15 12:00:30", "America/New_York", "2026-01-15T17:00:30+00:00"),
        ("2026-07-15T12:00", "America/New_York", "2026-07-15T16:00:00+00:00"),
        ("2026-07-15T12:00", "UTC", "2026-07-15T12:00:00+00:00"),
        ("2026-07-15T12:00:00.25", "Asia/Kolkata", "2026-07-15T06:30:00.250000+00:00"),
    ],
)
def test_a_time_without_offset_is_one_of_the_zone(text: str, zone_name: str, utc: str) -> None:
    assert said(text, zone_name) == utc


@pytest.mark.parametrize("zone_name", ["Europe/Amsterdam", "America/New_York", "UTC"])
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-07-15T12:00Z", "2026-07-15T12:00:00+00:00"),
        ("2026-07-15t12:00:00z", "2026-07-15T12:00:00+00:00"),
        ("2026-07-15T12:00:00+05:30", "2026-07-15T06:30:00+00:00"),
        ("2026-07-15 12:00-0800", "2026-07-15T20:00:00+00:00"),
    ],
)
def test_an_offset_makes_the_zone_irrelevant(text: str, utc: str, zone_name: str) -> None:
    assert said(text, zone_name) == utc


@pytest.mark.parametrize(
    ("text", "zone_name", "utc"),
    [
        ("2026-03-29T01:59:59", "Europe/Amsterdam", "2026-03-29T00:59:59+00:00"),
        ("2026-03-29T02:00", "Europe/Amsterdam", "2026-03-29T01:00:00+00:00"),
        ("2026-03-29T02:30", "Europe/Amsterdam", "2026-03-29T01:30:00+00:00"),
        ("2026-03-29T03:00", "Europe/Amsterdam", "2026-03-29T01:00:00+00:00"),
        ("2026-03-08T01:59:59", "America/New_York", "2026-03-08T06:59:59+00:00"),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00+00:00"),
        ("2026-03-08T03:00", "America/New_York", "2026-03-08T07:00:00+00:00"),
    ],
)
def test_a_time_that_clocks_skip_is_as_late_as_if_they_had_not(text: str, zone_name: str, utc: str) -> None:
    assert said(text, zone_name) == utc


@pytest.mark.parametrize(
    ("text", "zone_name", "utc"),
    [
        ("2026-10-25T01:59", "Europe/Amsterdam", "2026-10-24T23:59:00+00:00"),
        ("2026-10-25T02:30", "Europe/Amsterdam", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T03:00", "Europe/Amsterdam", "2026-10-25T02:00:00+00:00"),
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00+00:00"),
        ("2026-11-01T02:00", "America/New_York", "2026-11-01T07:00:00+00:00"),
    ],
)
def test_a_time_that_exists_twice_is_the_first(text: str, zone_name: str, utc: str) -> None:
    assert said(text, zone_name) == utc


def test_the_second_of_two_is_named_by_its_offset() -> None:
    assert parse_local_time("2026-10-25T02:30+01:00", AMSTERDAM) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert parse_local_time("2026-11-01T01:30-05:00", NEW_YORK) == datetime(2026, 11, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2d",
        "2026-07-15",
        "12:00",
        "20260715T120000",
        "2026-W29-3T12:00",
        "2026-07-15x12:00",
        "2026-07-15T12",
        "2026-02-30T12:00",
        "2026-13-01T12:00",
        "2026-07-15T25:00",
        "2026-07-15T12:60",
        "2026-07-15T12:00+24:00",
        "0000-01-01T00:00",
        "0001-01-01T00:00+01:00",
        "0001-01-01T00:00",
        "9999-12-31T23:59-01:00",
        "2026-07-15T12:00 ",
        "2026-07-15T12:00\n",
        "٢٠٢٦-07-15T12:00",
    ],
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date with a time like 2026-03-01T14:05"):
        parse_local_time(text, AMSTERDAM)
