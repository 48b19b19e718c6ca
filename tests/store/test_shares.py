"""The laws of telling what part of today's letters everybody got."""

from __future__ import annotations

from datetime import timedelta

from outreachd.rules.records import Queue, Want
from outreachd.store.database import Database
from outreachd.store.shares import read_shares
from tests.store.seed import NOW, add_send, intent, owner_of, seed_fleet


async def test_parts_wanted_and_got_stand_side_by_side(db: Database) -> None:
    """Counted with the intent, by the client's day; tomorrow begins with nothing."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute("UPDATE campaign SET share = 3 WHERE name = 'spring'")
        for n in range(4):
            campaign_id = 1 if n < 3 else 2
            await add_send(connection, f"p{n}@x.example", campaign_id=campaign_id)
    ledger, term, _ = await owner_of(db)
    wants = [Want(Queue(1, ""), 9), Want(Queue(2, ""), 9)]
    claims = await ledger.claim(wants, term=term, now=NOW)
    await ledger.begin([intent(claim) for _, claim in claims], term=term)
    async with db.connection() as connection:
        assert await read_shares(connection, NOW) == [
            {
                "client": "acme",
                "wanted": 1.0,
                "got": 1.0,
                "n": 4,
                "campaigns": [
                    {"campaign": "autumn", "wanted": 0.25, "got": 0.25, "n": 1},
                    {"campaign": "spring", "wanted": 0.75, "got": 0.75, "n": 3},
                ],
            }
        ]
        [tomorrow] = await read_shares(connection, NOW + timedelta(days=1))
    assert (tomorrow["got"], tomorrow["n"]) == (None, 0)
