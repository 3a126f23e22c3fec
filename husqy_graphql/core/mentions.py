"""Whom a message may notify: the `allowed_mentions` of Discord."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_USER = re.compile(r"<@!?([0-9]{1,19})>")
_ROLE = re.compile(r"<@&([0-9]{1,19})>")


def allowed_mentions(text: str, user_id: int) -> Mapping[str, Any]:
    """Users and roles that the administrator wrote, and the member whom the text is filled for where it mentions that
    member by its variable. Never everyone, and nobody whom a replaced name mentions."""
    users = dict.fromkeys(_USER.findall(text))
    if "<user_mention>" in text:
        users[str(user_id)] = None
    return {"parse": [], "users": list(users)[:100], "roles": list(dict.fromkeys(_ROLE.findall(text)))[:100]}
