"""One person, by address, across all clients: shown whole, or forgotten.

``export`` tells all that is kept. ``erase`` deletes the person and what was written to
him in one transaction that no import and no intent overlaps; what stays is a keyed
hash on the suppression list, so that no import brings him back, and numbers without a
name. What takes long is done before the intents are barred: they wait for index walks
alone. A letter that is being handed over at this moment is waited for by asking again.
Errors: UnderWayError; LedgerAwayError from the connection. Source: GDPR, articles 15
and 17.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from outreachd.rules.model import State
from outreachd.rules.suppression import Eraser
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import note
from outreachd.store.suppression_rows import hide_person
from outreachd.store.suppressions import PgSuppressions


class UnderWayError(Exception):
    """A letter to this person is being handed over at this moment."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was deleted."""

    contacts: int
    sends: int


async def export(database: Database, email: str, eraser: Eraser) -> Mapping[str, Any]:
    """Tell all that is kept about an address."""
    async with database.connection() as connection:
        contacts = await connection.fetch(sql.text("person_contacts"), email)
        ids = [row["id"] for row in contacts]
        about: dict[str, Any] = {
            name: [
                _readable(row)
                for row in await connection.fetch(sql.text(f"person_{name}"), ids)
            ]
            for name in ("enrolments", "sends", "events", "notices")
        }
    return {
        "address": email,
        "contacts": [_readable(row) for row in contacts],
        **about,
        "suppressions": await PgSuppressions(database).barring(email, eraser),
    }


async def erase(
    database: Database, eraser: Eraser, email: str, *, author: str, now: datetime
) -> Forgotten:
    """Forget a person for good; never to be written to again."""
    async with database.connection() as connection, connection.transaction():
        await connection.execute(sql.text("scrub_audit"), email)
        await connection.execute(sql.text("keep_out_imports"))
        ids = [
            row["id"] for row in await connection.fetch(sql.text("lock_people"), email)
        ]
        await connection.execute(sql.text("forget_answers"), email)
        await connection.execute(sql.text("bar_intents"))
        letters = await connection.fetch(sql.text("lock_letters"), ids)
        if any(row["state"] in (State.LEASED, State.SENDING) for row in letters):
            raise UnderWayError
        await hide_person(connection, email, eraser, author=author, now=now)
        forgotten = await _forget(connection, ids)
        detail = {"contacts": forgotten.contacts, "sends": forgotten.sends}
        await note(connection, now, author, "erase", detail)
    return forgotten


async def _forget(connection: Connection, contact_ids: Sequence[int]) -> Forgotten:
    row = await connection.fetchrow(sql.text("forget_person"), contact_ids)
    assert row is not None
    return Forgotten(row["contacts"], row["sends"])


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    """Open the columns that are JSON."""
    shown = dict(row)
    for name in ("variables", "attempts"):
        if name in shown:
            shown[name] = msgspec.json.decode(shown[name])
    return shown
