"""The laws of the pace at one receiver: never above it, and a line that moves."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.bucket import OverdrawnError
from outreachd.rules.receiver_pace import (
    KNOWN_AT_MOST,
    MINUTE_S,
    AccountPaces,
    ReceiverPace,
    tuned,
)
from tests.rules.test_bucket import most_in_any_window

LIMITS = st.integers(1, 300)
PAUSES = st.lists(st.floats(0, 90), min_size=1, max_size=300)


def run_line(pace: ReceiverPace, letters: int, *, late_s: float) -> tuple[int, float]:
    """Let letters come at once and again at their places; tell returns and the end."""
    waiting = [(0.0, n) for n in range(letters)]
    returns, end = 0, 0.0
    while waiting:
        due, n = heapq.heappop(waiting)
        now = max(due + late_s * (n % 7) / 7, end)
        end = now
        if pace.wait_s(now) > 0:
            returns += 1
            heapq.heappush(waiting, (now + pace.line_up(now), n))
        else:
            pace.take(now)
    return returns, end


@given(limit=LIMITS, pauses=PAUSES)
def test_no_minute_has_more_than_the_rate(limit: int, pauses: list[float]) -> None:
    """Whenever letters come, and whoever takes the place of whom."""
    pace, now = ReceiverPace.empty(limit, at=0.0), 0.0
    sent: list[float] = []
    for pause in pauses:
        now += pause if len(sent) % 3 else pause / 100
        if pace.wait_s(now) > 0:
            pace.line_up(now)
        else:
            pace.take(now)
            sent.append(now)
    assert not sent or most_in_any_window(sent, MINUTE_S) <= limit


@given(before=LIMITS, after=LIMITS, pauses=PAUSES)
def test_a_new_limit_holds_and_what_was_spent_counts(
    before: int, after: int, pauses: list[float]
) -> None:
    """A minute across the change has no more than the larger of both."""
    pace, now = ReceiverPace.empty(before, at=0.0), 0.0
    sent: list[float] = []
    for n, pause in enumerate(pauses):
        now += pause / 30
        if n == len(pauses) // 2:
            pace.retune(after, now)
        if pace.wait_s(now) == 0:
            pace.take(now)
            sent.append(now)
    assert not sent or most_in_any_window(sent, MINUTE_S) <= max(before, after)


@pytest.mark.parametrize("limit", [1, 7, 30, 39, 40, 60, 100, 1000, 6000])
def test_a_crowd_comes_back_one_by_one(limit: int) -> None:
    """A thousand at once are put off once each, and go at nearly the whole rate."""
    pace = ReceiverPace.empty(limit, at=0.0)
    returns, end = run_line(pace, 1000, late_s=0.0)
    assert returns <= 1000
    assert end <= 1000 / limit * MINUTE_S / 0.94


@pytest.mark.parametrize("limit", [1, 7, 30, 39, 40, 60, 100])
def test_who_comes_a_little_late_finds_a_letter_in_hand(limit: int) -> None:
    """A daemon that answers within a fortieth of the interval loses no place."""
    pace = ReceiverPace.empty(limit, at=0.0)
    returns, _ = run_line(pace, 1000, late_s=MINUTE_S / limit / 40)
    assert returns <= 1010


def test_places_follow_each_other_and_change_nothing_by_looking() -> None:
    """To be told is not to be lined up."""
    pace = ReceiverPace.empty(60, at=0.0)
    assert pace.place_s(0.0) == pace.place_s(0.0)
    places = [pace.line_up(0.0) for _ in range(3)]
    assert places == sorted(set(places))
    with pytest.raises(OverdrawnError):
        pace.take(0.0)


def test_a_line_that_nobody_keeps_is_forgotten() -> None:
    """Who stood in it was cancelled, or sleeps: a newcomer need not wait for them."""
    pace = ReceiverPace.empty(60, at=0.0)
    pace.take(5.0)
    for _ in range(3000):
        pace.line_up(5.0)
    assert pace.place_s(60.0) > 2900
    while pace.wait_s(60.0) == 0:
        pace.take(60.0)
    assert pace.line_up(60.0) < 2


def test_a_start_grants_nothing() -> None:
    """Empty when the rates are taken on; what is first met later has gained since."""
    paces = AccountPaces({"google": 60}, since=100.0)
    pace = paces.at("google", 100.0)
    assert pace is not None
    assert pace.wait_s(100.0) > 0
    later = AccountPaces({"google": 60}, since=100.0).at("google", 200.0)
    assert later is not None
    assert later.wait_s(200.0) == 0


def test_a_reload_keeps_what_was_spent() -> None:
    """The same rates change nothing; another limit counts on; a new one is empty."""
    paces = AccountPaces({"google": 60}, since=0.0)
    google = paces.at("google", 9.0)
    assert google is not None
    google.take(9.0)
    in_hand = google.bucket.available(now=9.0)
    assert tuned(paces, {"google": 60}, 9.0).since == 0.0
    assert tuned(paces, {"google": 100, "yahoo": 10}, 9.0) is paces
    assert paces.at("google", 9.0) is google
    assert google.limit == 100
    assert google.bucket.available(now=9.0) == pytest.approx(in_hand)
    yahoo = paces.at("yahoo", 9.0)
    assert yahoo is not None
    assert yahoo.wait_s(9.0) > 0


def test_a_rate_that_is_taken_out_limits_nothing() -> None:
    """And begins empty when it is put in again."""
    paces = tuned(None, {"google": 60}, 0.0)
    assert paces.at("google", 50.0) is not None
    assert paces.at("firm.example", 50.0) is None
    paces.tune({"yahoo": 5}, 50.0)
    assert paces.at("google", 50.0) is None
    paces.tune({"google": 60}, 60.0)
    google = paces.at("google", 60.0)
    assert google is not None
    assert google.wait_s(60.0) > 0


def test_idle_receivers_are_forgotten_and_busy_ones_are_not() -> None:
    """Memory is bounded, and forgetting grants nothing."""
    paces = AccountPaces({"others": 60}, since=0.0)
    first = paces.at("r0", 10.0)
    for n in range(1, KNOWN_AT_MOST):
        paces.at(f"r{n}", 10.0)
    assert first is not None
    first.take(10.0)
    first.line_up(10.0)
    paces.at("one more", 10.0)
    assert paces.at("r0", 10.0) is first
    assert len(paces._paces) == 2
