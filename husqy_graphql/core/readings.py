"""What the process tells whoever watches it, before any format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reading:
    """A number at this moment. A `counter` only ever grows while the process lives."""

    name: str  # as Prometheus writes names, with the unit at its end
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    counter: bool = False
