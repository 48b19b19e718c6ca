"""The clerk writes what one send needs: the letter, the intent, the outcome, the note.

Plain values from plain values; all it adds are the time, the dice and fresh names.
Compiled steps are kept for one fleet: a fleet that is applied anew gets a new clerk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import assert_never
from uuid import UUID

import msgspec

from outreachd.clock import Clock
from outreachd.flow.pool import Permit, Pool
from outreachd.rules.calendar import zone
from outreachd.rules.letter import (
    Composer,
    Letter,
    Unfillable,
    compile_letter,
    new_message_id,
)
from outreachd.rules.model import (
    Campaign,
    Claim,
    Permanence,
    Reply,
    Scope,
    State,
    Verdict,
)
from outreachd.rules.records import GiveBack, Intent, IntentAnswer, NextStep, Outcome
from outreachd.rules.retry import retry_at
from outreachd.rules.sequence import next_due
from outreachd.rules.token import TokenKind, TokenMint

# A day that the ledger knows to be full and we do not: looked at again then.
FULL_AGAIN = timedelta(minutes=15)
SOON = timedelta(seconds=5)
MESSAGE_ID_OCTETS = 16

CHANGED = (
    "its wording, contact or sender changed after an attempt that may have arrived; "
    "release it to send the new wording, or drop it"
)

_variables = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class Written:
    """A letter with the name and date it bears in every attempt."""

    letter: Letter
    message_id: str
    dated_at: datetime


class Clerk:
    """Writes letters, intents, outcomes and returns for one fleet."""

    def __init__(
        self,
        pool: Pool,
        mint: TokenMint,
        clock: Clock,
        *,
        base_url: str,
        unsubscribe_mailto: str | None,
        dice: Callable[[], float],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._pool = pool
        self._mint = mint
        self._clock = clock
        self._base_url = base_url
        self._mailto = unsubscribe_mailto
        self._dice = dice
        self._random_bytes = random_bytes
        self._composers: dict[tuple[int, int], Composer | Unfillable] = {}

    # --- before the intent ----------------------------------------------------------

    def write(self, claim: Claim, permit: Permit) -> Written | Unfillable:
        """Write the letter; what an earlier attempt named and dated stays so."""
        composer = self._composer(permit.campaign, claim.step_number)
        if isinstance(composer, Unfillable):
            return composer
        message_id = claim.message_id or new_message_id(
            self._random_bytes(MESSAGE_ID_OCTETS), permit.lane.domain.domain.name
        )
        dated_at = claim.dated_at or self._clock.now().replace(microsecond=0)
        letter = composer.fill(
            mailbox=permit.lane.standing.box,
            email=claim.email,
            variables=_variables(claim.variables),
            message_id=message_id,
            dated_at=dated_at,
            thread=claim.thread,
            thread_subject=claim.thread_subject,
            unsubscribe_token=self._mint.mint(TokenKind.OPT_OUT, claim.enrolment_id),
        )
        if isinstance(letter, Unfillable):
            return letter
        if claim.letter_sha256 not in (None, letter.sha256):
            return Unfillable("letter_changed", CHANGED)
        return Written(letter, message_id, dated_at)

    def _composer(self, campaign: Campaign, number: int) -> Composer | Unfillable:
        key = (campaign.id, number)
        composer = self._composers.get(key)
        if composer is None:
            composer = self._composers[key] = self._compile(campaign, number)
        return composer

    def _compile(self, campaign: Campaign, number: int) -> Composer | Unfillable:
        if number > len(campaign.steps):
            return Unfillable("no_such_step", f"the campaign has no step {number} now")
        return compile_letter(
            campaign.steps[number - 1],
            self._pool.roster.clients[campaign.client_id],
            base_url=self._base_url,
            unsubscribe_mailto=self._mailto,
        )

    def intent(
        self, claim: Claim, permit: Permit, written: Written, attempt_id: UUID
    ) -> Intent:
        """Say what is about to be handed over, and on whose account it counts."""
        now = self._clock.now()
        return Intent(
            send_id=claim.send_id,
            attempt_id=attempt_id,
            mailbox_id=permit.lane.id,
            account_id=permit.account.id,
            domain_id=permit.lane.domain.domain.id,
            client_id=permit.campaign.client_id,
            campaign_id=permit.campaign.id,
            at=now,
            message_id=written.message_id,
            dated_at=written.dated_at,
            letter_sha256=written.letter.sha256,
            charges=self._pool.charges(permit, now),
        )

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
        return GiveBack(
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
        number = claim.step_number + 1
        if number > len(campaign.steps):
            return None
        opens_thread = campaign.steps[claim.step_number - 1].subject is not None
        return NextStep(
            step_number=number,
            due_at=next_due(
                now,
                campaign.steps[number - 1],
                campaign.calendar,
                recipient_zone(claim.zone),
            ),
            thread=written.message_id if opens_thread else claim.thread or "",
            thread_subject=written.letter.subject
            if opens_thread
            else claim.thread_subject or "",
        )

    def _again_at(self, verdict: Verdict, attempts: int) -> datetime | None:
        return retry_at(verdict, attempts, self._clock.now(), self._dice())


def recipient_zone(name: str) -> tzinfo | None:
    """Open the recipient's zone; "" = unknown. The import let no wrong name in."""
    return zone(name) if name else None


def _said(reply: Reply) -> str:
    return f"{reply.code} {reply.text}" if reply.code else reply.text


def _is_no_address(verdict: Verdict) -> bool:
    return (
        verdict.permanence is Permanence.PERMANENT
        and verdict.scope is Scope.RECIPIENT
        and verdict.reason.startswith("hard_")
    )
