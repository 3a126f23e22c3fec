"""The record of the rules module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.rules import answering, permanent, service

MODULE = Module(
    ModuleName.RULES,
    wipe=service.wipe,
    create=service.create,
    sweep=permanent.sweep,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    member_left=service.member_left,
    after_verification=answering.after_verification,
    trim=service.trim,
    settle=permanent.settle,
    perform=answering.perform,
)
