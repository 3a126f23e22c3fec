"""When a reminder is to come: what a request says of it, and what is stored. Source: reminders.md, section 2."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from husqy_graphql.core.durations import parse_duration
from husqy_graphql.core.errors import BadUserInput
from husqy_graphql.core.local_times import parse_local_time
from husqy_graphql.core.schedules import (
    CRON_FIELDS,
    INTERVAL_UNITS,
    BadSchedule,
    Schedule,
    parse_cron,
    parse_interval,
)
from husqy_graphql.modules.reminders.models import Reminder, ReminderType, TriggerType

FIELD = "input.scheduleDetails"
_DATE_KEYS = ("duration", "run_date")
_KEYS = {TriggerType.CRON: tuple(CRON_FIELDS), TriggerType.INTERVAL: INTERVAL_UNITS}


@dataclass(frozen=True, slots=True)
class Planned:
    """When a new reminder comes first, and what is stored of how it comes."""

    trigger_type: TriggerType
    details: str  # JSON
    next_run_at: datetime


def plan(kind: ReminderType, details: Mapping[str, Any], now: datetime, zone: tzinfo) -> Planned:
    """What a request says of when a reminder is to come. Raises BadUserInput with the word of the logs: first for
    details that cannot be used, then for a duration or a date that is none."""
    given = {key: value for key, value in details.items() if value is not None}
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise _unusable(key, "must be a text or a whole number")
    return _plan_repeated(given, now, zone) if kind is ReminderType.REPEATED else _plan_once(given, now, zone)


def plan_later(delay: str | None, now: datetime) -> Planned:
    """When a reminder comes that is put off. Raises BadUserInput."""
    try:
        return _after(delay or "", now)
    except ValueError as error:
        raise BadUserInput(
            "This is not a duration.", {"input.newDelay": str(error)}, logged_as="invalid_duration"
        ) from None


def next_run(row: Reminder, after: datetime, zone: tzinfo) -> datetime | None:
    """When a repeated reminder comes next; None when it does not any more."""
    fields: dict[str, Any] = json.loads(row.schedule_details)
    trigger = TriggerType(fields.pop("schedule_type"))
    return _schedule(trigger, fields, row.created_at).next_run(after, zone)


def _plan_once(given: dict[str, Any], now: datetime, zone: tzinfo) -> Planned:
    _require_known(given, _DATE_KEYS)
    if len(given) != 1:
        raise _unusable("", f"must have one of {' and '.join(_DATE_KEYS)}")
    if "duration" in given:
        try:
            return _after(given["duration"], now)
        except ValueError as error:
            raise _bad("This is not a duration.", "duration", str(error), "invalid_duration") from None
    try:
        run_at = parse_local_time(_text(given["run_date"]), zone)
    except ValueError as error:
        raise _bad("This is not a time.", "run_date", str(error), "invalid_run_date") from None
    if run_at <= now:
        raise _bad("This time is over.", "run_date", "must be in the future", "invalid_run_date")
    return Planned(TriggerType.DATE, _stored({"run_date": _written(run_at)}), run_at)


def _after(duration: object, now: datetime) -> Planned:
    text = _text(duration)
    run_at = now + parse_duration(text)
    return Planned(TriggerType.DATE, _stored({"duration": text, "run_date": _written(run_at)}), run_at)


def _plan_repeated(given: dict[str, Any], now: datetime, zone: tzinfo) -> Planned:
    named = given.get("schedule_type")
    if named not in {TriggerType.CRON.value, TriggerType.INTERVAL.value}:
        raise _bad("This is no kind of schedule.", "schedule_type", "must be cron or interval", "invalid_schedule_type")
    trigger = TriggerType(named)
    fields = {key: value for key, value in given.items() if key != "schedule_type"}
    _require_known(fields, _KEYS[trigger])
    try:
        first = _schedule(trigger, fields, now).next_run(now, zone)
    except BadSchedule as error:
        raise _unusable(error.field, error.detail) from None
    if first is None:
        raise _unusable("", "must have a time that comes some day; this one never does")
    return Planned(trigger, _stored({"schedule_type": trigger.value, **fields}), first)


def _schedule(trigger: TriggerType, fields: Mapping[str, Any], start: datetime) -> Schedule:
    return parse_cron(fields) if trigger is TriggerType.CRON else parse_interval(fields, start)


def _require_known(given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for key in given:
        if key not in known:
            raise _unusable(key[:50], f"is not known here; known are {', '.join(known)}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - for people, like every other fault of the value
    return value


def _unusable(key: str, fault: str) -> BadUserInput:
    return _bad("This is not a schedule.", key, fault, "invalid_schedule")


def _bad(what: str, key: str, fault: str, reason: str) -> BadUserInput:
    return BadUserInput(what, {f"{FIELD}.{key}".rstrip("."): fault}, logged_as=reason)


def _stored(details: Mapping[str, Any]) -> str:
    return json.dumps(details, ensure_ascii=False, separators=(",", ":"))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
