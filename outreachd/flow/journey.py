"""One send, start to finish: the stations in order. Start reading here.

     3 admit     the feed has claimed the row and the pool has given a permit
     4 render    a missing variable or a bad template holds the send, nothing is mailed
     5 open      connect or reuse, MAIL, RCPT: a refusal here means nothing was sent
     6 intent    the durable word, written with every gate checked once more
     7 deliver   DATA, the letter, the final dot: from here on it may have arrived
     8 judge     the reply becomes a verdict
     9 record    the outcome, and with it the next step of the sequence

Always holds: no DATA without a granted intent; after a granted intent exactly one
outcome is recorded; a send that was not begun goes back uncounted. Nothing here
decides: it asks ``rules`` and acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from outreachd.flow.batch import Batcher
from outreachd.flow.clerk import Clerk
from outreachd.flow.pool import Permit
from outreachd.flow.ports import Carrier
from outreachd.flow.recorder import Recorder
from outreachd.flow.reporter import Reporter
from outreachd.rules.letter import Unfillable
from outreachd.rules.model import Claim, Reply, State, Verdict
from outreachd.rules.records import (
    Intent,
    IntentAnswer,
    LeaseLostError,
    LedgerAwayError,
    Outcome,
)
from outreachd.rules.reply import judge


class Ending(Struct, frozen=True):
    """How a journey ended, for the pool and for the figures.

    ``spent``: a letter may have gone out, so the gap counts. ``again_at``: when the
    row is due again, if it stays with its mailbox.
    """

    state: State
    spent: bool
    verdict: Verdict | None = None
    reply: Reply | None = None
    again_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Trip:
    """One claimed send with its permit, under way."""

    claim: Claim
    permit: Permit
    started: float  # monotonic seconds
    intent: Intent | None = None  # on its way or written: do not interrupt

    @property
    def is_begun(self) -> bool:
        """Whether the letter may be going out."""
        return self.intent is not None


class Journey:
    """Takes claimed sends through the stations."""

    def __init__(
        self,
        *,
        clerk: Clerk,
        reporter: Reporter,
        carrier: Carrier,
        intents: Batcher[Intent, IntentAnswer],
        recorder: Recorder,
        new_id: Callable[[], UUID],
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        self.clerk = clerk  # a fleet that is applied anew brings a new one
        self.reporter = reporter
        self._carrier = carrier
        self._intents = intents
        self._recorder = recorder
        self._new_id = new_id
        self._may_send = may_send

    async def send(self, trip: Trip) -> Ending:
        """Hand one letter over, or tell why not."""
        wordings = self.clerk.wordings
        if wordings.is_plain(trip.claim, trip.permit):
            return await self._send(trip)
        try:
            files = await wordings.files(trip.claim, trip.permit)
        except LedgerAwayError:
            return await self._away(trip)
        if not files:
            return await self._send(trip)
        async with wordings.shelf.room:
            try:  # also the letter again: it may have had to make room meanwhile
                files = await wordings.files(trip.claim, trip.permit)
                await wordings.shelf.fetch(files)
            except LedgerAwayError:
                return await self._away(trip)
            return await self._send(trip)

    async def _away(self, trip: Trip) -> Ending:
        """Step back: what the letter needs cannot be read; nothing was opened."""
        row = self.reporter.denied(trip.claim, None)
        await self._recorder.give_back(row)
        return Ending(row.state, False, again_at=row.due_at)

    async def _send(self, trip: Trip) -> Ending:
        claim, permit = trip.claim, trip.permit
        written = self.clerk.write(claim, permit)
        if isinstance(written, Unfillable):
            return await self._hold(claim, written)
        message = written.letter.message
        envelope = self.clerk.envelope(claim, permit)
        session = await self._carrier.open(permit.route, envelope, len(message))
        if isinstance(session, Reply):
            return await self._refused(claim, permit, session)
        try:
            intent = self.clerk.intent(claim, permit, written, self._new_id())
            trip.intent = intent
            answer = await self._begin(intent)
        except BaseException:
            session.abandon()  # or its line would never be free again
            raise
        if answer is not IntentAnswer.GRANTED:
            session.abandon()
            return await self._denied(claim, intent, answer)
        reply = await session.deliver(message, self._may_send)
        verdict = judge(reply)
        outcome = self.reporter.outcome(claim, permit, written, intent, reply, verdict)
        await self._recorder.outcome(outcome)
        return Ending(outcome.state, True, verdict, reply, outcome.due_at)

    def lost(self, intent: Intent) -> Outcome:
        """Say of a journey that broke after its intent that nobody knows its end."""
        return self.reporter.lost(intent)

    async def _begin(self, intent: Intent) -> IntentAnswer | None:
        """Write the intent; None = it may be written, but must not be acted on."""
        try:
            answer = await self._intents.submit(intent)
        except LedgerAwayError:
            return None
        except LeaseLostError:
            return IntentAnswer.GONE
        # Who was frozen while the answer was on its way may own the fleet no more.
        granted = answer is IntentAnswer.GRANTED
        return None if granted and not self._may_send() else answer

    async def _hold(self, claim: Claim, why: Unfillable) -> Ending:
        await self._recorder.give_back(self.reporter.held(claim, why))
        return Ending(State.HELD, spent=False)

    async def _refused(self, claim: Claim, permit: Permit, reply: Reply) -> Ending:
        verdict = judge(reply)
        row = self.reporter.refused(claim, permit, reply, verdict)
        await self._recorder.give_back(row)
        return Ending(row.state, False, verdict, reply, row.due_at)

    async def _denied(
        self, claim: Claim, intent: Intent, answer: IntentAnswer | None
    ) -> Ending:
        """Step back: the ledger said no, or nothing; DATA was not said."""
        row = self.reporter.denied(claim, answer)
        await self._recorder.give_back(row)
        if answer is None:
            # Whether the intent was written is unknown; the letter surely was not. Told
            # last: the return has waited for an intent that was still being committed.
            await self._recorder.outcome(self.reporter.unspoken(claim, intent))
        # A day that is full in the ledger has letters we do not know of: count them.
        spent = answer in (None, IntentAnswer.CAPPED)
        return Ending(row.state, spent, again_at=row.due_at)
