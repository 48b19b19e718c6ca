"""What happened to a person after a letter: noted once, and what it ends ended.

The one door for answers, auto-replies, bounces for good, complaints, opt-outs and
left-company notes, whoever hears of them. ``rules/stops`` says what each ends. Always
holds: when ``happened`` returns, no intent to write what it ended can be made, and what
was under way then sets off no retry and no next step. Told twice, the second changes
nothing. Errors: NoSuchError for a client nobody has; LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg

from outreachd.rules.model import Kind
from outreachd.rules.stops import (
    COMPANY_REASON,
    STOPS,
    Happening,
    away_until,
    company_of,
)
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import find, note


@dataclass(frozen=True, slots=True, kw_only=True)
class Whom:
    """To whom it happened: by the letter, the enrolment, or the address."""

    send_id: int | None = None
    enrolment_id: int | None = None
    address: str | None = None
    client: str | None = None  # with an address: only as a contact of this client


@dataclass(frozen=True, slots=True)
class Ended:
    """What an event did; all zero and not new = it was known before."""

    people: int = 0  # contacts found
    is_new: bool = False
    enrolments: int = 0  # stopped
    sends: int = 0  # cancelled
    deferred: int = 0  # moved to the day of return


class PgEvents:
    """Events and their stops in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def happened(
        self,
        what: Happening,
        whom: Whom,
        *,
        source: str,
        author: str,
        now: datetime,
        until: datetime | None = None,
        even_if_known: bool = False,
    ) -> Ended:
        """Note an event and end what it ends; ``until``: the day of return, if told.

        ``even_if_known``: a person says so now; what began since it was noted ends too.
        """
        async with self._database.connection() as connection:
            async with connection.transaction():
                people = await _people(connection, whom)
                about = (what.value, until, source, author, now)
                new = [
                    person
                    for person in people
                    if await connection.fetchval(
                        sql.text("put_event"),
                        person["contact_id"],
                        person["send_id"],
                        *about,
                    )
                ]
                acting = people if even_if_known else new
                if not acting:
                    return Ended(people=len(people))
                ended = await _act(connection, what, acting, author, now, until)
        return replace(ended, people=len(people), is_new=bool(new))


async def end_sequence(
    connection: Connection, send_id: int, reason: str, now: datetime
) -> tuple[int, int]:
    """End the one sequence that a letter was of: (sends cancelled, enrolments)."""
    async with connection.transaction():
        rows = await connection.fetch(sql.text("end_of_letter"), send_id)
        await connection.execute(sql.text("bar_intents"))
        return await _stop(connection, rows, reason, now)


async def _people(connection: Connection, whom: Whom) -> Sequence[asyncpg.Record]:
    client_id = None
    if whom.client is not None:
        client_id = await find(connection, Kind.CLIENT, whom.client)
    return await connection.fetch(
        sql.text("event_people"),
        whom.send_id,
        whom.enrolment_id,
        whom.address,
        client_id,
    )


async def _act(
    connection: Connection,
    what: Happening,
    people: Sequence[asyncpg.Record],
    author: str,
    now: datetime,
    until: datetime | None,
) -> Ended:
    """Do what the rule says, with intents kept out until all of it is committed."""
    contact_ids = [person["contact_id"] for person in people]
    rule = STOPS[what]
    own = await connection.fetch(sql.text("own_enrolments"), contact_ids)
    others = []
    if rule.company:
        await connection.execute(sql.text("stop_companies"), contact_ids)
        others = await _colleagues(connection, people)
    await connection.execute(sql.text("bar_intents"))
    sends = enrolments = deferred = 0
    if what is Happening.AUTO_REPLIED:
        deferred = await _defer(connection, contact_ids, away_until(until, now), now)
    if rule.person:
        for rows, reason, singles in (
            (own, what.value, rule.singles),
            (others, COMPANY_REASON, False),
        ):
            ended = await _stop(connection, rows, reason, now, singles=singles)
            sends, enrolments = sends + ended[0], enrolments + ended[1]
    ids = {"contacts": contact_ids, "sends": [person["send_id"] for person in people]}
    counts = {"ended": sends, "stopped": enrolments, "deferred": deferred}
    await note(connection, now, author, what.value, ids | counts)
    return Ended(enrolments=enrolments, sends=sends, deferred=deferred)


async def _colleagues(
    connection: Connection, people: Sequence[asyncpg.Record]
) -> list[asyncpg.Record]:
    found: list[asyncpg.Record] = []
    for person in people:
        company = company_of(person["email"])
        if company is not None:
            found += await connection.fetch(
                sql.text("colleagues_enrolments"), person["contact_id"], company
            )
    return found


async def _stop(
    connection: Connection,
    enrolments: Sequence[asyncpg.Record],
    reason: str,
    now: datetime,
    *,
    singles: bool = False,
) -> tuple[int, int]:
    """End these enrolments: (sends cancelled, enrolments stopped).

    ``singles``: also letters that were ordered outside the sequence.
    """
    if not enrolments:
        return 0, 0
    contacts = [row["contact_id"] for row in enrolments]
    ids = [row["id"] for row in enrolments]
    await connection.execute(sql.text("stop_under_way"), contacts, ids, reason, singles)
    sends = stopped = 0
    for _ in range(2):  # queries/events.sql says why
        [ended] = await connection.fetch(
            sql.text("stop_waiting"), contacts, ids, reason, singles, now
        )
        sends, stopped = sends + ended["sends"], stopped + ended["enrolments"]
    return sends, stopped


async def _defer(
    connection: Connection, contacts: Sequence[int], until: datetime, now: datetime
) -> int:
    await connection.execute(sql.text("defer_under_way"), contacts, until)
    deferred: int = await connection.fetchval(
        sql.text("defer_waiting"), contacts, until, now
    )
    return deferred
