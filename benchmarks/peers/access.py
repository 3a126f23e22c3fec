"""The check of the caller that every peer in Python makes: a known token, and a guild that its person administers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# The demo world's, written out: a peer imports nothing of the program, so that its memory is its own.
DEMO_GUILD, QUIET_GUILD, OWNER = 1300000000000000001, 1300000000000000002, 1300000000000000101


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    administers: frozenset[int]


class Refused(Exception):
    """The caller may not; `status` says whether anybody knows who it is."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


_PEOPLE = {_digest("sandbox-owner"): Person(OWNER, frozenset({DEMO_GUILD, QUIET_GUILD}))}


def person_of(authorization: str | None) -> Person:
    """Whose token it is; raises Refused for none that is known."""
    person = _PEOPLE.get(_digest((authorization or "").removeprefix("Bearer ")))
    if person is None:
        raise Refused(401)
    return person


def require_guild(person: Person, guild_id: int) -> None:
    """Raise Refused unless the person administers the guild."""
    if guild_id not in person.administers:
        raise Refused(403)
