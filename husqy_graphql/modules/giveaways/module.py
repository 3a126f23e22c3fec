"""The record of the giveaways module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.giveaways import service
from husqy_graphql.modules.giveaways.publishing import perform

MODULE = Module(
    ModuleName.GIVEAWAYS,
    wipe=service.wipe,
    create=service.create,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    member_left=service.member_left,
    perform=perform,
)
