"""What a message costs the autoresponder, by the number of triggers: the figures are ratios to one trigger.

Every row is measured in the same run, interleaved. Run it with `make bench-engine`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from time import process_time

from husqy_graphql.modules.autoresponder.matching import Message, hits

ROUNDS = 50
COUNTS = (1, 10, 100, 1_000)


@dataclass(frozen=True, slots=True)
class Row:
    trigger_type: int
    trigger: str
    match_case: bool = False


@dataclass(frozen=True, slots=True)
class Trigger:
    row: Row
    filters: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


def measure(triggers: Sequence[Trigger], message: Message) -> float:
    began = process_time()
    assert hits(triggers, message) == []
    return process_time() - began


def main() -> None:
    message = Message("Straße haystack " * 250, {1}, {2})
    triggers = [Trigger(Row(2 + number % 3, f"needle {number} ß")) for number in range(max(COUNTS))]
    seconds: dict[int, list[float]] = {count: [] for count in COUNTS}
    for _ in range(ROUNDS):
        for count in COUNTS:
            seconds[count].append(measure(triggers[:count], message))
    base = median(seconds[COUNTS[0]])
    for count in COUNTS:
        each = median(seconds[count])
        print(f"{count:>6} triggers, 4,000 characters  {each / base:7.1f}  ({each * 1000:.2f} ms)")


if __name__ == "__main__":
    main()
