"""Discord's ids: 64-bit integers whose upper bits are a time.

Source: Discord's API reference, section "Snowflakes".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
SNOWFLAKE_MIN = 1
SNOWFLAKE_MAX = 2**63 - 1


def created_at(snowflake: int) -> datetime:
    """When Discord made the object with this id, in UTC, to the millisecond."""
    return DISCORD_EPOCH + timedelta(milliseconds=snowflake >> 22)


def snowflake_at(time: datetime) -> int:
    """The smallest id that Discord may have given at this time."""
    return max(0, int((time - DISCORD_EPOCH) / timedelta(milliseconds=1))) << 22


def parse_snowflake(value: object) -> int:
    """A Discord id out of an integer or a string of ASCII digits.

    Raises ValueError with a sentence for people when it is neither, or out of range.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and SNOWFLAKE_MIN <= value <= SNOWFLAKE_MAX:
        return value
    raise ValueError(f"must be a Discord id: a whole number from {SNOWFLAKE_MIN} to {SNOWFLAKE_MAX}, as digits")
