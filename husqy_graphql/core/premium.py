"""When a guild is premium (Husqy+): G15 of the contract's conventions."""

from __future__ import annotations

from datetime import datetime


def is_active(*, deleted: bool, start_at: datetime, ends_at: datetime | None, now: datetime) -> bool:
    """Whether an entitlement gives its benefits now; one without an end goes on."""
    return not deleted and start_at <= now and (ends_at is None or ends_at > now)
