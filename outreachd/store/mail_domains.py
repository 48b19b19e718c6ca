"""What the DNS said of recipients' domains, kept for the next import.

A sure word is believed for thirty days: domains seldom begin or cease to take mail, and
a wrong one costs one letter. "Unknown" is believed for an hour, so that a DNS that was
away is asked again, and it never replaces a sure word. Errors: LedgerAwayError from the
connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from outreachd.rules.hygiene import MailDomain, MailVerdict
from outreachd.store import sql
from outreachd.store.database import Connection

SURE_FOR = timedelta(days=30)
UNKNOWN_FOR = timedelta(hours=1)


async def read_domains(
    connection: Connection, domains: Sequence[str], *, now: datetime
) -> list[MailDomain]:
    """Tell what is known of these domains; the others are left out."""
    rows = await connection.fetch(
        sql.text("known_domains"), domains, now - SURE_FOR, now - UNKNOWN_FOR
    )
    return [
        MailDomain(row["domain"], MailVerdict(row["verdict"]), row["receiver"])
        for row in rows
    ]


async def keep_domains(
    connection: Connection, found: Sequence[MailDomain], *, now: datetime
) -> None:
    """Keep what was asked now."""
    await connection.execute(
        sql.text("keep_domains"),
        [one.domain for one in found],
        [one.verdict.value for one in found],
        [one.receiver for one in found],
        now,
    )
