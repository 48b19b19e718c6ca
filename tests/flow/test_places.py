"""The laws of places: made from facts once, retuned ever after."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from zoneinfo import ZoneInfo

from outreachd.flow.places import Builder
from outreachd.rules.model import Kind, Ramp
from outreachd.rules.records import Facts, Recent
from tests.rosters import MONDAY, account, client, domain, mailbox, roster

MONO = 1e6


def builder(facts: Facts | None = None) -> Builder:
    return Builder(
        roster(mailbox(1), mailbox(2)), facts or Facts(), now=MONDAY, mono=MONO
    )


def test_a_new_lane_without_a_past_is_free_and_goes_first() -> None:
    """Nothing known: no gap, an empty hour, idle for ever."""
    build = builder()
    lane = build.lane(mailbox(), build.domain(domain(), None), None)
    assert lane.standing.wait_s(MONDAY, MONO) == 0
    assert lane.idle_since == -inf
    assert lane.id == 1


def test_a_new_lane_takes_its_own_past_only() -> None:
    """Another mailbox's letters count for the domain and the account, not for it."""
    ago = [Recent(1, 1, MONDAY - timedelta(seconds=s)) for s in (30, 4)]
    build = builder(Facts(recent=[*ago, Recent(2, 1, MONDAY)]))
    place = build.domain(domain(rate_per_minute=3.0), None)
    one = build.lane(mailbox(1, min_gap_s=10.0), place, None)
    assert one.idle_since == MONO - 4
    assert one.standing.free_at == MONO + 6
    assert place.standing.wait_s(MONDAY, MONO) > 0
    assert build.account(account(rate_per_second=0.01), None).wait_s(MONDAY, MONO) > 0


def test_a_clock_that_was_set_back_makes_no_letter_of_the_future() -> None:
    """68: an attempt that seems to come counts as one of now."""
    build = builder(Facts(recent=[Recent(1, 1, MONDAY + timedelta(hours=1))]))
    lane = build.lane(mailbox(), build.domain(domain(), None), None)
    assert lane.standing.free_at == MONO + 10


def test_a_place_that_exists_keeps_its_counts_and_takes_new_limits() -> None:
    """Applied again: used stays used, the new cap, rate and hour hold."""
    build = builder()
    place = build.domain(domain(daily_limit=10), None)
    lane = build.lane(mailbox(daily_limit=10), place, None)
    shop, relay = build.client(client(), None), build.account(account(), None)
    for standing in (place.standing, shop, relay):
        assert standing.day is not None
        standing.day.used = 4
    lane.standing.day.used = 4
    lane.standing.hour.add(MONO)
    assert relay.bucket is not None
    relay.bucket.take(40, now=MONO)

    again = builder()
    assert again.domain(domain(daily_limit=5), place) is place
    assert again.lane(mailbox(daily_limit=6, hourly_limit=1), place, lane) is lane
    assert again.client(client(daily_limit=7), shop) is shop
    assert again.account(account(daily_limit=8), relay) is relay
    assert place.standing.day is not None
    assert shop.day is not None
    assert relay.day is not None
    days = (place.standing.day, lane.standing.day, shop.day, relay.day)
    assert [day.left(MONDAY) for day in days] == [1, 2, 3, 4]
    assert lane.standing.wait_s(MONDAY, MONO) == 3600
    assert relay.bucket.available(now=MONO) == 10


def test_another_zone_is_another_day_counted_from_the_facts() -> None:
    """A changed zone begins its day anew with what the ledger knows of it."""
    tokyo = ZoneInfo("Asia/Tokyo")
    place = builder().domain(domain(daily_limit=9), None)
    used = {(Kind.DOMAIN, 1, MONDAY.date()): 5}
    ramp = Ramp(start=6, end=9, days=2)
    moved = builder(Facts(used=used)).domain(
        domain(daily_limit=9, timezone=tokyo, ramp=ramp), place
    )
    assert moved.standing.day is not None
    assert moved.standing.day.zone is tokyo
    assert moved.standing.day.left(MONDAY) == 1


def test_the_same_workday_is_reckoned_once() -> None:
    """Mailboxes of one workday share its hours; another workday has its own."""
    build = builder()
    place = build.domain(domain(), None)
    one, two = (build.lane(mailbox(id), place, None) for id in (1, 2))
    other = build.lane(mailbox(3, workday_start_min=60), place, None)
    assert one.standing.hours is two.standing.hours
    assert other.standing.hours is not one.standing.hours
