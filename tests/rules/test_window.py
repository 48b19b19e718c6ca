"""The laws of an exact sliding window."""

from bisect import bisect_left
from math import inf
from random import Random

import pytest

from outreachd.rules.window import RecentLog


def most_in_any_window(times: list[float], period_s: float) -> int:
    """Count the fullest half-open window of that length."""
    starts = enumerate(times)
    return max(bisect_left(times, start + period_s) - i for i, start in starts)


def stored(log: RecentLog) -> int:
    """Count the floats a log keeps."""
    return len(log._times)


@pytest.mark.parametrize("seed", range(30))
def test_no_window_holds_more_than_the_limit(seed: int) -> None:
    """A caller who sends as early as told fills windows exactly, never over."""
    dice = Random(seed)
    limit, period_s = dice.randint(1, 12), 3600.0
    log, now, times = RecentLog(limit, period_s), 1e9, []
    for _ in range(300):
        now += dice.choice([0.0, dice.expovariate(limit / period_s)])
        now = log.ready_at(now)
        log.add(now)
        times.append(now)

    assert most_in_any_window(times, period_s) == limit
    assert stored(log) <= limit


@pytest.mark.parametrize("seed", range(30))
def test_a_limit_that_changes_holds_from_that_moment_on(seed: int) -> None:
    """Whatever the limit was before, the window behind each send keeps today's."""
    dice, log, now, limit = Random(seed), RecentLog(20, 3600), 0.0, 20
    times: list[float] = []
    for _ in range(400):
        if dice.random() < 0.1:
            limit = dice.randint(1, 20)
            log.resize(limit)
        now = log.ready_at(now + dice.expovariate(1 / 120))
        log.add(now)
        times.append(now)
        assert sum(at + 3600 > now for at in times) <= limit


def test_a_lowered_limit_counts_what_was_sent_before() -> None:
    """Going down to two waits until only one of the last hour's sends is left."""
    log = RecentLog(5, 3600)
    for at in (0.0, 100.0, 200.0, 300.0):
        log.add(at)
    log.resize(2)
    assert log.ready_at(400) == 200 + 3600

    log.resize(5)
    log.add(400)
    assert log.ready_at(500) == 3600, "the four before still fill the window"


def test_an_open_window_is_ready_now_and_a_closed_one_later() -> None:
    """Asking never answers with a moment that has passed."""
    log = RecentLog(1, 60)
    assert log.ready_at(5) == 5
    log.add(5)
    assert log.ready_at(6) == 65
    assert log.ready_at(65) == 65
    assert log.ready_at(100) == 100


def test_a_limit_of_zero_is_never_ready() -> None:
    """Nothing allowed is said as infinity, as a bucket says it."""
    log = RecentLog(0, 60)
    assert log.ready_at(0) == inf
    log.load([1.0, 2.0])
    assert log.ready_at(1e9) == inf


def test_a_restart_grants_nothing() -> None:
    """Loaded times, in any order, hold as if the log had lived through them."""
    lived, loaded = RecentLog(3, 3600), RecentLog(3, 3600)
    times = [0.0, 4000.0, 4100.0, 4200.0, 4300.0]
    for at in times:
        lived.add(at)
    loaded.load([4200.0, 0.0, 4300.0, 4000.0, 4100.0])

    assert loaded.ready_at(4400) == lived.ready_at(4400) == 4100 + 3600


def test_a_late_report_finds_its_place() -> None:
    """Sends reported out of order count by their own time."""
    log = RecentLog(2, 60)
    log.add(50)
    log.add(10)
    assert log.ready_at(51) == 70


@pytest.mark.parametrize(("limit", "period_s"), [(-1, 60.0), (1, 0.0)])
def test_an_impossible_window_is_refused(limit: int, period_s: float) -> None:
    """A wrong setting is loud at start."""
    with pytest.raises(ValueError, match="impossible"):
        RecentLog(limit, period_s)
    with pytest.raises(ValueError, match="impossible"):
        RecentLog(1, 60).resize(-1)
