"""The record of the reminders module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.reminders import service
from husqy_graphql.modules.reminders.sending import perform

MODULE = Module(
    ModuleName.REMINDERS,
    wipe=service.wipe,
    may_be_empty=True,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    trim=service.trim,
    member_left=service.member_left,
    perform=perform,
)
