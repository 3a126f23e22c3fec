"""The time zones a guild can choose, all from the PyPI package `tzdata`.

Neither the list nor the rules come from the machine: `zoneinfo.ZoneInfo(name)` would read `/usr/share/zoneinfo` first,
so zones are read out of the package here. The names are those of its `zone.tab` (one for each inhabited region, no old
links such as US/Pacific), and UTC.
"""

from __future__ import annotations

from datetime import UTC, tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DEFAULT_TIME_ZONE = "UTC"


@cache
def time_zone_names() -> tuple[str, ...]:
    """Every supported name, in alphabetical order."""
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    # Columns of zone.tab: country, coordinates, name, comment.
    names = {line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")}
    return tuple(sorted({*names, DEFAULT_TIME_ZONE}))


@cache
def time_zone(name: str) -> tzinfo:
    """The zone of this name, with its daylight saving rules; the same object on every call.

    Raises ValueError for a name that is not in `time_zone_names()`; case matters.
    """
    if name not in _known_names():
        raise ValueError("must be the name of a supported time zone, like Europe/Amsterdam")
    if name == DEFAULT_TIME_ZONE:
        return UTC
    with (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)


def time_zone_or_utc(name: str) -> tzinfo:
    """The zone of a stored name; UTC where the package has dropped it since it was stored."""
    try:
        return time_zone(name)
    except ValueError:
        return UTC


@cache
def _known_names() -> frozenset[str]:
    return frozenset(time_zone_names())
