"""The laws of showing and forgetting a person, in the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outreachd.rules.contact_row import NewContact
from outreachd.rules.suppression import Eraser
from outreachd.store.contacts import enrol, find_target
from outreachd.store.database import Database
from outreachd.store.person import Forgotten, UnderWayError, erase, export
from tests.store.seed import NOW, add_send, seed_fleet

LATER = NOW + timedelta(hours=1)
ERASER = Eraser([b"k" * 32])
ANN = "ann@x.example"


async def seeded(db: Database, state: str = "sent") -> None:
    """Write to Ann and to Bob; note what a server and a person said of Ann."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        for email in (ANN, "bob@x.example"):
            await add_send(
                connection,
                email,
                state=state,
                term=1,
                mailbox_id=1,
                attempt_id="00000000-0000-0000-0000-000000000001",
                message_id="<m@x>",
                dated_at=NOW,
                letter_sha256=b"",
            )
        await connection.execute(
            "INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id,"
            " started_at, reply, outcome) SELECT gen_random_uuid(), s.id, 1, 1, 1, $1,"
            " '250 ok <' || c.email || '>', 'sent'"
            " FROM send s JOIN contact c ON c.id = s.contact_id",
            NOW,
        )
        await connection.execute(
            "INSERT INTO audit (at, author, action, detail)"
            " SELECT $1, 'op', 'answered', jsonb_build_object('who', email)"
            " FROM contact",
            NOW,
        )
        await connection.execute(
            "INSERT INTO event (contact_id, what, source, author, at)"
            " SELECT id, 'answered', 'imap', 'outreachd', $1 FROM contact",
            NOW,
        )
        await connection.execute(
            "INSERT INTO notice (fingerprint, at, source, kind, class, diagnostic,"
            " contact_id, send_id, evidence) SELECT sha256(email::bytea), $1, 'imap',"
            " 'dsn', 'hard_no_user', '550 <' || email || '> unknown', c.id, s.id,"
            " 'token'"
            " FROM contact c JOIN send s ON s.contact_id = c.id",
            NOW,
        )
        await connection.execute(
            "INSERT INTO suppression (target, form, reason, source, author, at)"
            " VALUES ($1, 'address', 'opt_out', 'page', 'the recipient', $2)",
            ANN,
            NOW,
        )


async def everything(db: Database) -> str:
    """Write down all rows of all tables."""
    async with db.connection() as connection:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        rows = [
            dict(row)
            for (table,) in tables
            for row in await connection.fetch(f"SELECT * FROM {table}")  # noqa: S608 - ours
        ]
    return str(rows)


async def count(db: Database, query: str) -> Any:
    """Look into the database."""
    async with db.connection() as connection:
        return await connection.fetchval(query)


async def test_all_that_is_kept_is_shown(db: Database) -> None:
    """Contacts, enrolments, letters, what servers said, events, suppressions."""
    await seeded(db)
    shown = await export(db, ANN, ERASER)
    assert [row["client"] for row in shown["contacts"]] == ["acme"]
    assert [row["campaign"] for row in shown["enrolments"]] == ["spring"]
    [send] = shown["sends"]
    assert send["attempts"][0]["reply"] == f"250 ok <{ANN}>"
    assert [row["what"] for row in shown["events"]] == ["answered"]
    assert [row["class"] for row in shown["notices"]] == ["hard_no_user"]
    assert [row["reason"] for row in shown["suppressions"]] == ["opt_out"]
    assert "bob" not in str(shown)


async def test_nothing_of_an_erased_person_is_left_but_a_keyed_hash(
    db: Database,
) -> None:
    """No table holds the address; neighbours and counts stay as they were."""
    await seeded(db)
    assert await erase(db, ERASER, ANN, author="op", now=LATER) == Forgotten(1, 1)
    left = await everything(db)
    assert "ann@" not in left
    assert ERASER.hidden(ANN) in left
    assert await count(db, "SELECT count(*) FROM contact") == 1
    assert await count(db, "SELECT count(*) FROM attempt") == 2
    assert await count(db, "SELECT count(reply) FROM attempt") == 1
    assert await erase(db, ERASER, ANN, author="op", now=LATER) == Forgotten(0, 0)
    async with db.connection() as connection:
        told = "SELECT contact_id, send_id, diagnostic FROM notice"
        rows = [tuple(row) for row in await connection.fetch(told)]
    assert (None, None, None) in rows


async def test_an_erased_person_is_not_brought_back_by_an_import(db: Database) -> None:
    """The hash knows the address again: neither kept nor enrolled."""
    await seeded(db)
    await erase(db, ERASER, ANN, author="op", now=LATER)
    ann = NewContact(
        line=2,
        email=ANN,
        timezone="",
        variables={},
        consent_basis="asked",
        consent_source=None,
        consent_at=None,
    )
    async with db.connection() as connection:
        target = await find_target(connection, "spring")
        assert target is not None
        await enrol(connection, target, [ann], now=LATER, eraser=ERASER)
    assert "ann@" not in await everything(db)


@pytest.mark.parametrize("state", ["leased", "sending"])
async def test_a_letter_under_way_is_waited_for(db: Database, state: str) -> None:
    """Its outcome needs its row: nothing is changed, and it is said."""
    await seeded(db, state)
    with pytest.raises(UnderWayError):
        await erase(db, ERASER, ANN, author="op", now=LATER)
    assert await count(db, "SELECT count(*) FROM contact") == 2
    assert await count(db, "SELECT count(*) FROM suppression") == 1
