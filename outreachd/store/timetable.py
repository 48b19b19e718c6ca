"""What a changed calendar does to letters that wait: they follow it.

Each letter lies where its campaign's calendar says, and a follow-up is due when that
says. ``apply`` marks a campaign whose calendar it has changed; ``follow_calendars``
walks its people by stretches, each a short transaction that waits for nobody's lock,
and takes the mark off at the end. Whoever is stopped in between leaves the mark, and a
daemon goes on; doing it twice changes nothing. A time set by a person, a retry or an
auto-reply stays. Errors: LedgerAwayError; RosterError for a fleet that cannot be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import asyncpg

from outreachd.rules.calendar import UnknownZoneError, opening
from outreachd.rules.model import Calendar, Campaign
from outreachd.rules.places import calendar_at
from outreachd.rules.sequence import next_due, step_of
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.roster import read_roster

# A letter that somebody held at the first look, or that was claimed meanwhile.
LOOKS = 3
PLACES = 1000  # whose calendars are remembered


async def follow_calendars(database: Database, now: datetime) -> int:
    """Let all that waits follow its campaign's calendar; tell how many moved."""
    async with database.connection() as connection:
        marked = await connection.fetch(sql.text("unplaced_campaigns"))
        roster = await read_roster(connection) if marked else None
    if roster is None:
        return 0
    moved = 0
    for row in marked:
        campaign = roster.campaigns.get(row["id"])
        if campaign is None:
            continue  # retired meanwhile
        done, is_whole = await _follow(database, campaign, now)
        moved += done
        async with database.connection() as connection:
            if is_whole:
                await connection.execute(
                    sql.text("campaign_placed"), campaign.id, row["calendar"]
                )
            await connection.execute(sql.text("notify_work"))
    return moved


async def _follow(
    database: Database, campaign: Campaign, now: datetime
) -> tuple[int, bool]:
    """Walk the people of a campaign: how many letters moved, and whether all could."""
    last = moved = 0
    is_whole = True
    while True:
        async with database.connection() as connection:
            end = await connection.fetchval(
                sql.text("timetable_stretch"), campaign.id, last
            )
            if end is None:
                return moved, is_whole
            for _ in range(LOOKS):
                rows = await connection.fetch(
                    sql.text("timetable"), campaign.id, last, end, now
                )
                done, is_over = await _place(connection, campaign, rows, now)
                moved += done
                if is_over:
                    break
            else:
                is_whole = False
        last = end


async def _place(
    connection: Connection,
    campaign: Campaign,
    rows: Sequence[asyncpg.Record],
    now: datetime,
) -> tuple[int, bool]:
    """Move what does not lie where it belongs: how many, and whether that was all."""
    under_way = moving = 0
    told: list[tuple[int, datetime, str, datetime]] = []
    for row in rows:
        due_at = _due_at(campaign, row, now)
        if (row["place"], due_at) == (row["old_place"], row["due_at"]):
            continue
        if row["state"] in ("scheduled", "held"):
            told.append((row["id"], row["due_at"], row["place"], due_at))
            continue
        under_way += 1
        # One by one: a daemon that writes many of them at once is never deadlocked.
        await connection.execute(sql.text("place_under_way"), row["id"], row["place"])
    if told:
        columns = map(list, zip(*told, strict=True))
        moving = await connection.fetchval(
            sql.text("place_waiting"), campaign.id, *columns
        )
    return moving, not under_way and moving == len(told)


@lru_cache(maxsize=PLACES)
def _calendar(calendar: Calendar, place: str) -> Calendar:
    """Make the calendar of a place once: its holidays are looked up but once, too."""
    return calendar_at(calendar, place)


def _due_at(campaign: Campaign, row: asyncpg.Record, now: datetime) -> datetime:
    """Tell when a letter is due by the calendar as it is now."""
    was: datetime = row["due_at"]
    step = step_of(campaign, row["step_number"])
    if not row["is_timed"]:
        return was
    try:
        there = _calendar(campaign.calendar, row["place"])
        soonest = max(now, row["not_before"] or now)
        if row["delivered_at"] is None or step is None:
            return opening(soonest, there)
        due_at = next_due(row["delivered_at"], step, there)
        return due_at if due_at >= soonest else opening(soonest, there)
    except UnknownZoneError:
        return was  # it is held when it is claimed, with the reason
