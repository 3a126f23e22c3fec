"""The record of the autoresponder module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.autoresponder import service

MODULE = Module(
    ModuleName.AUTORESPONDER,
    wipe=service.wipe,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    trim=service.trim,
)
