"""Whom a message may notify."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MAX_IDS = 100  # of users, and of roles, that Discord takes
_USER = re.compile(r"<@!?([0-9]{1,19})>")
_ROLE = re.compile(r"<@&([0-9]{1,19})>")


def written_mentions(text: str, member_id: int | None, *, roles: bool) -> Mapping[str, Any]:
    """An `allowed_mentions` for what is made of a stored text: the users, and where `roles` says so the roles, whose
    mentions are written in it, and the member where it mentions the member by the variable. Never everyone, and nobody
    whom a replaced name mentions."""
    users = dict.fromkeys(_USER.findall(text))
    if member_id is not None and "<user_mention>" in text:
        users[str(member_id)] = None
    allowed_roles = list(dict.fromkeys(_ROLE.findall(text))) if roles else []
    return {"parse": [], "users": list(users)[:MAX_IDS], "roles": allowed_roles[:MAX_IDS]}
