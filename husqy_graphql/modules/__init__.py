"""The modules that exist, in the order of the contract's list. Each is a folder with the same files."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.autoresponder.module import MODULE as AUTORESPONDER
from husqy_graphql.modules.giveaways.module import MODULE as GIVEAWAYS
from husqy_graphql.modules.invite_tracker.module import MODULE as INVITE_TRACKER
from husqy_graphql.modules.logging.module import MODULE as LOGGING
from husqy_graphql.modules.polls.module import MODULE as POLLS
from husqy_graphql.modules.reminders.module import MODULE as REMINDERS
from husqy_graphql.modules.rules.module import MODULE as RULES
from husqy_graphql.modules.tags.module import MODULE as TAGS
from husqy_graphql.modules.verifier.module import MODULE as VERIFIER
from husqy_graphql.modules.welcoming.module import MODULE as WELCOMING

MODULES: dict[ModuleName, Module] = {
    module.name: module
    for module in (
        LOGGING,
        AUTORESPONDER,
        TAGS,
        RULES,
        VERIFIER,
        WELCOMING,
        INVITE_TRACKER,
        POLLS,
        REMINDERS,
        GIVEAWAYS,
    )
}
