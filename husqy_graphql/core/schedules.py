"""When something that is repeated comes next: by the wall clock of a time zone (cron), or at a fixed distance.

Our own, and small, because APScheduler's `CronTrigger` stays for ever in an hour that a clock goes through twice, and
looks for more than a second for a date that never comes.

A schedule by the wall clock keeps its time when the clock changes. A time that is skipped comes right after the gap,
once for all of them; a time that comes twice counts once, the first time.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 9998  # a year less than `datetime` has, so that no zone leads out of it
CALENDAR_CYCLE: Final = 400  # years, after which the calendar repeats: what is not within never comes
TEXT_MAX: Final = 200  # characters of a field
INTERVAL_MIN, INTERVAL_MAX = timedelta(seconds=60), timedelta(days=3650)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# From the coarsest to the finest, with the lowest and the highest value.
CRON_FIELDS: Final[Mapping[str, tuple[int, int]]] = {
    "year": (FIRST_YEAR, LAST_YEAR),
    "month": (1, 12),
    "day": (1, 31),
    "week": (1, 53),
    "day_of_week": (0, 6),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
INTERVAL_UNITS: Final = ("weeks", "days", "hours", "minutes", "seconds")
_WORDS: Final[Mapping[str, Mapping[str, int]]] = {
    "day_of_week": {word: number for number, word in enumerate(_DAYS)},
    "month": {word: number for number, word in enumerate(_MONTHS, 1)},
}
_ITEM = re.compile(r"(?:\*|([0-9]{1,4}|[a-z]{3})(?:-([0-9]{1,4}|[a-z]{3}))?)(?:/([0-9]{1,4}))?", re.ASCII)


class BadSchedule(ValueError):
    """A schedule that cannot be kept; `field` is the one that is wrong, empty for the whole."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.detail = detail


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """The values that each part of a wall-clock time may have, in order. A date must meet all parts; weeks are those of
    ISO 8601, and a week that reaches into another year is asked for together with the calendar's year."""

    years: Sequence[int] | None  # None: any
    months: Sequence[int]
    days: Sequence[int]
    weeks: frozenset[int] | None
    days_of_week: frozenset[int] | None
    hours: Sequence[int]
    minutes: Sequence[int]
    second: int

    def next_run(self, after: datetime, zone: tzinfo) -> datetime | None:
        """The first time after another one, in UTC; None when there is none any more. Costs some milliseconds at most,
        whatever the schedule."""
        wall = after.astimezone(zone).replace(tzinfo=None)
        for found in self._wall_times(wall):
            # What the clock shows for the second time has had its turn.
            if (moment := _moment(found, zone)) > after:
                return moment
        return None

    def _wall_times(self, after: datetime) -> Iterator[datetime]:
        """The wall-clock times after one, in order."""
        for day in self._dates(after.date()):
            for found in self._times(after.time() if day == after.date() else None):
                yield datetime.combine(day, found)

    def _times(self, after: time | None) -> Iterator[time]:
        for hour in self.hours[0 if after is None else bisect_left(self.hours, after.hour) :]:
            for minute in self.minutes:
                found = time(hour, minute, self.second)
                if after is None or found > after:
                    yield found

    def _dates(self, first: date) -> Iterator[date]:
        """The dates from one on, in order. Years of one kind have the same ones, and there are few kinds."""
        known: dict[tuple[int, bool, bool], list[tuple[int, int]]] = {}
        for year in self._candidate_years(first.year):
            kind = (date(year, 1, 1).weekday(), _is_leap(year), _is_leap(year - 1))
            if kind not in known:
                known[kind] = list(self._month_days(year))
            for month, day in known[kind]:
                found = date(year, month, day)
                if found >= first:
                    yield found

    def _candidate_years(self, first: int) -> Sequence[int]:
        if self.years is not None:
            return self.years[bisect_left(self.years, first) :]
        return range(first, min(first + CALENDAR_CYCLE, LAST_YEAR) + 1)

    def _month_days(self, year: int) -> Iterator[tuple[int, int]]:
        for month in self.months:
            last = _last_day(year, month)
            for day in self.days:
                if day <= last and self._has_weekday(date(year, month, day)):
                    yield month, day

    def _has_weekday(self, day: date) -> bool:
        if self.weeks is None and self.days_of_week is None:
            return True
        _, week, weekday = day.isocalendar()
        return (self.weeks is None or week in self.weeks) and (
            self.days_of_week is None or weekday - 1 in self.days_of_week
        )


@dataclass(frozen=True, slots=True)
class IntervalSchedule:
    """Every so often, counted from a time on: in seconds that pass, whatever clocks show."""

    interval: timedelta
    start: datetime

    def next_run(self, after: datetime, _: tzinfo | None = None) -> datetime:
        """The first time after another one that is a whole number of intervals, at least one, from the start."""
        passed = max(0, (after - self.start) // self.interval)
        return self.start + (passed + 1) * self.interval


Schedule = CronSchedule | IntervalSchedule


def parse_cron(fields: Mapping[str, str | int]) -> CronSchedule:
    """The schedule of cron fields: lists with commas, ranges, steps and `*`. What is left out is any value where it is
    coarser than the finest given field, and the lowest where it is finer; weeks do not matter where neither a week, nor
    a day of the week, nor a time is given.

    Raises BadSchedule: no field, a value out of range, or runs that are less than a minute apart.
    """
    if not fields:
        raise BadSchedule("", f"must have at least one of {', '.join(CRON_FIELDS)}")
    order = list(CRON_FIELDS)
    finest = max(map(order.index, fields))
    values: dict[str, tuple[int, ...] | None] = {}
    for place, (name, (lowest, _)) in enumerate(CRON_FIELDS.items()):
        if name in fields:
            values[name] = _parse_field(name, fields[name])
        else:
            values[name] = (lowest,) if place > finest else None
    if finest < order.index("week"):  # then weeks do not matter
        values["week"] = values["day_of_week"] = None
    seconds = _all("second", values)
    if len(seconds) > 1:
        raise BadSchedule("second", "must be one second: nothing is repeated more often than once a minute")
    weeks, weekdays = values["week"], values["day_of_week"]
    return CronSchedule(
        years=values["year"],
        months=_all("month", values),
        days=_all("day", values),
        weeks=None if weeks is None else frozenset(weeks),
        days_of_week=None if weekdays is None else frozenset(weekdays),
        hours=_all("hour", values),
        minutes=_all("minute", values),
        second=seconds[0],
    )


def parse_interval(units: Mapping[str, str | int], start: datetime) -> IntervalSchedule:
    """The schedule of an interval: its units are summed up. Raises BadSchedule: no whole numbers, less than a minute,
    or more than ten years."""
    seconds = 0
    for name, value in units.items():
        number = _whole_number(value)
        if number is None:
            raise BadSchedule(name, "must be a whole number from 0 on")
        seconds += number * _UNIT_SECONDS[name]
    if not INTERVAL_MIN.total_seconds() <= seconds <= INTERVAL_MAX.total_seconds():
        raise BadSchedule(
            "",
            f"must have {', '.join(INTERVAL_UNITS)} that are 60 seconds to {INTERVAL_MAX.days} days in all; these are "
            f"{min(seconds, 10**12)} seconds",
        )
    return IntervalSchedule(timedelta(seconds=seconds), start)


_UNIT_SECONDS: Final = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


def _all(name: str, values: Mapping[str, tuple[int, ...] | None]) -> Sequence[int]:
    found = values[name]
    lowest, highest = CRON_FIELDS[name]
    return range(lowest, highest + 1) if found is None else found


def _parse_field(name: str, given: str | int) -> tuple[int, ...] | None:
    """The values of a field in order; None for any."""
    text = str(given).strip().lower()
    lowest, highest = CRON_FIELDS[name]
    if text == "*":
        return None
    if len(text) > TEXT_MAX:
        raise BadSchedule(name, f"has {len(text)} characters; at most {TEXT_MAX} are allowed")
    found: set[int] = set()
    for item in text.split(","):
        parts = _ITEM.fullmatch(item.strip())
        if parts is None:
            raise BadSchedule(
                name, f"must be `*`, values, ranges like 1-5 and lists like 1,3 from {lowest} to {highest}"
            )
        first = _value(name, parts[1]) if parts[1] else lowest
        last = _value(name, parts[2]) if parts[2] else highest if parts[3] or not parts[1] else first
        step = int(parts[3] or 1)
        if first > last or step < 1:
            raise BadSchedule(name, "must have ranges that go upwards, and steps from 1 on")
        found.update(range(first, last + 1, step))
    return tuple(sorted(found))


def _value(name: str, text: str) -> int:
    lowest, highest = CRON_FIELDS[name]
    number = _WORDS.get(name, {}).get(text, int(text) if text.isdigit() else -1)
    if not lowest <= number <= highest:
        words = f", or {', '.join(_WORDS[name])}" if name in _WORDS else ""
        raise BadSchedule(name, f"must be from {lowest} to {highest}{words}")
    return number


def _whole_number(value: str | int) -> int | None:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None


def _moment(wall: datetime, zone: tzinfo) -> datetime:
    """When a clock of the zone shows a time for the first time; the end of the gap for one that it skips. It never goes
    back when the wall-clock time goes on."""
    early = wall.replace(tzinfo=zone)
    moment = early.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # In a gap. The change is where the offset of before ends, between the readings by the two offsets.
    before = early.utcoffset()
    low, high = int(wall.replace(tzinfo=zone, fold=1).timestamp()), int(moment.timestamp())
    while low < high:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, UTC).astimezone(zone).utcoffset() == before:
            low = middle + 1
        else:
            high = middle
    return datetime.fromtimestamp(low, UTC)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _last_day(year: int, month: int) -> int:
    if month == 2:
        return 29 if _is_leap(year) else 28
    return 30 if month in {4, 6, 9, 11} else 31
