"""Durations as members write them: `20m`, `2d`. Source: polls.md, giveaways.md and reminders.md, section 2."""

from __future__ import annotations

import re
from datetime import timedelta

DURATION_MAX = timedelta(days=3650)
_DURATION = re.compile(r"([1-9][0-9]{0,9})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """The duration that a number with one of the units s, m, h and d says. Raises ValueError with a sentence for
    people, also for more than ten years."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError("must be a whole number above 0 and s, m, h or d: 30s, 20m, 1h, 2d")
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])}) if int(found[1]) <= 10**9 else timedelta.max
    if duration > DURATION_MAX:
        raise ValueError(f"must be at most {DURATION_MAX.days}d")
    return duration
