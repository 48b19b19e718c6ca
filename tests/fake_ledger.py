"""The ledger as a dict: what the flow's tests remember sends in.

It keeps the laws that tests/contracts demand of it and of the one in PostgreSQL.
``fail`` makes a call raise LedgerAwayError, before its work or after it (its answer
was lost). Every change of a row's state is checked against the drawn machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from outreachd.rules.model import Claim, Kind, OnUncertain, State
from outreachd.rules.records import (
    GiveBack,
    Intent,
    IntentAnswer,
    LeaseLostError,
    LedgerAwayError,
    NextStep,
    Outcome,
    Queue,
    Want,
)

END = frozenset({State.SENT, State.FAILED, State.SUPPRESSED, State.EXPIRED})
ALLOWED = {
    State.SCHEDULED: {State.LEASED, State.SUPPRESSED, State.SENT, State.FAILED},
    State.LEASED: {State.SCHEDULED, State.SENDING, State.HELD, *END},
    State.SENDING: {State.SENT, State.FAILED, State.UNCERTAIN, State.SCHEDULED},
    State.UNCERTAIN: {
        State.SENT,
        State.FAILED,
        State.HELD,
        State.SCHEDULED,
        State.UNCERTAIN,  # the lost owner says that it does not know either
    },
    State.HELD: {State.SCHEDULED, State.SENT, State.FAILED, State.SUPPRESSED},
}


@dataclass(slots=True, kw_only=True)
class Row:
    """One send."""

    id: int
    campaign_id: int
    email: str
    due_at: datetime
    first_due_at: datetime
    step_number: int = 1
    place: str = ""
    mailbox_id: int | None = None
    variables: bytes = b"{}"
    state: State = State.SCHEDULED
    term: int | None = None
    attempts: int = 0
    resends: int = 0
    attempt_id: UUID | None = None
    message_id: str | None = None
    dated_at: datetime | None = None
    letter_sha256: bytes | None = None
    thread: str | None = None
    thread_subject: str | None = None
    variant: str | None = None
    reason: str | None = None
    detail: str | None = None
    changed_at: datetime | None = None


@dataclass(slots=True)
class Fault:
    """How often a call fails, and when in its work."""

    times: int
    after: bool
    error: Exception


class FakeLedger:
    """Sends, usage, pauses and suppressions in memory, for one term at a time."""

    def __init__(self, term: int = 1) -> None:
        self.term = term
        self.rows: dict[int, Row] = {}
        self.attempts: dict[UUID, tuple[int, State | None]] = {}
        self.usage: dict[tuple[Kind, int, date], int] = {}
        self.pauses: set[tuple[Kind, int]] = set()
        self.suppressed: set[str] = set()
        self.without_consent: set[str] = set()
        self.known_queues: set[Queue] = set()
        self.on_uncertain: dict[int, OnUncertain] = {}
        self.calls: dict[str, int] = {}
        self._faults: dict[str, list[Fault]] = {}

    # --- for tests ------------------------------------------------------------------

    def add(self, email: str, due_at: datetime, **values: Any) -> int:
        """Add a scheduled send; tell its id."""
        id = len(self.rows) + 1
        values.setdefault("campaign_id", 1)
        values.setdefault("first_due_at", due_at)
        row = Row(id=id, email=email, due_at=due_at, **values)
        self.rows[id] = row
        if row.mailbox_id is None:
            self.known_queues.add(Queue(row.campaign_id, row.place))
        return id

    def fail(
        self,
        call: str,
        times: int = 1,
        *,
        after: bool = False,
        error: Exception | None = None,
    ) -> None:
        """Let the next calls fail, before their work or with their answer lost."""
        fault = Fault(times, after, error or LedgerAwayError("away"))
        self._faults.setdefault(call, []).append(fault)

    def heal(self) -> None:
        """Let all calls work again."""
        self._faults.clear()

    def states(self) -> dict[State, int]:
        """Count rows by state."""
        counts: dict[State, int] = {}
        for row in self.rows.values():
            counts[row.state] = counts.get(row.state, 0) + 1
        return counts

    def _meet(self, call: str) -> Exception | None:
        """Raise a fault that comes before the work; give one that comes after it."""
        self.calls[call] = self.calls.get(call, 0) + 1
        faults = self._faults.get(call)
        if not faults:
            return None
        fault = faults[0]
        fault.times -= 1
        if fault.times <= 0:
            faults.pop(0)
        if not fault.after:
            raise fault.error
        return fault.error

    def _move(self, row: Row, state: State, now: datetime) -> None:
        assert state in ALLOWED[row.state], f"{row.state} -> {state}"
        row.state, row.changed_at = state, now
        if state not in (State.LEASED, State.SENDING):
            row.term = None

    # --- the interface --------------------------------------------------------------

    async def claim(
        self, wants: Sequence[Want], *, term: int, now: datetime
    ) -> list[tuple[int | Queue, Claim]]:
        """Lease due rows."""
        late = self._meet("claim")
        claimed = []
        for want in wants if term == self.term else ():
            due = sorted(
                (row for row in self._of(want.source) if row.due_at <= now),
                key=lambda row: (row.due_at, row.id),
            )
            for row in due[: want.count]:
                if self._is_suppressed(row):
                    self._move(row, State.SUPPRESSED, now)
                    continue
                self._move(row, State.LEASED, now)
                row.term = term
                claimed.append((want.source, _claim(row)))
        if late:
            raise late
        claimed.sort(key=lambda pair: (pair[1].due_at, pair[1].send_id))
        return claimed

    def _is_suppressed(self, row: Row) -> bool:
        targets = {row.email, "@" + row.email.partition("@")[2]}
        return bool(self.suppressed & targets)

    def _of(self, source: int | Queue) -> list[Row]:
        rows = (row for row in self.rows.values() if row.state is State.SCHEDULED)
        if isinstance(source, Queue):
            return [
                row
                for row in rows
                if row.mailbox_id is None
                and Queue(row.campaign_id, row.place) == source
            ]
        return [row for row in rows if row.mailbox_id == source]

    async def next_due(
        self, sources: Sequence[int | Queue]
    ) -> Mapping[int | Queue, datetime | None]:
        """Tell the earliest due times."""
        self._meet("next_due")
        return {
            source: min((row.due_at for row in self._of(source)), default=None)
            for source in sources
        }

    async def queues(self) -> Sequence[Queue]:
        """List the queues."""
        self._meet("queues")
        return sorted(self.known_queues, key=lambda q: (q.campaign_id, q.place))

    async def give_back(
        self, rows: Sequence[GiveBack], *, term: int, now: datetime
    ) -> None:
        """Return leased rows of this term."""
        late = self._meet("give_back")
        for back in rows:
            row = self.rows[back.send_id]
            if row.state is not State.LEASED or row.term != term:
                continue
            self._move(row, back.state, now)
            row.due_at = back.due_at or row.due_at
            row.reason, row.detail = back.reason, back.detail
            row.attempts += back.tried
            if back.tried:
                row.mailbox_id = back.mailbox_id
            if back.suppress:
                self.suppressed.add(row.email)
        if late:
            raise late

    async def give_back_strays(
        self, send_ids: Sequence[int], *, term: int, now: datetime
    ) -> int:
        """Return leased rows that nobody works on."""
        late = self._meet("give_back_strays")
        strays = [
            row
            for row in self.rows.values()
            if row.state is State.LEASED
            and row.term == term
            and row.id not in set(send_ids)
        ]
        for row in strays:
            self._move(row, State.SCHEDULED, now)
        if late:
            raise late
        return len(strays)

    async def begin(
        self, intents: Sequence[Intent], *, term: int
    ) -> list[IntentAnswer]:
        """Write intents."""
        late = self._meet("begin")
        if term != self.term:
            raise LeaseLostError(f"term {term} is over")
        answers = [self._begin(intent, term) for intent in intents]
        if late:
            raise late
        return answers

    def _begin(self, intent: Intent, term: int) -> IntentAnswer:
        row = self.rows[intent.send_id]
        if row.state is not State.LEASED or row.term != term:
            return IntentAnswer.GONE
        targets = (
            (Kind.MAILBOX, intent.mailbox_id),
            (Kind.DOMAIN, intent.domain_id),
            (Kind.ACCOUNT, intent.account_id),
            (Kind.CLIENT, intent.client_id),
        )
        whole = ((Kind.FLEET, 0), (Kind.CAMPAIGN, intent.campaign_id))
        if self.pauses & {*targets, *whole}:
            return IntentAnswer.PAUSED
        if self._is_suppressed(row):
            return IntentAnswer.SUPPRESSED
        if row.email in self.without_consent:
            return IntentAnswer.NO_CONSENT
        counts = [
            ((kind, id, charge.day), charge.cap)
            for (kind, id), charge in zip(targets, intent.charges, strict=True)
        ]
        if any(self.usage.get(key, 0) >= cap for key, cap in counts):
            return IntentAnswer.CAPPED
        for key, _ in counts:
            self.usage[key] = self.usage.get(key, 0) + 1
        self._move(row, State.SENDING, intent.at)
        row.attempts += 1
        row.attempt_id, row.mailbox_id = intent.attempt_id, intent.mailbox_id
        row.message_id, row.dated_at = intent.message_id, intent.dated_at
        row.letter_sha256 = intent.letter_sha256
        row.variant = intent.variant
        self.attempts[intent.attempt_id] = (row.id, None)
        return IntentAnswer.GRANTED

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Settle attempts, each once."""
        late = self._meet("record")
        for outcome in outcomes:
            row = self.rows[outcome.send_id]
            _, settled = self.attempts.get(outcome.attempt_id, (0, State.SENT))
            if settled in (None, State.UNCERTAIN):
                self.attempts[outcome.attempt_id] = (row.id, outcome.state)
            if (
                row.attempt_id == outcome.attempt_id
                and settled in (None, State.UNCERTAIN)
                and _may_settle(row, outcome)
            ):
                self._settle(row, outcome)
        if late:
            raise late

    def _settle(self, row: Row, outcome: Outcome) -> None:
        self._move(row, outcome.state, outcome.at)
        row.due_at = outcome.due_at or row.due_at
        row.reason, row.detail = outcome.reason, outcome.text
        if outcome.suppress:
            self.suppressed.add(row.email)
        if outcome.state is State.SENT and outcome.next_step is not None:
            self._follow(row, outcome.next_step)

    def _follow(self, row: Row, step: NextStep) -> None:
        person = (row.campaign_id, step.step_number, row.email)
        known = {(r.campaign_id, r.step_number, r.email) for r in self.rows.values()}
        if person not in known:
            self.add(
                row.email,
                step.due_at,
                campaign_id=row.campaign_id,
                step_number=step.step_number,
                place=row.place,
                mailbox_id=row.mailbox_id,
                variables=row.variables,
                thread=step.thread,
                thread_subject=step.thread_subject,
            )

    # --- what a shift and the daemon ask beside it ------------------------------------

    async def recover(self, *, term: int, now: datetime) -> tuple[int, int]:
        """Settle what earlier terms left."""
        leased, sending = 0, 0
        for row in self.rows.values():
            if row.term is None or row.term >= term:
                continue
            if row.state is State.LEASED:
                self._move(row, State.SCHEDULED, now)
                leased += 1
            elif row.state is State.SENDING:
                self._move(row, State.UNCERTAIN, now)
                row.reason = "owner_lost"
                sending += 1
        return leased, sending

    async def settle_uncertain(
        self, *, now: datetime, before: datetime, hanging: Sequence[int] = ()
    ) -> Mapping[State, int]:
        """Apply each campaign's policy."""
        counts: dict[State, int] = {}
        for row in self.rows.values():
            if row.state is not State.UNCERTAIN or (row.changed_at or now) > before:
                continue
            if row.id in hanging:
                continue
            policy = self.on_uncertain.get(row.campaign_id, OnUncertain.HOLD)
            again = policy is OnUncertain.RESEND and row.resends == 0
            self._move(row, State.SCHEDULED if again else State.HELD, now)
            row.resends += again
            row.due_at, row.reason = now, "uncertain"
            counts[row.state] = counts.get(row.state, 0) + 1
        return counts


def _may_settle(row: Row, outcome: Outcome) -> bool:
    if row.state is State.SENDING:
        return True
    if row.state is State.UNCERTAIN and row.reason == "owner_lost":
        return True
    if outcome.state not in (State.SENT, State.FAILED):
        return False
    doubted = (State.UNCERTAIN, State.HELD, State.SCHEDULED, State.LEASED)
    return row.state in doubted


def _claim(row: Row) -> Claim:
    return Claim(
        send_id=row.id,
        campaign_id=row.campaign_id,
        step_number=row.step_number,
        enrolment_id=row.id,
        contact_id=row.id,
        email=row.email,
        variables=row.variables,
        place=row.place,
        mailbox_id=row.mailbox_id,
        due_at=row.due_at,
        first_due_at=row.first_due_at,
        attempts=row.attempts,
        message_id=row.message_id,
        dated_at=row.dated_at,
        letter_sha256=row.letter_sha256,
        thread=row.thread,
        thread_subject=row.thread_subject,
        variant=row.variant,
    )
