"""How many letters a day a mailbox or domain may send while it warms up.

A ramp grows in a straight line with days of real sending, not calendar days: a
rested mailbox does not wake up bolder. The figure is letters per local day, rounded
down, and never above the daily limit.
"""

from __future__ import annotations

from outreachd.rules.model import Ramp


def daily_allowance(daily_limit: int, ramp: Ramp | None, days_sent: int) -> int:
    """Tell today's cap, after ``days_sent`` days with sending before today."""
    if ramp is None or days_sent >= ramp.days - 1:
        top = daily_limit if ramp is None else ramp.end
        return min(daily_limit, top)
    grown = (ramp.end - ramp.start) * days_sent // (ramp.days - 1)
    return min(daily_limit, ramp.start + grown)
