"""The laws of the feed: only what can go is claimed, and nothing claimed is lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from outreachd.rules.model import Kind, State
from tests.flow.world import World
from tests.rosters import (
    MONDAY,
    account,
    calendar,
    campaign,
    client,
    domain,
    mailbox,
    roster,
    step,
)

THREAD = {"thread": "<first@mail1.acme.example>", "thread_subject": "Hello"}


def recipients(n: int, prefix: str = "p") -> list[str]:
    return sorted(f"{prefix}{i}@x.example" for i in range(n))


async def test_everything_due_is_sent_once() -> None:
    """All due sends leave, each once, and are recorded as sent."""
    boxes = [mailbox(id) for id in (1, 2, 3)]
    world = World(roster(*boxes, campaign(mailbox_ids=(1, 2, 3))))
    world.add(30)
    await world.run_for(minutes=5)

    assert sorted(world.carrier.recipients()) == recipients(30)
    assert world.ledger.states() == {State.SENT: 30}


async def test_nothing_is_asked_that_cannot_go() -> None:
    """A lane in its gap is not claimed for: one claim a letter, few questions."""
    world = World(roster(mailbox(min_gap_s=60.0), campaign()))
    world.add(20)
    await world.run_for(minutes=9.5)

    assert len(world.carrier.delivered) == 10
    assert world.ledger.calls["claim"] <= 11
    assert world.ledger.states()[State.SCHEDULED] == 10


async def test_what_comes_later_is_sent_when_it_is_due() -> None:
    """The feed sleeps until the next due time and is not late."""
    world = World(roster(mailbox(), campaign()))
    due = MONDAY + timedelta(minutes=7, seconds=13)
    world.ledger.add("a@x.example", due)
    await world.run_for(minutes=10)

    assert [letter.at for letter in world.carrier.delivered] == [due]


async def test_no_more_letters_under_way_than_allowed() -> None:
    """max_in_flight bounds sessions, and all its places are used."""
    boxes = [mailbox(id) for id in range(1, 21)]
    ids = tuple(range(1, 21))
    world = World(roster(*boxes, campaign(mailbox_ids=ids)), max_in_flight=8)
    world.carrier.takes_s = 30.0
    world.add(60)
    await world.run_for(minutes=10)

    assert world.carrier.most_under_way == 8
    assert sorted(world.carrier.recipients()) == recipients(60)


async def test_a_feed_that_is_not_trusted_claims_nothing() -> None:
    """Without the lease nothing is asked; with it, all goes on by itself."""
    world = World(roster(mailbox(), campaign()))
    world.add(3)
    world.is_trusted = False
    async with world.running():
        await world.clock.sleep(600)
        assert world.ledger.calls == {}
        world.is_trusted = True
        await world.clock.sleep(60)
    assert world.ledger.states() == {State.SENT: 3}


async def test_longest_idle_goes_first() -> None:
    """Letters go round the pool: no mailbox is used twice while another waits."""
    boxes = [mailbox(id, min_gap_s=1.0) for id in (1, 2, 3, 4)]
    fleet = roster(
        *boxes, domain(rate_per_minute=10.0), campaign(mailbox_ids=(1, 2, 3, 4))
    )
    world = World(fleet)
    world.add(40)
    await world.run_for(minutes=10)

    senders = [letter.sender for letter in world.carrier.delivered]
    assert len(senders) == 40
    for start in range(0, 40, 4):
        assert len(set(senders[start : start + 4])) == 4


# --- follow-ups --------------------------------------------------------------------


async def test_follow_ups_stay_with_their_mailbox_and_go_first() -> None:
    """The person who wrote first writes again, before anybody new is written to."""
    boxes = [mailbox(id, min_gap_s=60.0) for id in (1, 2)]
    world = World(roster(*boxes, campaign(mailbox_ids=(1, 2), steps=(step(), step(2)))))
    world.add(50, prefix="new")
    world.add(3, prefix="old", mailbox_id=2, step_number=2, **THREAD)
    await world.run_for(minutes=5.5)

    def of(sender: str) -> list[str]:
        letters = world.carrier.delivered
        return [d.recipient[:3] for d in letters if d.sender.startswith(sender)]

    assert of("box2") == ["old"] * 3 + ["new"] * 3
    assert of("box1") == ["new"] * 6


async def test_a_sequence_runs_to_its_end() -> None:
    """Each delivered letter sets off the next, on one thread, from one mailbox."""
    boxes = [mailbox(id) for id in (1, 2, 3)]
    steps = (step(), step(2), step(3, subject="One last thing"))
    world = World(roster(*boxes, campaign(mailbox_ids=(1, 2, 3), steps=steps)))
    world.add(9)
    await world.run_for(hours=6)

    assert world.ledger.states() == {State.SENT: 27}
    by_person = Counter((d.recipient, d.sender) for d in world.carrier.delivered)
    assert len(by_person) == 9
    assert set(by_person.values()) == {3}
    rows = sorted(world.ledger.rows.values(), key=lambda row: row.step_number)
    threads = {row.email: row.message_id for row in rows if row.step_number == 1}
    assert all(row.thread == threads[row.email] for row in rows if row.step_number == 2)


# --- fair share ----------------------------------------------------------------------


async def test_clients_share_the_lanes_by_weight() -> None:
    """While all have work each gets its weight, within two in a hundred."""
    boxes = [mailbox(id, min_gap_s=5.0) for id in (1, 2, 3)]
    ids = (1, 2, 3)
    fleet = roster(
        *boxes,
        client(1),
        client(2, share=2.0),
        campaign(1, ids, client_id=1),
        campaign(2, ids, client_id=2, share=3.0),
        campaign(3, ids, client_id=2),
    )
    world = World(fleet)
    for id in (1, 2, 3):
        world.add(800, prefix=f"c{id}-", campaign_id=id)
    await world.run_for(minutes=25)

    sent = Counter(recipient[:2] for recipient in world.carrier.recipients())
    total = sum(sent.values())
    assert total > 800
    for name, part in (("c1", 1 / 3), ("c2", 2 / 3 * 3 / 4), ("c3", 2 / 3 / 4)):
        assert sent[name] / total == pytest.approx(part, abs=0.02)


async def test_nobody_waits_for_one_who_has_no_work() -> None:
    """Who has nothing to send leaves all lanes to the others."""
    fleet = roster(
        mailbox(min_gap_s=10.0),
        client(1),
        client(2, share=9.0),
        campaign(1, client_id=1),
        campaign(2, client_id=2),
    )
    world = World(fleet)
    world.add(60, campaign_id=1)
    await world.run_for(minutes=10)

    assert sorted(world.carrier.recipients()) == recipients(60)


# --- what does not go -----------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FLEET])
async def test_what_is_paused_sends_nothing_and_nobody_else_is_hurt(kind: Kind) -> None:
    """A pause of any kind stops its own and leaves the rest as quick as before."""
    fleet = roster(
        client(1),
        client(2),
        domain(1),
        domain(2, account_ids=(2,)),
        account(1),
        account(2),
        mailbox(1, 1),
        mailbox(2, 2),
        campaign(1, (1,), client_id=1),
        campaign(2, (2,), client_id=2),
    )
    world = World(fleet)
    world.add(5, prefix="a", campaign_id=1)
    world.add(5, prefix="b", campaign_id=2)
    world.set_pauses((kind, 1))
    async with world.running():
        await world.clock.sleep(120)
        assert sorted(world.carrier.recipients()) == recipients(5, "b")
        assert len(world.carrier.opened) == 5
        world.set_pauses()
        await world.clock.sleep(120)
    assert world.ledger.states() == {State.SENT: 10}


async def test_a_paused_fleet_claims_nothing_and_goes_on_when_resumed() -> None:
    """Neither first touches nor follow-ups are even asked for."""
    world = World(roster(mailbox(), campaign(steps=(step(), step(2)))))
    world.add(3)
    world.add(1, prefix="bound", mailbox_id=1, step_number=2, **THREAD)
    world.set_pauses((Kind.FLEET, 0))
    async with world.running():
        await world.clock.sleep(3600)
        assert world.ledger.states() == {State.SCHEDULED: 4}
        assert world.carrier.opened == []
        world.set_pauses()
        await world.clock.sleep(3600)
    assert world.ledger.states()[State.SENT] >= 4


async def test_a_closed_recipient_window_is_not_claimed() -> None:
    """A queue of people who sleep stays untouched until their morning."""
    open_at_nine = calendar(9 * 60, 18 * 60)
    world = World(roster(mailbox(), campaign(calendar=open_at_nine)))
    for zone in ("America/New_York", "Europe/Berlin"):  # 04:00 and 10:00 there
        world.add(2, prefix=zone[0].lower(), place=zone)
    async with world.running():
        await world.clock.sleep(4.9 * 3600)
        assert world.ledger.states() == {State.SENT: 2, State.SCHEDULED: 2}
        asleep = [row for row in world.ledger.rows.values() if row.email[0] == "a"]
        assert all(row.changed_at is None for row in asleep)
        await world.clock.sleep(0.2 * 3600)
    mornings = [d.at for d in world.carrier.delivered if d.recipient[0] == "a"]
    assert mornings[0] == MONDAY + timedelta(hours=5)
    assert len(mornings) == 2


async def test_a_follow_up_in_a_closed_window_goes_back_to_its_opening() -> None:
    """A bound row whose reader sleeps is due again when he wakes, uncounted."""
    open_at_nine = calendar(9 * 60, 18 * 60)
    two = (step(), step(2))
    world = World(roster(mailbox(), campaign(calendar=open_at_nine, steps=two)))
    [id] = world.add(1, mailbox_id=1, step_number=2, place="America/New_York", **THREAD)
    async with world.running():
        await world.clock.sleep(60)
        row = world.ledger.rows[id]
        assert (row.state, row.reason) == (State.SCHEDULED, "window_closed")
        assert (row.due_at, row.attempts) == (MONDAY + timedelta(hours=5), 0)
        await world.clock.sleep(5 * 3600)
    assert [d.at for d in world.carrier.delivered] == [MONDAY + timedelta(hours=5)]


async def test_what_is_too_late_expires() -> None:
    """A send that has lost its use ends with a reason; a fresh one goes."""
    world = World(roster(mailbox(), campaign(useful_for_s=3600.0)))
    long_ago = MONDAY - timedelta(hours=2)
    old = world.ledger.add("old@x.example", MONDAY, first_due_at=long_ago)
    world.add(1, prefix="new")
    await world.run_for(minutes=1)

    assert world.carrier.recipients() == ["new0@x.example"]
    row = world.ledger.rows[old]
    assert (row.state, row.reason) == (State.EXPIRED, "too_late")
    assert row.detail == "it was of use until 2026-03-02T08:00+00:00"


async def test_a_row_in_a_zone_nobody_knows_waits_with_a_reason() -> None:
    """70: a zone that vanished from the zone database holds its rows, and no others."""
    world = World(roster(mailbox(), campaign()))
    world.add(2, prefix="lost", place="Mars/Olympus")
    world.add(2, prefix="bound", place="Mars/Olympus", mailbox_id=1)
    world.add(2)
    await world.run_for(minutes=2)

    assert sorted(world.carrier.recipients()) == recipients(2)
    assert world.ledger.states() == {State.SENT: 2, State.HELD: 4}
    held = [row for row in world.ledger.rows.values() if row.state is State.HELD]
    assert {row.reason for row in held} == {"unknown_zone"}
    assert "Mars/Olympus" in (held[0].detail or "")
