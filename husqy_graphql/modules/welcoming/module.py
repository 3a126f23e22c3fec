"""The record of the welcoming module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.welcoming import service

MODULE = Module(
    ModuleName.WELCOMING,
    wipe=service.wipe,
    create=service.create,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    trim=service.trim,
)
