"""How many letters a day a mailbox or domain may send while it warms up.

A ramp grows in a straight line with days of real sending, not calendar days: a rested
mailbox does not wake up bolder. A day counts when at least half of its allowance was
really sent and nothing was slowed by health, so the ramp holds on tired days and on
idle ones; after a rest it steps back by the days rested. The figure is letters per
local day, rounded down, and never above the daily limit.
"""

from __future__ import annotations

from math import ceil

from outreachd.rules.model import Ramp

REAL_PART = 0.5  # of a day's allowance
MOST_STEPS_BACK = 7  # days, for one rest


def daily_allowance(daily_limit: int, ramp: Ramp | None, days_sent: int) -> int:
    """Tell today's cap, after ``days_sent`` days that counted before today."""
    if ramp is None or days_sent >= ramp.days - 1:
        top = daily_limit if ramp is None else ramp.end
        return min(daily_limit, top)
    grown = (ramp.end - ramp.start) * days_sent // (ramp.days - 1)
    return min(daily_limit, ramp.start + grown)


def day_counts(used: int, cap: int, share: float = 1.0) -> bool:
    """Tell whether a day takes the ramp one step on."""
    return used > 0 and share >= 1 and used >= REAL_PART * cap


def slowed(allowance: int, share: float) -> int:
    """Tell the part of an allowance that health leaves; a little, if any at all."""
    if share <= 0 or allowance <= 0:
        return 0
    return max(int(allowance * share), 1)


def steps_after_rest(before: int, rested_days: float, since: int, days: int) -> int:
    """Tell the days that count: those before a rest, stepped back, and those since.

    ``days`` = the ramp's length: whoever was at its end steps back from there.
    """
    back = min(ceil(rested_days), MOST_STEPS_BACK)
    return max(min(before, days - 1) - back, 0) + since


def warming(ramp: Ramp | None, days_sent: int, cap: int, share: float) -> str:
    """Say where a ramp stands and what its next step takes; "" = it is at its end."""
    if ramp is None or days_sent >= ramp.days - 1:
        return ""
    at = f"warm-up day {days_sent + 1} of {ramp.days}"
    if share < 1:
        return f"{at}, held while it is not well"
    return f"{at}, the next when {ceil(REAL_PART * cap)} are sent in a day"
