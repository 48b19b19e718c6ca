"""The laws of an interval."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.interval import wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [
        (0, 10, 0.0, 0.2775),
        (1, 10, 0.0179, 0.4042),
        (10, 10, 0.7225, 1.0),
        (81, 263, 0.2553, 0.3662),
        (0, 0, 0.0, 1.0),
    ],
)
def test_it_is_what_the_books_say(hits: int, of: int, low: float, high: float) -> None:
    """Values of the published formula (Newcombe 1998, table I, method 3)."""
    assert wilson(hits, of) == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.1, 5))
def test_it_holds_the_rate_and_stays_a_part(a: int, b: int, z: float) -> None:
    """0 <= low <= rate <= high <= 1, whatever is counted."""
    low, high = wilson(a, a + b, z)
    rate = a / (a + b) if a + b else 0.5
    assert 0.0 <= low <= rate <= high <= 1.0


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_more_letters_make_it_narrower(hits: int, misses: int) -> None:
    """The same rate of ten times as many is known better."""
    low, high = wilson(hits, hits + misses)
    low10, high10 = wilson(10 * hits, 10 * (hits + misses))
    assert high10 - low10 < high - low


@pytest.mark.parametrize(("hits", "of"), [(-1, 10), (11, 10)])
def test_more_than_all_is_a_bug(hits: int, of: int) -> None:
    """A part of a whole is not larger than it."""
    with pytest.raises(ValueError, match="no part"):
        wilson(hits, of)
