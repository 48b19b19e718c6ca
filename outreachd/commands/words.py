"""Times as people at a terminal read and write them.

Shown in the machine's own zone, with its name. Read with a zone, or without one as
the machine's own. Errors: MisusedError with an example of what is right.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil

import click

from outreachd.commands.base import MisusedError
from outreachd.rules.suppression import MAX_TEXT
from outreachd.rules.written import LATEST, parse_duration_s, within_reach

NEAR_S = 120.0
STEPS = ((86_400, "d"), (3600, "h"), (60, "min"))


def one_line(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> str | None:
    """Take a reason or a source: it is shown on terminals for as long as it stands."""
    if text is None:
        return None
    text = text.strip()
    if not text or len(text) > MAX_TEXT or not text.isprintable():
        raise click.BadParameter(
            f"must be one line of 1 to {MAX_TEXT} printable characters"
        )
    return text


def end_of(until: str | None, lasting: str | None, now: datetime) -> datetime | None:
    """Read ``--until`` or ``--for``; None = neither was given: without an end."""
    if until is not None and lasting is not None:
        raise MisusedError("--until and --for say the same: give one of them.")
    if lasting is not None:
        try:
            return now + timedelta(seconds=parse_duration_s(lasting))
        except ValueError as error:
            raise MisusedError(f"--for {error}.") from None
    return None if until is None else _future(until, now)


def _future(text: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise MisusedError(
            '--until must be a time such as "2026-08-20 09:00" (this machine\'s zone)'
            ' or "2026-08-20T09:00+02:00".'
        ) from None
    try:
        # What has no zone is local.
        at = within_reach(at if at.tzinfo else at.astimezone())
    except (OverflowError, ValueError):
        raise MisusedError(
            f"--until {text} is beyond every calendar: take a year up to {LATEST.year}."
        ) from None
    if at <= now:
        raise MisusedError(f"--until must be in the future; {text} is past.")
    return at


def shown(at: datetime, now: datetime) -> str:
    """Write an instant: today's by the hour, this year's by the day."""
    local, today = at.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M %Z}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local:%a} {local.day} {local:%b}{year} {local:%H:%M %Z}"


def coming(at: datetime, now: datetime) -> str:
    """Write an instant ahead: a near one by how long it takes."""
    wait_s = (at - now).total_seconds()
    if wait_s <= 0:
        return "now, in its turn"
    return f"in {ceil(wait_s)} s" if wait_s < NEAR_S else shown(at, now)


def spoken(seconds: float) -> str:
    """Write a duration by its largest unit: "3 d", "5 h", "12 min", "8 s"."""
    for length, unit in STEPS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
