"""What a plan would mean for people and letters, in sentences, before it is agreed to.

Counted in the database as it is: letters that would follow a changed calendar, people
who would not get a new step, grounds of consent that nobody has. Reads only; errors:
LedgerAwayError from the connection.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from outreachd.mistakes import unknown
from outreachd.rules.fleet_plan import Change, Sign, moves_letters
from outreachd.rules.model import Kind
from outreachd.rules.wanted import Fleet, WantedCampaign
from outreachd.rules.written import counted
from outreachd.store import sql
from outreachd.store.database import Connection

COUNT_LIMIT_S = 60.0  # seconds; the letters of a large fleet are many


async def consequences(
    connection: Connection,
    changes: Sequence[Change],
    wanted: Fleet,
    present: Fleet,
    now: datetime,
) -> list[str]:
    """Tell what else comes of a plan."""
    found = [line async for line in _moved(connection, changes, now)]
    for change in changes:
        campaign = _campaign(wanted, change)
        if campaign is None:
            continue
        if change.touches("grounds"):
            found += [line async for line in _grounds(connection, campaign)]
        before = _campaign(present, change)
        if before is not None and change.touches("steps"):
            found += [line async for line in _finished(connection, before, campaign)]
    return found


def _campaign(fleet: Fleet, change: Change) -> WantedCampaign | None:
    if change.kind is not Kind.CAMPAIGN or change.sign is Sign.RETIRE:
        return None
    thing = fleet.of(change.kind).get(change.name)
    return thing if isinstance(thing, WantedCampaign) else None


async def _moved(
    connection: Connection, changes: Sequence[Change], now: datetime
) -> AsyncIterator[str]:
    names = [change.name for change in changes if moves_letters(change)]
    rows = await connection.fetch(
        sql.text("count_followers"), names, now, timeout=COUNT_LIMIT_S
    )
    for row in rows:
        yield (
            f"{row['campaign']}: its calendar changes, and what waits follows it:"
            f" {counted(row['letters'], 'letter')}, of which the times of"
            f" {counted(row['follow_ups'], 'follow-up')} are told anew"
        )


async def _grounds(
    connection: Connection, campaign: WantedCampaign
) -> AsyncIterator[str]:
    rows = await connection.fetch(
        sql.text("carried_grounds"), campaign.client, timeout=COUNT_LIMIT_S
    )
    carried = [row["consent_basis"] for row in rows]
    for ground in campaign.grounds or ():
        if carried and ground not in carried:
            yield (
                f"{campaign.name}: no contact of {campaign.client} is there on one of"
                f" its grounds of consent: {unknown('ground', ground, carried)}"
            )


async def _finished(
    connection: Connection, before: WantedCampaign, after: WantedCampaign
) -> AsyncIterator[str]:
    first_new = len(before.steps) + 1
    if len(after.steps) < first_new:
        return
    n = await connection.fetchval(
        sql.text("count_finished"), after.name, timeout=COUNT_LIMIT_S
    )
    if n:
        people = f"{n} person has" if n == 1 else f"{n} people have"
        yield (
            f"{after.name}: {people} finished this campaign and will not get step"
            f" {first_new}: write to them in a campaign of its own"
        )
