"""Who has said yes: the answers to the letters of a double opt-in.

A yes is kept with the contact, for all of the client's campaigns, and sets off the
sequences that wait for it; said twice it changes nothing. Errors: LedgerAwayError from
the connection.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreachd.store import sql
from outreachd.store.database import Database
from outreachd.store.steering import note


@dataclass(frozen=True, slots=True)
class Asked:
    """Who holds a confirmation token."""

    client: str
    language: str
    country: str
    has_said_yes: bool


class PgConsent:
    """Confirmations in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def asked(self, enrolment_id: int) -> Asked | None:
        """Tell who was asked; None = nobody has this enrolment."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(sql.text("asked_person"), enrolment_id)
        return Asked(**row) if row else None

    async def confirm(self, enrolment_id: int, source: str, now: datetime) -> int:
        """Keep a yes; tell how many sequences it set off."""
        async with self._database.connection() as connection:
            async with connection.transaction():
                await connection.execute(sql.text("lock_asked"), enrolment_id)
                begun = await connection.fetch(
                    sql.text("confirm_person"), enrolment_id, now
                )
                if begun:
                    detail = {"enrolment": enrolment_id, "source": source}
                    await note(connection, now, "the recipient", "confirm", detail)
                    await connection.execute(sql.text("notify_work"))
        return len(begun)
