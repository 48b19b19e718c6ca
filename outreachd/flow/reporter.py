"""The reporter says what became of a send: how a row goes back, how an attempt ended.

Plain values from plain values; all it adds are the time and the dice. Holds nothing
of a fleet: the permit and the claim bring what is needed, also when the fleet they
come from has been replaced meanwhile. What is refused before DATA is noted for health:
the ledger has no attempt to count it by.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import assert_never

from outreachd.clock import Clock
from outreachd.flow.clerk import Written
from outreachd.flow.pool import Permit
from outreachd.flow.refusals import Refusals
from outreachd.rules.letter import Unfillable
from outreachd.rules.model import (
    Campaign,
    Claim,
    Permanence,
    Reply,
    Scope,
    State,
    Verdict,
)
from outreachd.rules.places import calendar_at
from outreachd.rules.records import GiveBack, Intent, IntentAnswer, NextStep, Outcome
from outreachd.rules.refusal import Refused, is_of_sender
from outreachd.rules.retry import retry_at
from outreachd.rules.sequence import next_due, step_after
from outreachd.rules.windows import begin_of, quarter_of

# A day that the ledger knows to be full and we do not: looked at again then.
FULL_AGAIN = timedelta(minutes=15)
SOON = timedelta(seconds=5)

NO_CONSENT = (
    "nothing says on what ground this person may be written to, or the campaign does "
    "not accept that ground; import the contact with consent_basis, then release it"
)


class Reporter:
    """Writes returns and outcomes."""

    def __init__(
        self, clock: Clock, dice: Callable[[], float], refusals: Refusals
    ) -> None:
        self._clock = clock
        self._dice = dice
        self._refusals = refusals

    # --- no intent was written ------------------------------------------------------

    def held(self, claim: Claim, why: Unfillable) -> GiveBack:
        """Let a send wait for a person."""
        return GiveBack(
            send_id=claim.send_id,
            state=State.HELD,
            due_at=None,
            reason=why.reason,
            detail=why.detail,
        )

    def refused(
        self, claim: Claim, permit: Permit, reply: Reply, verdict: Verdict
    ) -> GiveBack:
        """Note a refusal before DATA: try again later, or never."""
        due_at = self._again_at(verdict, claim.attempts + 1)
        row = GiveBack(
            send_id=claim.send_id,
            state=State.SCHEDULED if due_at else State.FAILED,
            due_at=due_at,
            reason=verdict.reason,
            detail=_said(reply),
            tried=True,
            # A greylisting server wants to see the same sender again.
            mailbox_id=permit.lane.id
            if verdict.scope is Scope.RECIPIENT
            else claim.mailbox_id,
            suppress=_is_no_address(verdict),
        )
        # A row that has failed with its mailbox is counted from the ledger.
        is_counted = due_at is None and row.mailbox_id is not None
        if not is_counted and is_of_sender(reply.phase, verdict):
            self._refusals.note(self._of(claim, permit, verdict))
        return row

    def _of(self, claim: Claim, permit: Permit, verdict: Verdict) -> Refused:
        return Refused(
            quarter=begin_of(quarter_of(self._clock.now())),
            mailbox_id=permit.lane.id,
            account_id=permit.account.id,
            client_id=permit.campaign.client_id,
            domain=claim.email.rpartition("@")[2],
            reason=verdict.reason,
        )

    def denied(self, claim: Claim, answer: IntentAnswer | None) -> GiveBack:
        """Return a send whose intent the ledger did not grant."""
        now = self._clock.now()
        state, due_at, reason = State.SCHEDULED, now + SOON, "ledger_away"
        match answer:
            case None | IntentAnswer.GRANTED:
                pass
            case IntentAnswer.PAUSED:
                reason = "paused"  # due soon: nothing of what is paused is claimed
            case IntentAnswer.CAPPED:
                due_at, reason = now + FULL_AGAIN, "day_full"
            case IntentAnswer.SUPPRESSED:
                return GiveBack(
                    send_id=claim.send_id,
                    state=State.SUPPRESSED,
                    due_at=None,
                    reason="suppressed",
                )
            case IntentAnswer.NO_CONSENT:
                return GiveBack(
                    send_id=claim.send_id,
                    state=State.HELD,
                    due_at=None,
                    reason="no_consent",
                    detail=NO_CONSENT,
                )
            case IntentAnswer.GONE:
                reason = "gone"
            case _:
                assert_never(answer)
        return GiveBack(
            send_id=claim.send_id, state=state, due_at=due_at, reason=reason
        )

    # --- after the intent -----------------------------------------------------------

    def outcome(
        self,
        claim: Claim,
        permit: Permit,
        written: Written,
        intent: Intent,
        reply: Reply,
        verdict: Verdict,
    ) -> Outcome:
        """Say what became of an attempt, and what it sets off."""
        now = self._clock.now()
        due_at = None
        next_step = None
        match verdict.permanence:
            case Permanence.ACCEPTED:
                state = State.SENT
                next_step = self._next_step(claim, permit.campaign, written, now)
            case Permanence.UNKNOWN:
                state = State.UNCERTAIN
            case Permanence.TEMPORARY | Permanence.PERMANENT:
                due_at = self._again_at(verdict, claim.attempts + 1)
                state = State.SCHEDULED if due_at else State.FAILED
            case _:
                assert_never(verdict.permanence)
        return Outcome(
            send_id=claim.send_id,
            attempt_id=intent.attempt_id,
            state=state,
            at=now,
            due_at=due_at,
            phase=reply.phase.value,
            code=reply.code,
            text=_said(reply),
            reason=verdict.reason,
            suppress=_is_no_address(verdict),
            next_step=next_step,
        )

    def unspoken(self, claim: Claim, intent: Intent) -> Outcome:
        """Say that an attempt whose intent got no answer never reached DATA."""
        now = self._clock.now()
        return Outcome(
            send_id=claim.send_id,
            attempt_id=intent.attempt_id,
            state=State.SCHEDULED,
            at=now,
            due_at=now + SOON,
            phase="intent",
            code=0,
            text="the database gave no answer to the intent; nothing was sent",
            reason="ledger_away",
            suppress=False,
            next_step=None,
        )

    def lost(self, intent: Intent) -> Outcome:
        """Say that our own code broke after an intent: nobody knows the end."""
        return Outcome(
            send_id=intent.send_id,
            attempt_id=intent.attempt_id,
            state=State.UNCERTAIN,
            at=self._clock.now(),
            due_at=None,
            phase="",
            code=0,
            text="outreachd failed while it was being sent; see the log",
            reason="bug",
            suppress=False,
            next_step=None,
        )

    def _next_step(
        self, claim: Claim, campaign: Campaign, written: Written, now: datetime
    ) -> NextStep | None:
        step = step_after(campaign, claim.step_number)
        if step is None:
            return None
        return NextStep(
            step_number=step.number,
            due_at=next_due(
                now,
                step,
                calendar_at(campaign.calendar, claim.place),
            ),
            thread=written.message_id if written.opens_thread else claim.thread or "",
            thread_subject=written.letter.subject
            if written.opens_thread
            else claim.thread_subject or "",
        )

    def _again_at(self, verdict: Verdict, attempts: int) -> datetime | None:
        return retry_at(verdict, attempts, self._clock.now(), self._dice())


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.text}" if reply.code else reply.text


def _is_no_address(verdict: Verdict) -> bool:
    return (
        verdict.permanence is Permanence.PERMANENT
        and verdict.scope is Scope.RECIPIENT
        and verdict.reason.startswith("hard_")
    )
