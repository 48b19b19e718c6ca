"""The laws of standings: what a restart and a fleet applied anew leave as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreachd.flow.pool import Permit
from outreachd.rules.model import Kind, Pause, Ramp
from outreachd.rules.records import Facts, Recent
from tests.flow.pools import HOUR_S, pool_of, take
from tests.rosters import MONDAY, account, campaign, client, domain, mailbox, roster


def test_a_restart_remembers_gap_hour_and_day() -> None:
    """Promise 4: what the ledger saw counts, with the longest gap that may be."""
    box = mailbox(min_gap_s=90.0, jitter=0.5, hourly_limit=3, daily_limit=5)
    at = [MONDAY - timedelta(minutes=m) for m in (50, 20, 1)]
    recent = [Recent(1, 1, when) for when in at]
    pool = pool_of(roster(box, campaign()), Facts(recent=recent))
    lane = pool.lanes[1]
    assert lane.standing.free_at == pytest.approx(1e5 - 60 + 135)
    assert lane.standing.wait_s(MONDAY, 1e5) == pytest.approx(600)  # the hour

    today = {(Kind.MAILBOX, 1, MONDAY.date()): 5}
    pool = pool_of(roster(box, campaign()), Facts(used=today))
    assert pool.lanes[1].standing.wait_s(MONDAY, 1e5) == 15 * HOUR_S


@pytest.mark.parametrize("kind", [Kind.DOMAIN, Kind.ACCOUNT, Kind.CLIENT])
def test_a_restart_remembers_shared_days(kind: Kind) -> None:
    """A day that was full before the restart is full after it."""
    fleet = roster(
        client(daily_limit=5),
        account(daily_limit=5),
        domain(daily_limit=5),
        mailbox(),
        campaign(),
    )
    pool = pool_of(fleet, Facts(used={(kind, 1, MONDAY.date()): 5}))
    taken = pool.take(pool.lanes[1], fleet.campaigns[1], MONDAY, 1e5)
    assert taken == 15 * HOUR_S


def test_a_restart_does_not_refill_the_buckets() -> None:
    """The domain's minute and the account's second are as spent as they were."""
    fleet = roster(domain(rate_per_minute=2.0), mailbox(1), mailbox(2), campaign())
    just_now = [Recent(1, 1, MONDAY), Recent(2, 1, MONDAY - timedelta(seconds=30))]
    pool = pool_of(fleet, Facts(recent=just_now))
    bucket = pool.domains[1].standing.bucket
    assert bucket is not None
    assert bucket.seconds_until(1, now=1e5) == pytest.approx(30, abs=0.1)


def test_days_of_sending_before_the_restart_count_for_the_ramp() -> None:
    """Today's letters are not a day more yet."""
    box = mailbox(ramp=Ramp(start=10, end=40, days=4))
    used = {(Kind.MAILBOX, 1, MONDAY.date()): 3}
    facts = Facts(used=used, days_sent={(Kind.MAILBOX, 1): 2})
    pool = pool_of(roster(box, campaign()), facts)
    assert pool.lanes[1].standing.day.cap == 30
    assert pool.lanes[1].standing.day.left(MONDAY) == 27


def test_a_fleet_applied_again_keeps_what_was_counted() -> None:
    """New limits hold at once; spent letters, gaps and buckets stay spent."""
    pool = pool_of(roster(mailbox(daily_limit=5), campaign()))
    permit = take(pool)
    assert isinstance(permit, Permit)
    pool.release(permit, spent=True, now=MONDAY, mono=1e5)
    pool.apply(
        roster(mailbox(daily_limit=1), campaign()), Facts(), now=MONDAY, mono=1e5
    )
    assert pool.lanes[1].standing.day.left(MONDAY) == 0
    assert take(pool, mono=1e5 + 60) == 15 * HOUR_S


def test_pauses_are_replaced_by_what_is_told() -> None:
    """Of every kind at once; what is not told any more is over."""
    pool = pool_of(roster(mailbox(), campaign()))
    paused = {Kind.CLIENT: pool.clients[1], Kind.DOMAIN: pool.domains[1].standing}
    told = [Pause(kind=kind, target_id=1, reason="x", until=None) for kind in paused]
    pool.set_pauses(told, now=MONDAY, mono=1e5)
    assert all(standing.pause is not None for standing in paused.values())
    assert pool.accounts[1].pause is None
    pool.set_pauses([], now=MONDAY, mono=1e5)
    assert all(standing.pause is None for standing in paused.values())


@pytest.mark.parametrize(("accounts", "each"), [(2, 100), (3, 66), (8, 50)])
def test_no_account_has_all_places(accounts: int, each: int) -> None:
    """One that hangs takes its part; more than four have a quarter each."""
    ids = tuple(range(1, accounts + 1))
    fleet = roster(*map(account, ids), domain(account_ids=ids), mailbox(), campaign())
    pool = pool_of(fleet)
    pool.share_places(200)
    assert {pool.accounts[id].at_once for id in ids} == {each}
