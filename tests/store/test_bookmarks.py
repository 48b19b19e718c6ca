"""The laws of bookmarks, of who is heard, and of mails handed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outreachd.rules.sources import Key, Mark
from outreachd.store.bookmarks import PgBookmarks
from outreachd.store.database import Database

NOW = datetime(2026, 8, 3, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)
ANN: Key = ("mailbox", 1)
CATCH_ALL: Key = ("inbox", 1)


async def test_a_bookmark_is_kept_for_each_folder_of_each_mailbox(db: Database) -> None:
    """The newest one counts; a mailbox and a catch-all of one id are two."""
    store = PgBookmarks(db)
    await store.put_mark(ANN, "INBOX", Mark(1, 4))
    await store.put_mark(ANN, "INBOX", Mark(2**32 - 1, 2**32 - 1))
    await store.put_mark(ANN, "Junk", Mark(7, 0))
    assert await store.marks(ANN) == {
        "INBOX": Mark(2**32 - 1, 2**32 - 1),
        "Junk": Mark(7, 0),
    }
    assert await store.marks(CATCH_ALL) == {}


async def test_who_is_not_heard_in_time_is_deaf_with_the_reason(db: Database) -> None:
    """Also one that was never heard; a reading makes it well, with nothing left."""
    store = PgBookmarks(db)
    await store.expect([ANN, CATCH_ALL], LATER)
    assert await store.deaf(NOW) == []
    await store.unheard(ANN, "refused: no")
    told = await store.deaf(LATER)
    assert sorted((one["kind"], one["fault"]) for one in told) == [
        ("inbox", ""),
        ("mailbox", "refused: no"),
    ]
    await store.heard(ANN, LATER, LATER + timedelta(minutes=30))
    assert [one["kind"] for one in await store.deaf(LATER)] == ["inbox"]


async def test_who_is_expected_no_more_is_not_deaf(db: Database) -> None:
    """To expect the same again forgets nothing of it."""
    store = PgBookmarks(db)
    await store.expect([ANN, CATCH_ALL], NOW)
    await store.expect([ANN], LATER)
    told = await store.deaf(NOW)
    assert [one["kind"] for one in told] == ["mailbox"]
    await store.expect([], LATER)
    assert await store.deaf(LATER) == []


async def test_what_is_handed_in_stays_until_it_was_acted_on(db: Database) -> None:
    """In the order in which it came; NUL and all."""
    store = PgBookmarks(db)
    first = await store.hand_in(b"one\0\xff", NOW)
    await store.hand_in(b"two", NOW)
    assert await store.handed_in(1) == [(first, b"one\0\xff")]
    await store.drop_handed_in(first)
    assert [raw for _, raw in await store.handed_in(5)] == [b"two"]
