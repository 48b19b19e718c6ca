"""The laws of turns between follow-ups and first touches at one mailbox."""

from __future__ import annotations

from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.touches import TouchTurns

BOX = 7


def served(turns: TouchTurns, shares: list[float]) -> list[bool]:
    """Serve letters while both wait; tell which were first touches."""
    firsts = []
    for share in shares:
        firsts.append(turns.is_first_touch(BOX, share))
        turns.count(BOX, share, is_first=firsts[-1])
    return firsts


@given(st.floats(0, 1), st.integers(1, 600))
def test_first_touches_get_their_part_of_every_stretch(share: float, n: int) -> None:
    """From any letter to any later one: the part, to within one letter."""
    firsts = served(TouchTurns(), [share] * n)
    for start in range(0, n, 97):
        part = (n - start) * share
        assert floor(part + 1e-6) - 1 <= sum(firsts[start:]) <= part + 1
    assert sum(firsts) >= floor(n * share - 1e-6)


@given(st.lists(st.floats(0, 1), max_size=300))
def test_a_part_that_changes_is_paid_as_it_was(shares: list[float]) -> None:
    """Other campaigns come and go: what was earned adds up over all of it."""
    firsts = served(TouchTurns(), shares)
    assert sum(shares) - 1 - 1e-6 <= sum(firsts) <= sum(shares) + 1e-6


@pytest.mark.parametrize(
    ("share", "pattern"),
    [
        (0.0, "FFFFFFFFFF"),
        (1.0, "1111111111"),
        (0.5, "F1F1F1F1F1"),
        (0.1, "FFFFFFFFF1"),
    ],
)
def test_the_pattern_is_even(share: float, pattern: str) -> None:
    """None, all, every other, and the tenth of ten: rounding loses no letter."""
    firsts = served(TouchTurns(), [share] * 10)
    assert "".join("1" if first else "F" for first in firsts) == pattern


@given(st.floats(0.01, 1), st.lists(st.booleans(), max_size=200))
def test_a_letter_that_did_not_go_leaves_no_trace(
    share: float, goes: list[bool]
) -> None:
    """What is undone is as if it had never been chosen."""
    turns, plain = TouchTurns(), TouchTurns()
    for go in goes:
        first = turns.is_first_touch(BOX, share)
        turns.count(BOX, share, is_first=first)
        if go:
            assert plain.is_first_touch(BOX, share) == first
            plain.count(BOX, share, is_first=first)
        else:
            turns.undo(BOX, share, was_first=first)


def test_mailboxes_do_not_pay_for_each_other() -> None:
    """Each has its own turns."""
    turns = TouchTurns()
    turns.count(1, 0.5, is_first=False)
    assert turns.is_first_touch(1, 0.5)
    assert not turns.is_first_touch(2, 0.5)
