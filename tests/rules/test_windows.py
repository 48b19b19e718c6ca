"""The laws of counting by windows: sums follow time, what is left out is in none."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest

from outreachd.rules.health import Counts
from outreachd.rules.windows import (
    EPOCH,
    QUARTERS,
    Windows,
    begin_of,
    quarter_of,
)

SENT, HARD = 0, 1


def test_quarters_are_numbered_from_their_beginning() -> None:
    """There and back; the end of one is the beginning of the next."""
    at = EPOCH + timedelta(minutes=44)
    assert quarter_of(at) == 2
    assert begin_of(2) == EPOCH + timedelta(minutes=30)


@pytest.mark.parametrize("seed", range(5))
def test_sums_are_what_adding_up_would_give(seed: int) -> None:
    """Whatever comes when: late news, receivers that were down, time that passes."""
    dice, windows = Random(seed), Windows([1, 4])
    told: list[tuple[int, str, int]] = []
    left: set[tuple[int, str]] = set()
    for now in range(10, 120):
        windows.pass_to(now, left)
        for _ in range(dice.randrange(4)):
            quarter, receiver = now - dice.randrange(3), dice.choice("ab")
            if (quarter, receiver) not in left:
                word = dice.randrange(2)
                windows.count(quarter, receiver, word, now=now)
                told.append((quarter, receiver, word))
        if dice.random() < 0.1:
            key = now - dice.randrange(2), dice.choice("ab")
            if key not in left:
                left.add(key)
                windows.leave(*key, now=now)
        for hours in (1, 4):
            of_window = [
                word
                for quarter, receiver, word in told
                if quarter > now - hours * QUARTERS and (quarter, receiver) not in left
            ]
            expected = Counts(of_window.count(SENT), of_window.count(HARD))
            assert windows.within(hours) == expected


def test_who_begins_anew_counts_from_then_on() -> None:
    """Old letters, and what comes back for them late, are in no sum."""
    windows = Windows([4])
    windows.count(10, "a", SENT, now=10, n=5)
    windows.begin_anew(11)
    windows.count(10, "a", HARD, now=11)
    windows.count(11, "a", SENT, now=11, n=2)
    assert windows.within(4) == Counts(sent=2)


def test_some_quarters_at_one_receiver_are_added_up() -> None:
    """So that an outage is seen; what is forgotten is gone."""
    windows = Windows([4])
    for quarter in (1, 2, 3):
        windows.count(quarter, "a", SENT, now=3, n=quarter)
    assert windows.at(range(2, 9), "a") == Counts(sent=5)
    assert windows.at(range(2, 9), "b") == Counts()
    assert windows.receivers(range(9)) == {"a"}
    windows.forget(3)
    assert windows.at(range(9), "a") == Counts(sent=3)
