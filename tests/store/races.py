"""People, imports and events for tests that bring two connections at odds."""

from __future__ import annotations

from typing import Any

from outreachd.rules.contact_row import NewContact
from outreachd.rules.stops import Happening
from outreachd.rules.suppression import Eraser
from outreachd.store.contacts import Target, enrol, find_target
from outreachd.store.database import Database
from outreachd.store.events import Ended, PgEvents, Whom
from tests.store.seed import (
    NOW,
)

ERASER = Eraser([b"k" * 32])
ANN, BEN = "ann@corp.example", "ben@corp.example"


def contact(email: str) -> NewContact:
    return NewContact(
        line=2,
        email=email,
        timezone="Europe/Berlin",
        variables={},
        consent_basis="asked",
        consent_source=None,
        consent_at=None,
    )


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def imported(db: Database, campaign: str, *emails: str) -> None:
    async with db.connection() as connection:
        people = [contact(email) for email in emails]
        target = await target_of(db, campaign)
        await enrol(connection, target, people, now=NOW, eraser=ERASER)


async def target_of(db: Database, campaign: str) -> Target:
    async with db.connection() as connection:
        target = await find_target(connection, campaign)
    assert target is not None
    return target


async def happens(db: Database, what: Happening, email: str) -> Ended:
    return await PgEvents(db).happened(
        what, Whom(address=email), source="test", author="test", now=NOW
    )
