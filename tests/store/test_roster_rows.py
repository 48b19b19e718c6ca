"""The laws of what rows of the fleet mean."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from outreachd.rules.holiday import Holidays
from outreachd.rules.model import OnUncertain, Ramp, Tls
from outreachd.store.database import Database
from outreachd.store.roster import read_roster
from tests.store.seed import seed_fleet


async def test_the_fleet_is_read_as_it_was_applied(db: Database) -> None:
    """Zones are opened, ramps and calendars are the rules' values, pools are ids."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "UPDATE mailbox SET timezone = 'Europe/Berlin', ramp_start = 1,"
            " ramp_end = 9, ramp_days = 5 WHERE id = 1"
        )
        await connection.execute(
            "UPDATE campaign SET calendar = $1 WHERE id = 1",
            '{"days": "mon-fri", "hours": "09:00-17:30", "timezone": "recipient",'
            ' "holidays": "DE"}',
        )
        roster = await read_roster(connection)
    box, plain = roster.mailboxes[1], roster.mailboxes[2]
    assert (box.timezone, box.ramp) == (
        ZoneInfo("Europe/Berlin"),
        Ramp(start=1, end=9, days=5),
    )
    assert plain.ramp is None
    assert roster.accounts[1].tls is Tls.NONE
    spring = roster.campaigns[1]
    assert (spring.calendar.timezone, spring.calendar.weekdays) == (
        None,
        frozenset(range(5)),
    )
    assert (spring.calendar.start_min, spring.calendar.end_min) == (540, 1050)
    assert spring.calendar.holidays == Holidays("DE")
    assert spring.calendar.unknown_timezone == ZoneInfo("UTC")
    assert spring.mailbox_ids == (1, 2, 3)
    assert [step.number for step in spring.steps] == [1]
    assert roster.campaigns[2].on_uncertain is OnUncertain.RESEND
    assert roster.clients[1].name == "acme"


async def test_a_calendar_may_leave_holidays_to_the_recipient(db: Database) -> None:
    """And name the zone that stands for one nobody knows."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "UPDATE campaign SET calendar = $1 WHERE id = 1",
            '{"days": "mon-fri", "hours": "09:00-17:30", "timezone": "recipient",'
            ' "holidays": "recipient", "unknown_timezone": "Asia/Tokyo"}',
        )
        roster = await read_roster(connection)
    calendar = roster.campaigns[1].calendar
    assert calendar.holidays is None
    assert calendar.unknown_timezone == ZoneInfo("Asia/Tokyo")
    assert roster.domains[1].account_ids == (1,)
