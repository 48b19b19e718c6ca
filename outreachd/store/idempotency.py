"""Calls that may come twice and are done once: the same key gets the same answer.

``once`` runs the work and keeps its answer in one transaction, so that there is never
the one without the other. A second call with the key waits for the first, then gets
its answer to the byte; with another body it is OtherBodyError. Work that raises keeps
nothing: the call may be mended and come again. Answers are kept for seven days.
Errors: LedgerAwayError from the connection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from outreachd.store import sql
from outreachd.store.database import Connection

KEPT_FOR = timedelta(days=7)


class OtherBodyError(Exception):
    """The key was used before for something else."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call as its sender names it: keys of two routes are two keys."""

    route: str  # such as "POST /v1/contacts"
    key: str
    body_sha256: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a call: an HTTP status and a JSON document."""

    status: int
    answer: str


async def once(
    connection: Connection,
    call: Call | None,
    work: Callable[[Connection], Awaitable[Kept]],
    *,
    now: datetime,
) -> Kept:
    """Do the work in a transaction, or tell what it answered before.

    Without a call (no key was given) it is done each time.
    """
    async with connection.transaction():
        if call is None:
            return await work(connection)
        begun = await connection.fetchval(
            sql.text("begin_call"),
            call.route,
            call.key,
            call.body_sha256,
            now,
            now - KEPT_FOR,
        )
        if not begun:
            return await _before(connection, call)
        kept = await work(connection)
        # As the database writes it: the second answer is the first to the byte.
        answer = await connection.fetchval(
            sql.text("keep_answer"), call.route, call.key, kept.status, kept.answer
        )
    return Kept(kept.status, answer)


async def _before(connection: Connection, call: Call) -> Kept:
    row = await connection.fetchrow(sql.text("kept_answer"), call.route, call.key)
    assert row is not None  # whoever held the key has committed
    if row["body_sha256"] != call.body_sha256:
        raise OtherBodyError
    return Kept(row["status"], row["answer"])
