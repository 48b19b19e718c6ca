"""The laws of the pace at a receiver: kept, and in nobody's way."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from outreachd.flow import receivers
from outreachd.flow.receivers import Receivers
from outreachd.rules.model import Account, Roster, State
from outreachd.rules.records import LedgerAwayError
from tests.flow.world import World
from tests.rosters import MONDAY, account, campaign, domain, mailbox, roster

MINUTE = timedelta(minutes=1)
IDS = tuple(range(1, 21))


def fleet(*others: Any, **changes: Any) -> Roster:
    """Make twenty mailboxes without gaps, by one account with these rates."""
    boxes = [mailbox(id, min_gap_s=0.0) for id in IDS]
    return roster(*boxes, account(**changes), campaign(mailbox_ids=IDS), *others)


def relay(id: int = 1, **rates: int) -> Account:
    """Make an account with rates by receiver."""
    return account(id, receiver_rates=rates)


def add(world: World, n: int, host: str, **values: Any) -> list[int]:
    """Add letters to one host that are due now."""
    now = world.clock.now()
    emails = (f"p{i}@{host}" for i in range(n))
    return [world.ledger.add(email, now, **values) for email in emails]


def times(world: World, host: str) -> list[float]:
    """Tell when letters to a host left, in seconds from the beginning."""
    return sorted(
        (letter.at - MONDAY).total_seconds()
        for letter in world.carrier.delivered
        if letter.recipient.endswith(f"@{host}")
    )


def fullest_minute(moments: list[float]) -> int:
    """Count the most letters in any minute."""
    return max(sum(start <= at < start + 60 for at in moments) for start in moments)


def count_returns(world: World) -> Counter[int]:
    """Count from now on how often each letter goes back for its receiver's rate."""
    counts: Counter[int] = Counter()
    give_back = world.ledger.give_back

    async def counting(rows: Any, **told: Any) -> None:
        counts.update(row.send_id for row in rows if row.reason == "receiver_rate")
        await give_back(rows, **told)

    world.ledger.give_back = counting  # type: ignore[method-assign]
    return counts


async def test_a_thousand_letters_are_put_off_once_each_and_come_one_by_one() -> None:
    """The line moves: nobody is claimed in vain, and nearly all the rate is used."""
    world = World(fleet(receiver_rates={"google": 60}))
    counts = count_returns(world)
    add(world, 1000, "big.example")
    await world.run_for(minutes=3)
    left = times(world, "big.example")
    assert fullest_minute(left) <= 60
    assert len(left) >= 3 * 55
    assert counts.total() <= 1000
    waiting = [r.due_at for r in world.ledger.rows.values() if r.state != State.SENT]
    assert len(set(waiting)) == 1000 - len(left)
    assert max(waiting) <= MONDAY + 18 * MINUTE


@pytest.mark.parametrize("limit", [7, 30])
async def test_small_rates_are_used_too(limit: int) -> None:
    """With one letter in hand at most, lateness costs no places."""
    world = World(fleet(receiver_rates={"google": limit}))
    counts = count_returns(world)
    add(world, 100, "big.example")
    await world.run_for(minutes=100 / limit / 0.9)
    assert len(times(world, "big.example")) == 100
    assert fullest_minute(times(world, "big.example")) <= limit
    assert counts.total() <= 110


async def test_letters_to_other_receivers_are_not_held_up() -> None:
    """What stands behind a crowd in the queue leaves before the crowd does."""
    world = World(fleet(receiver_rates={"google": 60}))
    add(world, 300, "mail.example")
    add(world, 100, "other.example")
    await world.run_for(minutes=1)
    assert len(times(world, "other.example")) == 100
    assert 50 <= len(times(world, "mail.example")) <= 60


async def test_follow_ups_to_others_pass_on_the_same_mailbox() -> None:
    """Also where one lane has both, bound to it."""
    world = World(fleet(receiver_rates={"google": 10}))
    add(world, 100, "mail.example", mailbox_id=1)
    add(world, 50, "other.example", mailbox_id=1)
    await world.run_for(minutes=1)
    assert len(times(world, "other.example")) == 50
    assert len(times(world, "mail.example")) <= 10


async def test_all_domains_of_a_receiver_share_its_rate() -> None:
    """And a domain of which nobody knows who runs it is a receiver of its own."""
    world = World(fleet(receiver_rates={"google": 60, "others": 20}))
    for host in ("big.example", "mail.example", "a.example", "b.example"):
        add(world, 100, host)
    await world.run_for(minutes=1)
    google = times(world, "big.example") + times(world, "mail.example")
    assert fullest_minute(sorted(google)) <= 60
    assert len(google) >= 55
    for host in ("a.example", "b.example"):
        assert fullest_minute(times(world, host)) <= 20
        assert len(times(world, host)) >= 18


@pytest.mark.parametrize(
    ("per_minute", "others"),
    [
        (60, {"rate_per_second": 0.1}),
        (6, {"rate_per_second": 10.0}),
    ],
)
async def test_the_lowest_limit_wins(per_minute: int, others: dict[str, float]) -> None:
    """Of the account's own rate and its rate to the receiver; so with a domain's."""
    world = World(fleet(receiver_rates={"google": per_minute}, **others))
    add(world, 100, "big.example")
    await world.run_for(minutes=5)
    assert fullest_minute(times(world, "big.example")) <= 6
    assert len(times(world, "big.example")) >= 25

    world = World(
        fleet(domain(rate_per_minute=3.0), receiver_rates={"google": per_minute})
    )
    add(world, 100, "big.example")
    await world.run_for(minutes=5)
    assert fullest_minute(times(world, "big.example")) <= 3
    assert len(times(world, "big.example")) >= 12


async def test_each_account_has_its_own() -> None:
    """Two domains by two accounts: each keeps its rate, one without goes freely."""
    boxes = [mailbox(id, min_gap_s=0.0) for id in range(1, 6)]
    boxes += [mailbox(id, 2, min_gap_s=0.0) for id in range(6, 11)]
    world = World(
        roster(
            *boxes,
            relay(1, google=10),
            account(2),
            domain(2, account_ids=(2,)),
            campaign(1, tuple(range(1, 6))),
            campaign(2, tuple(range(6, 11))),
        )
    )
    add(world, 50, "big.example")
    add(world, 50, "mail.example", campaign_id=2)
    await world.run_for(minutes=1)
    assert len(times(world, "big.example")) <= 10
    assert len(times(world, "mail.example")) == 50


async def test_a_letter_that_is_put_off_counts_no_attempt() -> None:
    """It is scheduled again with its reason, and bound to nobody."""
    world = World(fleet(receiver_rates={"google": 1}))
    add(world, 5, "big.example")
    await world.run_for(seconds=30)
    rows = list(world.ledger.rows.values())
    assert {(r.state, r.attempts, r.mailbox_id) for r in rows} == {
        (State.SCHEDULED, 0, None)
    }
    assert {r.reason for r in rows} == {"receiver_rate"}
    assert len({r.due_at for r in rows}) == 5


async def test_a_start_grants_nothing() -> None:
    """Two shifts one after the other send no more in a minute than one."""
    first = World(fleet(receiver_rates={"google": 60}))
    add(first, 500, "big.example")
    await first.run_for(seconds=20)
    second = World(
        fleet(receiver_rates={"google": 60}),
        clock=first.clock,
        ledger=first.ledger,
    )
    await second.run_for(seconds=60)
    both = sorted(times(first, "big.example") + times(second, "big.example"))
    assert fullest_minute(both) <= 60


async def test_a_reload_keeps_what_was_spent() -> None:
    """Applied anew each ten seconds, the rate holds all the same; a new one at once."""
    world = World(fleet(receiver_rates={"google": 60}))
    add(world, 500, "big.example")
    async with world.running():
        for _ in range(6):
            await world.clock.sleep(10)
            world.apply(fleet(receiver_rates={"google": 60}))
        assert fullest_minute(times(world, "big.example")) <= 60
        world.apply(fleet(receiver_rates={"google": 6}))
        before = len(times(world, "big.example"))
        await world.clock.sleep(60)
        assert len(times(world, "big.example")) - before <= 6


async def test_a_fleet_without_rates_asks_for_no_receiver() -> None:
    """Nothing is looked up, nothing is kept."""
    world = World(fleet())
    add(world, 50, "big.example")
    await world.run_for(minutes=1)
    assert world.slows.asked == []
    assert world.pool.paces == {}
    assert len(world.carrier.delivered) == 50


async def test_a_claim_asks_once_and_only_for_what_is_unknown() -> None:
    """One question for all new domains of a claim; the known ones are believed."""
    world = World(fleet(receiver_rates={"others": 1000}))
    for _ in range(3):
        add(world, 8, "big.example")
        add(world, 2, "other.example")
    await world.run_for(minutes=1)
    assert world.slows.asked == [["big.example", "other.example"]]
    assert world.ledger.calls["claim"] >= 2


async def test_what_is_known_is_bounded_and_believed_for_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The domain that was not asked about for longest is forgotten first."""
    monkeypatch.setattr(receivers, "KNOWN_AT_MOST", 2)
    world = World(fleet(receiver_rates={"google": 1}))
    known = Receivers(world.pool, world.slows)
    await known.learn(["a@big.example", "a@b.example"], 10.0)
    await known.learn(["a@big.example"], 11.0)
    await known.learn(["a@c.example"], 12.0)
    assert known.of("x@big.example") == "google"
    await known.learn(["a@b.example"], 13.0)
    await known.learn(["a@b.example"], 10.0 + 2 * 3600)
    hosts = ["big.example", "b.example"]
    asked = [sorted(hosts), ["c.example"], ["b.example"], ["b.example"]]
    assert world.slows.asked == asked


async def test_what_a_claim_learned_holds_while_somebody_else_asks() -> None:
    """An hour that ends between the claim and its letters takes nothing from them."""
    world = World(fleet(receiver_rates={"google": 1}))
    known = Receivers(world.pool, world.slows)
    await known.learn(["a@big.example"], 10.0)
    await known.learn(["a@other.example"], 10.0 + 2 * 3600)
    assert known.of("a@big.example") == "google"


async def test_letters_are_given_back_when_nobody_can_tell_their_receiver() -> None:
    """The database goes away between the claim and the question: nothing is lost."""
    world = World(fleet(receiver_rates={"google": 60}))
    add(world, 20, "big.example")
    asking = world.slows.receivers_of
    faults = [LedgerAwayError("away")]

    async def failing(domains: Any) -> dict[str, str]:
        if faults:
            raise faults.pop()
        return await asking(domains)

    world.slows.receivers_of = failing  # type: ignore[method-assign]
    await world.run_for(minutes=2)
    assert world.ledger.states() == {State.SENT: 20}
