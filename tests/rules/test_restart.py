"""The law of beginning: a restart grants nothing."""

from __future__ import annotations

from random import Random

import pytest

from outreachd.rules.bucket import TokenBucket, pace
from outreachd.rules.restart import bucket_after


@pytest.mark.parametrize("seed", range(40))
def test_the_new_bucket_is_never_fuller_than_the_lost_one(seed: int) -> None:
    """Promise 4: whatever was sent when, the memory of it grants no token more."""
    dice = Random(seed)
    limit, period_s = dice.choice([(20.0, 60.0), (0.5, 60.0), (50.0, 1.0), (200, 60)])
    rate, capacity = pace(limit, period_s)
    real = TokenBucket(rate=rate, capacity=capacity, tokens=capacity, updated=0.0)
    now, spent = 0.0, []
    for _ in range(300):
        now += dice.expovariate(rate) * dice.choice([0.1, 1, 3])
        if real.seconds_until(1, now=now) == 0:
            real.take(1, now=now)
            spent.append(now)
    now += dice.expovariate(rate)
    made = bucket_after(limit, period_s, spent, mono=now)
    assert made.available(now=now) <= real.available(now=now) + 1e-5


def test_who_was_quiet_long_enough_begins_full() -> None:
    """Without letters in the time it takes to fill, nothing is missing."""
    made = bucket_after(200.0, 60.0, [0.0], mono=1000.0)
    assert made.available(now=1000.0) == pytest.approx(10)


def test_the_order_of_the_memory_does_not_matter() -> None:
    """The ledger tells by mailbox, not by time."""
    spent = [990.0, 998.0, 994.0, 999.5]
    forth = bucket_after(200.0, 60.0, spent, mono=1000.0)
    back = bucket_after(200.0, 60.0, spent[::-1], mono=1000.0)
    assert forth == back
