from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from husqy_graphql.core.time_zones import DEFAULT_TIME_ZONE, time_zone, time_zone_names


def run_python(code: str, **environment: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_the_names_are_those_of_zone_tab_and_utc_in_order() -> None:
    names = time_zone_names()

    assert list(names) == sorted(set(names))
    assert {"Europe/Amsterdam", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "Pacific/Chatham", "UTC"} <= set(
        names
    )
    assert len(names) > 400


@pytest.mark.parametrize(
    "name", ["US/Pacific", "CET", "Etc/UTC", "GMT", "Factory", "zone.tab", "europe/amsterdam", "utc", ""]
)
def test_other_files_of_the_package_and_other_spellings_are_not_zones(name: str) -> None:
    assert name not in time_zone_names()
    with pytest.raises(ValueError, match="supported time zone"):
        time_zone(name)


@pytest.mark.parametrize(
    "name", ["../zoneinfo/Europe/Amsterdam", "/etc/passwd", "Europe", "Europe/", "Europe/../UTC", "Europe/Amsterdam\0"]
)
def test_a_name_is_never_used_as_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="supported time zone"):
        time_zone(name)


def test_every_name_has_a_zone_that_tells_an_offset() -> None:
    moment = datetime(2026, 7, 1, tzinfo=UTC)

    for name in time_zone_names():
        offset = moment.astimezone(time_zone(name)).utcoffset()
        assert offset is not None
        assert timedelta(hours=-12) <= offset <= timedelta(hours=14)


def test_a_zone_has_its_name_and_is_made_once() -> None:
    assert str(time_zone("Asia/Tokyo")) == "Asia/Tokyo"
    assert time_zone("Asia/Tokyo") is time_zone("Asia/Tokyo")
    assert time_zone(DEFAULT_TIME_ZONE) is UTC


@pytest.mark.parametrize(
    ("name", "moment", "local"),
    [
        ("Europe/Amsterdam", "2026-03-29T00:59:59+00:00", "2026-03-29T01:59:59+01:00"),
        ("Europe/Amsterdam", "2026-03-29T01:00:00+00:00", "2026-03-29T03:00:00+02:00"),
        ("Europe/Amsterdam", "2026-10-25T00:59:59+00:00", "2026-10-25T02:59:59+02:00"),
        ("Europe/Amsterdam", "2026-10-25T01:00:00+00:00", "2026-10-25T02:00:00+01:00"),
        ("America/New_York", "2026-07-01T12:00:00+00:00", "2026-07-01T08:00:00-04:00"),
        ("America/New_York", "2026-12-01T12:00:00+00:00", "2026-12-01T07:00:00-05:00"),
        ("Australia/Lord_Howe", "2026-01-01T00:00:00+00:00", "2026-01-01T11:00:00+11:00"),
        ("Australia/Lord_Howe", "2026-07-01T00:00:00+00:00", "2026-07-01T10:30:00+10:30"),
        ("Asia/Kathmandu", "2026-07-01T00:00:00+00:00", "2026-07-01T05:45:00+05:45"),
        ("Asia/Tokyo", "2026-07-01T00:00:00+00:00", "2026-07-01T09:00:00+09:00"),
    ],
)
def test_daylight_saving_follows_the_zone(name: str, moment: str, local: str) -> None:
    assert datetime.fromisoformat(moment).astimezone(time_zone(name)).isoformat() == local


def test_the_zone_data_of_the_machine_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    with as_file(files("tzdata") / "zoneinfo" / "Asia" / "Tokyo") as tokyo:
        shutil.copy(tokyo, tmp_path / "Europe" / "Amsterdam")
    code = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from husqy_graphql.core.time_zones import time_zone
moment = datetime(2026, 7, 1, tzinfo=UTC)
print(moment.astimezone(ZoneInfo("Europe/Amsterdam")).hour, moment.astimezone(time_zone("Europe/Amsterdam")).hour)
"""

    assert run_python(code, PYTHONTZPATH=str(tmp_path)).split() == ["9", "2"]


def test_importing_reads_no_zone_and_no_text() -> None:
    code = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" else None)
import husqy_graphql.core.templates, husqy_graphql.core.time_zones
print([path for path in opened if "tzdata" in path or path.endswith(".json")])
"""

    assert run_python(code).strip() == "[]"
