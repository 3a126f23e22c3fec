"""What happened to a guild, told to whoever watches it after it was committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from husqy_graphql.core.audit import AuditAction
from husqy_graphql.core.modules import ModuleName


@dataclass(frozen=True, slots=True)
class GuildEvent:
    """A change of a guild. It names what changed and not to what: whoever hears of it asks for what may be seen."""

    guild_id: int
    action: AuditAction
    module: ModuleName | None
    target: str
    changed_fields: tuple[str, ...]
    at: datetime
