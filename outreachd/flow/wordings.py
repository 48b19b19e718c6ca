"""What a letter says: its step's wording compiled once, its own values, its files.

Compiled steps are kept for one fleet: a fleet that is applied anew brings new ones. A
one-off letter, ordered by itself, has its wording and files on the shelf, and is
compiled for its one use.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from outreachd.flow.pool import Permit, Pool
from outreachd.flow.shelf import Shelf
from outreachd.rules.letter import CONFIRM_URL, Composer, Unfillable, compile_letter
from outreachd.rules.model import (
    Attachment,
    Campaign,
    Claim,
    DelayUnit,
    Step,
    Variant,
)
from outreachd.rules.records import OneOff
from outreachd.rules.sequence import CONFIRMATION, step_of
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.rules.variants import chosen

NO_CONTENT = (
    "its text or a file that goes with it is not in the database: was a part of it "
    "restored? order the letter again, or drop this one"
)
_NO_VARIABLES: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Wording:
    """What a letter says: its templates, its own values, its files as parts."""

    composer: Composer
    variables: dict[str, str]
    parts: tuple[bytes, ...]
    variant: str | None


class Wordings:
    """Finds what letters say, for one fleet."""

    def __init__(
        self,
        pool: Pool,
        mint: TokenMint,
        shelf: Shelf,
        *,
        base_url: str,
        unsubscribe_mailto: str | None,
    ) -> None:
        self._pool = pool
        self._mint = mint
        self._base_url = base_url
        self._mailto = unsubscribe_mailto
        self.shelf = shelf
        self._composers: dict[tuple[int, int, str | None], Composer | Unfillable] = {}

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

    def of(self, claim: Claim, permit: Permit) -> Wording | Unfillable:
        """Find what a letter says, or why it cannot be written."""
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
        return Wording(composer, variables, parts, variant.name if variant else None)

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
