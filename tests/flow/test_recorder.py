"""The laws of the recorder: what is known is written, however long that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from outreachd.flow.recorder import Recorder
from outreachd.rules.model import State
from outreachd.rules.records import GiveBack, LedgerAwayError, Outcome, Queue, Want
from tests.fake_ledger import FakeLedger
from tests.fakes import FakeJournal, QuietClock, ticking
from tests.rosters import MONDAY
from tests.store.seed import intent, outcome


class Desk:
    """A recorder with a row that is being sent and one that is leased."""

    def __init__(self) -> None:
        self.house = QuietClock(MONDAY)  # the other one stands still, as in a journey
        self.ledger = FakeLedger()
        self.journal = FakeJournal()
        self.recorder = Recorder(
            self.ledger, self.journal, QuietClock(MONDAY), house=self.house, term=1
        )

    async def begin(self) -> tuple[Outcome, GiveBack]:
        """Give the outcome of the first and the return of the second."""
        for name in "ab":
            self.ledger.add(f"{name}@x.example", MONDAY)
        wants = [Want(Queue(1, ""), 2)]
        rows = await self.ledger.claim(wants, term=1, now=MONDAY)
        (_, first), (_, second) = rows
        made = intent(first, attempt_id=UUID(int=1))
        await self.ledger.begin([made], term=1)
        due_at = MONDAY + timedelta(hours=1)
        row = GiveBack(
            send_id=second.send_id, state=State.SCHEDULED, due_at=due_at, reason="x"
        )
        return outcome(made), row


async def test_outcomes_and_returns_are_written() -> None:
    """With a ledger that answers the journal is never touched."""
    desk = Desk()
    told, row = await desk.begin()
    await asyncio.gather(desk.recorder.outcome(told), desk.recorder.give_back(row))
    assert desk.ledger.states() == {State.SENT: 1, State.SCHEDULED: 1}
    assert desk.journal.appended == 0


async def test_a_known_outcome_is_on_disk_while_the_ledger_is_away() -> None:
    """48: kept once, tried again and again, forgotten when the ledger has it."""
    desk = Desk()
    told, row = await desk.begin()
    desk.ledger.fail("record", 6)
    desk.ledger.fail("give_back", 6)
    async with ticking(desk.house):
        both = asyncio.gather(desk.recorder.outcome(told), desk.recorder.give_back(row))
        while not desk.journal.kept:
            await desk.house.sleep(0.01)
        assert not both.done()
        assert desk.journal.kept == [told]
        await both
    assert desk.journal.appended == 1
    assert desk.journal.kept == []
    assert desk.ledger.states() == {State.SENT: 1, State.SCHEDULED: 1}
    # 0.2 + 0.4 + 0.8 + 1.6 + 2 + 2 seconds: the pauses grow to their longest.
    assert 7.0 <= desk.house.monotonic() < 8.0


async def test_a_disk_that_fails_forgets_nothing() -> None:
    """65: without a journal the outcome is still held and written later."""
    desk = Desk()
    told, _ = await desk.begin()
    desk.ledger.fail("record", 2)
    desk.journal.broken = OSError("disk full")
    async with ticking(desk.house):
        await desk.recorder.outcome(told)
    assert desk.ledger.rows[1].state is State.SENT


async def test_who_leaves_waits_for_the_disk_and_not_for_the_ledger() -> None:
    """48, 61: a stop while the ledger is away keeps the journal for the next start."""
    desk = Desk()
    told, row = await desk.begin()
    desk.ledger.fail("record", 10_000)
    desk.ledger.fail("give_back", 10_000)
    desk.recorder.leave()
    async with ticking(desk.house):
        await asyncio.gather(desk.recorder.outcome(told), desk.recorder.give_back(row))
    assert desk.journal.kept == [told]
    assert desk.ledger.states() == {State.SENDING: 1, State.LEASED: 1}


async def test_what_was_left_on_disk_is_not_cleared_by_a_later_success() -> None:
    """An outcome that only the journal has is not forgotten with another one."""
    desk = Desk()
    told, _ = await desk.begin()
    desk.ledger.fail("record", 1)
    desk.recorder.leave()
    async with ticking(desk.house):
        await desk.recorder.outcome(told)
        await desk.recorder.outcome(another(told))
    assert desk.journal.kept == [told]


async def test_what_is_learnt_while_the_ledger_is_away_is_on_disk_too() -> None:
    """48: a letter that is accepted during an outage is not only in memory."""
    desk = Desk()
    told, _ = await desk.begin()
    desk.ledger.fail("record", 6)
    async with ticking(desk.house):
        first = asyncio.create_task(desk.recorder.outcome(told))
        while not desk.journal.kept:
            await desk.house.sleep(0.01)
        second = asyncio.create_task(desk.recorder.outcome(another(told)))
        await desk.house.sleep(1.0)
        assert not first.done()
        assert desk.journal.kept == [told, another(told)]
        await asyncio.gather(first, second)
    assert desk.journal.appended == 2
    assert desk.journal.kept == []


async def test_what_comes_while_the_first_writing_fails_is_on_disk_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """48: also what was handed in before anybody knew that the ledger is away."""
    desk = Desk()
    told, _ = await desk.begin()
    reached, failing, back = asyncio.Event(), asyncio.Event(), asyncio.Event()
    record = desk.ledger.record

    async def hang(rows: Sequence[Outcome]) -> None:
        reached.set()
        await failing.wait()
        if not back.is_set():
            raise LedgerAwayError
        await record(rows)

    monkeypatch.setattr(desk.ledger, "record", hang)
    first = asyncio.create_task(desk.recorder.outcome(told))
    await reached.wait()
    second = asyncio.create_task(desk.recorder.outcome(another(told)))
    async with ticking(desk.house):
        failing.set()
        await desk.house.sleep(0.1)
        assert desk.journal.kept == [told, another(told)]
        back.set()
        await asyncio.gather(first, second)
    assert desk.journal.kept == []


def another(told: Outcome) -> Outcome:
    """Give the outcome of another attempt."""
    return replace(told, attempt_id=UUID(int=2))
