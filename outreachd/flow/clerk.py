"""The clerk writes what one send needs before DATA: the letter and the intent.

Plain values from plain values; all it adds are the time and fresh names. Compiled
steps are kept for one fleet: a fleet that is applied anew gets a new clerk. What is
said of a send afterwards is the reporter's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from outreachd.clock import Clock
from outreachd.flow.pool import Permit, Pool
from outreachd.rules.letter import (
    Composer,
    Letter,
    Unfillable,
    compile_letter,
    new_message_id,
)
from outreachd.rules.model import Campaign, Claim
from outreachd.rules.records import Intent
from outreachd.rules.token import TokenKind, TokenMint

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
    """Writes letters and intents for one fleet."""

    def __init__(
        self,
        pool: Pool,
        mint: TokenMint,
        clock: Clock,
        *,
        base_url: str,
        unsubscribe_mailto: str | None,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._pool = pool
        self._mint = mint
        self._clock = clock
        self._base_url = base_url
        self._mailto = unsubscribe_mailto
        self._random_bytes = random_bytes
        self._composers: dict[tuple[int, int], Composer | Unfillable] = {}

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
