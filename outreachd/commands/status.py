"""``outreachd status``: where everything stands, on one page.

For people first what is going on now, or why nothing is; then figures, what is held
and paused, and the daemons. --json has the figures of the database, and in ``cause``
and ``why`` what is going on.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
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
from outreachd.commands.explain import from_database
from outreachd.commands.status_page import Figures, page
from outreachd.lookout import look
from outreachd.rules.model import State
from outreachd.rules.standstill import Cause, Now
from outreachd.rules.written import counted
from outreachd.store.health import PgHealth
from outreachd.store.steering import PgSteering


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
        seen = _ended(await now_of(opened, figures, now), figures)
        if as_json:
            show_json({**figures, "cause": seen.cause, "why": seen.sentence})
            return
        page(figures, seen, now, Console())


def _ended(seen: Now, figures: Figures) -> Now:
    """Say what became of people who need not be brought again: they are barred."""
    barred = figures["sends"].get(State.SUPPRESSED, 0)
    is_over = seen.cause is Cause.NOTHING and "`outreachd import`" in seen.sentence
    if not (barred and is_over):
        return seen
    text = f"nothing waits to be sent: {counted(barred, 'send')} met a suppression"
    return Now(
        Cause.NOTHING, f"{text}, all others have ended: `outreachd suppressions`"
    )


async def now_of(opened: Desk, figures: Figures, now: datetime) -> Now:
    """Say what is going on, or why nothing is.

    A running daemon knows more than the database: what servers do, who rests.
    """
    ready = await readiness(opened.settings)
    if ready is not None and not ready[0]:
        return Now(Cause.BROKEN, f"nothing is sent: {ready[1]}")
    if ready is None and all(why_gone(one) for one in figures["instances"]):
        text = "nothing is sent: no daemon runs; start `outreachd run`"
        return Now(Cause.BROKEN, text)
    told = await ask(opened.settings, "/v1/status") if ready else None
    if told is not None and told["role"] == "active":
        also = tuple(told.get("also", ()))
        return Now(Cause(told.get("cause", Cause.SENDING)), told["why"], also)
    return await look(opened.database, partial(from_database, opened), now)
