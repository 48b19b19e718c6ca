"""The laws a token bucket keeps, whoever calls it and whenever."""

from bisect import bisect_left
from math import inf
from random import Random

import pytest

from outreachd.rules.bucket import OverdrawnError, TokenBucket, pace


def bucket(*, rate: float = 1 / 60, tokens: float = 3, at: float = 0) -> TokenBucket:
    """Make a mailbox of one send a minute, bursts of 3, full at time 0."""
    return TokenBucket(rate=rate, capacity=3, tokens=tokens, updated=at)


def most_in_any_window(times: list[float], period_s: float) -> int:
    """Count the fullest half-open window of that length."""
    starts = enumerate(times)
    return max(bisect_left(times, start + period_s) - i for i, start in starts)


@pytest.mark.parametrize("bad", [{"rate": -1.0}, {"tokens": -1.0}, {"tokens": 4.0}])
def test_impossible_numbers_are_refused(bad: dict[str, float]) -> None:
    """A wrong setting stops the daemon at start, not at the third send."""
    with pytest.raises(ValueError, match="impossible"):
        bucket(**bad)
    with pytest.raises(ValueError, match="impossible"):
        bucket().retune(rate=1, capacity=0, now=0)


def test_a_full_bucket_lets_a_burst_through_and_no_more() -> None:
    """Capacity is the burst; the next send waits for one whole token."""
    b = bucket()
    b.take(3, now=0)
    assert b.seconds_until(1, now=0) == pytest.approx(60)


@pytest.mark.parametrize("per_day", range(1, 60))
def test_waiting_exactly_as_told_is_enough(per_day: int) -> None:
    """Float rounding never turns the promised moment into a second wait."""
    b = bucket(rate=per_day / 86_400, tokens=0, at=1e6)
    b.take(1, now=1e6 + b.seconds_until(1, now=1e6))

    assert b.tokens >= 0


def test_never_is_said_as_infinity() -> None:
    """Idling saves up no more than capacity; a resting bucket earns nothing."""
    assert bucket().seconds_until(4, now=1e9) == inf
    assert bucket(rate=0, tokens=0).seconds_until(1, now=1e9) == inf


def test_what_is_available_grows_with_time_up_to_capacity() -> None:
    """Asking changes nothing and never promises more than a burst."""
    b = bucket(tokens=0.5)
    assert b.available(now=0) == 0.5
    assert b.available(now=60) == pytest.approx(1.5)
    assert b.available(now=1e9) == 3
    assert b == bucket(tokens=0.5)


def test_overdrawing_is_refused_and_changes_nothing() -> None:
    """A refused take leaves the bucket as it found it."""
    b = bucket(tokens=0.5)
    with pytest.raises(OverdrawnError):
        b.take(1, now=0)

    assert b == bucket(tokens=0.5)


def test_a_clock_set_back_earns_nothing() -> None:
    """Going back an hour and forward again refills nothing twice."""
    b = bucket(tokens=1, at=3600)
    b.take(1, now=0)

    assert b.seconds_until(1, now=3600) == pytest.approx(60)


def test_a_new_pace_counts_from_now_on() -> None:
    """Half a minute at the old pace is half a token, whatever comes next."""
    b = bucket(tokens=0)
    b.retune(rate=1, capacity=3, now=30)
    assert b.seconds_until(1, now=30) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(20))
def test_no_schedule_beats_the_allowance(seed: int) -> None:
    """Over any T seconds at most capacity + rate * T tokens are spent."""
    dice, b, now, spent = Random(seed), bucket(), 0.0, 0
    for _ in range(500):
        now += dice.expovariate(1 / 20)
        if b.seconds_until(1, now=now) == 0:
            b.take(1, now=now)
            spent += 1
    assert spent <= 3 + now / 60 + 1e-3


@pytest.mark.parametrize("greed", [1.0, 1 - 0.9e-6, 1 + 1e-9])
@pytest.mark.parametrize("limit", [0.3, 1, 1.5, 2, 19.9, 20, 39.5, 40, 50, 400.7])
def test_a_pace_keeps_every_window_within_its_limit(limit: float, greed: float) -> None:
    """Even a caller who uses all the tolerance never has more than ``limit`` a period.

    ``greed`` scales the promised wait: just under one is as early as take() forgives.
    """
    period_s = 60.0
    rate, capacity = pace(limit, period_s)
    b = TokenBucket(rate=rate, capacity=capacity, tokens=capacity, updated=1e6)
    now, times = 1e6, []
    for _ in range(int(limit * 3) + 5):
        while b.seconds_until(1, now=now) == 0:
            b.take(1, now=now)
            times.append(now)
        now += b.seconds_until(1, now=now) * greed

    assert most_in_any_window(times, period_s) <= max(limit, 1)


@pytest.mark.parametrize("seed", range(30))
def test_a_pace_keeps_its_limit_whatever_happens(seed: int) -> None:
    """Idling, hurrying and bursts in any order stay within the limit of any window."""
    dice = Random(seed)
    limit, period_s = dice.uniform(1, 200), dice.choice([1.0, 60.0, 86_400.0])
    rate, capacity = pace(limit, period_s)
    b = TokenBucket(rate=rate, capacity=capacity, tokens=capacity, updated=0)
    now, times = 0.0, []
    for _ in range(1000):
        now += dice.choice([0.0, dice.expovariate(limit / period_s), 1 / rate])
        now += period_s * (dice.random() < 0.01)
        if b.seconds_until(1, now=now) == 0:
            b.take(1, now=now)
            times.append(now)
    assert most_in_any_window(times, period_s) <= limit


def test_a_pace_uses_nearly_all_of_its_limit() -> None:
    """Safety is not bought with slowness: a busy minute of 400 carries at least 399."""
    for limit in (1, 7, 20, 50, 400):
        rate, capacity = pace(limit, 60)
        burst = capacity if capacity > 1 else 0
        assert burst + rate * 60 >= limit - 0.01


@pytest.mark.parametrize(("limit", "burst"), [(0.5, 1), (20, 1), (50, 2), (400, 20)])
def test_a_pace_saves_up_a_twentieth_for_a_burst(limit: float, burst: int) -> None:
    """A domain of 20 a minute sends them three seconds apart, not in a heap."""
    assert pace(limit, 60)[1] == burst


@pytest.mark.parametrize(("limit", "period_s"), [(0, 60), (-1, 60), (5, 0)])
def test_an_impossible_pace_is_refused(limit: float, period_s: float) -> None:
    """Zero is not a slow pace but none: whoever means it must pause."""
    with pytest.raises(ValueError, match="impossible pace"):
        pace(limit, period_s)
