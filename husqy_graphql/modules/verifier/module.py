"""The record of the verifier module."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.verifier import service
from husqy_graphql.modules.verifier.prompting import perform

MODULE = Module(
    ModuleName.VERIFIER,
    wipe=service.wipe,
    create=service.create,
    stored_texts=service.stored_texts,
    erase_member=service.erase_member,
    member_left=service.member_left,
    perform=perform,
)
