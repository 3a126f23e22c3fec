"""The draw itself: fair, and the same again from the same seed."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from itertools import permutations

import pytest

from husqy_graphql.modules.giveaways.drawing import SEED_BYTES, draw_order, draw_winners, new_seed

DRAWS = 10_000
ENTRANTS = [1300000000000000101 + 7 * number for number in range(20)]


def seed(number: int) -> bytes:
    """The same seeds on every run, so that a fair draw is not found unfair once in a thousand."""
    return hashlib.sha256(f"draw {number}".encode()).digest()


def chi_square(counts: Counter[tuple[int, ...]], cells: int) -> float:
    expected = counts.total() / cells
    found = sum((each - expected) ** 2 / expected for each in counts.values())
    return found + (cells - len(counts)) * expected


def test_everybody_wins_as_often() -> None:
    firsts = Counter((draw_winners(seed(number), ENTRANTS, 1)[0],) for number in range(DRAWS))

    assert chi_square(firsts, len(ENTRANTS)) < 43.82  # 19 degrees of freedom, p = 0.001


def test_every_order_of_three_winners_is_as_likely() -> None:
    few = ENTRANTS[:5]
    orders = Counter(tuple(draw_winners(seed(number), few, 3)) for number in range(DRAWS))

    assert set(orders) == set(permutations(few, 3))
    assert chi_square(orders, 60) < 98.32  # 59 degrees of freedom, p = 0.001


def test_everybody_is_among_several_winners_as_often() -> None:
    won = Counter(user_id for number in range(DRAWS) for user_id in draw_winners(seed(number), ENTRANTS, 8))

    # The variance of drawing without replacement is smaller by (1 - 8 / 20) * 20 / 19.
    expected = DRAWS * 8 / 20
    found = sum((each - expected) ** 2 / expected for each in won.values()) / (12 / 20 * 20 / 19)
    assert len(won) == 20
    assert found < 43.82


@pytest.mark.parametrize("count", [1, 5, 20, 25])
def test_the_seed_and_the_entrants_give_the_same_winners_again(count: int) -> None:
    chosen = new_seed()
    mixed = random.Random(7).sample(ENTRANTS, len(ENTRANTS))

    winners = draw_winners(chosen, ENTRANTS, count)

    assert winners == draw_winners(chosen, mixed, count) == draw_winners(chosen, mixed + ENTRANTS, count)
    assert len(winners) == len(set(winners)) == min(count, 20)


def test_whoever_is_passed_over_changes_nothing_for_the_others() -> None:
    order = draw_order(seed(1), ENTRANTS)

    for gone in ENTRANTS:
        rest = [each for each in ENTRANTS if each != gone]
        assert draw_order(seed(1), rest) == [each for each in order if each != gone]


def test_this_seed_draws_these_for_ever() -> None:
    """A later release must find the same winners for a seed that was written down."""
    assert draw_winners(b"\x00" * 32, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 4) == [10, 7, 4, 1]


def test_nobody_wins_where_nobody_entered() -> None:
    assert draw_winners(new_seed(), [], 3) == []


def test_seeds_are_long_and_never_the_same() -> None:
    seeds = {new_seed() for _ in range(100)}

    assert len(seeds) == 100
    assert {len(each) for each in seeds} == {SEED_BYTES}
