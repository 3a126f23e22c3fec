"""Counting what is stored about a member, and the names by which a member can be recognised.

Source: contract conventions of the general service, section 4: a stored value counts once for each field it matches, so
the counts must never be added up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberNames:
    """Everything a member is known by; several values where the cache and Discord differ."""

    user_id: int
    usernames: frozenset[str] = frozenset()
    display_names: frozenset[str] = frozenset()
    global_names: frozenset[str] = frozenset()
    nicknames: frozenset[str] = frozenset()


REMOVED_USER = "(removed_user)"


@dataclass(frozen=True, slots=True)
class DataEntries:
    """How many stored values refer to a member, by what they refer with."""

    username: int = 0
    display_name: int = 0
    global_name: int = 0
    nickname: int = 0
    id: int = 0


def count_entries(names: MemberNames, texts: Sequence[str], ids: Iterable[int]) -> DataEntries:
    """Count free `texts` by whole words, case-sensitively, and `ids` by equality; ids in texts count too."""
    return DataEntries(
        username=_count(names.usernames, texts),
        display_name=_count(names.display_names, texts),
        global_name=_count(names.global_names, texts),
        nickname=_count(names.nicknames, texts),
        id=sum(value == names.user_id for value in ids) + _count(frozenset({str(names.user_id)}), texts),
    )


def erase_names(text: str, names: MemberNames, placeholder: str = REMOVED_USER) -> str:
    """The text with every name and id of the member replaced, by the rule of `count_entries`; mentions as a whole."""
    text = re.sub(rf"<@!?{names.user_id}>", placeholder, text)
    words = names.usernames | names.display_names | names.global_names | names.nicknames | {str(names.user_id)}
    return _pattern(words).sub(placeholder, text)


def _count(words: frozenset[str], texts: Sequence[str]) -> int:
    if not words:
        return 0
    pattern = _pattern(words)
    return sum(pattern.search(text) is not None for text in texts)


def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    # A word may begin or end in a sign, where \\b would not hold.
    return re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in sorted(words, reverse=True))})(?!\w)")
