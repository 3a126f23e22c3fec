"""The unit systems that a guild may choose."""

from __future__ import annotations

UNIT_SYSTEMS = ("imperial", "metric")
