"""The laws of telling a receiver that is down from senders that are ill."""

from __future__ import annotations

import pytest

from outreachd.rules.health import Counts
from outreachd.rules.outage import outages

GOOD, BAD = Counts(sent=20), Counts(sent=20, hard=12, block=5)


def is_down(*domains: Counts) -> bool:
    """Ask of one receiver."""
    return bool(outages({"google": domains}))


def test_a_receiver_that_fails_everybody_is_down() -> None:
    """Bounces, refusals and delays alike; the others are not."""
    found = outages({"google": [BAD] * 40, "outlook": [GOOD] * 40})
    assert found == {"google"}
    assert is_down(*[Counts(sent=10, soft=9)] * 8)


@pytest.mark.parametrize("burning", [1, 3, 19])
def test_burning_domains_are_not_excused(burning: int) -> None:
    """Fewer than half of forty fail for reasons of their own."""
    assert not is_down(*[BAD] * burning, *[GOOD] * (40 - burning))


def test_a_few_domains_are_never_enough() -> None:
    """Four of four may all be ill."""
    assert not is_down(*[BAD] * 4)
    assert is_down(*[BAD] * 5)


def test_who_wrote_hardly_anything_says_nothing() -> None:
    """One of two letters may fail by chance."""
    assert not is_down(*[Counts(sent=2, hard=1)] * 40)
