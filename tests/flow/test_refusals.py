"""The laws of keeping refusals until they are counted."""

from __future__ import annotations

from msgspec.structs import replace

from outreachd.flow import refusals
from outreachd.flow.refusals import Refusals
from outreachd.rules.model import Phase, Reply
from outreachd.rules.refusal import Refused
from tests.fakes import Plan
from tests.flow.world import World
from tests.rosters import MONDAY, campaign, mailbox, roster

ONE = Refused(
    quarter=MONDAY,
    mailbox_id=1,
    account_id=1,
    client_id=1,
    domain="x.example",
    reason="block_reputation",
)


def refused(code: int, text: str) -> Plan:
    return Plan(opening=Reply(Phase.RCPT, code, text))


def test_the_same_is_one_row_and_is_given_once() -> None:
    """What could not be written is taken again."""
    kept = Refusals()
    for _ in range(3):
        kept.note(ONE)
    kept.note(replace(ONE, domain="y.example"))
    rows = kept.take()
    assert [(row.domain, row.n) for row in rows] == [("x.example", 3), ("y.example", 1)]
    assert kept.take() == []
    kept.note(ONE)
    kept.put_back(rows)
    assert [row.n for row in kept.take()] == [4, 1]


def test_it_does_not_grow_without_end() -> None:
    """Where nobody counts it, or a server makes it up."""
    kept = Refusals()
    for n in range(refusals.MOST + 10):
        kept.note(replace(ONE, mailbox_id=n))
    kept.note(replace(ONE, mailbox_id=0))
    rows = kept.take()
    assert (len(rows), rows[0].n) == (refusals.MOST, 2)


async def test_a_deferral_for_reputation_is_kept_with_its_sender() -> None:
    """A first touch goes back unbound: only here is known who was refused."""
    world = World(roster(mailbox(), campaign()))
    world.add(3)
    world.carrier.plan("p0@x.example", refused(451, "4.7.1 low reputation of domain"))
    world.carrier.plan("p1@x.example", refused(451, "4.7.1 greylisted"))
    await world.run_for(minutes=10)
    [row] = world.refusals.take()
    assert (row.mailbox_id, row.account_id, row.client_id) == (1, 1, 1)
    assert (row.domain, row.reason, row.n) == ("x.example", "block_reputation", 1)
    assert row.quarter == MONDAY
