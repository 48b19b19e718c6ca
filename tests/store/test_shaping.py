"""The laws of keeping who rests where."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from outreachd.rules.model import Kind
from outreachd.rules.shaping import CLEAN, Slow
from outreachd.store.database import Database
from outreachd.store.shaping import PgShaping, put_slow
from tests.store.seed import NOW

SLOW = Slow(
    kind=Kind.ACCOUNT,
    target_id=1,
    receiver="google",
    until=NOW + timedelta(hours=1),
    rounds=1,
    reason="rate_limit",
)


async def test_what_is_kept_is_read_until_it_is_forgotten(db: Database) -> None:
    """One for each sender and receiver, the newest; a clean day later none."""
    shaping = PgShaping(db)
    longer = replace(SLOW, until=NOW + timedelta(hours=3), rounds=2)
    async with db.connection() as connection:
        await put_slow(connection, SLOW)
        await put_slow(connection, longer)
    assert await shaping.read(NOW) == [longer]
    assert await shaping.read(longer.until + CLEAN) == [longer]
    assert await shaping.read(longer.until + CLEAN + timedelta(seconds=1)) == []


async def test_a_receiver_is_who_runs_the_mail(db: Database) -> None:
    """As the DNS said when contacts came; a domain nobody asked about is its own."""
    shaping = PgShaping(db)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO mail_domain (domain, verdict, receiver, checked_at) VALUES"
            " ('a.example', 'mx', 'google', now()),"
            " ('b.example', 'mx', 'google', now()),"
            " ('c.example', 'unknown', '', now())"
        )
    assert await shaping.receiver_of("a.example") == "google"
    assert await shaping.receiver_of("c.example") == "c.example"
    assert await shaping.receiver_of("d.example") == "d.example"
    assert sorted(await shaping.domains_of("google")) == ["a.example", "b.example"]


async def test_the_receivers_of_many_domains_are_asked_at_once(db: Database) -> None:
    """Each as if it were asked alone; every domain asked about is told."""
    shaping = PgShaping(db)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO mail_domain (domain, verdict, receiver, checked_at) VALUES"
            " ('a.example', 'mx', 'google', now()),"
            " ('c.example', 'unknown', '', now())"
        )
    domains = ["a.example", "c.example", "d.example"]
    found = await shaping.receivers_of(domains)
    assert found == {domain: await shaping.receiver_of(domain) for domain in domains}
    assert await shaping.receivers_of([]) == {}
