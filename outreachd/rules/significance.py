"""Whether one wording really does better: Fisher's exact test, Holm's correction.

Each later wording is held against the first. With few letters the answer is that
nobody can tell, and it is given in these words: where not even the most one-sided
outcome with the same totals would be significant, no test is worth its number. Looking
at many wordings at once makes chance look like skill; Holm's steps keep the chance of
even one false alarm in a measure below ``ALPHA``.

Sources: R. A. Fisher, "The Design of Experiments" (1935), chapter 2; S. Holm, "A simple
sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import exp, lgamma

ALPHA = 0.05

# Two probabilities this close are the same; rounding must not part a symmetric pair.
SAME = 1 + 1e-7


class Finding(StrEnum):
    """What a comparison with the first wording says."""

    TOO_FEW = "too_few"
    NO_DIFFERENCE = "no_difference"  # none shown, which is not that there is none
    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Count:
    """How many of so many letters did a thing."""

    hits: int
    of: int

    @property
    def rate(self) -> float:
        """The part, 0 of none."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One wording against the first."""

    p: float  # after Holm's correction
    finding: Finding


def compare(first: Count, others: Sequence[Count]) -> list[Comparison]:
    """Hold each of the others against the first."""
    corrected = holm([fisher(other, first) for other in others])
    return [
        Comparison(p, _finding(p, other, first, tests=len(others)))
        for p, other in zip(corrected, others, strict=True)
    ]


def _finding(p: float, one: Count, first: Count, *, tests: int) -> Finding:
    table = _table(one, first)
    if _at_most(min(table, default=1.0), table or [1.0]) * tests > ALPHA:
        return Finding.TOO_FEW
    if p > ALPHA:
        return Finding.NO_DIFFERENCE
    return Finding.MORE if one.rate > first.rate else Finding.LESS


def fisher(one: Count, other: Count) -> float:
    """Tell how likely a split at least this uneven is by chance alone, two-sided."""
    table = _table(one, other)
    if not table:
        return 1.0
    hits = one.hits + other.hits
    seen = table[one.hits - max(0, hits - other.of)]
    return _at_most(seen, table)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct for having looked at all of these at once."""
    order = sorted(range(len(ps)), key=ps.__getitem__)
    steps = (min(ps[i] * (len(ps) - rank), 1.0) for rank, i in enumerate(order))
    corrected = dict(zip(order, accumulate(steps, max), strict=True))
    return [corrected[i] for i in range(len(ps))]


def _at_most(chance: float, table: Sequence[float]) -> float:
    """Add up the splits that are as unlikely as this one, or more."""
    return min(sum(p for p in table if p <= chance * SAME), 1.0)


def _table(one: Count, other: Count) -> list[float]:
    """List the chances of each split of all hits; empty where there is none.

    The hypergeometric distribution, from the fewest to the most that ``one`` can have.
    """
    hits, total = one.hits + other.hits, one.of + other.of
    if not 0 < hits < total or not one.of or not other.of:
        return []
    fewest, most = max(0, hits - other.of), min(hits, one.of)
    whole = _log_ways(total, hits)
    return [
        exp(_log_ways(one.of, k) + _log_ways(other.of, hits - k) - whole)
        for k in range(fewest, most + 1)
    ]


def _log_ways(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
