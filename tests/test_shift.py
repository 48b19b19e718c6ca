"""The laws of a shift: all that one term needs, on a real database and virtual time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4
from weakref import ref

import dkim
import pytest

from outreachd.equipment import Tools
from outreachd.flow.stragglers import Stragglers
from outreachd.helm import Helm
from outreachd.keyring import Keyring
from outreachd.rules.dkim_record import KeyKind, record_name, record_text
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind, Phase, Reply
from outreachd.rules.records import Queue, Want
from outreachd.rules.standstill import Cause, Now
from outreachd.shift import Shift
from outreachd.store.database import Database
from outreachd.store.dkim import make_dkim_key
from outreachd.store.journal import Journal
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.steering import PgSteering
from outreachd.store.vault import Vault
from outreachd.telemetry import Metrics
from tests.fakes import Plan, QuietClock, ScriptedCarrier, Spawner, ticking
from tests.flow.world import MINT, drained
from tests.store.seed import NOW, add_send, intent, outcome, seed_fleet

VAULT = Vault(b"k" * 32)


@dataclass
class Bench:
    """A database, a journal and a carrier, for one shift after another."""

    db: Database
    journal: Journal
    clock: QuietClock = field(default_factory=lambda: QuietClock(NOW, stuck_s=2.0))
    spawner: Spawner = field(default_factory=Spawner)
    stragglers: Stragglers = field(default_factory=Stragglers)
    term: int = 0

    def __post_init__(self) -> None:
        self.carrier = ScriptedCarrier(self.clock)
        self.owner = uuid4()

    async def shift(self) -> Shift:
        """Take the lease anew and begin."""
        leases = PgLeases(self.db, self.owner)
        await leases.release(self.term)
        term = await leases.take(600.0)
        assert term is not None
        self.term = term
        return await Shift.begin(self.tools(), term)

    def tools(self) -> Tools:
        """Make the tools of a shift."""
        return Tools(
            database=self.db,
            ledger=PgLedger(self.db, self.owner),
            journal=self.journal,
            keyring=Keyring(VAULT),
            mint=MINT,
            carrier=self.carrier,
            clock=self.clock,
            house=self.clock,
            metrics=Metrics(),
            spawn=self.spawner,
            base_url="https://out.example",
            unsubscribe_mailto=None,
            max_in_flight=50,
            poll_s=60.0,
            stragglers=self.stragglers,
        )

    async def states(self) -> dict[str, int]:
        """Count sends by state."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT state, count(*) FROM send GROUP BY 1")
        return dict(map(tuple, rows))

    async def run(self, query: str, *arguments: object) -> Any:
        """Run a statement, give its first value."""
        async with self.db.connection() as connection:
            return await connection.fetchval(query, *arguments)

    async def add(self, n: int, prefix: str = "p") -> None:
        """Add sends that are due now."""
        async with self.db.connection() as connection:
            for i in range(n):
                await add_send(connection, f"{prefix}{i}@x.example", self.clock.now())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "outcomes.journal")
    yield journal
    journal.close()


@pytest.fixture
async def bench(db: Database, journal: Journal) -> Bench:
    async with db.connection() as connection:
        await seed_fleet(connection)
    return Bench(db, journal)


@asynccontextmanager
async def at_work(bench: Bench, shift: Shift) -> AsyncIterator[None]:
    """Let a shift send while the block runs, then end it well."""
    async with ticking(bench.clock):
        feeding = asyncio.create_task(shift.feed.run())
        try:
            yield
        finally:
            shift.stop()
            await feeding
            await drained(shift.crew, grace_s=5, begun_s=60)
    bench.spawner.check()


def helm_of(bench: Bench, shift: Shift) -> Helm:
    """Give the helm of a daemon that works this shift."""
    return Helm(
        bench.db,
        bench.clock,
        MINT,
        shift=lambda: shift,
        readiness=lambda: (True, ""),
        drain=lambda: None,
        rules=RULES,
    )


async def test_a_campaign_is_sent_once(bench: Bench) -> None:
    """One campaign, three mailboxes, thirty people: thirty letters, each once."""
    await bench.add(30)
    shift = await bench.shift()
    async with at_work(bench, shift):
        await bench.clock.sleep(300)
    assert Counter(bench.carrier.recipients()) == Counter(
        f"p{i}@x.example" for i in range(30)
    )
    assert await bench.states() == {"sent": 30}
    assert await bench.run("SELECT sum(n) FROM usage WHERE kind = 'mailbox'") == 30
    assert (
        await bench.run("SELECT count(*) FROM enrolment WHERE state = 'finished'") == 30
    )
    gaps: dict[str, float] = {}
    for letter in bench.carrier.delivered:
        assert letter.mono - gaps.get(letter.sender, -10.0) >= 10
        gaps[letter.sender] = letter.mono


async def test_a_new_shift_settles_what_the_last_one_left(bench: Bench) -> None:
    """60: the journal is heard first; leased rows go back, begun ones are doubt."""
    await bench.add(3)
    await bench.shift()
    ledger = PgLedger(bench.db, bench.owner)
    wants = [Want(Queue(1, ""), 3)]
    rows = await ledger.claim(wants, term=bench.term, now=NOW)
    begun = [intent(claim) for _, claim in rows[:2]]
    await ledger.begin(begun, term=bench.term)
    await bench.journal.append([outcome(begun[0])])
    await bench.shift()
    assert await bench.states() == {"sent": 1, "uncertain": 1, "scheduled": 1}
    assert await bench.journal.replay() == []


async def test_a_shift_that_is_over_leaves_the_memory(bench: Bench) -> None:
    """Its pool, its feed and its crew go when the next one begins, cycles or not."""
    await bench.add(3)
    shift = await bench.shift()
    async with at_work(bench, shift):
        await bench.clock.sleep(60)
    assert await bench.states() == {"sent": 3}
    bench.spawner.jobs.clear()
    parts: tuple[object, ...] = (shift, shift.pool, shift.feed, shift.crew)
    gone = [ref(part) for part in parts]
    del parts
    del shift
    await bench.shift()
    assert [was() for was in gone] == [None] * 4


async def test_what_outlasts_a_shift_is_counted_once(bench: Bench) -> None:
    """Promise 3: by the facts its day, by its end its gap; a policy lets it be."""
    await bench.run("UPDATE campaign SET on_uncertain = 'resend'")
    await bench.run("UPDATE mailbox SET retired = id > 1")
    await bench.add(1, "hangs")
    answers = asyncio.Event()
    bench.carrier.plan("hangs0@x.example", Plan(before_answer=answers))
    shift = await bench.shift()
    async with ticking(bench.clock):
        feeding = asyncio.create_task(shift.feed.run())
        await bench.clock.sleep(5)
        shift.feed.stop()
        await feeding
        await shift.crew.wind_up(5)
        bench.stragglers.take(shift.crew, shift.recorder, 630)
        with bench.clock.busy():  # the database answers in real time
            after = await bench.shift()
            lane = after.pool.lanes[1]
            assert await bench.states() == {"uncertain": 1}
            assert (lane.is_busy, lane.standing.day.used, after.in_flight) == (
                True,
                1,
                1,
            )
            settled = await PgLedger(bench.db, bench.owner).settle_uncertain(
                now=bench.clock.now() + timedelta(days=1),
                before=bench.clock.now() + timedelta(days=1),
                hanging=bench.stragglers.send_ids(),
            )
            assert dict(settled) == {}
        answers.set()
        while after.in_flight:
            await bench.clock.sleep(1)
    assert await bench.states() == {"sent": 1}
    assert (lane.is_busy, lane.standing.day.used) == (False, 1)
    assert lane.standing.day.reserved == 0
    assert lane.standing.free_at >= bench.clock.monotonic()
    assert bench.carrier.recipients() == ["hangs0@x.example"]


async def test_a_restart_grants_no_letter_more(bench: Bench) -> None:
    """Promise 4: gaps, hours and days go on over ten restarts."""
    await bench.run(
        "UPDATE mailbox SET min_gap_s = 60, hourly_limit = 5, retired = id > 1"
    )
    await bench.add(40)
    for _ in range(10):
        shift = await bench.shift()
        async with at_work(bench, shift):
            await bench.clock.sleep(359)
    times = [letter.mono for letter in bench.carrier.delivered]
    assert 5 <= len(times) <= 6
    assert all(b - a >= 60 for a, b in pairwise(times))
    assert all(b - a >= 3600 for a, b in zip(times, times[5:], strict=False))


async def test_a_mailbox_that_comes_back_is_granted_nothing(bench: Bench) -> None:
    """Retired and applied again on one day, its hour is as full as it was."""
    await bench.run("UPDATE mailbox SET hourly_limit = 2, retired = id > 1")
    await bench.add(10)
    shift = await bench.shift()
    async with at_work(bench, shift):
        await bench.clock.sleep(60)
        with bench.clock.busy():
            await bench.run("UPDATE mailbox SET retired = true")
            await shift.reload_fleet()
        await bench.clock.sleep(60)
        with bench.clock.busy():
            await bench.run("UPDATE mailbox SET retired = false WHERE id = 1")
            await shift.reload_fleet()
        await bench.clock.sleep(600)
    assert len(bench.carrier.delivered) == 2


async def test_a_pause_and_a_resume_reach_the_running_shift(bench: Bench) -> None:
    """Promise 7: after a pause no letter begins; after the resume they go on."""
    await bench.add(9)
    shift = await bench.shift()
    steering = PgSteering(bench.db)
    async with at_work(bench, shift):
        await bench.clock.sleep(5)
        with bench.clock.busy():
            now = bench.clock.now()
            await steering.pause(Kind.CLIENT, "acme", "stop", None, "ann", now)
            before = len(bench.carrier.delivered)
            await shift.reload_pauses()
        await bench.clock.sleep(300)
        assert len(bench.carrier.delivered) == before == 3
        with bench.clock.busy():
            await steering.resume(Kind.CLIENT, "acme", "ann", bench.clock.now())
            await shift.reload_pauses()
        await bench.clock.sleep(1200)
    assert len(bench.carrier.delivered) == 9


async def test_a_pause_nobody_told_us_of_is_learnt_from_the_intent(
    bench: Bench,
) -> None:
    """57: the hint is lost, the ledger refuses, and the pool knows from then on."""
    await bench.add(9)
    shift = await bench.shift()
    steering = PgSteering(bench.db)
    await steering.pause(Kind.CAMPAIGN, "spring", "stop", None, "ann", NOW)
    async with at_work(bench, shift):
        await bench.clock.sleep(600)
    assert bench.carrier.delivered == []
    assert len(bench.carrier.abandoned) <= 3
    assert shift.pool.campaigns[1].pause is not None


async def test_an_applied_fleet_reaches_the_running_shift(bench: Bench) -> None:
    """New wording, new mailboxes and new work are taken on without a stop."""
    shift = await bench.shift()
    async with at_work(bench, shift):
        await bench.clock.sleep(5)
        with bench.clock.busy():  # the database answers in real time
            await bench.run("UPDATE step SET body_text = 'New words.'")
            await bench.add(1)
            await shift.reload_fleet()
        await bench.clock.sleep(30)
    [letter] = bench.carrier.delivered
    assert b"New words." in letter.message


async def test_rates_by_receiver_reach_the_running_shift(bench: Bench) -> None:
    """By who the DNS said runs the mail; what is put off says so, and until when."""
    await bench.add(30)
    shift = await bench.shift()
    await bench.run(
        "INSERT INTO mail_domain (domain, verdict, receiver, checked_at)"
        " VALUES ('x.example', 'mx', 'google', now())"
    )
    await bench.run("UPDATE account SET receiver_rates = '{\"google\": 6}'")
    await shift.reload_fleet()
    helm = helm_of(bench, shift)
    async with at_work(bench, shift):
        await bench.clock.sleep(59)
        with bench.clock.busy():  # or minutes would pass until the database answers
            sent = len(bench.carrier.delivered)
            waiting = await bench.run(
                "SELECT id FROM send WHERE state = 'scheduled'"
                " AND reason = 'receiver_rate' ORDER BY due_at"
            )
            told = await helm.explain(waiting)
            now = bench.clock.now()
    assert 5 <= sent <= 6
    assert told is not None
    [gate] = [g for g in told["gates"] if g["gate"] == "account relay: rate to google"]
    assert (gate["limit"], gate["open"]) == ("6 a minute", False)
    assert gate["opens_at"] <= now + timedelta(seconds=10)


async def test_a_glance_goes_no_further_than_letters_that_leave(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look asks the database and each mailbox: only who sees nothing leave looks."""
    await bench.add(1)
    shift = await bench.shift()
    helm = helm_of(bench, shift)
    looks: list[Now] = []

    async def look() -> Now:
        looks.append(Now(Cause.NOTHING, "nothing waits"))
        return looks[-1]

    monkeypatch.setattr(helm, "look", look)
    async with at_work(bench, shift):
        await bench.clock.sleep(5)
        assert (await helm.glance()).cause is Cause.SENDING
        assert looks == []
        await bench.clock.sleep(60)
        assert await helm.glance() is looks[0]


async def test_trust_in_the_lease_is_asked_before_anything_begins(bench: Bench) -> None:
    """62: a shift that may not send claims nothing."""
    await bench.add(1)
    shift = await bench.shift()
    shift.may_send = lambda: False
    async with at_work(bench, shift):
        await bench.clock.sleep(60)
    assert await bench.states() == {"scheduled": 1}


async def test_a_domain_that_signs_sends_letters_that_verify(bench: Bench) -> None:
    """From the sealed key to the letter; a second attempt is the same to the byte."""
    await bench.run('UPDATE domain SET dkim = \'{"selector": "o1", "sign": "both"}\'')
    records: dict[str, str] = {}
    async with bench.db.connection() as connection:
        for selector, kind in (("o1", KeyKind.RSA), ("o1-ed25519", KeyKind.ED25519)):
            key, _ = await make_dkim_key(
                connection, VAULT, 1, selector, kind, author="test", now=NOW
            )
            name = f"{record_name(selector, 'mail.acme.example')}."
            records[name] = record_text(key.public)
    await bench.add(1)
    later = Reply(Phase.DOT, 451, "4.7.1 come back later")
    bench.carrier.plan("p0@x.example", Plan(answer=later))
    shift = await bench.shift()
    async with at_work(bench, shift):
        await bench.clock.sleep(7200)
    assert len(bench.carrier.opened) == 2
    [letter] = bench.carrier.delivered  # a changed one would have been held
    digest = await bench.run("SELECT letter_sha256 FROM send")
    assert digest == sha256(letter.message).digest()
    judge = dkim.DKIM(letter.message)
    for index in range(2):
        assert judge.verify(
            index, dnsfunc=lambda name, timeout=0: records[name.decode()].encode()
        )
