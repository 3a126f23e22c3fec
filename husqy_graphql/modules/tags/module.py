"""The record of the tags module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.tags import service

MODULE = Module(
    ModuleName.TAGS,
    wipe=service.wipe,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    trim=service.trim,
)
