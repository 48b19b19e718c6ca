"""Proofs: letters written as they would be sent, for eyes and for lint, sent to nobody.

The real clerk writes them, with the real fleet, footer and files; only the opt-out
token is a word that means nothing, and there is no session to hand anything to.
Errors: LedgerAwayError when a file cannot be read.
"""

from __future__ import annotations

from outreachd.clock import Clock
from outreachd.flow.clerk import Clerk, Written
from outreachd.flow.pool import Permit, Pool
from outreachd.flow.ports import Contents
from outreachd.flow.shelf import Shelf
from outreachd.flow.wordings import Wordings
from outreachd.rules.letter import Unfillable
from outreachd.rules.model import Campaign, Claim, Roster, Route
from outreachd.rules.records import Facts
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.store.readers import Reader

TOKEN = "PREVIEW-this-is-no-opt-out-link"  # noqa: S105 - opens nothing


class _NoMint(TokenMint):
    """Gives every letter the same word where its opt-out token would stand."""

    def __init__(self) -> None:
        super().__init__({0: bytes(32)}, 0)

    def mint(self, kind: TokenKind, id: int) -> str:
        """Give the word."""
        return TOKEN


class Proofs:
    """Writes the letters of a fleet without a way to send them."""

    def __init__(
        self,
        roster: Roster,
        contents: Contents,
        clock: Clock,
        *,
        base_url: str,
        unsubscribe_mailto: str | None,
    ) -> None:
        now, mono = clock.now(), clock.monotonic()
        self._clock = clock
        self._pool = Pool(roster, Facts(), lambda: 0.0, now=now, mono=mono)
        mint = _NoMint()
        self._wordings = Wordings(
            self._pool,
            mint,
            Shelf(contents),
            base_url=base_url,
            unsubscribe_mailto=unsubscribe_mailto,
        )
        self._clerk = Clerk(self._pool, mint, clock, self._wordings, random_bytes=bytes)

    def permit(self, campaign: Campaign, mailbox_id: int | None) -> Permit | None:
        """Take a mailbox's place without its allowance; None = the pool is empty."""
        lanes = self._pool.lanes
        ids = [id for id in (mailbox_id, *campaign.mailbox_ids) if id in lanes]
        if not ids:
            return None
        lane = lanes[next(id for id in ids if id is not None)]
        account = self._pool.roster.accounts[lane.domain.domain.account_ids[0]]
        route = Route(account=account, mailbox_id=None, username=None)
        day = lane.standing.day
        return Permit(lane, campaign, account, route, (day, day, day, day))

    async def letter(
        self,
        permit: Permit,
        reader: Reader,
        number: int,
        *,
        variant: str | None = None,
        thread: Written | None = None,
    ) -> Written | Unfillable:
        """Write one letter; ``thread``: the one that it answers."""
        now = self._clock.now()
        claim = Claim(
            send_id=0,
            campaign_id=permit.campaign.id,
            step_number=number,
            enrolment_id=reader.enrolment_id,
            contact_id=reader.contact_id,
            email=reader.email,
            variables=reader.variables,
            place="",
            language=reader.language,
            country=reader.country,
            mailbox_id=permit.lane.id,
            due_at=now,
            first_due_at=now,
            attempts=0,
            message_id=None,
            dated_at=None,
            letter_sha256=None,
            thread=thread.message_id if thread else None,
            thread_subject=thread.letter.subject if thread else None,
            variant=variant,
        )
        if not self._wordings.is_plain(claim, permit):
            files = await self._wordings.files(claim, permit)
            await self._wordings.shelf.fetch(files)
        return self._clerk.write(claim, permit)
