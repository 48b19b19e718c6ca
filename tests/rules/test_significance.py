"""The laws of telling whether one wording does better than another."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.significance import ALPHA, Count, Finding, compare, fisher, holm


def exact(one: Count, other: Count) -> Fraction:
    """Add up whole numbers: the definition, slow and without rounding."""
    hits, total = one.hits + other.hits, one.of + other.of

    def ways(k: int) -> int:
        return comb(one.of, k) * comb(other.of, hits - k)

    splits = range(max(0, hits - other.of), min(hits, one.of) + 1)
    least = [ways(k) for k in splits if ways(k) <= ways(one.hits)]
    return Fraction(sum(least), comb(total, hits))


@st.composite
def counts(draw: st.DrawFn) -> Count:
    """Draw a count of up to sixty letters."""
    of = draw(st.integers(0, 60))
    return Count(draw(st.integers(0, of)), of)


@given(counts(), counts())
def test_the_test_is_fishers(one: Count, other: Count) -> None:
    """Equal to the definition in whole numbers, and the same from either side."""
    assert fisher(one, other) == pytest.approx(float(exact(one, other)), abs=1e-9)
    assert fisher(one, other) == pytest.approx(fisher(other, one), abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "p"),
    [
        (Count(3, 4), Count(1, 4), 0.4857142857),  # Fisher's lady and her tea
        (Count(8, 10), Count(1, 6), 0.0349650350),
        (Count(0, 0), Count(5, 9), 1.0),
        (Count(0, 50), Count(0, 50), 1.0),
    ],
)
def test_known_figures(one: Count, other: Count, p: float) -> None:
    """From the literature; nothing to compare is no difference."""
    assert fisher(one, other) == pytest.approx(p, abs=1e-9)


def test_large_counts_neither_overflow_nor_take_long() -> None:
    """A quarter of a million letters of each."""
    same = fisher(Count(10_000, 250_000), Count(10_000, 250_000))
    far = fisher(Count(11_000, 250_000), Count(10_000, 250_000))
    assert same == pytest.approx(1.0)
    assert far < 1e-10


@pytest.mark.parametrize(
    ("ps", "corrected"),
    [
        ([], []),
        ([0.04], [0.04]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.9, 0.8], [1.0, 1.0]),
    ],
)
def test_holms_correction(ps: list[float], corrected: list[float]) -> None:
    """The worked example of the textbooks; never above 1, never out of order."""
    assert holm(ps) == pytest.approx(corrected)


@pytest.mark.parametrize(
    ("first", "other", "finding"),
    [
        (Count(0, 3), Count(3, 3), Finding.TOO_FEW),
        (Count(0, 500), Count(0, 500), Finding.TOO_FEW),
        (Count(20, 500), Count(22, 500), Finding.NO_DIFFERENCE),
        (Count(20, 500), Count(50, 500), Finding.MORE),
        (Count(50, 500), Count(20, 500), Finding.LESS),
    ],
)
def test_what_is_said(first: Count, other: Count, finding: Finding) -> None:
    """Too few to tell is said where no outcome could have told."""
    [said] = compare(first, [other])
    assert said.finding is finding


def test_chance_alone_is_seldom_called_skill() -> None:
    """Four equal wordings, 1000 times: one false alarm in at most every twentieth."""
    dice, alarms = Random(1), 0
    for _ in range(1000):
        first, *others = (
            Count(sum(dice.random() < 0.05 for _ in range(300)), 300) for _ in range(4)
        )
        said = compare(first, others)
        alarms += any(one.finding in (Finding.MORE, Finding.LESS) for one in said)
    assert alarms <= 1000 * ALPHA


def test_a_real_difference_is_found() -> None:
    """Twice as many answers in a thousand letters each: nearly always."""
    dice, found = Random(2), 0
    for _ in range(100):
        first, other = (
            Count(sum(dice.random() < rate for _ in range(1000)), 1000)
            for rate in (0.04, 0.08)
        )
        found += compare(first, [other])[0].finding is Finding.MORE
    assert found >= 90
