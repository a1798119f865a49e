"""
The matcher of names against nomenklatura's public name_bench: precision, recall, F1, and errors in its STRONG pairs.

`name_bench/cases.csv` is nomenklatura's, under the MIT licence beside it. It judges; nothing is tuned on it: the
threshold was fixed on `tests/verification/name_pairs.csv`.
"""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.verification.matching.names import THRESHOLD, compare_names
from benchmarks.figures import Figure
from benchmarks.ground import Ground
from benchmarks.sections import Terms, section

CASES = Path(__file__).parent / "name_bench" / "cases.csv"
PERSONS_BAR, ALL_BAR = 0.747, 0.796


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled pair and what the matcher says."""

    is_person: bool
    is_match: bool
    is_strong: bool
    score: float

    @property
    def is_right(self) -> bool:
        """At the fixed threshold."""
        return (self.score >= THRESHOLD) is self.is_match


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the matcher is on some pairs."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def judged(path: Path = CASES) -> list[Judged]:
    """Let the matcher judge every pair."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Judged(
                row["schema"] == "Person",
                row["is_match"] == "true",
                row["quality"] == "STRONG",
                compare_names(row["name1"], row["name2"], is_person=row["schema"] == "Person").score,
            )
            for row in csv.DictReader(file)
        ]


def quality(pairs: Sequence[Judged], of: Callable[[Judged], bool] = lambda _: True) -> Quality:
    """Precision and recall on a part of the pairs."""
    part = [each for each in pairs if of(each)]
    found = [each for each in part if each.score >= THRESHOLD]
    right = sum(each.is_match for each in found)
    return Quality(right / len(found), right / sum(each.is_match for each in part))


@section("names", "Names alike or not, on the 826 labelled pairs of nomenklatura's name_bench")
def names(ground: Ground, terms: Terms) -> list[Figure]:
    """Judge them all, at the one fixed threshold."""
    del ground, terms
    compare_names.cache_clear()
    started = time.perf_counter()
    pairs = judged()
    spent_us = (time.perf_counter() - started) / len(pairs) * 1_000_000
    everything, persons = quality(pairs), quality(pairs, lambda each: each.is_person)
    strong = [each for each in pairs if each.is_strong]
    wrong = sum(not each.is_right for each in strong)
    shown = "P {0.precision:.3f} R {0.recall:.3f}"
    return [
        Figure("names", "All pairs, F1", [everything.f1], bar=ALL_BAR, note=shown.format(everything)),
        Figure("names", "Persons, F1", [persons.f1], bar=PERSONS_BAR, note=shown.format(persons)),
        Figure("names", "STRONG pairs that are right", [len(strong) - wrong], f"of {len(strong)}", bar=len(strong)),
        Figure("names", "One comparison, caches cold", [spent_us], "µs"),
    ]
