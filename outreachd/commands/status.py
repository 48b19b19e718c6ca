"""``outreachd status``: where everything stands, on one page.

For people first what is going on now, or why nothing is; then figures, what is held
and paused, and the daemons. --json has exactly the figures of the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf
from pathlib import Path

import click
from rich.console import Console

from outreachd.commands.base import (
    Desk,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.client import ask, readiness
from outreachd.commands.daemons import why_gone
from outreachd.commands.explain import from_database, instants, moment
from outreachd.commands.status_page import Figures, page
from outreachd.commands.words import shown
from outreachd.rules.written import counted
from outreachd.store.health import PgHealth
from outreachd.store.steering import PgSteering
from outreachd.store.waiting import oldest_due

# A wait for a gap or a rate is part of sending, not a reason not to.
PATIENCE_S = 300.0
MANY_CAMPAIGNS = 20  # more are not asked one by one


@click.command("status", help="Tell where everything stands.")
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """Show the status."""
    execute(status(config, as_json))


async def status(config: Path | None, as_json: bool) -> None:
    """Read the figures and show them."""
    async with desk(config) as opened:
        now = opened.clock.now()
        rules = opened.settings.health.rules()
        budgets = await PgHealth(opened.database).budgets(rules, now)
        figures = {
            **await PgSteering(opened.database).status(now),
            "budgets": budgets,
        }
        if as_json:
            show_json(figures)
            return
        page(figures, await now_line(opened, figures, now), now, Console())


async def now_line(opened: Desk, figures: Figures, now: datetime) -> str:
    """Say in one line what is going on, or why nothing is."""
    ready = await readiness(opened.settings)
    if ready is not None and not ready[0]:
        return f"nothing is sent: {ready[1]}"
    if ready is None and all(why_gone(one) for one in figures["instances"]):
        return "nothing is sent: no daemon runs; start `outreachd run`"
    return await _why_waiting(opened, figures, now)


async def _why_waiting(opened: Desk, figures: Figures, now: datetime) -> str:
    async with opened.database.connection() as connection:
        oldest = await oldest_due(connection)
    if not oldest and (n := sum(one["n"] for one in figures["retired"])):
        are = f"{counted(n, 'send')} {'is' if n == 1 else 'are'}"
        return f"nothing waits that may go: {are} of campaigns that have left the fleet"
    if not oldest:
        return "nothing waits to be sent; `outreachd import` brings contacts"
    due = [id for id, due_at in oldest if due_at <= now]
    if not due:
        return f"nothing is due before {shown(oldest[0][1], now)}"
    longest = [await _longest(opened, id, now) for id in due[:MANY_CAMPAIGNS]]
    return _first_to_open(longest, now)


async def _longest(opened: Desk, id: int, now: datetime) -> tuple[float, str]:
    """Tell the gate of a send that stays closed longest: seconds, and in words.

    A running daemon knows more than the database: who rests after failures.
    """
    asked = await ask(opened.settings, f"/v1/sends/{id}/explain")
    told = asked or await from_database(opened, id)
    found = (0.0, "")
    for gate in told["gates"]:
        if gate["open"]:
            continue
        opens_at = gate["opens_at"] and moment(gate["opens_at"])
        wait_s = (opens_at - now).total_seconds() if opens_at else inf
        if wait_s < PATIENCE_S and not gate["gate"].endswith("set back"):
            continue
        value, limit = instants(gate["value"], now), instants(gate["limit"], now)
        words = f"{gate['gate']}, {value} ({limit})"
        found = max(found, (wait_s, words))
    return found


def _first_to_open(waits: Sequence[tuple[float, str]], now: datetime) -> str:
    """Say what the campaign that may send soonest waits for."""
    wait_s, words = min(waits)
    if not words:
        return "sending"
    if wait_s == inf:
        return f"nothing may be sent: {words}"
    opens = shown(now + timedelta(seconds=wait_s), now)
    return f"nothing may be sent before {opens}: {words}"
