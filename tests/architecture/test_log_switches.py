"""Every switch of the logging module turns something on."""

from __future__ import annotations

import re
from pathlib import Path

import husqy_graphql
from husqy_graphql.core.log_events import LogCategory, LogEvent
from husqy_graphql.core.modules import ModuleName
from husqy_graphql.modules import MODULES

SOURCE = Path(husqy_graphql.__file__).parent
# What only the bot sees: it tells of these with `POST /v1/modules/logging/events/check`.
TOLD_BY_THE_BOT = {
    LogCategory.CHANNEL, LogCategory.ROLE, LogCategory.USER, LogCategory.MISC, LogCategory.UTILS,
    LogEvent.INFO, LogEvent.HELP,
}  # fmt: skip
PENDING = {name.value for name in ModuleName} - {name.value for name in MODULES}


def test_every_live_switch_of_a_module_that_is_built_has_a_raiser() -> None:
    files = (path for path in SOURCE.rglob("*.py") if path.name != "log_events.py")
    raised = {name for path in files for name in re.findall(r"LogEvent\.([A-Z_]+)", path.read_text())}

    idle = {event for event in LogEvent if not event.dormant and event.name not in raised}
    idle -= {event for event in idle if TOLD_BY_THE_BOT & {event, event.category}}

    assert {event.category.value.replace("_", "") for event in idle} <= {each.replace("_", "") for each in PENDING}
    assert not any(event.category.value in PENDING for event in LogEvent if event.name in raised)


def test_every_live_switch_has_a_sentence_and_the_dormant_ones_have_none() -> None:
    dormant = {event.switch for event in LogEvent if event.dormant}

    assert len(LogEvent) == 145
    assert dormant == {
        "clear_messages", "slowmode", "channel_lock", "channel_unlock", "user_warn_create", "user_warn_delete",
        "vckick", "move", "tempmute", "temptimeout", "customembed_create",
    }  # fmt: skip
    assert all(len(event.sentence) > 5 for event in LogEvent if not event.dormant)
