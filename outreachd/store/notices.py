"""What came back, in the database: whose letter it is about, and what it does to it.

``put`` keeps a mail once; ``act`` carries a deed out. Each part of a deed may be done
twice without harm, so a daemon that dies between the two does it again when the mail
is read again. What may not be done twice, the lesson for who sent the letter, is
written in the transaction that calls the mail done: both are there, or neither.
Errors: LedgerAwayError from the connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from outreachd.rules.actions import Deed, Evidence, Kept, Lesson, Letter, Level
from outreachd.rules.model import State
from outreachd.rules.notice import Notice
from outreachd.rules.notice_match import WEAK_WINDOW, Names, Sent
from outreachd.rules.suppression import Form, Target
from outreachd.store import sql
from outreachd.store.database import Database
from outreachd.store.events import PgEvents, Whom, end_sequence
from outreachd.store.shaping import put_slow
from outreachd.store.steering import put_pause
from outreachd.store.suppression_rows import Entry, Scope
from outreachd.store.suppressions import PgSuppressions

AUTHOR = "outreachd"
MAX_DIAGNOSTIC = 512  # characters

# Where a letter may be whose newest attempt got no answer.
MAY_WAIT_IN_DOUBT = (State.UNCERTAIN, State.HELD, State.SCHEDULED, State.LEASED)


class PgNotices:
    """Mails that came back, in PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._events = PgEvents(database)
        self._suppressions = PgSuppressions(database)

    # --- whose it is ----------------------------------------------------------------

    async def letter(self, send_id: int) -> Letter | None:
        """Find a letter that was at least begun."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(sql.text("letter_by_id"), send_id)
        return _letter(row) if row and row["dated_at"] else None

    async def send_of_enrolment(self, enrolment_id: int) -> int | None:
        """Find the newest letter of an enrolment."""
        async with self._database.connection() as connection:
            id: int | None = await connection.fetchval(
                sql.text("send_of_enrolment"), enrolment_id
            )
        return id

    async def send_by_message_id(self, ids: Sequence[str]) -> int | None:
        """Find the letter that the first of these names."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(sql.text("sends_by_message_id"), ids)
        found = {row["message_id"]: row["id"] for row in rows}
        return next((found[id] for id in ids if id in found), None)

    async def sent_to(
        self, names: Names, mailbox_id: int | None, now: datetime
    ) -> list[Sent]:
        """List what was written to these people of late, for a weak match."""
        people = [*names.recipients, *([names.writer] if names.writer else [])]
        since = now - WEAK_WINDOW
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                sql.text("sends_to_people"), people, mailbox_id, since
            )
        return [Sent(row["id"], row["email"], row["dated_at"]) for row in rows]

    # --- keeping and acting -----------------------------------------------------------

    async def put(
        self,
        notice: Notice,
        deed: Deed,
        letter: Letter | None,
        *,
        fingerprint: bytes,
        evidence: Evidence,
        source: str,
        now: datetime,
    ) -> Kept:
        """Keep a mail, once."""
        about = deed.about
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                sql.text("put_notice"),
                fingerprint,
                now,
                source,
                notice.kind.value,
                notice.detail,
                about.reason if about else "",
                about.status if about else None,
                about.text[:MAX_DIAGNOSTIC] if about else None,
                notice.return_date,
                letter.send_id if letter else None,
                letter.contact_id if letter else None,
                letter.campaign_id if letter else None,
                letter.mailbox_id if letter else None,
                letter.domain_id if letter else None,
                letter.account_id if letter else None,
                evidence.value,
            )
        assert row is not None
        return Kept(row["id"], row["is_done"])

    async def act(
        self,
        kept: Kept,
        deed: Deed,
        letter: Letter | None,
        lesson: Lesson,
        *,
        source: str,
        now: datetime,
    ) -> bool:
        """Carry a deed out, which may have been begun before; False = it was done."""
        if letter is not None:
            await self._act(deed, letter, source, now)
        stop = lesson.stop
        async with self._database.connection() as connection:
            async with connection.transaction():
                if stop is not None:
                    await connection.execute(sql.text("bar_intents"))
                done = sql.text("notice_done")
                if await connection.fetchval(done, kept.id, deed.word, now) is None:
                    return False
                if lesson.slow is not None:
                    await put_slow(connection, lesson.slow)
                if stop is not None:
                    await put_pause(
                        connection, stop.kind, stop.id, stop.reason, None, AUTHOR, now
                    )
        return True

    async def _act(
        self, deed: Deed, letter: Letter, source: str, now: datetime
    ) -> None:
        if deed.has_arrived and letter.attempt_id is not None:
            await self._settle(letter, deed, now)
        if deed.suppress is not None:
            is_client = deed.suppress.level is Level.CLIENT
            entry = Entry(
                target=Target(letter.email, Form.ADDRESS),
                scope=Scope(letter.client_id if is_client else None),
                reason=deed.suppress.reason,
                source=source,
                at=now,
            )
            await self._suppressions.add(
                [entry], author=AUTHOR, now=now, of=letter.contact_id
            )
        if deed.happening is not None:
            await self._events.happened(
                deed.happening,
                Whom(send_id=letter.send_id),
                source=source,
                author=AUTHOR,
                now=now,
                until=deed.until,
            )
        if deed.ends_sequence:
            reason = deed.about.reason if deed.about else deed.word
            async with self._database.connection() as connection:
                await end_sequence(connection, letter.send_id, reason, now)

    async def _settle(self, letter: Letter, deed: Deed, now: datetime) -> None:
        """Tell the ledger that a letter nobody answered for has arrived."""
        if letter.state not in MAY_WAIT_IN_DOUBT:
            return
        async with self._database.connection() as connection:
            await connection.execute(
                sql.text("settle_arrived"),
                letter.send_id,
                deed.word,
                now,
                deed.ends_all,
            )


def _letter(row: asyncpg.Record) -> Letter:
    return Letter(
        send_id=row["send_id"],
        contact_id=row["contact_id"],
        enrolment_id=row["enrolment_id"],
        campaign_id=row["campaign_id"],
        client_id=row["client_id"],
        mailbox_id=row["mailbox_id"],
        domain_id=row["domain_id"],
        account_id=row["account_id"],
        email=row["email"],
        state=State(row["state"]),
        attempt_id=str(row["attempt_id"]) if row["attempt_id"] else None,
        dated_at=row["dated_at"],
    )
