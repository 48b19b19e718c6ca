"""The laws of counting wordings."""

from __future__ import annotations

from typing import Any

import pytest

from outreachd.rules.stops import Happening
from outreachd.store.database import Connection, Database
from outreachd.store.events import PgEvents, Whom
from outreachd.store.steering import NoSuchError
from outreachd.store.variants import count_variants
from tests.store.seed import NOW, add_send, seed_fleet

LETTER: dict[str, Any] = {
    "attempt_id": "00000000-0000-0000-0000-000000000001",
    "message_id": "<a@b.example>",
    "dated_at": NOW,
    "mailbox_id": 1,
    "letter_sha256": b"s",
}


async def add_variants(connection: Connection, *names: str) -> None:
    """Give the first step of the first campaign some wordings."""
    for place, name in enumerate(names):
        await connection.execute(
            "INSERT INTO variant VALUES (1, 1, $1, $2, 1.5, 'S', 'T', NULL)",
            name,
            place,
        )


async def test_letters_and_what_came_back_count_for_their_wording(db: Database) -> None:
    """Each event once, for the letter it is about; what waits counts for nothing."""
    sent = LETTER | {"state": "sent"}
    refused = LETTER | {"state": "failed", "reason": "hard_no_user"}
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_variants(connection, "plain", "bold")
        ids = [
            await add_send(connection, f"p{n}@x.example", variant=name, **values)
            for n, (name, values) in enumerate(
                [
                    ("bold", sent),
                    ("bold", sent),
                    ("plain", sent),
                    ("plain", refused),
                    ("old", sent),
                    ("plain", {}),
                ]
            )
        ]
        await add_send(connection, "other@x.example", **sent)
    events = PgEvents(db)
    told: dict[str, Any] = {"source": "test", "author": "test", "now": NOW}
    for what in (Happening.ANSWERED, Happening.OPTED_OUT, Happening.ANSWERED):
        await events.happened(what, Whom(send_id=ids[0]), **told)
    await events.happened(Happening.BOUNCED, Whom(send_id=ids[2]), **told)
    async with db.connection() as connection:
        tallies = await count_variants(connection, "spring")
    counts = [
        (t.name, t.weight, t.sent, t.tried, t.answered, t.bounced, t.opted_out)
        for t in tallies
    ]
    assert counts == [
        ("plain", 1.5, 1, 2, 0, 2, 0),
        ("bold", 1.5, 2, 2, 1, 0, 1),
        ("old", None, 1, 1, 0, 0, 0),
    ]


async def test_an_unknown_campaign_is_told(db: Database) -> None:
    """And no other's figures are shown."""
    async with db.connection() as connection:
        with pytest.raises(NoSuchError, match="there is no campaign 'nobody'"):
            await count_variants(connection, "nobody")
