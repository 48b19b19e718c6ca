"""The laws of hints: each is heard, and after a broken link all are told anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from outreachd.clock import RealClock
from outreachd.store import hints
from outreachd.store.database import Database
from outreachd.store.hints import Hint, Hints

ALL = set(Hint)


@asynccontextmanager
async def listening(db: Database) -> AsyncIterator[asyncio.Queue[Hint]]:
    """Collect hints while the block runs."""
    heard: asyncio.Queue[Hint] = asyncio.Queue()
    task = asyncio.create_task(Hints(db, RealClock()).run(heard.put))
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def next_of(heard: asyncio.Queue[Hint], n: int) -> set[Hint]:
    async with asyncio.timeout(90):
        return {await heard.get() for _ in range(n)}


async def notify(db: Database, channel: str) -> None:
    async with db.connection() as connection:
        await connection.execute("SELECT pg_notify($1, '')", channel)


async def test_a_new_link_tells_all_and_then_each_as_it_comes(db: Database) -> None:
    """What was missed before counts as said."""
    async with listening(db) as heard:
        assert await next_of(heard, 3) == ALL
        for hint in Hint:
            await notify(db, hint.value)
            assert await next_of(heard, 1) == {hint}
        assert heard.empty()


async def test_many_of_a_kind_are_one_look(db: Database) -> None:
    """A thousand mailboxes that are paused at once make two looks, not a thousand."""
    looked: asyncio.Queue[Hint] = asyncio.Queue()
    busy, go = asyncio.Event(), asyncio.Event()

    async def look(hint: Hint) -> None:
        await looked.put(hint)
        if busy.is_set():
            await go.wait()

    task = asyncio.create_task(Hints(db, RealClock()).run(look))
    await next_of(looked, 3)
    busy.set()
    await notify(db, Hint.PAUSE)
    assert await next_of(looked, 1) == {Hint.PAUSE}
    for _ in range(20):
        await notify(db, Hint.PAUSE)
    await notify(db, Hint.WORK)
    go.set()
    looks = 0
    while await next_of(looked, 1) != {Hint.WORK}:
        looks += 1
    assert 1 <= looks < 10
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_link_that_breaks_is_made_anew(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """46, 57: the listener's backend dies: within seconds all is told again."""
    monkeypatch.setattr(hints, "CHECK_S", 0.05)
    monkeypatch.setattr(hints, "AGAIN_S", 0.05)
    async with listening(db) as heard:
        assert await next_of(heard, 3) == ALL
        async with db.connection() as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        assert await next_of(heard, 3) == ALL
        await notify(db, Hint.WORK)
        assert await next_of(heard, 1) == {Hint.WORK}
