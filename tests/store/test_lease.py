"""The laws of the lease row: one owner, and a term that never comes back."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from outreachd.store.database import Database
from outreachd.store.lease import PgLeases
from tests.store.seed import NOW


async def run_out(db: Database) -> None:
    async with db.connection() as connection:
        await connection.execute("UPDATE lease SET lease_until = clock_timestamp()")


async def test_of_many_one_gets_it(db: Database) -> None:
    """81: ten daemons that ask at once: one owner."""
    every = [PgLeases(db, uuid4()) for _ in range(10)]
    terms = await asyncio.gather(*(leases.take(60.0) for leases in every))
    assert sorted(terms, key=str) == [1] + [None] * 9


async def test_a_lease_that_ran_out_is_free_and_lost_for_good(db: Database) -> None:
    """62: the next owner has a higher term; the old one cannot renew, now or later."""
    old, new = PgLeases(db, uuid4()), PgLeases(db, uuid4())
    assert await old.take(60.0) == 1
    assert await new.take(60.0) is None
    await run_out(db)
    assert not await old.renew(1, 60.0)
    assert await new.take(60.0) == 2
    assert not await old.renew(1, 60.0)
    assert await new.renew(2, 60.0)


async def test_a_lease_given_up_is_free_at_once(db: Database) -> None:
    """A stop makes way; nobody but the owner can give it up."""
    old, new = PgLeases(db, uuid4()), PgLeases(db, uuid4())
    await old.take(60.0)
    await new.release(1)
    assert await new.take(60.0) is None
    await old.release(1)
    assert await new.take(60.0) == 2


async def test_a_dead_owners_lease_need_not_run_out(db: Database) -> None:
    """60: who surely ended is not waited for."""
    dead, other = uuid4(), uuid4()
    assert await PgLeases(db, dead).take(600.0) == 1
    assert await PgLeases(db, uuid4(), [other]).take(60.0) is None
    assert await PgLeases(db, uuid4(), [dead]).take(60.0) == 2


async def test_instances_are_listed_while_they_are_seen(db: Database) -> None:
    """Who stops leaves the list and takes those with it that were not seen lately."""
    one, two, three = (PgLeases(db, uuid4()) for _ in range(3))
    for leases, ago in ((one, 0), (two, 0), (three, 2)):
        await leases.seen(
            host="h", pid=1, version="1", role="standby", now=NOW - timedelta(hours=ago)
        )
    await one.seen(host="h", pid=1, version="1", role="active", now=NOW)
    assert [row["role"] for row in await one.instances()].count("active") == 1
    assert len(await one.instances()) == 3
    await two.forget(before=NOW - timedelta(hours=1))
    [left] = await one.instances()
    assert left["role"] == "active"
