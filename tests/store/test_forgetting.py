"""The laws of forgetting: what is old and of no use goes, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from outreachd.rules.attachment import attachment
from outreachd.rules.records import OneOff
from outreachd.store import forgetting
from outreachd.store.content import put_attachments, put_one_off
from outreachd.store.database import Database
from outreachd.store.forgetting import CONTENTS_KEPT, PgForgetting
from tests.store.seed import NOW, add_send, seed_fleet

DAY = timedelta(days=1)
PDF = b"%PDF-1.7 offer"
LETTER = OneOff(
    subject="Offer",
    text="Dear Ann",
    html="<p>Dear Ann</p>",
    variables={"name": "Ann"},
    attachments=(attachment("offer.pdf", PDF),),
)


async def put(db: Database, query: str, *values: Any) -> None:
    """Write rows."""
    async with db.connection() as connection:
        await connection.execute(query, *values)


async def seen(db: Database, query: str) -> list[Any]:
    """Look at one column."""
    async with db.connection() as connection:
        return [row[0] for row in await connection.fetch(query)]


async def test_counts_go_after_ninety_days(db: Database) -> None:
    """Tallies and outages; what `replay` may still be asked for stays."""
    for days in (89, 91):
        await put(
            db,
            "INSERT INTO tally (quarter, mailbox_id, account_id, client_id, receiver,"
            " source) VALUES ($1, 1, 1, 1, 'r', 'reply')",
            NOW - days * DAY,
        )
        await put(db, "INSERT INTO outage VALUES ($1, 'r')", NOW - days * DAY)
    assert not await PgForgetting(db).turn(NOW)
    for table in ("tally", "outage"):
        quarters = await seen(db, f"SELECT quarter FROM {table}")  # noqa: S608
        assert quarters == [NOW - 89 * DAY]


async def test_mails_of_nobody_go_and_those_about_a_letter_stay(db: Database) -> None:
    """A report counts what came back for a letter, however old; begun ones stay too."""
    rows = (
        ("new", NOW - 119 * DAY, None, NOW),
        ("old", NOW - 121 * DAY, None, NOW),
        ("begun", NOW - 121 * DAY, None, None),
        ("of a letter", NOW - 900 * DAY, 1, NOW),
    )
    for name, at, send_id, acted_at in rows:
        await put(
            db,
            "INSERT INTO notice (fingerprint, at, source, kind, detail, send_id,"
            " evidence, acted_at) VALUES ($1, $2, 'imap', 'other', $3, $4, 'none', $5)",
            name.encode(),
            at,
            name,
            send_id,
            acted_at,
        )
    await PgForgetting(db).turn(NOW)
    kept = await seen(db, "SELECT detail FROM notice ORDER BY id")
    assert kept == ["new", "begun", "of a letter"]


async def test_rests_at_a_receiver_go_once_they_count_no_more(db: Database) -> None:
    """A clean day after their end; until then the next one would be longer."""
    for hours in (23, 25):
        await put(
            db,
            "INSERT INTO shaping VALUES ('account', 1, $1, $2, 3, 'rate_limit')",
            str(hours),
            NOW - timedelta(hours=hours),
        )
    await PgForgetting(db).turn(NOW)
    assert await seen(db, "SELECT receiver FROM shaping") == ["23"]


async def test_answers_to_calls_go_though_nobody_calls(db: Database) -> None:
    """After seven days, as if another call had come."""
    for days in (6, 8):
        await put(
            db,
            "INSERT INTO idempotency (route, key, body_sha256, at)"
            " VALUES ('POST /v1/sends', $1, '', $2)",
            str(days),
            NOW - days * DAY,
        )
    await PgForgetting(db).turn(NOW)
    assert await seen(db, "SELECT key FROM idempotency") == ["6"]


async def one_off(db: Database, state: str, changed_at: datetime) -> None:
    """Order a letter long ago, and let its send stand so since then."""
    async with db.connection() as connection:
        n = await connection.fetchval("SELECT count(*) FROM send")
        id = await put_one_off(
            connection, LETTER, author="ann", now=NOW - 2 * CONTENTS_KEPT
        )
        values: dict[str, Any] = {"mailbox_id": 1, "message_id": f"<{n}@x>"}
        if state in ("sent", "uncertain"):
            attempt = "00000000-0000-0000-0000-000000000001"
            values |= {"letter_sha256": b"", "dated_at": NOW, "attempt_id": attempt}
        await add_send(
            connection,
            f"p{n}@x.example",
            state=state,
            content_id=id,
            step_number=1001,
            changed_at=changed_at,
            reason="r",
            **values,
        )


@pytest.mark.parametrize(
    ("state", "ago", "is_kept"),
    [
        ("sent", CONTENTS_KEPT + DAY, False),
        ("cancelled", CONTENTS_KEPT + DAY, False),
        ("sent", CONTENTS_KEPT - DAY, True),
        ("held", CONTENTS_KEPT + DAY, True),
        ("scheduled", CONTENTS_KEPT + DAY, True),
        ("uncertain", CONTENTS_KEPT + DAY, True),
    ],
)
async def test_the_content_of_a_letter_goes_when_it_has_ended_for_good(
    db: Database, state: str, ago: timedelta, is_kept: bool
) -> None:
    """What may still go, once released or resent, is whole; the subject stays."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    await one_off(db, state, NOW - ago)
    await PgForgetting(db).turn(NOW)
    [(subject, text, values)] = [
        tuple(row)
        for row in await _rows(db, "SELECT subject, body_text, variables FROM one_off")
    ]
    assert subject == "Offer"
    assert (text == "Dear Ann") == is_kept
    assert (values == '{"name": "Ann"}') == is_kept
    forgotten = await seen(db, "SELECT forgotten_at FROM one_off")
    assert forgotten == [None if is_kept else NOW]


async def _rows(db: Database, query: str) -> list[Any]:
    async with db.connection() as connection:
        return list(await connection.fetch(query))


async def test_a_chunk_at_a_time(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that there is more until there is none."""
    monkeypatch.setattr(forgetting, "AT_ONCE", 2)
    await put(
        db,
        "INSERT INTO outage SELECT $1::timestamptz - n * interval '15 minutes', 'r'"
        " FROM generate_series(1, 5) n",
        NOW - 100 * DAY,
    )
    forget = PgForgetting(db)
    assert [await forget.turn(NOW) for _ in range(3)] == [True, True, False]
    assert await seen(db, "SELECT 1 FROM outage") == []


async def test_an_attachment_goes_when_nothing_names_it_twice(db: Database) -> None:
    """Not what a step or a letter names, nor what was taken out a moment ago."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await put_attachments(connection, [PDF, b"a", b"b"])
        await connection.execute(
            "UPDATE step SET attachments = jsonb_build_array(jsonb_build_object("
            "'sha256', encode(sha256('a'), 'base64'))) WHERE campaign_id = 1"
        )
    await one_off(db, "scheduled", NOW)
    forget, look = PgForgetting(db), "SELECT content FROM attachment ORDER BY 1"
    assert await forget.drop_attachments() == 0
    assert await seen(db, look) == [PDF, b"a", b"b"]
    assert await forget.drop_attachments() == 1
    assert await seen(db, look) == [PDF, b"a"]
    await put(db, "UPDATE step SET attachments = '[]'")
    assert await forget.drop_attachments() == 0
    await put(db, "DELETE FROM send")
    await put(db, "DELETE FROM one_off")
    assert await forget.drop_attachments() == 1
    assert await seen(db, look) == [PDF]


async def test_an_attachment_about_to_be_named_is_left(db: Database) -> None:
    """Whoever has put it and not yet committed what names it keeps us out."""
    forget = PgForgetting(db)
    async with db.connection() as connection:
        await put_attachments(connection, [PDF])
        await forget.drop_attachments()
        async with connection.transaction():
            await put_attachments(connection, [PDF])  # known: nothing is written
            async with asyncio.timeout(90):
                assert await forget.drop_attachments() == 0
            await put_one_off(connection, LETTER, author="ann", now=NOW)
    assert await forget.drop_attachments() == 0
    assert await seen(db, "SELECT content FROM attachment") == [PDF]
