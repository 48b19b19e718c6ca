"""Contacts and their enrolment in campaigns, a batch of an import at a time.

Always holds: a person is one contact of a client and is enrolled in a campaign once,
however often he is imported; who is known keeps the values he has, and gains a ground
of consent where he had none that the campaign accepts; without such a ground the first
letter is held. Neither kept nor enrolled is who is suppressed, or new at a company to
which the campaign writes no more. Each batch is one transaction and ends with NOTIFY
outreachd_work. Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from outreachd.rules.contact_row import NewContact
from outreachd.rules.hygiene import Policy
from outreachd.rules.stops import COMPANY_STOPS, company_of
from outreachd.rules.suppression import Eraser
from outreachd.store import sql
from outreachd.store.database import Connection
from outreachd.store.suppression_rows import barred

NOBODY_ERASED = Eraser(())
NO_CONSENT = "no_consent"  # the same word as the intent's answer
# For people, beside a held send and in an import's report.
NO_CONSENT_SENTENCE = (
    "nothing says on what ground this person may be written to, or the campaign does "
    "not accept that ground: import again with consent_basis, then release the letter"
)


@dataclass(frozen=True, slots=True)
class Target:
    """The campaign that contacts are imported for."""

    campaign_id: int
    client_id: int
    by_recipient_zone: bool  # its calendar is the recipient's
    by_recipient_holidays: bool
    hygiene: Policy
    grounds: tuple[str, ...] | None = None  # of consent; None = any that is stated
    stop_company: bool = False  # an answer stops all of a company


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What became of a batch."""

    new: frozenset[str]  # addresses the client did not have
    enrolled: Mapping[str, str]  # those the campaign did not have: why they wait, or ""
    suppressed: frozenset[str]
    grounded: frozenset[str] = frozenset()  # known, and gained a ground of consent
    stopped: frozenset[str] = frozenset()  # at companies that are written to no more


async def find_target(connection: Connection, name: str) -> Target | None:
    """Find a campaign by its name; None if there is none, or it is retired."""
    row = await connection.fetchrow(sql.text("import_campaign"), name)
    if row is None:
        return None
    values = dict(row) | {"hygiene": msgspec.json.decode(row["hygiene"], type=Policy)}
    values["grounds"] = tuple(row["grounds"]) if row["grounds"] else None
    return Target(campaign_id=values.pop("id"), **values)


async def hold_target(connection: Connection, found: Target) -> Target:
    """Tell the campaign as it is now; so it stays until the transaction ends.

    An import may last for long, and the fleet may be applied meanwhile: letters that
    lay by the old calendar after all others had been moved would stay there.
    """
    row = await connection.fetchrow(sql.text("hold_campaign"), found.campaign_id)
    assert row is not None  # campaigns are retired, never deleted
    return replace(
        found,
        by_recipient_zone=row["by_recipient_zone"],
        by_recipient_holidays=row["by_recipient_holidays"],
        stop_company=row["stop_company"],
    )


async def campaign_names(connection: Connection) -> list[str]:
    """Tell the names of all campaigns."""
    return [row["name"] for row in await connection.fetch(sql.text("campaign_names"))]


async def enrol(
    connection: Connection,
    target: Target,
    contacts: Sequence[NewContact],
    *,
    now: datetime,
    eraser: Eraser = NOBODY_ERASED,
) -> Enrolled:
    """Keep contacts, each address once in the batch, and make their first sends due.

    ``eraser`` knows those again who have asked to be forgotten.
    """
    async with connection.transaction():
        target = await hold_target(connection, target)
        emails = [contact.email for contact in contacts]
        campaign_id, client_id = target.campaign_id, target.client_id
        barring = await barred(
            connection, eraser, emails, client_id=client_id, campaign_id=campaign_id
        )
        wanted = [contact for contact in contacts if contact.email not in barring]
        stopped = await _stopped(connection, target, wanted)
        wanted = [contact for contact in wanted if contact.email not in stopped]
        new, grounded = await keep(connection, target, wanted)
        rows = await connection.fetch(
            sql.text("enrol"),
            target.campaign_id,
            target.client_id,
            [contact.email for contact in wanted],
            target.by_recipient_zone,
            target.by_recipient_holidays,
            now,
            [contact.hold for contact in wanted],
            [contact.detail for contact in wanted],
            NO_CONSENT_SENTENCE,
        )
        if rows:
            await connection.execute(sql.text("notify_work"))
    enrolled = {row["email"]: row["hold"] for row in rows}
    return Enrolled(new, enrolled, barring, grounded, stopped)


async def _stopped(
    connection: Connection, target: Target, contacts: Sequence[NewContact]
) -> frozenset[str]:
    """Find those at companies that the campaign writes to no more, new to it."""
    if not target.stop_company:
        return frozenset()
    await connection.execute(sql.text("watch_companies"), target.campaign_id)
    rows = await connection.fetch(
        sql.text("stopped_emails"),
        target.campaign_id,
        target.client_id,
        [contact.email for contact in contacts],
        [company_of(contact.email) or "" for contact in contacts],
        COMPANY_STOPS,
    )
    return frozenset(row["email"] for row in rows)


async def keep(
    connection: Connection, target: Target, contacts: Sequence[NewContact]
) -> tuple[frozenset[str], frozenset[str]]:
    """Keep contacts of a client; tell who is new, who gained a ground of consent."""
    rows = await connection.fetch(
        sql.text("put_contacts"),
        target.client_id,
        [contact.email for contact in contacts],
        [contact.timezone for contact in contacts],
        [contact.country for contact in contacts],
        [contact.region for contact in contacts],
        [contact.language for contact in contacts],
        [",".join(contact.marks) for contact in contacts],
        [msgspec.json.encode(contact.variables).decode() for contact in contacts],
        [contact.consent_basis for contact in contacts],
        [contact.consent_source for contact in contacts],
        [contact.consent_at for contact in contacts],
        target.campaign_id,
    )
    new = frozenset(row["email"] for row in rows if row["is_new"])
    return new, frozenset(row["email"] for row in rows) - new
