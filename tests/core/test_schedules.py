"""When something comes next, against a clock that is watched minute by minute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from husqy_graphql.core.schedules import CRON_FIELDS, BadSchedule, CronSchedule, parse_cron, parse_interval
from husqy_graphql.core.time_zones import time_zone

MINUTE = timedelta(minutes=1)
AMSTERDAM, NEW_YORK = "Europe/Amsterdam", "America/New_York"


def runs(zone: str, after: str, count: int, **fields: str | int) -> list[str]:
    """The next times in the zone, as text."""
    schedule, moment, found = parse_cron(fields), datetime.fromisoformat(after), list[str]()
    for _ in range(count):
        following = schedule.next_run(moment, time_zone(zone))
        if following is None:
            return [*found, "never"]
        assert following > moment
        moment = following
        found.append(moment.astimezone(time_zone(zone)).isoformat())
    return found


@pytest.mark.parametrize(
    ("zone", "after", "fields", "expected"),
    [
        # The wall-clock time stays over both changes.
        (AMSTERDAM, "2026-03-28T07:00Z", {"hour": 9},
         ["2026-03-28T09:00:00+01:00", "2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"]),
        (NEW_YORK, "2026-10-31T12:00Z", {"hour": 9},
         ["2026-10-31T09:00:00-04:00", "2026-11-01T09:00:00-05:00"]),
        # What is skipped comes right after the gap, once.
        (AMSTERDAM, "2026-03-29T00:00Z", {"hour": 2, "minute": 30},
         ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]),
        (NEW_YORK, "2026-03-08T05:00Z", {"hour": 2, "minute": "15,30,45"},
         ["2026-03-08T03:00:00-04:00", "2026-03-09T02:15:00-04:00"]),
        (AMSTERDAM, "2026-03-29T00:30Z", {"minute": 0},
         ["2026-03-29T03:00:00+02:00", "2026-03-29T04:00:00+02:00"]),
        # What comes twice counts the first time.
        (AMSTERDAM, "2026-10-24T20:00Z", {"hour": 2, "minute": 30},
         ["2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"]),
        (NEW_YORK, "2026-11-01T04:45Z", {"minute": 30},
         ["2026-11-01T01:30:00-04:00", "2026-11-01T02:30:00-05:00"]),
        # From within the hour that comes the second time.
        (AMSTERDAM, "2026-10-25T01:10Z", {"minute": "*"}, ["2026-10-25T03:00:00+01:00", "2026-10-25T03:01:00+01:00"]),
        # Leap days, also over the year 2100, which has none.
        ("UTC", "2026-01-01T00:00Z", {"month": 2, "day": 29},
         ["2028-02-29T00:00:00+00:00", "2032-02-29T00:00:00+00:00"]),
        ("UTC", "2096-03-01T00:00Z", {"month": "feb", "day": 29}, ["2104-02-29T00:00:00+00:00"]),
        ("UTC", "2099-12-31T12:00Z", {"day": 1}, ["2100-01-01T00:00:00+00:00", "2100-02-01T00:00:00+00:00"]),
        # A month without the day is skipped.
        ("UTC", "2026-01-31T12:00Z", {"day": 31}, ["2026-03-31T00:00:00+00:00", "2026-05-31T00:00:00+00:00"]),
        # Weeks are those of ISO 8601: few years have 53 of them. The lowest day of a week is Monday.
        ("UTC", "2021-02-01T00:00Z", {"week": 53}, ["2026-12-28T00:00:00+00:00", "2032-12-27T00:00:00+00:00"]),
        ("UTC", "2026-01-01T00:00Z", {"week": 10, "day_of_week": "sat,sun", "hour": 8},
         ["2026-03-07T08:00:00+00:00", "2026-03-08T08:00:00+00:00", "2027-03-13T08:00:00+00:00"]),
        # What is left out: the lowest below the finest, any above.
        ("UTC", "2026-03-01T12:00Z", {"year": 2028}, ["2028-01-01T00:00:00+00:00", "never"]),
        ("UTC", "2026-03-01T12:00Z", {"month": 6}, ["2026-06-01T00:00:00+00:00", "2027-06-01T00:00:00+00:00"]),
        ("UTC", "2026-03-01T12:00Z", {"day": "15"}, ["2026-03-15T00:00:00+00:00", "2026-04-15T00:00:00+00:00"]),
        ("UTC", "2026-03-01T12:00Z", {"day_of_week": "mon-wed"},
         ["2026-03-02T00:00:00+00:00", "2026-03-03T00:00:00+00:00", "2026-03-04T00:00:00+00:00",
          "2026-03-09T00:00:00+00:00"]),
        ("UTC", "2026-03-01T12:00Z", {"day_of_week": 0}, ["2026-03-02T00:00:00+00:00", "2026-03-09T00:00:00+00:00"]),
        ("UTC", "2026-03-01T12:00Z", {"minute": "*/20"}, ["2026-03-01T12:20:00+00:00", "2026-03-01T12:40:00+00:00"]),
        ("UTC", "2026-03-01T12:00:30Z", {"second": 30}, ["2026-03-01T12:01:30+00:00", "2026-03-01T12:02:30+00:00"]),
        ("UTC", "2026-03-01T12:00Z", {"minute": "*", "second": "0"}, ["2026-03-01T12:01:00+00:00"]),
        ("UTC", "2026-03-01T12:00Z", {"hour": "8-10,20", "minute": "5"},
         ["2026-03-01T20:05:00+00:00", "2026-03-02T08:05:00+00:00"]),
        # All of them must be met.
        ("UTC", "2026-03-01T12:00Z", {"day": 13, "day_of_week": "FRI"},
         ["2026-03-13T00:00:00+00:00", "2026-11-13T00:00:00+00:00"]),
    ],
)  # fmt: skip
def test_the_next_times(zone: str, after: str, fields: dict[str, str | int], expected: list[str]) -> None:
    assert runs(zone, after, len(expected), **fields) == expected


NEVER: tuple[dict[str, str | int], ...] = (
    {"month": 2, "day": 30},
    {"month": "4,6,9,11", "day": 31},
    {"week": 53, "month": "2-11"},
    {"week": "2-51", "month": 1, "day": 1},
    {"year": 2025},
    {"year": "1970-2025"},
    {"year": 2100, "month": 2, "day": 29},
    {"year": "2027-9998", "month": 2, "day": "30,31", "week": "*/1", "day_of_week": "*/1"},
)


@pytest.mark.parametrize("fields", NEVER, ids=str)
def test_what_never_comes_is_found_soon(fields: dict[str, str | int]) -> None:
    schedule = parse_cron({**fields, "hour": "*/1", "minute": "*/1"})
    after, zone = datetime(2026, 3, 1, 12, tzinfo=UTC), time_zone(AMSTERDAM)
    began = perf_counter()

    assert schedule.next_run(after, zone) is None
    assert perf_counter() - began < 0.25  # some milliseconds, on a machine that has other things to do


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, ""),
        ({"hour": 24}, "hour"),
        ({"hour": -1}, "hour"),
        ({"hour": ""}, "hour"),
        ({"hour": "1,,2"}, "hour"),
        ({"hour": "5-1"}, "hour"),
        ({"hour": "*/0"}, "hour"),
        ({"hour": "1 2"}, "hour"),
        ({"hour": "٣"}, "hour"),
        ({"hour": "mon"}, "hour"),
        ({"minute": "60"}, "minute"),
        ({"day": 0}, "day"),
        ({"day": "last"}, "day"),
        ({"week": 54}, "week"),
        ({"month": "sun"}, "month"),
        ({"day_of_week": 7}, "day_of_week"),
        ({"day_of_week": "monday"}, "day_of_week"),
        ({"year": 1969}, "year"),
        ({"year": 9999}, "year"),
        ({"year": "12345678901234567890"}, "year"),
        ({"minute": "1," * 101 + "1"}, "minute"),
        ({"second": "*"}, "second"),
        ({"second": "0,30"}, "second"),
        ({"second": "*/59"}, "second"),
    ],
)
def test_fields_that_cannot_be(fields: dict[str, str | int], field: str) -> None:
    with pytest.raises(BadSchedule) as raised:
        parse_cron(fields)
    assert raised.value.field == field
    assert raised.value.detail


def test_an_interval_keeps_its_grid() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    schedule = parse_interval({"days": 1, "hours": "1", "seconds": 0}, start)

    first = schedule.next_run(start)
    assert first == start + timedelta(hours=25)
    assert schedule.next_run(first) == start + timedelta(hours=50)
    assert schedule.next_run(first - MINUTE) == first
    assert schedule.next_run(start + timedelta(hours=110)) == start + timedelta(hours=125)
    assert schedule.next_run(start - timedelta(hours=110)) == first


@pytest.mark.parametrize(
    ("units", "field"),
    [
        ({}, ""),
        ({"minutes": 0}, ""),
        ({"seconds": 59}, ""),
        ({"days": 3651}, ""),
        ({"weeks": "9999999999"}, ""),
        ({"weeks": "99999999999"}, "weeks"),
        ({"minutes": -1}, "minutes"),
        ({"minutes": "1.5"}, "minutes"),
        ({"minutes": ""}, "minutes"),
    ],
)
def test_intervals_that_cannot_be(units: dict[str, str | int], field: str) -> None:
    with pytest.raises(BadSchedule) as raised:
        parse_interval(units, datetime(2026, 3, 1, tzinfo=UTC))
    assert raised.value.field == field


@pytest.mark.parametrize("units", [{"seconds": 60}, {"minutes": "1"}, {"days": 3650}])
def test_the_shortest_and_the_longest_interval(units: dict[str, str | int]) -> None:
    assert parse_interval(units, datetime(2026, 3, 1, tzinfo=UTC)).interval.total_seconds() in {60, 315_360_000}


def field_values(name: str) -> st.SearchStrategy[str]:
    lowest, highest = CRON_FIELDS[name] if name != "year" else (2025, 2028)
    value = st.integers(lowest, highest)
    listed = st.lists(value, min_size=1, max_size=4).map(lambda found: ",".join(map(str, found)))
    spans = st.tuples(value, value).map(lambda both: f"{min(both)}-{max(both)}")
    return listed | spans | st.integers(1, 20).map(lambda step: f"*/{step}") | st.just("*")


CRONS = st.fixed_dictionaries(
    {}, optional={name: field_values(name) for name in CRON_FIELDS if name != "second"}
).filter(bool)
# Around changes: half an hour (Lord Howe), a whole hour, and over midnight (Beirut, Asuncion).
CHANGES = st.sampled_from(
    [
        (AMSTERDAM, "2026-03-29T00:00Z"),
        (AMSTERDAM, "2026-10-25T00:00Z"),
        (NEW_YORK, "2026-03-08T06:00Z"),
        (NEW_YORK, "2026-11-01T05:00Z"),
        ("Australia/Lord_Howe", "2026-04-04T14:00Z"),
        ("Australia/Lord_Howe", "2026-10-03T15:00Z"),
        ("Asia/Beirut", "2026-03-28T21:00Z"),
        ("Asia/Beirut", "2026-10-24T20:00Z"),
        ("UTC", "2027-12-31T20:00Z"),
    ]
)


def matches(schedule: CronSchedule, wall: datetime) -> bool:
    _, week, weekday = wall.isocalendar()
    return (
        (schedule.years is None or wall.year in schedule.years)
        and wall.month in schedule.months
        and wall.day in schedule.days
        and (schedule.weeks is None or week in schedule.weeks)
        and (schedule.days_of_week is None or weekday - 1 in schedule.days_of_week)
        and wall.hour in schedule.hours
        and wall.minute in schedule.minutes
    )


def watched(schedule: CronSchedule, zone: str, start: datetime, minutes: int) -> Iterator[datetime]:
    """The runs, by looking at the clock each minute: also at what it has skipped, and never at one time twice."""
    shown = start.astimezone(time_zone(zone)).replace(tzinfo=None)
    for number in range(1, minutes):
        moment = start + number * MINUTE
        wall = moment.astimezone(time_zone(zone)).replace(tzinfo=None)
        if wall <= shown:
            continue  # the clock was put back
        skipped = [shown + step * MINUTE for step in range(1, (wall - shown) // MINUTE + 1)]
        shown = wall
        if any(matches(schedule, each) for each in skipped):
            yield moment


@settings(max_examples=120, deadline=None)
@given(fields=CRONS, change=CHANGES)
def test_it_is_what_a_watched_clock_shows(fields: Mapping[str, str], change: tuple[str, str]) -> None:
    zone, around = change
    start, minutes = datetime.fromisoformat(around) - 3 * 60 * MINUTE, 9 * 60
    schedule = parse_cron(fields)
    found, moment = list[datetime](), start
    while (following := schedule.next_run(moment, time_zone(zone))) and following < start + minutes * MINUTE:
        found.append(following)
        moment = following

    assert found == list(watched(schedule, zone, start, minutes))


@settings(max_examples=60, deadline=None)
@given(fields=CRONS, after=st.integers(0, 4 * 366 * 24 * 60))
def test_the_next_date_is_the_first_that_matches(fields: Mapping[str, str], after: int) -> None:
    schedule, moment = parse_cron(fields), datetime(2025, 1, 1, tzinfo=UTC) + after * MINUTE
    found = schedule.next_run(moment, UTC)
    last = min(found, moment + timedelta(days=800)) if found else moment + timedelta(days=800)

    if found:
        assert matches(schedule, found)
    day = moment + timedelta(days=1)
    while day.date() < last.date():
        midday = day.replace(hour=schedule.hours[0], minute=schedule.minutes[0])
        assert not matches(schedule, midday)
        day += timedelta(days=1)
