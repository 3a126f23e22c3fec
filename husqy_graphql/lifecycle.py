"""What all modules share: which there are, and which of them a guild has switched on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from husqy_graphql.core.modules import ModuleName, enabled_column


@dataclass(frozen=True, slots=True)
class Module:
    """One module of Husqy."""

    name: ModuleName


MODULES: tuple[Module, ...] = tuple(Module(name) for name in ModuleName)


def is_enabled(settings: Any, name: ModuleName) -> bool:
    """Whether the module is on, from a guild's settings row."""
    return getattr(settings, enabled_column(name))
