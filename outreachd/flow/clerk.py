"""The clerk writes what one send needs before DATA: the letter and the intent.

Plain values from plain values; all it adds are the time and fresh names. Compiled
steps are kept for one fleet: a fleet that is applied anew gets a new clerk. What is
said of a send afterwards is the reporter's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import msgspec

from outreachd.clock import Clock
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.shelf import Shelf
from outreachd.rules.dkim import SigningKey, signed
from outreachd.rules.language import language_of
from outreachd.rules.letter import (
    CONFIRM_URL,
    Composer,
    Letter,
    Unfillable,
    compile_letter,
    new_message_id,
)
from outreachd.rules.model import (
    Attachment,
    Campaign,
    Claim,
    DelayUnit,
    Envelope,
    Step,
    Variant,
)
from outreachd.rules.notice_match import envelope_id, return_address
from outreachd.rules.records import Intent, OneOff
from outreachd.rules.sequence import CONFIRMATION, step_of
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.rules.variants import chosen

MESSAGE_ID_OCTETS = 16

CHANGED = (
    "its wording, contact or sender changed after an attempt that may have arrived; "
    "release it to send the new wording, or drop it"
)

NO_CONTENT = (
    "its text or a file that goes with it is not in the database: was a part of it "
    "restored? order the letter again, or drop this one"
)
UNSIGNABLE = (
    "the key that signs for its domain does not open: see `outreachd check`, "
    "then release it"
)
_NO_VARIABLES: dict[str, str] = {}

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


@dataclass(frozen=True, slots=True)
class _Content:
    """What a letter says: its templates, its own values, its files as parts."""

    composer: Composer
    variables: dict[str, str]
    parts: tuple[bytes, ...]
    variant: str | None


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
        *,
        base_url: str,
        unsubscribe_mailto: str | None,
        random_bytes: Callable[[int], bytes],
        shelf: Shelf,
        signer: Signer = unsigned,
    ) -> None:
        self._pool = pool
        self._mint = mint
        self._clock = clock
        self._base_url = base_url
        self._mailto = unsubscribe_mailto
        self._random_bytes = random_bytes
        self.shelf = shelf
        self._signer = signer
        self._composers: dict[tuple[int, int, str | None], Composer | Unfillable] = {}

    def write(self, claim: Claim, permit: Permit) -> Written | Unfillable:
        """Write the letter; what an earlier attempt named and dated stays so."""
        content = self._content(claim, permit)
        if isinstance(content, Unfillable):
            return content
        message_id = claim.message_id or new_message_id(
            self._random_bytes(MESSAGE_ID_OCTETS), permit.lane.domain.domain.name
        )
        dated_at = claim.dated_at or self._clock.now().replace(microsecond=0)
        letter = content.composer.fill(
            mailbox=permit.lane.standing.box,
            email=claim.email,
            variables=_variables(claim.variables) | content.variables,
            message_id=message_id,
            dated_at=dated_at,
            thread=claim.thread,
            thread_subject=claim.thread_subject,
            unsubscribe_token=self._mint.mint(TokenKind.OPT_OUT, claim.enrolment_id),
            language=language_of(claim.language, claim.country),
            attachments=content.parts,
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
            content.composer.opens_thread,
            content.variant,
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

    # --- what is in it ----------------------------------------------------------------

    def is_plain(self, claim: Claim, permit: Permit) -> bool:
        """Tell whether a letter needs no more than its step and its contact."""
        return claim.content_id is None and not _attachments(claim, permit)

    async def files(self, claim: Claim, permit: Permit) -> tuple[Attachment, ...]:
        """Tell what goes with a letter; a one-off letter is read for that.

        Raises LedgerAwayError.
        """
        if claim.content_id is None:
            return _attachments(claim, permit)
        one_off = await self.shelf.fetch_one_off(claim.content_id)
        return one_off.attachments if one_off else ()

    def _content(self, claim: Claim, permit: Permit) -> _Content | Unfillable:
        variant = None
        if claim.content_id is None:
            variant = _variant(claim, permit)
            composer = self._composer(permit.campaign, claim.step_number, variant)
            attachments = _attachments(claim, permit)
            variables = self._own_variables(claim)
        else:
            one_off = self.shelf.one_off(claim.content_id)
            if one_off is None:
                return Unfillable("no_content", NO_CONTENT)
            composer = self._compiled(_as_step(claim, one_off), permit.campaign)
            attachments, variables = one_off.attachments, one_off.variables
        if isinstance(composer, Unfillable):
            return composer
        parts = self.shelf.parts(attachments) if attachments else ()
        if parts is None:
            return Unfillable("no_content", NO_CONTENT)
        return _Content(composer, variables, parts, variant.name if variant else None)

    def _own_variables(self, claim: Claim) -> dict[str, str]:
        if claim.step_number != CONFIRMATION:
            return _NO_VARIABLES
        token = self._mint.mint(TokenKind.CONFIRM, claim.enrolment_id)
        return {CONFIRM_URL: f"{self._base_url.rstrip('/')}/c/{token}"}

    def _composer(
        self, campaign: Campaign, number: int, variant: Variant | None
    ) -> Composer | Unfillable:
        key = (campaign.id, number, variant.name if variant else None)
        composer = self._composers.get(key)
        if composer is None:
            composer = self._compile(campaign, number, variant)
            self._composers[key] = composer
        return composer

    def _compile(
        self, campaign: Campaign, number: int, variant: Variant | None
    ) -> Composer | Unfillable:
        step = step_of(campaign, number)
        if step is None:
            return Unfillable("no_such_step", f"the campaign has no step {number} now")
        if variant is not None:
            step = replace(
                step, subject=variant.subject, text=variant.text, html=variant.html
            )
        return self._compiled(step, campaign)

    def _compiled(self, step: Step, campaign: Campaign) -> Composer | Unfillable:
        return compile_letter(
            step,
            self._pool.roster.clients[campaign.client_id],
            base_url=self._base_url,
            unsubscribe_mailto=self._mailto,
        )

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


def _variant(claim: Claim, permit: Permit) -> Variant | None:
    step = step_of(permit.campaign, claim.step_number)
    if step is None:
        return None
    return chosen(step.variants, claim.variant, claim.enrolment_id, step.number)


def _attachments(claim: Claim, permit: Permit) -> tuple[Attachment, ...]:
    step = step_of(permit.campaign, claim.step_number)
    return step.attachments if step else ()


def _as_step(claim: Claim, letter: OneOff) -> Step:
    return Step(
        number=claim.step_number,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        delay=0,
        delay_unit=DelayUnit.MINUTES,
    )
