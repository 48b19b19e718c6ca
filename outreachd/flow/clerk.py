"""The clerk writes what one send needs before DATA: the letter and the intent.

Plain values from plain values; all it adds are the time and fresh names. It works for
one fleet: a fleet that is applied anew gets a new clerk. What a letter says is found by
``flow/wordings``; what is said of a send afterwards is the reporter's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from outreachd.clock import Clock
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.wordings import Wordings
from outreachd.rules.dkim import SigningKey, signed
from outreachd.rules.language import language_of
from outreachd.rules.letter import Letter, Unfillable, new_message_id
from outreachd.rules.model import Claim, Envelope
from outreachd.rules.notice_match import envelope_id, return_address
from outreachd.rules.records import Intent
from outreachd.rules.token import TokenKind, TokenMint

MESSAGE_ID_OCTETS = 16

CHANGED = (
    "its wording, contact or sender changed after an attempt that may have arrived; "
    "release it to send the new wording, or drop it"
)
UNSIGNABLE = (
    "the key that signs for its domain does not open: see `outreachd check`, "
    "then release it"
)
# The keys that sign for a domain, by its id; None = there is one that does not open.
Signer: TypeAlias = Callable[[int], Sequence[SigningKey] | None]

_variables = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class Written:
    """A letter with the name and date it bears in every attempt."""

    letter: Letter
    message_id: str
    dated_at: datetime
    opens_thread: bool = True
    variant: str | None = None  # the wording drawn, where there are several


def unsigned(domain_id: int) -> Sequence[SigningKey]:
    """Sign for no domain."""
    return ()


class Clerk:
    """Writes letters and intents for one fleet."""

    def __init__(
        self,
        pool: Pool,
        mint: TokenMint,
        clock: Clock,
        wordings: Wordings,
        *,
        random_bytes: Callable[[int], bytes],
        signer: Signer = unsigned,
    ) -> None:
        self._pool = pool
        self._mint = mint
        self._clock = clock
        self._random_bytes = random_bytes
        self._signer = signer
        self.wordings = wordings

    def write(self, claim: Claim, permit: Permit) -> Written | Unfillable:
        """Write the letter; what an earlier attempt named and dated stays so."""
        wording = self.wordings.of(claim, permit)
        if isinstance(wording, Unfillable):
            return wording
        message_id = claim.message_id or new_message_id(
            self._random_bytes(MESSAGE_ID_OCTETS), permit.lane.domain.domain.name
        )
        dated_at = claim.dated_at or self._clock.now().replace(microsecond=0)
        letter = wording.composer.fill(
            mailbox=permit.lane.standing.box,
            email=claim.email,
            variables=_variables(claim.variables) | wording.variables,
            message_id=message_id,
            dated_at=dated_at,
            thread=claim.thread,
            thread_subject=claim.thread_subject,
            unsubscribe_token=self._mint.mint(TokenKind.OPT_OUT, claim.enrolment_id),
            language=language_of(claim.language, claim.country),
            attachments=wording.parts,
        )
        if not isinstance(letter, Unfillable):
            letter = self._signed(letter, permit, dated_at)
        if isinstance(letter, Unfillable):
            return letter
        if claim.letter_sha256 not in (None, letter.sha256):
            return Unfillable("letter_changed", CHANGED)
        return Written(
            letter,
            message_id,
            dated_at,
            wording.composer.opens_thread,
            wording.variant,
        )

    def _signed(
        self, letter: Letter, permit: Permit, dated_at: datetime
    ) -> Letter | Unfillable:
        keys = self._signer(permit.lane.domain.domain.id)
        if keys is None:
            return Unfillable("unsignable", UNSIGNABLE)
        if not keys:
            return letter
        message = signed(letter.message, keys, dated_at)
        return Letter(message, hashlib.sha256(message).digest(), letter.subject)

    def envelope(self, claim: Claim, permit: Permit) -> Envelope:
        """Address a letter; where its domain hears bounces, they will name it."""
        sender, at = permit.lane.standing.box.address, permit.lane.domain.domain
        if at.bounces_at is None:
            return Envelope(sender, claim.email)
        return Envelope(
            return_address(self._mint, claim.send_id, at.bounces_at),
            claim.email,
            envelope_id(self._mint, claim.send_id),
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
            variant=written.variant,
        )
