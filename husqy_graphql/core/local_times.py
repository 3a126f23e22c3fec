"""Times as people write them, read in the zone of their server. Source: giveaways.md and reminders.md, section 2."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)


def parse_local_time(text: str, zone: tzinfo) -> datetime:
    """The time in UTC that an ISO-8601 date-time says; without an offset it is read in this zone.

    A time that exists twice, because clocks are set back, is its first occurrence. A time that clocks skip is read
    with the offset from before they are set forward: 02:30 in a skipped hour is 03:30. Raises ValueError with a
    sentence for people.
    """
    if _DATE_TIME.fullmatch(text):
        try:
            said = datetime.fromisoformat(text.upper())
            return (said if said.tzinfo else said.replace(tzinfo=zone, fold=0)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise ValueError("must be a date with a time like 2026-03-01T14:05, or with an offset 2026-03-01T14:05:00+01:00")
