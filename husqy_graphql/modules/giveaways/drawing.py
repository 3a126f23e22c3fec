"""Who wins: a function of a secret seed and of those who entered, and of nothing else.

Everybody who entered gets a ticket, the HMAC-SHA256 of their id under the seed of the draw; the lowest tickets win.
Tickets are numbers of 256 bits that nobody without the seed can tell from random ones, so every order of the entrants
is as likely as any other, and no remainder of a division favours anybody. A ticket does not depend on who else
entered: where somebody is passed over (who has left the server), the others keep their order.

Whoever has the seed and the entrants can draw again, and finds the same winners.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from typing import Final

SEED_BYTES: Final = 32


def new_seed() -> bytes:
    """A seed that nobody can guess."""
    return secrets.token_bytes(SEED_BYTES)


def draw_order(seed: bytes, entrants: Iterable[int]) -> list[int]:
    """The entrants, each once, in the order in which they win; the order in which they come does not matter."""
    return sorted(set(entrants), key=lambda user_id: (_ticket(seed, user_id), user_id))


def draw_winners(seed: bytes, entrants: Iterable[int], count: int) -> list[int]:
    """The winners: so many, or all where fewer have entered."""
    return draw_order(seed, entrants)[:count]


def _ticket(seed: bytes, user_id: int) -> bytes:
    return hmac.digest(seed, str(user_id).encode(), "sha256")
