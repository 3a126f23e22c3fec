"""The record of the logging module. It stores nothing about members."""

from __future__ import annotations

from husqy_graphql.core.modules import ModuleName
from husqy_graphql.lifecycle import Module
from husqy_graphql.modules.logging import service

MODULE = Module(
    ModuleName.LOGGING,
    wipe=service.wipe,
    create=service.create,
    prepare=service.prepare,
    undo=service.undo,
    sweep=service.sweep,
    after_enable=service.say_enabled,
    after_disable=service.say_disabled,
)
