"""The laws of doing a call once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from outreachd.store.database import Connection, Database
from outreachd.store.idempotency import KEPT_FOR, Call, Kept, OtherBodyError, once

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CALL = Call("POST /v1/sends", "k1", b"a" * 32)

Work = Callable[[Connection], Awaitable[Kept]]


def counting(done: list[int]) -> Work:
    """Make work that answers with how often it was done."""

    async def work(_: Connection) -> Kept:
        done.append(1)
        return Kept(201, f'{{"z": {len(done)}, "a": "\\u00e9"}}')

    return work


async def test_the_second_call_gets_the_first_answer(db: Database) -> None:
    """Same key, same body: the work is done once, the answers are equal to the byte."""
    done: list[int] = []
    async with db.connection() as connection:
        first = await once(connection, CALL, counting(done), now=NOW)
        again = await once(connection, CALL, counting(done), now=NOW + KEPT_FOR / 2)
    assert (len(done), first.status, first) == (1, 201, again)


async def test_another_body_is_an_error_and_does_nothing(db: Database) -> None:
    """A key names one order; a second order under it is a mistake of the caller."""
    done: list[int] = []
    async with db.connection() as connection:
        await once(connection, CALL, counting(done), now=NOW)
        other = replace(CALL, body_sha256=b"b" * 32)
        with pytest.raises(OtherBodyError):
            await once(connection, other, counting(done), now=NOW)
    assert len(done) == 1


async def test_routes_have_keys_of_their_own(db: Database) -> None:
    """Two callers that count from one do not meet."""
    done: list[int] = []
    async with db.connection() as connection:
        await once(connection, CALL, counting(done), now=NOW)
        other = replace(CALL, route="POST /v1/contacts", body_sha256=b"b" * 32)
        await once(connection, other, counting(done), now=NOW)
    assert len(done) == 2


async def test_work_that_fails_leaves_the_key_free(db: Database) -> None:
    """Nothing is kept of it, so the mended call goes through under the same key."""

    async def fail(_: Connection) -> Kept:
        raise RuntimeError("no")

    done: list[int] = []
    async with db.connection() as connection:
        with pytest.raises(RuntimeError):
            await once(connection, CALL, fail, now=NOW)
        mended = replace(CALL, body_sha256=b"b" * 32)
        await once(connection, mended, counting(done), now=NOW)
    assert len(done) == 1


async def test_without_a_key_each_call_is_a_new_one(db: Database) -> None:
    """Who does not ask for it gets no memory."""
    done: list[int] = []
    async with db.connection() as connection:
        for _ in range(2):
            await once(connection, None, counting(done), now=NOW)
        assert await connection.fetchval("SELECT count(*) FROM idempotency") == 0
    assert len(done) == 2


async def test_twenty_at_once_are_one(db: Database) -> None:
    """Whoever comes while the first is at work waits and gets its answer."""
    done: list[int] = []

    async def call() -> Kept:
        async with db.connection() as connection:
            return await once(connection, CALL, counting(done), now=NOW)

    answers = await asyncio.gather(*(call() for _ in range(20)))
    assert (len(done), len(set(answers))) == (1, 1)


async def test_a_key_is_forgotten_after_its_time(db: Database) -> None:
    """Seven days later it may name something else, and old rows go by themselves."""
    done: list[int] = []
    late = NOW + KEPT_FOR + timedelta(seconds=1)
    async with db.connection() as connection:
        await once(connection, CALL, counting(done), now=NOW)
        await once(connection, replace(CALL, key="k2"), counting(done), now=NOW)
        reused = replace(CALL, body_sha256=b"b" * 32)
        await once(connection, reused, counting(done), now=late)
        keys = await connection.fetch("SELECT key, answer ->> 'z' FROM idempotency")
    assert [tuple(row) for row in keys] == [("k1", "3")]
