"""Which letter of a sequence a number means, and when the next is due.

Minutes and hours count real time; days and workdays keep the local time of day on
the campaign's clock, so that "3 days" is the same hour also over a clock change. The
due time then waits for the campaign's window. Never before the letter it follows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import assert_never

from outreachd.rules.calendar import add_workdays, calendar_zone, instant, opening
from outreachd.rules.model import Calendar, Campaign, DelayUnit, Step

# The number of the letter that asks for a yes before a sequence begins.
CONFIRMATION = 0


def step_of(campaign: Campaign, number: int) -> Step | None:
    """Find a letter by its number; None if the campaign has it no more."""
    if number == CONFIRMATION:
        return campaign.confirmation
    return campaign.steps[number - 1] if number <= len(campaign.steps) else None


def step_after(campaign: Campaign, number: int) -> Step | None:
    """Find the letter that follows; a question is followed by its answer alone."""
    return None if number == CONFIRMATION else step_of(campaign, number + 1)


def next_due(
    delivered_at: datetime,
    step: Step,
    calendar: Calendar,
) -> datetime:
    """Tell when ``step`` is due after the letter before it was delivered.

    ``calendar`` is that of the recipient's place.
    """
    match step.delay_unit:
        case DelayUnit.MINUTES:
            due_at = delivered_at + timedelta(minutes=step.delay)
        case DelayUnit.HOURS:
            due_at = delivered_at + timedelta(hours=step.delay)
        case DelayUnit.DAYS | DelayUnit.WORKDAYS:
            due_at = _days_later(delivered_at, step, calendar)
        case _:
            assert_never(step.delay_unit)
    return opening(due_at, calendar)


def _days_later(delivered_at: datetime, step: Step, calendar: Calendar) -> datetime:
    zone = calendar_zone(calendar)
    local = delivered_at.astimezone(zone)
    past_minute = timedelta(seconds=local.second, microseconds=local.microsecond)
    day = _day_of(local.date(), step, calendar)
    due_at = instant(day, local.hour * 60 + local.minute, zone) + past_minute
    # Delivered in an hour that comes twice, its first pass may lie behind.
    return max(due_at, delivered_at)


def _day_of(day: date, step: Step, calendar: Calendar) -> date:
    if step.delay_unit is DelayUnit.WORKDAYS:
        return add_workdays(day, step.delay, calendar.weekdays, calendar.holidays or ())
    return day + timedelta(days=step.delay)
