"""The laws of leaving a receiver in peace."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from outreachd.flow.shaping import Shaping
from outreachd.rules.actions import Letter
from outreachd.rules.model import State
from tests.flow.world import World
from tests.rosters import MONDAY, campaign, mailbox, roster

MINUTE = timedelta(minutes=1)
LETTER = Letter(
    send_id=1,
    contact_id=1,
    enrolment_id=1,
    campaign_id=1,
    client_id=1,
    mailbox_id=1,
    domain_id=1,
    account_id=1,
    email="ann@big.example",
    state=State.SENT,
    attempt_id="a",
    dated_at=MONDAY,
)


def wait_s(shaping: Shaping, email: str, *, account: int = 1, domain: int = 1) -> float:
    """Ask for a letter."""
    return shaping.wait_s(email, account_ids=(account,), domain_id=domain, now=MONDAY)


async def tell(world: World, letter: Letter, reason: str) -> None:
    """Let a receiver say it, and keep it as the inbox does."""
    slow = await world.shaping.rest(letter, reason)
    if slow is not None:
        world.slows.kept.append(slow)
        world.shaping.keep(slow)


async def test_exactly_that_receiver_rests_for_exactly_that_sender() -> None:
    """All its domains, by that account; others' letters and other receivers go on."""
    world = World(roster(mailbox(), campaign()))
    shaping = world.shaping
    assert wait_s(shaping, "bob@mail.example") == 0.0
    await tell(world, LETTER, "rate_limit")
    assert wait_s(shaping, "bob@mail.example") == 15 * 60
    assert wait_s(shaping, "Bob@BIG.example", domain=2) == 15 * 60
    assert wait_s(shaping, "bob@mail.example", account=2) == 0.0
    assert wait_s(shaping, "bob@other.example") == 0.0


async def test_reputation_is_the_domains() -> None:
    """Another sending domain by the same account may go on."""
    world = World(roster(mailbox(), campaign()))
    await tell(world, LETTER, "block_reputation")
    assert wait_s(world.shaping, "bob@mail.example", account=2) == 24 * 3600
    assert wait_s(world.shaping, "bob@mail.example", domain=2) == 0.0


async def test_a_restart_grants_nothing() -> None:
    """What was told is kept, and holds for the next shift."""
    world = World(roster(mailbox(), campaign()))
    await tell(world, LETTER, "rate_limit")
    later = Shaping(world.slows, world.clock)
    await later.begin()
    assert wait_s(later, "bob@mail.example") == 15 * 60
    assert list(later) == world.slows.kept


async def test_nobody_rests_before_it_is_kept() -> None:
    """What is asked twice, since nobody could store it, is one round all the same."""
    world = World(roster(mailbox(), campaign()))
    first = await world.shaping.rest(LETTER, "rate_limit")
    assert wait_s(world.shaping, "ann@big.example") == 0.0
    assert await world.shaping.rest(LETTER, "rate_limit") == first
    await tell(world, LETTER, "rate_limit")
    assert await world.shaping.rest(LETTER, "rate_limit") is None
    assert [slow.rounds for slow in world.shaping] == [1]


async def test_other_words_and_lost_accounts_shape_nothing() -> None:
    """An unknown user, or a letter whose account nobody knows."""
    world = World(roster(mailbox(), campaign()))
    await tell(world, LETTER, "hard_no_user")
    await tell(world, replace(LETTER, account_id=None), "rate_limit")
    assert list(world.shaping) == []


async def test_letters_to_it_wait_and_others_leave() -> None:
    """Given back with a later due time, uncounted; sent when the rest is over."""
    world = World(roster(mailbox(), campaign()))
    await tell(world, LETTER, "rate_limit")
    slow = world.ledger.add("ann@big.example", MONDAY)
    world.ledger.add("bob@other.example", MONDAY)
    await world.run_for(minutes=20)
    bob, ann = world.carrier.delivered
    assert (bob.at, bob.recipient) == (MONDAY, "bob@other.example")
    assert (ann.at - MONDAY, ann.recipient) == (15 * MINUTE, "ann@big.example")
    assert world.ledger.rows[slow].attempts == 1
