"""The laws of feedback: a failure rests whom it is about, and a success ends that."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from outreachd.flow.journey import Ending
from outreachd.flow.pool import Permit
from outreachd.rules.actions import Stop
from outreachd.rules.model import (
    Kind,
    Permanence,
    Phase,
    Reply,
    Scope,
    State,
    Verdict,
)
from outreachd.rules.records import LedgerAwayError
from tests.fakes import Plan
from tests.flow.test_inbox import LETTER
from tests.flow.world import World
from tests.rosters import account, campaign, client, domain, mailbox, roster

REFUSED = Plan(opening=Reply(Phase.CONNECT, 0, "connection refused"))
BAD_LOGIN = Plan(opening=Reply(Phase.AUTH, 535, "5.7.8 bad credentials"))
DELIVERED = Verdict(Scope.MESSAGE, Permanence.ACCEPTED, "delivered")
DOWN = Verdict(Scope.CONNECTION, Permanence.TEMPORARY, "soft_network")


def two_accounts(**box: str) -> World:
    """Make two mailboxes that leave by an account each."""
    return World(
        roster(
            account(1),
            account(2),
            domain(1),
            domain(2, account_ids=(2,)),
            mailbox(1, 1, **box),
            mailbox(2, 2, **box),
            client(1),
            campaign(1, (1,)),
            campaign(2, (2,)),
        )
    )


def ending(verdict: Verdict, state: State = State.SCHEDULED) -> Ending:
    return Ending(state, False, verdict, Reply(Phase.CONNECT, 0, "refused"))


def permit_of(world: World, id: int = 1) -> Permit:
    now, mono = world.clock.now(), world.clock.monotonic()
    pool = world.pool
    permit = pool.take(pool.lanes[id], pool.roster.campaigns[id], now, mono)
    assert isinstance(permit, Permit)
    pool.release(permit, spent=False, now=now, mono=mono)
    return permit


def rest_s(world: World, id: int = 1) -> float:
    setback = world.pool.accounts[id].setback
    return setback.wait_s(world.clock.monotonic()) if setback else 0.0


async def test_a_rest_grows_from_round_to_round_and_ends_with_a_success() -> None:
    """SMTP 1: 5 s, 10 s, 20 s, never above a quarter of an hour; then all anew."""
    world = two_accounts()
    permit, rests = permit_of(world), []
    for _ in range(1100):
        await world.feedback.learn(permit, ending(DOWN))
        rests.append(rest_s(world))
        world.clock._elapsed_s += rests[-1]
    assert rests[:4] == [5, 10, 20, 40]
    assert max(rests) == rests[-1] == 900
    await world.feedback.learn(permit, ending(DELIVERED, State.SENT))
    assert world.pool.accounts[1].setback is None
    await world.feedback.learn(permit, ending(DOWN))
    assert rest_s(world) == 5


async def test_letters_that_fail_together_are_one_failure() -> None:
    """A relay that restarts with fifty letters under way rests five seconds."""
    world = two_accounts()
    for _ in range(50):
        await world.feedback.learn(permit_of_busy(world), ending(DOWN))
    assert rest_s(world) == 5


def permit_of_busy(world: World) -> Permit:
    """Make a permit as one that was given before the account had to rest."""
    lane, campaign = world.pool.lanes[1], world.pool.roster.campaigns[1]
    standing = world.pool.accounts[1]
    kept, standing.setback = standing.setback, None
    permit = world.pool.take(lane, campaign, world.clock.now(), 0.0)
    standing.setback = kept
    assert isinstance(permit, Permit)
    world.pool.release(permit, spent=False, now=world.clock.now(), mono=0.0)
    return permit


async def test_one_relay_that_is_down_stops_nobody_else() -> None:
    """Promise 6: the other account's letters go; this one's wait and go later."""
    world = two_accounts()
    world.add(3, prefix="a", campaign_id=1)
    world.add(3, prefix="b", campaign_id=2)
    world.carrier.plan("a0@x.example", REFUSED, REFUSED)
    await world.run_for(minutes=2)
    sent = world.carrier.recipients()
    assert [name for name in sent if name[0] == "b"] == [
        f"b{n}@x.example" for n in range(3)
    ]
    assert "a0@x.example" not in sent
    assert len(sent) == 5


@pytest.mark.parametrize(
    ("own", "paused"), [({}, Kind.ACCOUNT), ({"username": "own"}, Kind.MAILBOX)]
)
async def test_credentials_refused_twice_pause_their_owner(
    own: dict[str, str], paused: Kind
) -> None:
    """SMTP 33: 535 twice: until a person looks; no lock-out storm, others go."""
    world = two_accounts(**own)
    world.add(9, prefix="a", campaign_id=1)
    world.add(2, prefix="b", campaign_id=2)
    for n in range(9):
        world.carrier.plan(f"a{n}@x.example", *[BAD_LOGIN] * 9)
    await world.run_for(seconds=14)
    assert [(kind, id) for kind, id, _ in world.paused] == [(paused, 1)]
    assert "auth_credentials" in world.paused[0][2]
    tried = [e for e in world.carrier.opened if e.recipient[0] == "a"]
    assert len(tried) == 2
    assert len(world.carrier.delivered) == 2


async def test_a_pause_that_cannot_be_written_stops_nothing() -> None:
    """46: the ledger is away: the rest holds meanwhile, the journey ends well."""
    world = two_accounts()

    async def away(kind: Kind, id: int, reason: str) -> None:
        raise LedgerAwayError("away")

    world.feedback._pause = away
    suspended = Verdict(Scope.MAILBOX, Permanence.TEMPORARY, "account_suspended")
    await world.feedback.learn(permit_of(world), ending(suspended))
    assert world.pool.accounts[1].setback is not None


async def test_a_bounce_says_whom_it_stops_before_it_lets_them_rest() -> None:
    """The stop can be stored first; only who is told then rests, and pauses nobody."""
    world = two_accounts()
    suspended = Verdict(Scope.MAILBOX, Permanence.TEMPORARY, "account_suspended")
    for _ in range(2):
        stop = world.feedback.stop(LETTER, suspended, "gone")
        assert stop == Stop(Kind.ACCOUNT, 1, "account_suspended: bounce: gone")
    assert world.pool.accounts[1].setback is None
    world.feedback.told(LETTER, suspended, "gone")
    assert rest_s(world) == 5
    assert world.paused == []


async def test_a_bounce_that_stops_nobody_may_let_them_rest() -> None:
    """Failed authentication rests the domain; what has left the fleet, nobody."""
    world = two_accounts()
    failed = Verdict(Scope.DOMAIN, Permanence.TEMPORARY, "auth_dmarc")
    assert world.feedback.stop(LETTER, failed, "") is None
    for gone in (replace(LETTER, mailbox_id=9), replace(LETTER, account_id=None)):
        assert world.feedback.stop(gone, failed, "") is None
        world.feedback.told(gone, failed, "")
    assert world.pool.domains[1].standing.setback is None
    world.feedback.told(LETTER, failed, "")
    assert world.pool.domains[1].standing.setback is not None


@pytest.mark.parametrize("scope", [Scope.RECIPIENT, Scope.MESSAGE])
async def test_a_bad_address_rests_nobody(scope: Scope) -> None:
    """SMTP 8: what is about one letter or reader is nobody else's fault."""
    world = two_accounts()
    verdict = Verdict(scope, Permanence.PERMANENT, "hard_no_user")
    await world.feedback.learn(permit_of(world), ending(verdict, State.FAILED))
    assert all(setback is None for setback in setbacks(world))


async def test_a_domains_failure_rests_the_domain() -> None:
    """Its mailboxes wait with it; another domain does not."""
    world = two_accounts()
    verdict = Verdict(Scope.DOMAIN, Permanence.TEMPORARY, "block_reputation")
    await world.feedback.learn(permit_of(world), ending(verdict))
    assert world.pool.domains[1].standing.setback is not None
    assert world.pool.domains[2].standing.setback is None


def setbacks(world: World) -> Iterable[object]:
    yield from (standing.setback for standing in world.pool.accounts.values())
    yield from (place.standing.setback for place in world.pool.domains.values())
    yield from (lane.standing.setback for lane in world.pool.lanes.values())


async def test_endings_are_counted_by_outcome() -> None:
    """Each ended attempt is one count; a retry has its own word."""
    world = two_accounts()
    permit = permit_of(world)
    await world.feedback.learn(permit, ending(DELIVERED, State.SENT))
    await world.feedback.learn(permit, Ending(State.SCHEDULED, spent=False))
    odd = Verdict(Scope.MESSAGE, Permanence.TEMPORARY, "unknown")
    await world.feedback.learn(permit, ending(odd))
    text = world.metrics.render().decode()
    labels = 'account="relay1",client="client1",direction="sales",outcome='
    assert f'outreachd_sends_total{{{labels}"sent"}} 1.0' in text
    assert f'outreachd_sends_total{{{labels}"retry"}} 2.0' in text
    assert 'outreachd_unknown_replies_total{account="relay1"} 1.0' in text
