"""The laws of letters that wait when the calendar of their campaign changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outreachd.rules.model import DelayUnit
from outreachd.rules.records import Queue, Want
from outreachd.rules.wanted import WantedCampaign, WrittenCalendar
from outreachd.store.database import Connection, Database
from outreachd.store.fleet import apply
from outreachd.store.timetable import follow_calendars
from outreachd.store.vault import Vault
from tests.fleets import FIRST, SPRING, WHOLE, fleet
from tests.store.seed import owner_of

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
VAULT = Vault(b"k" * 32)
BERLIN = "Europe/Berlin"

FIXED = WrittenCalendar(
    days="mon-sun", hours="09:00-18:00", timezone="UTC", holidays=""
)
THEIRS = replace(FIXED, timezone="recipient", holidays="recipient")
DAILY = replace(FIRST, subject=None, delay=1, delay_unit=DelayUnit.DAYS)


async def put(db: Database, calendar: WrittenCalendar | None, **more: Any) -> None:
    """Apply the fleet with this calendar for spring; None = without that campaign."""
    spring = replace(SPRING, steps=(FIRST, DAILY, DAILY), **more)
    things: list[Any] = [t for t in WHOLE if not isinstance(t, WantedCampaign)]
    if calendar is not None:
        things.append(replace(spring, calendar=calendar))
    async with db.connection() as connection:
        await apply(connection, fleet(*things), VAULT, now=MONDAY, author="test")


async def letter(connection: Connection, email: str, **values: Any) -> int:
    """Let a letter wait for somebody in Bavaria."""
    contact = await connection.fetchval(
        "INSERT INTO contact (client_id, email, timezone, country, region)"
        " SELECT client_id, $1, 'Europe/Berlin', 'DE', 'BY' FROM campaign"
        " WHERE name = 'spring' ON CONFLICT (client_id, email)"
        " DO UPDATE SET email = excluded.email RETURNING id",
        email,
    )
    enrolment = await connection.fetchval(
        "INSERT INTO enrolment (campaign_id, contact_id) SELECT id, $1 FROM campaign"
        " ON CONFLICT (campaign_id, contact_id) DO UPDATE SET state = 'active'"
        " RETURNING id",
        contact,
    )
    columns: dict[str, Any] = {
        "step_number": 1,
        "contact_id": contact,
        "enrolment_id": enrolment,
        "due_at": MONDAY,
        "first_due_at": MONDAY,
        "changed_at": MONDAY,
        "campaign_id": await connection.fetchval("SELECT id FROM campaign"),
    } | values
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    id: int = await connection.fetchval(
        f"INSERT INTO send ({', '.join(columns)}) VALUES ({places}) RETURNING id",  # noqa: S608
        *columns.values(),
    )
    return id


SENT = {
    "state": "sent",
    "mailbox_id": 1,
    "message_id": "<a@b.example>",
    "dated_at": MONDAY,
    "letter_sha256": b"s",
    "attempt_id": "00000000-0000-0000-0000-000000000000",
}


async def follow_up(connection: Connection, email: str, **values: Any) -> int:
    """Let a follow-up wait for the day after its letter, which went on Monday at 9."""
    await letter(connection, email, **SENT)
    usual: dict[str, Any] = {
        "step_number": 2,
        "mailbox_id": 1,
        "due_at": MONDAY + DAY,
        "first_due_at": MONDAY + DAY,
    }
    return await letter(connection, email, **usual | values)


async def show(db: Database, columns: str, where: str = "true") -> list[Any]:
    async with db.connection() as connection:
        rows = await connection.fetch(
            f"SELECT {columns} FROM send WHERE {where} ORDER BY id"  # noqa: S608
        )
    return [tuple(row) if len(row) > 1 else row[0] for row in rows]


async def is_marked(db: Database) -> bool:
    async with db.connection() as connection:
        marked: bool = await connection.fetchval("SELECT unplaced FROM campaign")
    return marked


async def test_letters_move_to_the_queues_of_their_places_and_back(
    db: Database,
) -> None:
    """In whatever state they wait; what is done stays; they can be claimed there."""
    await put(db, FIXED)
    async with db.connection() as connection:
        await letter(connection, "a@x.example")
        await letter(connection, "b@x.example", state="held", reason="bug")
        await letter(connection, "c@x.example", state="leased", term=0)
        await letter(connection, "d@x.example", **SENT)
    await put(db, THEIRS)
    assert await is_marked(db)
    assert await follow_calendars(db, MONDAY) == 2
    there = f"{BERLIN} DE-BY"
    assert await show(db, "place") == [there, there, there, ""]
    assert not await is_marked(db)
    ledger, term, _ = await owner_of(db)
    campaign = (await ledger.queues())[0].campaign_id
    assert Queue(campaign, there) in await ledger.queues()
    [(_, claim)] = await ledger.claim(
        [Want(Queue(campaign, there), 5)], term=term, now=MONDAY
    )
    assert claim.email == "a@x.example"
    await put(db, replace(THEIRS, holidays=""))
    await follow_calendars(db, MONDAY)
    assert await show(db, "place") == [BERLIN, BERLIN, BERLIN, ""]
    await put(db, FIXED)
    await follow_calendars(db, MONDAY)
    assert await show(db, "place") == ["", "", "", ""]


async def test_follow_ups_are_due_by_the_new_calendar(db: Database) -> None:
    """As if the letter before them had been delivered under it; staleness with it."""
    await put(db, FIXED)
    async with db.connection() as connection:
        await follow_up(connection, "a@x.example")
    later = replace(FIXED, hours="15:00-18:00")
    await put(db, later)
    assert await follow_calendars(db, MONDAY) == 1
    at_three = MONDAY + DAY + 6 * HOUR
    following = "step_number = 2"
    assert await show(db, "due_at, first_due_at", following) == [(at_three, at_three)]
    await put(db, replace(later, days="thu-fri"))
    await follow_calendars(db, MONDAY)
    assert await show(db, "due_at", following) == [at_three + 2 * DAY]
    await put(db, FIXED)
    await follow_calendars(db, MONDAY)
    assert await show(db, "due_at", following) == [MONDAY + DAY]


async def test_what_would_have_been_due_before_now_is_due_now(db: Database) -> None:
    """A wider calendar makes nothing too late by itself."""
    await put(db, replace(FIXED, days="sun"))
    async with db.connection() as connection:
        await follow_up(connection, "a@x.example", due_at=MONDAY + 6 * DAY)
    await put(db, FIXED)
    now = MONDAY + 3 * DAY
    await follow_calendars(db, now)
    assert await show(db, "due_at, first_due_at", "step_number = 2") == [(now, now)]


async def test_what_waited_only_for_the_window_looks_for_it_anew(db: Database) -> None:
    """A first touch given back until the old window; its first due time stays."""
    await put(db, replace(FIXED, days="sun"))
    async with db.connection() as connection:
        put_off = {"due_at": MONDAY + 6 * DAY, "reason": "window_closed"}
        await letter(connection, "a@x.example", **put_off)
    await put(db, FIXED)
    await follow_calendars(db, MONDAY)
    assert await show(db, "due_at, first_due_at") == [(MONDAY, MONDAY)]


@pytest.mark.parametrize(
    "values",
    [
        {"reason": "greylisted", "attempts": 1},
        {"reason": "out_of_office"},
        {"reason": "released"},
        {"state": "held", "reason": "bug"},
        {"due_at": MONDAY - HOUR},
        {"step_number": 0},
    ],
)
async def test_a_time_that_was_not_the_calendars_stays(
    db: Database, values: dict[str, Any]
) -> None:
    """Of a retry, an absence, a person, an order; of what is due already."""
    await put(db, FIXED)
    async with db.connection() as connection:
        id = await follow_up(connection, "a@x.example", **values)
    before = await show(db, "due_at", f"id = {id}")
    await put(db, replace(FIXED, hours="15:00-18:00"))
    assert await follow_calendars(db, MONDAY) == 0
    assert await show(db, "due_at", f"id = {id}") == before


async def test_nobody_is_written_to_before_he_is_back(db: Database) -> None:
    """The end of an absence holds under any calendar."""
    await put(db, FIXED)
    back = MONDAY + 4 * DAY
    async with db.connection() as connection:
        await follow_up(connection, "a@x.example", due_at=back, not_before=back)
    await put(db, replace(FIXED, hours="15:00-18:00"))
    await follow_calendars(db, MONDAY)
    assert await show(db, "due_at", "step_number = 2") == [back + 6 * HOUR]


async def test_nothing_is_done_twice_or_without_a_change(db: Database) -> None:
    """A second walk moves nothing; a change of other things marks nothing."""
    await put(db, FIXED)
    assert not await is_marked(db)
    async with db.connection() as connection:
        await letter(connection, "a@x.example")
    await put(db, THEIRS)
    assert await follow_calendars(db, MONDAY) == 1
    assert await follow_calendars(db, MONDAY) == 0
    await put(db, THEIRS, share=2.0)
    assert not await is_marked(db)


async def test_a_campaign_that_returns_is_followed_then(db: Database) -> None:
    """Also where its calendar was changed in the file while it was out."""
    await put(db, FIXED)
    async with db.connection() as connection:
        await letter(connection, "a@x.example")
    await put(db, None)
    assert await follow_calendars(db, MONDAY) == 0
    await put(db, THEIRS)
    assert await follow_calendars(db, MONDAY) == 1
    assert await show(db, "place") == [f"{BERLIN} DE-BY"]


async def test_a_letter_that_somebody_holds_is_waited_for_by_nobody(
    db: Database,
) -> None:
    """Its row is locked, as by a claim: the others move, it does with the next walk."""
    await put(db, FIXED)
    async with db.connection() as connection:
        for name in "ab":
            await letter(connection, f"{name}@x.example")
    await put(db, THEIRS)
    async with db.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM send WHERE id = 1 FOR UPDATE")
        assert await follow_calendars(db, MONDAY) == 1
    assert await is_marked(db)
    assert await follow_calendars(db, MONDAY) == 1
    assert await show(db, "place") == [f"{BERLIN} DE-BY"] * 2
