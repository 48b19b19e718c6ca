"""The laws of the lease: trusted for less than it lasts, never for longer."""

from __future__ import annotations

import asyncio

from outreachd.flow.lease import MARGIN, RENEWALS, Lease
from outreachd.rules.records import LedgerAwayError
from tests.fakes import QuietClock, ticking
from tests.rosters import MONDAY

TTL_S = 30.0


class FakeLeases:
    """A lease row; ``answers`` are given in turn, None = away, then yes for ever."""

    def __init__(self, clock: QuietClock, *answers: int | bool | None) -> None:
        self.clock = clock
        self.answers = list(answers)
        self.takes_s = 0.0
        self.asked: list[float] = []
        self.released: list[int] = []

    async def take(self, ttl_s: float) -> int | None:
        """Take it, unless an answer says otherwise."""
        return 1 if await self._answer() else None

    async def renew(self, term: int, ttl_s: float) -> bool:
        """Keep it, unless an answer says otherwise."""
        return bool(await self._answer())

    async def release(self, term: int) -> None:
        """Give it up."""
        self.released.append(term)

    async def _answer(self) -> int | bool:
        self.asked.append(self.clock.monotonic())
        await self.clock.sleep(self.takes_s)
        answer = self.answers.pop(0) if self.answers else True
        if answer is None:
            raise LedgerAwayError("away")
        return answer


async def nothing() -> None:
    """Do nothing while the lease is another's."""


async def test_trust_counts_from_when_the_request_began() -> None:
    """62: a slow answer does not make the lease longer than the database gave it."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock)
    leases.takes_s = 10.0
    lease = Lease(leases, clock, TTL_S)
    assert not lease.is_trusted()
    async with ticking(clock):
        assert await lease.acquire(nothing) == 1
        assert lease.is_trusted()
        await clock.sleep(TTL_S * (1 - MARGIN) - 10.0 - 0.1)
        assert lease.is_trusted()
        await clock.sleep(0.1)
        assert not lease.is_trusted()


async def test_a_term_that_is_over_is_never_trusted_again() -> None:
    """62: a letter of the last term goes no further because the lease is ours anew."""
    clock = QuietClock(MONDAY)
    lease = Lease(FakeLeases(clock), clock, TTL_S)
    async with ticking(clock):
        term = await lease.acquire(nothing)
    assert lease.trusts(term)
    assert not lease.trusts(term - 1)
    await lease.give_up()
    assert not lease.trusts(term)


async def test_a_standby_waits_for_its_turn() -> None:
    """Taken by another, or the database away: it asks again, a few times a lease."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock, False, None, False)
    idle: list[float] = []

    async def meanwhile() -> None:
        idle.append(clock.monotonic())

    async with ticking(clock):
        await Lease(leases, clock, TTL_S).acquire(meanwhile)
    assert idle == leases.asked[:-1]
    assert leases.asked == [n * TTL_S / RENEWALS for n in range(4)]


async def test_a_kept_lease_stays_trusted() -> None:
    """Renewals come early enough, also when two of three fail."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock, True, True, None, True, True, None)
    lease = Lease(leases, clock, TTL_S)
    async with ticking(clock):
        await lease.acquire(nothing)
        keeper = asyncio.create_task(lease.keep())
        for _ in range(100):
            await clock.sleep(1.0)
            assert lease.is_trusted()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def test_a_database_that_is_away_ends_the_trust_by_itself() -> None:
    """48: cut off, a daemon stops before another one may begin, and can come back."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock, True, None, None, None, True)
    lease = Lease(leases, clock, TTL_S)
    async with ticking(clock):
        await lease.acquire(nothing)
        keeper = asyncio.create_task(lease.keep())
        await clock.sleep(TTL_S - 1)
        assert not lease.is_trusted()
        await clock.sleep(12)
        assert lease.is_trusted()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


async def test_a_lost_lease__never_trusted_again() -> None:
    """81: another one owns the fleet."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock, True, False)
    lease = Lease(leases, clock, TTL_S)
    async with ticking(clock):
        await lease.acquire(nothing)
        await lease.keep()
    assert not lease.is_trusted()


async def test_given_up_is_released_and_not_trusted() -> None:
    """A stop lets the standby begin at once; without a lease there is nothing to do."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock)
    lease = Lease(leases, clock, TTL_S)
    await lease.give_up()
    assert leases.released == []
    async with ticking(clock):
        await lease.acquire(nothing)
    await lease.give_up()
    assert leases.released == [1]
    assert not lease.is_trusted()


async def test_who_is_stopped_while_it_asks_gives_back_what_it_gets() -> None:
    """The row may be ours already: others would wait for its time to run out."""
    clock = QuietClock(MONDAY)
    leases = FakeLeases(clock)
    leases.takes_s = 10.0
    lease = Lease(leases, clock, TTL_S)
    async with ticking(clock):
        asking = asyncio.create_task(lease.acquire(nothing))
        await clock.sleep(1.0)
        asking.cancel()
        await asyncio.wait({asking})
    assert asking.cancelled()
    assert (leases.released, lease.term, lease.is_trusted()) == ([1], None, False)
