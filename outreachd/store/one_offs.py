"""One-off letters: a send for one contact outside any sequence.

It is a row like all others, with its own content and a number above those of steps:
what paces, suppresses, pauses and counts letters does so here too. Everything of an
order goes in with the caller's transaction, or nothing does.
Errors: NotOrderedError, a sentence; LedgerAwayError from the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outreachd.rules.contact_row import NewContact
from outreachd.rules.records import OneOff
from outreachd.rules.suppression import Eraser
from outreachd.store import sql
from outreachd.store.contacts import (
    NO_CONSENT_SENTENCE,
    find_target,
    hold_target,
    keep,
)
from outreachd.store.content import put_attachments, put_one_off
from outreachd.store.database import Connection
from outreachd.store.suppression_rows import barred

UNCONFIRMED = (
    "the campaign asks for a yes first, and this person has said none; release it "
    "after the confirmation, or drop it"
)


class NotOrderedError(Exception):
    """The letter was not ordered, and why; ``what`` names the field it is about.

    ``why``: the same in one word, where an import has one for it.
    """

    def __init__(self, what: str, sentence: str, why: str = "") -> None:
        super().__init__(sentence)
        self.what, self.why = what, why


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A letter that somebody wants to be sent."""

    campaign: str
    contact: NewContact  # judged: why its letter waits is in it
    letter: OneOff
    contents: Sequence[bytes]  # of its attachments
    due_at: datetime
    author: str


async def order(
    connection: Connection, wanted: Order, eraser: Eraser, *, now: datetime
) -> dict[str, Any]:
    """Keep contact and content, make the send due; tell the send."""
    target = await find_target(connection, wanted.campaign)
    if target is None:
        raise NotOrderedError("campaign", f'there is no campaign "{wanted.campaign}"')
    target = await hold_target(connection, target)
    campaign_id, client_id = target.campaign_id, target.client_id
    email = wanted.contact.email
    if await barred(
        connection, eraser, [email], client_id=client_id, campaign_id=campaign_id
    ):
        raise NotOrderedError("email", "this address must not be written to")
    await keep(connection, target, [wanted.contact])
    contact_id = await connection.fetchval(sql.text("lock_person"), client_id, email)
    await connection.execute(sql.text("enrol_for_one"), campaign_id, contact_id)
    await put_attachments(connection, wanted.contents)
    content_id = await put_one_off(
        connection, wanted.letter, author=wanted.author, now=now
    )
    row = await connection.fetchrow(
        sql.text("order_send"),
        campaign_id,
        contact_id,
        content_id,
        target.by_recipient_zone,
        target.by_recipient_holidays,
        wanted.due_at,
        now,
        NO_CONSENT_SENTENCE,
        UNCONFIRMED,
        wanted.contact.hold,
        wanted.contact.detail,
    )
    assert row is not None  # the contact is locked, its enrolment was just made
    await connection.execute(sql.text("notify_work"))
    return dict(row)
