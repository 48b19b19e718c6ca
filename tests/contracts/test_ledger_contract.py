"""The laws of a ledger, on the fake that the flow's tests use and on the real one.

A fake that is kinder than PostgreSQL would make the flow's tests worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from outreachd.rules.model import Claim, Kind, OnUncertain, State
from outreachd.rules.records import (
    GiveBack,
    IntentAnswer,
    LeaseLostError,
    Queue,
    Want,
)
from outreachd.store.database import Database
from outreachd.store.lease import PgLeases
from outreachd.store.ledger import PgLedger
from outreachd.store.steering import PgSteering
from tests.fake_ledger import FakeLedger
from tests.store.seed import NOW, add_send, follow_up, intent, outcome, seed_fleet

HOUR = timedelta(hours=1)
FIRST = Queue(1, "")


@dataclass(frozen=True)
class Seen:
    """What a law may ask of a row."""

    state: State
    mailbox_id: int | None
    due_at: datetime
    attempts: int
    reason: str | None


class FakeSide:
    """The fake ledger as the laws see it."""

    def __init__(self) -> None:
        self.ledger = FakeLedger()
        self.ledger.on_uncertain[2] = OnUncertain.RESEND
        self.term = 1

    async def add(self, email: str, due_at: datetime = NOW, **values: Any) -> int:
        """Add a scheduled send; tell its id."""
        return self.ledger.add(email, due_at, **values)

    async def row(self, id: int) -> Seen:
        """Look at a row."""
        row = self.ledger.rows[id]
        return Seen(row.state, row.mailbox_id, row.due_at, row.attempts, row.reason)

    async def ids(self, email: str) -> list[int]:
        """Find the sends to an address."""
        return [row.id for row in self.ledger.rows.values() if row.email == email]

    async def pause(self, kind: Kind) -> None:
        """Pause number 1 of a kind, or all."""
        self.ledger.pauses.add((kind, int(kind is not Kind.FLEET)))

    async def suppress(self, target: str) -> None:
        """Put an address or "@domain" on the list."""
        self.ledger.suppressed.add(target)

    async def take_consent(self, email: str) -> None:
        """Know of no ground for writing to an address."""
        self.ledger.without_consent.add(email)

    async def new_term(self) -> int:
        """Let another owner take over; tell its term."""
        self.ledger.term += 1
        return self.ledger.term


class RealSide:
    """The ledger in PostgreSQL as the laws see it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.term = 0
        self.owner = uuid4()

    async def begin(self) -> None:
        """Insert a fleet and take the lease."""
        async with self.database.connection() as connection:
            await seed_fleet(connection)
        await self.new_term()

    async def add(self, email: str, due_at: datetime = NOW, **values: Any) -> int:
        """Add a scheduled send; tell its id."""
        async with self.database.connection() as connection:
            return await add_send(connection, email, due_at, **values)

    async def row(self, id: int) -> Seen:
        """Look at a row."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT state, mailbox_id, due_at, attempts, reason FROM send"
                " WHERE id = $1",
                id,
            )
        assert row is not None
        return Seen(State(row[0]), *row[1:])

    async def ids(self, email: str) -> list[int]:
        """Find the sends to an address."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT s.id FROM send s JOIN contact c ON c.id = s.contact_id"
                " WHERE c.email = $1 ORDER BY s.id",
                email,
            )
        return [row["id"] for row in rows]

    async def pause(self, kind: Kind) -> None:
        """Pause number 1 of a kind, or all."""
        id = int(kind is not Kind.FLEET)
        await PgSteering(self.database).pause_id(kind, id, "stop", "ann", NOW)

    async def suppress(self, target: str) -> None:
        """Put an address or "@domain" on the list."""
        # Only the list: what is leased is not cancelled, the intent must find it.
        async with self.database.connection() as connection:
            await connection.execute(
                "INSERT INTO suppression (target, reason, source, author, at)"
                " VALUES ($1, 'r', 's', 'a', $2)",
                target,
                NOW,
            )

    async def take_consent(self, email: str) -> None:
        """Know of no ground for writing to an address."""
        async with self.database.connection() as connection:
            await connection.execute(
                "UPDATE contact SET consent_basis = NULL WHERE email = $1", email
            )

    async def new_term(self) -> int:
        """Let another owner take over; tell its term."""
        owner = uuid4()
        if self.term:
            await PgLeases(self.database, self.owner).release(self.term)
        term = await PgLeases(self.database, owner).take(60.0)
        assert term is not None
        self.owner, self.term = owner, term
        self.ledger = PgLedger(self.database, owner)
        return term


Side = FakeSide | RealSide


@pytest_asyncio.fixture(params=["fake", "postgresql"])
async def side(request: pytest.FixtureRequest, db: Database) -> Side:
    """Give a ledger of either kind with an owner."""
    if request.param == "fake":
        return FakeSide()
    real = RealSide(db)
    await real.begin()
    return real


async def claim_one(side: Side, email: str = "a@x.example", **values: Any) -> Claim:
    """Add a send and lease it."""
    id = await side.add(email, **values)
    source = values.get("mailbox_id") or Queue(values.get("campaign_id", 1), "")
    rows = await side.ledger.claim([Want(source, 1)], term=side.term, now=NOW)
    [(_, claim)] = rows
    assert claim.send_id == id
    return claim


def back(claim: Claim, state: State = State.SCHEDULED, **changes: Any) -> GiveBack:
    """Make the return of a claim."""
    values: dict[str, Any] = {"due_at": NOW + HOUR, "reason": "no_room"} | changes
    return GiveBack(send_id=claim.send_id, state=state, **values)


# --- claiming -------------------------------------------------------------------------


async def test_a_claim_gives_the_oldest_due_of_each_source(side: Side) -> None:
    """At most as many as wanted, oldest due first, nothing before its time."""
    for n in (3, 1, 2):
        await side.add(f"p{n}@x.example", NOW - n * HOUR)
    await side.add("later@x.example", NOW + HOUR)
    await side.add("zone@x.example", place="Europe/Berlin")
    await side.add("bound@x.example", NOW - HOUR / 2, mailbox_id=2)
    wants = [Want(FIRST, 2), Want(2, 5), Want(Queue(1, "Europe/Berlin"), 0)]
    rows = await side.ledger.claim(wants, term=side.term, now=NOW)

    assert [(source, claim.email) for source, claim in rows] == [
        (FIRST, "p3@x.example"),
        (FIRST, "p2@x.example"),
        (2, "bound@x.example"),
    ]
    again = await side.ledger.claim([Want(FIRST, 9)], term=side.term, now=NOW)
    assert [claim.email for _, claim in again] == ["p1@x.example"]
    assert (await side.row(again[0][1].send_id)).state is State.LEASED


async def test_an_old_term_claims_nothing(side: Side) -> None:
    """81: who is not the owner any more gets no rows."""
    await side.add("a@x.example")
    old, ledger = side.term, side.ledger
    await side.new_term()
    assert await ledger.claim([Want(FIRST, 1)], term=old, now=NOW) == []


async def test_next_due_tells_each_source_its_own(side: Side) -> None:
    """The earliest scheduled row of a lane or queue, or that there is none."""
    await side.add("a@x.example", NOW + HOUR)
    await side.add("b@x.example", NOW + 2 * HOUR, mailbox_id=1)
    due = await side.ledger.next_due([FIRST, Queue(2, ""), 1, 2])
    assert dict(due) == {
        FIRST: NOW + HOUR,
        Queue(2, ""): None,
        1: NOW + 2 * HOUR,
        2: None,
    }


async def test_queues_are_those_with_first_touches(side: Side) -> None:
    """Every pair of campaign and zone that was ever enrolled is listed."""
    await side.add("a@x.example")
    await side.add("b@x.example", place="Europe/Berlin", campaign_id=2)
    assert set(await side.ledger.queues()) == {FIRST, Queue(2, "Europe/Berlin")}


# --- giving back ----------------------------------------------------------------------


async def test_a_row_given_back_is_due_as_told_and_uncounted(side: Side) -> None:
    """Nothing was tried: no attempt counts, no mailbox is bound."""
    claim = await claim_one(side)
    await side.ledger.give_back([back(claim, mailbox_id=1)], term=side.term, now=NOW)
    row = await side.row(claim.send_id)
    assert (row.state, row.due_at, row.reason) == (
        State.SCHEDULED,
        NOW + HOUR,
        "no_room",
    )
    assert (row.attempts, row.mailbox_id) == (0, None)


async def test_a_refusal_counts_and_binds(side: Side) -> None:
    """SMTP 9: a greylisting server sees the same sender again."""
    claim = await claim_one(side)
    row = back(claim, reason="soft_greylist", tried=True, mailbox_id=2)
    await side.ledger.give_back([row], term=side.term, now=NOW)
    seen = await side.row(claim.send_id)
    assert (seen.state, seen.attempts, seen.mailbox_id) == (State.SCHEDULED, 1, 2)


async def test_an_address_that_does_not_exist_is_never_tried_again(side: Side) -> None:
    """SMTP 8: failed, and suppressed for whoever comes next."""
    claim = await claim_one(side)
    row = back(claim, State.FAILED, due_at=None, tried=True, suppress=True)
    await side.ledger.give_back([row], term=side.term, now=NOW)
    assert (await side.row(claim.send_id)).state is State.FAILED
    other = await side.add("a@x.example", campaign_id=2)
    assert not await side.ledger.claim([Want(Queue(2, ""), 1)], term=side.term, now=NOW)
    assert (await side.row(other)).state is State.SUPPRESSED


async def test_only_the_owner_gives_back(side: Side) -> None:
    """A return of an old term changes nothing, nor does one of a row that went on."""
    claim = await claim_one(side)
    begun = await claim_one(side, "b@x.example")
    await side.ledger.begin([intent(begun)], term=side.term)
    await side.ledger.give_back([back(claim)], term=side.term - 1, now=NOW)
    await side.ledger.give_back([back(begun)], term=side.term, now=NOW)
    assert (await side.row(claim.send_id)).state is State.LEASED
    assert (await side.row(begun.send_id)).state is State.SENDING


async def test_strays_are_leased_rows_nobody_works_on(side: Side) -> None:
    """53: what a lost answer leased goes back; what is under way stays."""
    stray = await claim_one(side)
    kept = await claim_one(side, "b@x.example")
    begun = await claim_one(side, "c@x.example")
    await side.ledger.begin([intent(begun)], term=side.term)
    n = await side.ledger.give_back_strays([kept.send_id], term=side.term, now=NOW)
    assert n == 1
    assert (await side.row(stray.send_id)).state is State.SCHEDULED
    assert (await side.row(kept.send_id)).state is State.LEASED
    assert (await side.row(begun.send_id)).state is State.SENDING


# --- intents --------------------------------------------------------------------------


async def test_an_intent_is_durable_and_counts(side: Side) -> None:
    """The row is being sent, bound to its mailbox, one attempt more."""
    claim = await claim_one(side)
    assert await side.ledger.begin([intent(claim, 2)], term=side.term) == ["granted"]
    row = await side.row(claim.send_id)
    assert (row.state, row.mailbox_id, row.attempts) == (State.SENDING, 2, 1)


async def test_a_wording_drawn_with_an_intent_comes_back_with_the_row(
    side: Side,
) -> None:
    """Whoever claims it again knows which it was."""
    claim = await claim_one(side)
    assert claim.variant is None
    made = intent(claim, 1, variant="loud")
    await side.ledger.begin([made], term=side.term)
    await side.ledger.record([outcome(made, State.SCHEDULED, due_at=NOW)])
    [(_, again)] = await side.ledger.claim([Want(1, 1)], term=side.term, now=NOW)
    assert again.variant == "loud"


async def test_an_intent_is_granted_once(side: Side) -> None:
    """The second one for the same row finds it gone."""
    claim = await claim_one(side)
    await side.ledger.begin([intent(claim)], term=side.term)
    assert await side.ledger.begin([intent(claim)], term=side.term) == ["gone"]


async def test_an_old_term_begins_nothing(side: Side) -> None:
    """62: who slept and was replaced is told so, and nothing is written."""
    claim = await claim_one(side)
    old, ledger = side.term, side.ledger
    await side.new_term()
    with pytest.raises(LeaseLostError):
        await ledger.begin([intent(claim)], term=old)
    assert (await side.row(claim.send_id)).state is State.LEASED


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_pause_of_any_kind_stops_the_intent(side: Side, kind: Kind) -> None:
    """Promise 7: once a pause is written no intent of its scope is granted."""
    claim = await claim_one(side)
    await side.pause(kind)
    assert await side.ledger.begin([intent(claim)], term=side.term) == ["paused"]
    assert (await side.row(claim.send_id)).state is State.LEASED


@pytest.mark.parametrize("target", ["a@x.example", "@x.example"])
async def test_a_suppressed_person_gets_no_intent(side: Side, target: str) -> None:
    """77: an address or its whole domain."""
    claim = await claim_one(side)
    other = await claim_one(side, "a@sub.x.example")
    await side.suppress(target)
    answers = await side.ledger.begin([intent(claim), intent(other)], term=side.term)
    assert answers == [IntentAnswer.SUPPRESSED, IntentAnswer.GRANTED]


@pytest.mark.parametrize("target", ["a@x.example", "@x.example"])
async def test_a_suppressed_person_is_not_claimed(side: Side, target: str) -> None:
    """77: what became due for somebody on the list ends at the claim; others go."""
    barred = await side.add("a@x.example")
    other = await side.add("a@sub.x.example")
    await side.suppress(target)
    rows = await side.ledger.claim([Want(Queue(1, ""), 9)], term=side.term, now=NOW)
    assert [claim.send_id for _, claim in rows] == [other]
    assert (await side.row(barred)).state is State.SUPPRESSED


async def test_without_a_ground_of_consent_no_intent(side: Side) -> None:
    """Nobody is written to without a ground; his neighbour's letter goes."""
    claim = await claim_one(side)
    other = await claim_one(side, "b@x.example")
    await side.take_consent("a@x.example")
    answers = await side.ledger.begin([intent(claim), intent(other)], term=side.term)
    assert answers == [IntentAnswer.NO_CONSENT, IntentAnswer.GRANTED]


async def test_a_full_day_refuses_only_what_is_too_much(side: Side) -> None:
    """The cap is exact also inside one batch, and its neighbours are granted."""
    claims = [await claim_one(side, f"p{n}@x.example") for n in range(5)]
    intents = [intent(claim, 1 + (n == 4), cap=3) for n, claim in enumerate(claims)]
    answers = await side.ledger.begin(intents, term=side.term)
    assert answers == ["granted"] * 3 + ["capped", "granted"]


# --- outcomes -------------------------------------------------------------------------


async def begun(side: Side, email: str = "a@x.example", **values: Any) -> Any:
    """Add, lease and begin a send; give its intent."""
    made = intent(await claim_one(side, email, **values))
    assert await side.ledger.begin([made], term=side.term) == ["granted"]
    return made


@pytest.mark.parametrize(
    ("state", "due_at"),
    [
        (State.SENT, None),
        (State.FAILED, None),
        (State.UNCERTAIN, None),
        (State.SCHEDULED, NOW + HOUR),
    ],
)
async def test_an_outcome_settles_its_attempt_once(
    side: Side, state: State, due_at: datetime | None
) -> None:
    """53: the same outcome again, or another one later, changes nothing."""
    made = await begun(side)
    first = outcome(made, state, due_at=due_at)
    await side.ledger.record([first])
    row = await side.row(made.send_id)
    assert row.state is state
    assert row.due_at == (due_at or NOW)
    await side.ledger.record([first])
    await side.ledger.record([outcome(made, State.SCHEDULED, due_at=NOW - HOUR)])
    assert await side.row(made.send_id) == row


async def test_an_outcome_of_another_attempt_changes_nothing(side: Side) -> None:
    """A late word about an earlier try does not settle the present one."""
    first = await begun(side)
    await side.ledger.record([outcome(first, State.SCHEDULED, due_at=NOW)])
    [(_, claim)] = await side.ledger.claim([Want(1, 1)], term=side.term, now=NOW)
    await side.ledger.begin([intent(claim)], term=side.term)
    await side.ledger.record([outcome(first)])
    assert (await side.row(claim.send_id)).state is State.SENDING


async def test_the_next_step_is_created_once(side: Side) -> None:
    """A delivered letter sets off its follow-up, on the same mailbox and thread."""
    made = await begun(side)
    told = outcome(made, next_step=follow_up(made, NOW + HOUR))
    await side.ledger.record([told])
    await side.ledger.record([told])
    [_, id] = await side.ids("a@x.example")
    row = await side.row(id)
    assert (row.state, row.mailbox_id, row.due_at) == (State.SCHEDULED, 1, NOW + HOUR)
    [(_, claim)] = await side.ledger.claim([Want(1, 1)], term=side.term, now=NOW + HOUR)
    assert (claim.thread, claim.thread_subject) == (made.message_id, "Hello")


async def test_late_proof_settles_what_was_uncertain(side: Side) -> None:
    """An answer that comes after all ends the doubt, and the sequence goes on."""
    made = await begun(side)
    await side.ledger.record([outcome(made, State.UNCERTAIN)])
    await side.ledger.record([outcome(made, next_step=follow_up(made, NOW))])
    assert (await side.row(made.send_id)).state is State.SENT
    assert len(await side.ids("a@x.example")) == 2


@pytest.mark.parametrize("campaign_id", [1, 2])
async def test_late_proof_ends_what_waits_for_a_person_or_a_resend(
    side: Side, campaign_id: int
) -> None:
    """A letter that is proved sent is not sent again because it was in doubt once."""
    made = await begun(side, campaign_id=campaign_id)
    await side.ledger.record([outcome(made, State.UNCERTAIN)])
    await side.ledger.settle_uncertain(now=NOW, before=NOW)
    await side.ledger.record([outcome(made)])
    assert (await side.row(made.send_id)).state is State.SENT


async def test_late_proof_ends_a_resend_that_had_to_wait(side: Side) -> None:
    """Claimed at night, put off until morning: what is proved sent meanwhile stays."""
    made = await begun(side, campaign_id=2)
    await side.ledger.record([outcome(made, State.UNCERTAIN)])
    await side.ledger.settle_uncertain(now=NOW, before=NOW)
    [(_, claim)] = await side.ledger.claim([Want(1, 1)], term=side.term, now=NOW)
    waits = back(claim, reason="window_closed")
    await side.ledger.give_back([waits], term=side.term, now=NOW)
    await side.ledger.record([outcome(made)])
    assert (await side.row(made.send_id)).state is State.SENT


# --- a dead owner, and doubt ----------------------------------------------------------


async def test_recovery_gives_back_the_leased_and_doubts_the_begun(side: Side) -> None:
    """60: nothing time-based turns `sending` into `scheduled`."""
    leased = await claim_one(side)
    made = await begun(side, "b@x.example")
    term = await side.new_term()
    assert await side.ledger.recover(term=term, now=NOW) == (1, 1)
    assert (await side.row(leased.send_id)).state is State.SCHEDULED
    assert (await side.row(leased.send_id)).attempts == 0
    row = await side.row(made.send_id)
    assert (row.state, row.reason) == (State.UNCERTAIN, "owner_lost")
    assert await side.ledger.recover(term=term, now=NOW) == (0, 0)


async def test_recovery_leaves_the_present_owners_rows(side: Side) -> None:
    """Only earlier terms are recovered."""
    claim = await claim_one(side)
    await side.ledger.recover(term=side.term, now=NOW)
    assert (await side.row(claim.send_id)).state is State.LEASED


async def test_a_lost_owners_late_word_settles_only_its_own_attempt(side: Side) -> None:
    """62: a stale daemon that wakes may say what it knows, and no more."""
    made = await begun(side)
    other = await begun(side, "b@x.example")
    stale = side.ledger
    term = await side.new_term()
    await side.ledger.recover(term=term, now=NOW)
    await stale.record([outcome(made)])
    assert (await side.row(made.send_id)).state is State.SENT
    assert (await side.row(other.send_id)).state is State.UNCERTAIN


@pytest.mark.parametrize("campaign_id", [1, 2])
async def test_what_still_hangs_is_settled_by_no_policy(
    side: Side, campaign_id: int
) -> None:
    """Promise 1: it may be accepted any moment; no clock that jumps sends it again."""
    made = await begun(side, campaign_id=campaign_id)
    other = await begun(side, "b@x.example", campaign_id=campaign_id)
    term = await side.new_term()
    await side.ledger.recover(term=term, now=NOW)
    later = NOW + 1000 * HOUR
    await side.ledger.settle_uncertain(now=later, before=later, hanging=[made.send_id])
    row = await side.row(made.send_id)
    assert (row.state, row.reason) == (State.UNCERTAIN, "owner_lost")
    assert (await side.row(other.send_id)).state is not State.UNCERTAIN
    await side.ledger.record([outcome(made)])
    assert (await side.row(made.send_id)).state is State.SENT


@pytest.mark.parametrize("state", [State.SCHEDULED, State.UNCERTAIN])
async def test_a_lost_owner_that_speaks_up_knows_best(side: Side, state: State) -> None:
    """62: refused for now is no doubt any more; no answer is doubt as of then."""
    made = await begun(side)
    await side.ledger.recover(term=await side.new_term(), now=NOW)
    told = outcome(made, state, at=NOW + HOUR, reason="said", due_at=NOW + 2 * HOUR)
    await side.ledger.record([told])
    row = await side.row(made.send_id)
    assert (row.state, row.reason) == (state, "said")
    before = NOW + HOUR / 2
    settled = await side.ledger.settle_uncertain(now=NOW + HOUR, before=before)
    assert dict(settled) == {}
    await side.ledger.record([outcome(made, State.SCHEDULED, reason="again")])
    assert (await side.row(made.send_id)).reason == "said"


@pytest.mark.parametrize(
    ("campaign_id", "state"), [(1, State.HELD), (2, State.SCHEDULED)]
)
async def test_doubt_is_settled_by_policy_after_the_grace(
    side: Side, campaign_id: int, state: State
) -> None:
    """To hold waits for a person; to resend goes once more, then waits too."""
    made = await begun(side, campaign_id=campaign_id)
    await side.ledger.record([outcome(made, State.UNCERTAIN)])
    early = await side.ledger.settle_uncertain(now=NOW, before=NOW - HOUR)
    assert dict(early) == {}
    assert await side.ledger.settle_uncertain(now=NOW + HOUR, before=NOW) == {state: 1}
    row = await side.row(made.send_id)
    assert (row.state, row.reason) == (state, "uncertain")
    if state is State.SCHEDULED:
        now = NOW + HOUR
        [(_, claim)] = await side.ledger.claim([Want(1, 1)], term=side.term, now=now)
        assert claim.message_id == made.message_id
        again = intent(claim)
        await side.ledger.begin([again], term=side.term)
        await side.ledger.record([outcome(again, State.UNCERTAIN)])
        settled = await side.ledger.settle_uncertain(now=now, before=now)
        assert settled == {State.HELD: 1}
