"""The laws of readers: whose sequence goes on is gone through, once each."""

from __future__ import annotations

from outreachd.store.database import Database
from outreachd.store.readers import count_readers, each_reader, find_reader
from tests.store.seed import add_send, seed_fleet


async def test_everybody_whose_sequence_goes_on_comes_once(db: Database) -> None:
    """Who has stopped or is in another campaign does not."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        for n in range(3):
            await add_send(connection, f"p{n}@x.example")
        await add_send(connection, "other@x.example", campaign_id=2)
        await connection.execute("UPDATE enrolment SET state = 'stopped' WHERE id = 2")
        found = [reader.email async for reader in each_reader(connection, 1)]
        n = await count_readers(connection, 1)
    assert found == ["p0@x.example", "p2@x.example"]
    assert n == 2


async def test_a_contact_of_the_client_is_found(db: Database) -> None:
    """Enrolled or not, with the mailbox that wrote first."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await add_send(connection, "p@x.example", mailbox_id=2)
        await add_send(connection, "q@x.example", campaign_id=2)
        first = await find_reader(connection, 1, "p@x.example")
        second = await find_reader(connection, 1, "q@x.example")
        nobody = await find_reader(connection, 1, "r@x.example")
    assert first is not None
    assert second is not None
    assert (first.mailbox_id, first.enrolment_id, first.variables) == (2, 1, b"{}")
    assert (second.mailbox_id, second.enrolment_id) == (None, 0)
    assert nobody is None
