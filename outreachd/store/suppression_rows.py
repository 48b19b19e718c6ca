"""Rows of the suppression list: scopes by name, entering, ending what waits, asking.

Each function works on its caller's connection; ``store/suppressions`` says in which
transaction, and sees to it that intents wait for the commit.
Errors: UnknownNameError, TooManyGlobsError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from outreachd.rules.model import Kind
from outreachd.rules.suppression import ERASED, MAX_GLOBS, Eraser, Form, Target
from outreachd.store import sql
from outreachd.store.database import Connection
from outreachd.store.steering import UnknownNameError, find

STRETCH = 200_000  # contacts that one statement compares with wildcards
AT_ONCE = 5000  # people whose sends one statement ends: well within its time limit


class TooManyGlobsError(Exception):
    """More wildcards than every letter can be compared with."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where an entry holds: everywhere, for a client, or for one campaign of it."""

    client_id: int | None = None
    campaign_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One suppression to be entered."""

    target: Target
    scope: Scope
    reason: str
    source: str
    at: datetime


async def find_scope(
    connection: Connection, client: str | None, campaign: str | None
) -> Scope:
    """Find the ids of a client and a campaign of it; UnknownNameError."""
    client_id = await find(connection, Kind.CLIENT, client) if client else None
    if campaign is None:
        return Scope(client_id)
    campaign_id = await find(connection, Kind.CAMPAIGN, campaign)
    owner = await connection.fetchval(sql.text("client_of_campaign"), campaign_id)
    if client_id not in (None, owner):
        raise UnknownNameError(f"client {client!r} has no campaign {campaign!r}")
    return Scope(owner, campaign_id)


async def enter(
    connection: Connection, entries: Sequence[Entry], author: str
) -> list[int]:
    """Enter what does not stand yet, each once; tell the ids of the new entries."""
    once: dict[tuple[str, Scope, str], Entry] = {}
    for entry in entries:
        once.setdefault((entry.target.text, entry.scope, entry.reason), entry)
    entries = list(once.values())
    rows = await connection.fetch(
        sql.text("add_suppressions"),
        [entry.target.text for entry in entries],
        [entry.target.form.value for entry in entries],
        [entry.scope.client_id for entry in entries],
        [entry.scope.campaign_id for entry in entries],
        [entry.reason for entry in entries],
        [entry.source for entry in entries],
        [entry.at for entry in entries],
        author,
    )
    if rows and any(entry.target.form is Form.GLOB for entry in entries):
        await _check_globs(connection)
    return [row["id"] for row in rows]


async def _check_globs(connection: Connection) -> None:
    if await connection.fetchval(sql.text("count_globs")) > MAX_GLOBS:
        raise TooManyGlobsError(
            f"there would be more than {MAX_GLOBS} wildcards, and every letter is "
            "compared with each: name domains (@x.example, *.x.example) instead"
        )


async def cancel_addressed(
    connection: Connection, ids: Sequence[int], now: datetime
) -> int:
    """End what waits for whom entries name by address; tell how many sends."""
    people = await connection.fetch(sql.text("people_addressed"), ids)
    return await _cancel(connection, people, now)


async def cancel_matching(
    connection: Connection, ids: Sequence[int], now: datetime
) -> int:
    """End what waits for whom entries name by domain or wildcard, in short steps."""
    ended, after = 0, 0
    last = await connection.fetchval(sql.text("last_contact"))
    while after < last:
        people = await connection.fetch(
            sql.text("people_matching"), ids, after, after + STRETCH
        )
        ended += await _cancel(connection, people, now)
        after += STRETCH
    return ended


async def _cancel(
    connection: Connection, people: Sequence[Mapping[str, Any]], now: datetime
) -> int:
    ended = 0
    for at in range(0, len(people), AT_ONCE):
        part = people[at : at + AT_ONCE]
        ended += await connection.fetchval(
            sql.text("cancel_people"),
            [row["contact_id"] for row in part],
            [row["campaign_id"] for row in part],
            now,
        )
    return ended


async def barred(
    connection: Connection,
    eraser: Eraser,
    emails: Sequence[str],
    *,
    client_id: int,
    campaign_id: int,
) -> frozenset[str]:
    """Tell which addresses must not be written to by a campaign."""
    asked: list[tuple[str, str | None]] = [(email, None) for email in emails]
    asked += [(email, mark) for email in emails for mark in eraser.known_as(email)]
    rows = await connection.fetch(
        sql.text("suppressed_emails"),
        client_id,
        campaign_id,
        [email for email, _ in asked],
        [mark for _, mark in asked],
    )
    return frozenset(row["email"] for row in rows)


async def hide_person(
    connection: Connection, email: str, eraser: Eraser, *, author: str, now: datetime
) -> None:
    """Leave of an address in the list a keyed hash alone, and bar it everywhere."""
    hidden = eraser.hidden(email)
    await connection.execute(sql.text("hide_address"), email, hidden)
    entry = Entry(
        target=Target(hidden, Form.HASH),
        scope=Scope(),
        reason=ERASED,
        source="erasure",
        at=now,
    )
    await enter(connection, [entry], author)
