"""The laws of the controller: what it decides is written, and the pool follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import pytest

from outreachd.flow.controller import Controller
from outreachd.flow.pool import Pool
from outreachd.flow.refusals import Refusals
from outreachd.rules.cases import Book, Key, Row, Stood
from outreachd.rules.health import Counts, Health
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind, Ramp
from outreachd.rules.records import Facts, LedgerAwayError
from outreachd.rules.recovery import STAGES, Standing
from outreachd.rules.refusal import Refused
from outreachd.rules.watch import Decision
from tests.flow.test_refusals import ONE
from tests.rosters import MONDAY, campaign, domain, mailbox, roster

DOMAIN = (Kind.DOMAIN, 1)
DAY = timedelta(days=1)


class FakeBook:
    """A database of health in memory; the test says what came back."""

    def __init__(self, *rows: Row) -> None:
        self.rows = list(rows)
        self.late: dict[str, list[Counts]] = {}
        self.outages: list[str] = []
        self.stood: dict[Key, Stood] = {}
        self.decided: list[Decision] = []
        self.refused: list[Refused] = []
        self.is_away = False

    async def tally(self, now: datetime) -> bool:
        """Have counted all there is."""
        return True

    async def put_refused(self, rows: Sequence[Refused]) -> None:
        """Keep them."""
        if self.is_away:
            raise LedgerAwayError
        self.refused += rows

    async def of_late(self, since: datetime) -> Mapping[str, Sequence[Counts]]:
        """Tell what the test says."""
        return self.late

    async def put_outage(self, receiver: str, first: datetime, last: datetime) -> int:
        """Note it."""
        is_new = receiver not in self.outages
        self.outages += [receiver] if is_new else []
        return int(is_new)

    async def book(self, windows_h: Sequence[int], now: datetime) -> Book:
        """Tell all of it."""
        return Book(
            windows_h=windows_h,
            rows=self.rows,
            fresh={},
            stood=self.stood,
            deaf=frozenset(),
        )

    async def write(
        self,
        standings: Mapping[Key, Standing],
        decisions: Sequence[Decision],
        now: datetime,
    ) -> Sequence[Decision]:
        """Keep it; who rests is paused."""
        for key, standing in standings.items():
            self.stood[key] = Stood(standing, is_paused=True)
        self.decided += decisions
        return decisions


def fire(id: int = 1) -> Row:
    """Let a mailbox's letters bounce."""
    return Row(id, 1, 1, 24, Counts(sent=100, hard=20))


def pool_of() -> Pool:
    """Make a pool of two domains with a mailbox each."""
    ramp = Ramp(start=10, end=100, days=10)
    fleet = roster(
        domain(1, daily_limit=100, ramp=ramp),
        domain(2),
        mailbox(1),
        mailbox(2, domain_id=2),
        campaign(),
    )
    facts = Facts(days_sent={DOMAIN: 9})
    return Pool(fleet, facts, lambda: 0.5, now=MONDAY, mono=1e5)


def cap(pool: Pool) -> int:
    """Tell what the domain may send in a day."""
    day = pool.domains[1].standing.day
    assert day is not None
    return day.cap


async def test_a_fire_is_decided_and_only_its_scope_is_slowed() -> None:
    """The domain and its mailbox; the other domain keeps all of its day."""
    book, pool = FakeBook(fire()), pool_of()
    assert await Controller(book, RULES).look(pool, MONDAY, 1e5)
    assert {(one.kind, one.id) for one in book.decided} == {
        DOMAIN,
        (Kind.MAILBOX, 1),
    }
    assert cap(pool) == 100 * STAGES[0]
    other = pool.domains[2].standing.day
    assert other is not None
    assert other.share == 1.0


async def test_nothing_new_is_nothing_written() -> None:
    """A second look at the same decides nothing."""
    book, pool = FakeBook(fire()), pool_of()
    controller = Controller(book, RULES)
    await controller.look(pool, MONDAY, 1e5)
    before = list(book.decided)
    assert not await controller.look(pool, MONDAY + DAY / 24, 1e5)
    assert book.decided == before


async def test_after_a_rest_the_ramp_has_gone_back() -> None:
    """One day of rest is one step back, and a quarter of that is what is given."""
    book, pool = FakeBook(fire()), pool_of()
    controller = Controller(book, RULES)
    await controller.look(pool, MONDAY, 1e5)
    book.rows = []
    assert await controller.look(pool, MONDAY + DAY, 1e5)
    assert book.stood[DOMAIN].standing.stage == 1
    assert cap(pool) == int(90 * STAGES[0])


async def test_a_person_who_resumes_starts_it_anew() -> None:
    """Our pause is gone: well, with all of its allowance, and old letters forgotten."""
    book, pool = FakeBook(fire()), pool_of()
    controller = Controller(book, RULES)
    await controller.look(pool, MONDAY, 1e5)
    book.stood = {key: Stood(s.standing, False) for key, s in book.stood.items()}
    now = MONDAY + timedelta(hours=2)
    await controller.look(pool, now, 1e5)
    standing = book.stood[DOMAIN].standing
    assert (standing.health, standing.fresh_since) == (Health.WELL, now)
    assert cap(pool) == 100
    await controller.look(pool, now, 1e5)
    assert book.stood[DOMAIN].standing.health is Health.WELL


async def test_a_receiver_that_is_down_is_noted_once() -> None:
    """Its answers are left out from then on."""
    book, pool = FakeBook(), pool_of()
    book.late = {"google": [Counts(sent=20, hard=18)] * 8}
    controller = Controller(book, RULES)
    await controller.look(pool, MONDAY, 1e5)
    await controller.look(pool, MONDAY, 1e5)
    assert book.outages == ["google"]


async def test_without_rules_all_have_their_whole_day() -> None:
    """Switched off, it takes back what it had slowed."""
    book, pool = FakeBook(fire()), pool_of()
    await Controller(book, RULES).look(pool, MONDAY, 1e5)
    assert not await Controller(book, ()).look(pool, MONDAY, 1e5)
    assert cap(pool) == 100


async def test_refusals_that_cannot_be_counted_now_are_counted_later() -> None:
    """Each once, and nothing is asked of the database where there were none."""
    book, refusals = FakeBook(), Refusals()
    controller = Controller(book, RULES)
    refusals.note(ONE)
    book.is_away = True
    with pytest.raises(LedgerAwayError):
        await controller.hear(refusals)
    book.is_away = False
    await controller.hear(refusals)
    assert book.refused == [ONE]
    book.is_away = True
    await controller.hear(refusals)
