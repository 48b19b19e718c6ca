"""The laws of the pool: no stretch exceeds a limit, and a restart grants nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from math import inf
from zoneinfo import ZoneInfo

import pytest

from outreachd.flow.pool import Permit
from outreachd.rules.model import Kind, Pause, Ramp
from outreachd.rules.records import Facts, Recent
from tests.flow.pools import HOUR_S, pool_of, take
from tests.flow.world import World
from tests.rosters import MONDAY, account, campaign, client, domain, mailbox, roster

BERLIN = ZoneInfo("Europe/Berlin")


def most_in(times: list[float], period_s: float) -> int:
    """Count the most events in any stretch of that length."""
    best = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - period_s + 1e-6:  # floats, not letters
            first += 1
        best = max(best, last - first + 1)
    return best


# --- limits over days, by the whole flow ----------------------------------------------


@pytest.mark.parametrize(
    "start",
    [
        datetime(2026, 3, 28, 12, 0, tzinfo=UTC),  # clocks go forward at night
        datetime(2026, 10, 24, 12, 0, tzinfo=UTC),  # and back
    ],
    ids=["spring", "autumn"],
)
async def test_a_mailbox_keeps_all_its_limits_over_days_and_dst(
    start: datetime,
) -> None:
    """Promise 3: gap, hour, day and workday hold over any stretch, at DST too."""
    box = mailbox(
        min_gap_s=90.0,
        jitter=0.6,
        hourly_limit=10,
        daily_limit=25,
        workday_start_min=60,
        workday_end_min=1380,
        timezone=BERLIN,
    )
    world = World(roster(box, campaign()), start=start)
    world.add(200)
    await world.run_for(days=3)

    letters = world.carrier.delivered
    times = [letter.mono for letter in letters]
    gaps = [b - a for a, b in pairwise(times)]
    local = [letter.at.astimezone(BERLIN) for letter in letters]
    assert min(gaps) >= 90
    assert any(90 < gap <= 90 * 1.6 for gap in gaps)
    assert most_in(times, HOUR_S) == 10
    days = Counter(at.date() for at in local)
    assert set(days.values()) == {25}
    assert len(days) == 4
    assert all(1 <= at.hour < 23 for at in local)


@pytest.mark.parametrize("kind", ["domain", "account", "client"])
async def test_a_shared_day_is_never_exceeded(kind: str) -> None:
    """The day of a domain, an account or a client bounds all its mailboxes together."""
    limit = {"daily_limit": 7}
    fleet = roster(
        client(**(limit if kind == "client" else {})),
        account(**(limit if kind == "account" else {})),
        domain(**(limit if kind == "domain" else {})),
        *(mailbox(id) for id in (1, 2, 3)),
        campaign(mailbox_ids=(1, 2, 3)),
    )
    world = World(fleet)
    world.add(60)
    await world.run_for(days=3)

    days = Counter(letter.at.date() for letter in world.carrier.delivered)
    assert list(days.values()) == [7, 7, 7, 7]


async def test_rates_hold_over_any_stretch() -> None:
    """No minute of a domain and no second of an account has more than its rate."""
    ids = tuple(range(1, 31))
    fleet = roster(
        account(rate_per_second=2.0),
        domain(1, rate_per_minute=30.0),
        domain(2, rate_per_minute=200.0),
        *(mailbox(id, 1 + id % 2, min_gap_s=0.5) for id in ids),
        campaign(mailbox_ids=ids),
    )
    world = World(fleet)
    world.add(700)
    await world.run_for(minutes=5)

    letters = world.carrier.delivered
    slow = [d.mono for d in letters if d.sender.endswith("@mail1.acme.example")]
    assert most_in([d.mono for d in letters], 1.0) <= 2
    assert most_in(slow, 60.0) <= 30
    assert len(slow) >= 5 * 28
    assert len(letters) >= 5 * 60 * 1.9


async def test_a_ramp_grows_with_days_of_real_sending() -> None:
    """A day with few letters does not make the next one bolder."""
    box = mailbox(daily_limit=40, ramp=Ramp(start=2, end=8, days=3))
    world = World(roster(box, campaign()), start=MONDAY.replace(hour=0))
    async with world.running():
        for due in (3, 0, 30):
            world.add(due, prefix=f"d{due}-")
            world.feed.hint()
            await world.clock.sleep(86_400)
    days = Counter(letter.at.day for letter in world.carrier.delivered)
    assert days == {2: 2, 3: 1, 4: 5}


# --- a restart grants nothing ---------------------------------------------------------


async def test_a_crash_loop_sends_no_more_than_one_daemon() -> None:
    """Promise 4: a restart every ten minutes does not change the pace."""
    fleet = roster(mailbox(min_gap_s=60.0, hourly_limit=12, daily_limit=30), campaign())
    world = World(fleet)
    world.add(200)
    times: list[datetime] = []
    for _ in range(30):
        await world.run_for(minutes=10)
        times += [letter.at for letter in world.carrier.delivered]
        recent = [Recent(1, 1, at) for at in times]
        used = Counter((Kind.MAILBOX, 1, at.date()) for at in times)
        world.ledger.term += 1
        world = World(
            fleet,
            start=world.clock.now(),
            facts=Facts(used=used, recent=recent[-12:]),
            ledger=world.ledger,
        )
    seconds = [at.timestamp() for at in times]
    assert len(times) == 30
    assert min(b - a for a, b in pairwise(seconds)) >= 60
    assert most_in(seconds, HOUR_S) == 12


# --- permits --------------------------------------------------------------------------


def test_a_permit_makes_its_lane_busy_until_released() -> None:
    """One letter at a time; unspent it costs no gap, spent it does."""
    pool = pool_of(roster(mailbox(min_gap_s=60.0), campaign()))
    permit = take(pool)
    assert isinstance(permit, Permit)
    assert not pool.is_ready(pool.lanes[1], MONDAY, 1e5)
    pool.release(permit, spent=False, now=MONDAY, mono=1e5)
    permit = take(pool)
    assert isinstance(permit, Permit)
    pool.release(permit, spent=True, now=MONDAY, mono=1e5 + 5)
    assert take(pool, mono=1e5 + 5) == 60
    assert pool.next_wait_s(1e5 + 5) == 60


def test_what_is_under_way_counts_against_the_day() -> None:
    """Two at once do not both get the last letter of the day."""
    pool = pool_of(roster(client(daily_limit=1), mailbox(1), mailbox(2), campaign()))
    permit = take(pool)
    assert isinstance(permit, Permit)
    assert take(pool, 2) == 15 * HOUR_S
    pool.release(permit, spent=False, now=MONDAY, mono=1e5)
    assert isinstance(take(pool, 2), Permit)


def test_the_first_preferred_account_that_is_open_carries() -> None:
    """When it is paused the next one does; its own login goes with the mailbox."""
    fleet = roster(
        account(1, username="shared"),
        account(2),
        domain(account_ids=(1, 2)),
        mailbox(1),
        mailbox(2, username="own"),
        campaign(mailbox_ids=(1, 2)),
    )
    pool = pool_of(fleet)
    first, own = take(pool, 1), take(pool, 2)
    assert isinstance(first, Permit)
    assert isinstance(own, Permit)
    assert (first.route.account.id, first.route.username) == (1, "shared")
    assert (own.route.mailbox_id, own.route.username) == (2, "own")
    pool = pool_of(fleet)
    pause = Pause(kind=Kind.ACCOUNT, target_id=1, reason="x", until=None)
    pool.set_pauses([pause], now=MONDAY, mono=1e5)
    second = take(pool)
    assert isinstance(second, Permit)
    assert second.account.id == 2


def test_a_lane_that_left_the_fleet_gets_no_permit() -> None:
    """Retired is retired, even for who still holds the lane in hand."""
    pool = pool_of(roster(mailbox(1), mailbox(2), campaign(mailbox_ids=(1, 2))))
    lane = pool.lanes[2]
    pool.apply(roster(mailbox(1), campaign()), Facts(), now=MONDAY, mono=1e5)
    assert pool.take(lane, pool.roster.campaigns[1], MONDAY, 1e5) == inf
    assert not pool.is_ready(lane, MONDAY, 1e5)


def test_gates_tell_what_takes_the_decision() -> None:
    """Promise 9: the longest of the gates shown is the wait that decides."""
    fleet = roster(mailbox(workday_start_min=600, workday_end_min=660), campaign())
    pool = pool_of(fleet)
    gates = list(pool.gates(pool.lanes[1], fleet.campaigns[1], MONDAY, 1e5))
    assert max(gate.wait_s for gate in gates) == take(pool) == HOUR_S
    closed = [gate.name for gate in gates if gate.wait_s > 0]
    assert closed == ["mailbox box1@mail1.acme.example: workday"]
    names = [name for kind in Kind for name, _ in pool.standings(kind)]
    assert "box1@mail1.acme.example" in names
    assert len(names) == len(Kind)


def test_a_refused_recipient_costs_the_gap_but_not_the_turn() -> None:
    """A bad list is tried no faster than a good one; nothing went, nothing counts."""
    box = mailbox(1, min_gap_s=90.0, jitter=0.0)
    pool = pool_of(roster(box, campaign(mailbox_ids=(1,))))
    lane, plan = pool.lanes[1], pool.roster.campaigns[1]
    idle_since = lane.idle_since
    permit = pool.take(lane, plan, MONDAY, 1e5)
    assert isinstance(permit, Permit)
    pool.release(permit, spent=False, was_heard=True, now=MONDAY, mono=1e5)
    assert lane.standing.wait_s(MONDAY, 1e5) == 90.0
    assert lane.standing.day.used == 0
    assert lane.idle_since == idle_since
