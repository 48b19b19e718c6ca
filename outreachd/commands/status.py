"""``outreachd status``: where everything stands, on one page.

For people first what is going on now, or why nothing is; then figures, what is held
and paused, and the daemons. --json has exactly the figures of the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.commands.base import (
    Desk,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.client import ask, readiness
from outreachd.commands.explain import from_database, instants, moment
from outreachd.commands.words import counted, shown, spoken
from outreachd.rules.model import State
from outreachd.store.steering import PgSteering
from outreachd.store.waiting import oldest_due

# A daemon writes every 10 s that it lives; one silent for longer is taken for gone.
SILENT = timedelta(seconds=25)
MANY_PAUSES = 12
MANY_UNFIT = 8
MANY_CAMPAIGNS = 20
# A wait for a gap or a rate is part of sending, not a reason not to.
PATIENCE_S = 300.0

Figures = Mapping[str, Any]


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
        figures = await PgSteering(opened.database).status(now)
        if as_json:
            show_json(figures)
            return
        page(figures, await now_line(opened, figures, now), now, Console())


# --- what is going on -----------------------------------------------------------------


async def now_line(opened: Desk, figures: Figures, now: datetime) -> str:
    """Say in one line what is going on, or why nothing is."""
    ready = await readiness(opened.settings)
    if ready is not None and not ready[0]:
        return f"nothing is sent: {ready[1]}"
    if not any(is_alive(one, now) for one in figures["instances"]):
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


def is_alive(instance: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a daemon has shown itself lately."""
    alive: bool = now - instance["seen_at"] < SILENT
    return alive


# --- showing --------------------------------------------------------------------------


def page(figures: Figures, line: str, now: datetime, console: Console) -> None:
    """Print the page."""
    console.print(Text.assemble(("now  ", "bold"), line))
    console.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in _rows(figures, now):
        grid.add_row(name, Text(text))
    console.print(grid)


def _rows(figures: Figures, now: datetime) -> Sequence[tuple[str, str]]:
    sends = figures["sends"]
    late = f", the oldest for {spoken(figures['oldest_due_s'])}"
    rows = [
        ("sent today", str(figures["sent_today"])),
        ("due", f"{figures['due']}{late if figures['due'] else ''}"),
        ("sends", _counts(sends) or "none yet"),
    ]
    rows += [("held", _counts(figures["held"]))] if figures["held"] else []
    if sends.get(State.UNCERTAIN):
        n = counted(sends[State.UNCERTAIN], "send")
        rows.append(("uncertain", f"{n} got no answer; they may have arrived"))
    for kind in ("mailboxes", "domains", "accounts"):
        rows.append((kind, _counts(figures[kind]) or "none"))
    if figures["notices"]:
        rows.append(("came back", f"{_counts(figures['notices'])} in a day"))
    if barred := _counts(figures["suppressions"]):
        rows.append(("suppressed", barred))
    rows += [("shares", text) for text in _shares(figures["shares"])]
    rows += [("lost", text) for text in _stranded(figures["stranded"])]
    rows += [("retired", text) for text in _retired(figures["retired"])]
    rows += [("paused", text) for text in _pauses(figures["pauses"], now)]
    rows += [("unfit", text) for text in _unfit(figures["checks"], now)]
    rows += [("deaf", text) for text in _deaf(figures["deaf"], now)]
    rows += [("daemon", _instance(one, now)) for one in figures["instances"]]
    return rows


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n)


def _shares(shares: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Show who got what part of today's letters; alone, everybody gets all."""
    if len(shares) + sum(len(one["campaigns"]) for one in shares) <= 2:
        return ()
    lines = []
    for one in shares[:MANY_CAMPAIGNS]:
        parts = [_part(c["campaign"], c) for c in one["campaigns"][:MANY_CAMPAIGNS]]
        of_it = f": {', '.join(parts)}" if len(parts) > 1 else ""
        lines.append(f"{_part(one['client'], one)}{of_it}")
    if len(shares) > MANY_CAMPAIGNS:
        lines.append(f"and {len(shares) - MANY_CAMPAIGNS} more: see --json")
    return lines


def _part(name: str, share: Mapping[str, Any]) -> str:
    got = "nothing yet" if share["got"] is None else f"{share['got']:.0%} got"
    return f"{name} {got} of {share['wanted']:.0%} wanted ({share['n']})"


_WAITS = {
    "wait": "its campaign waits until that returns",
    "stand_in": "no other mailbox of its domain can stand in",
    "stop": "it is about to be ended",
}


def _stranded(stranded: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Say what waits for mailboxes that have left the fleet."""
    return [
        f"{one['campaign']}: {counted(one['n'], 'send')} of a mailbox that has left "
        f"the fleet; {_WAITS[one['mailbox_gone']]}"
        for one in stranded
    ]


def _retired(retired: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Say what waits for campaigns that have left the fleet."""
    lines = [
        f"{one['campaign']}: {counted(one['n'], 'send')} of a campaign that has left "
        "the fleet; not due until that returns"
        for one in retired[:MANY_CAMPAIGNS]
    ]
    if len(retired) > MANY_CAMPAIGNS:
        lines.append(f"and {len(retired) - MANY_CAMPAIGNS} more: see --json")
    return lines


def _pauses(pauses: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[str]:
    lines = []
    for pause in pauses[:MANY_PAUSES]:
        ends = (
            f"until {shown(pause['until'], now)}" if pause["until"] else "until resumed"
        )
        name = f"{pause['kind']} {pause['name']}".strip()
        who = f"{name} {ends}: {pause['reason']}"
        lines.append(f"{who} ({pause['author']}, {shown(pause['at'], now)})")
    if len(pauses) > MANY_PAUSES:
        lines.append(f"and {len(pauses) - MANY_PAUSES} more: see --json")
    return lines


def _unfit(checks: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[str]:
    """Say what the checks of domains found missing or wrong, the oldest first."""
    lines = [
        f"{one['domain']} since {shown(one['since'], now)}: {one['check']}:"
        f" {one['detail']}"
        for one in checks[:MANY_UNFIT]
    ]
    if len(checks) > MANY_UNFIT:
        more = len(checks) - MANY_UNFIT
        lines.append(f"and {more} more: see `outreachd check --domains`")
    return lines


def _deaf(deaf: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[str]:
    """Say which mailboxes are not heard, and why."""
    lines = [
        f"{one['kind']} {one['name']} not read"
        f" since {shown(one['heard_at'], now) if one['heard_at'] else 'it was set up'}"
        f"{': ' if one['fault'] else ''}{one['fault']}"
        for one in deaf[:MANY_UNFIT]
    ]
    if len(deaf) > MANY_UNFIT:
        lines.append(f"and {len(deaf) - MANY_UNFIT} more: see --json")
    return lines


def _instance(instance: Mapping[str, Any], now: datetime) -> str:
    where = f"{instance['role']}, {instance['host']} pid {instance['pid']}"
    since = f"{instance['version']}, since {shown(instance['started_at'], now)}"
    if is_alive(instance, now):
        return f"{where}, {since}"
    return f"silent since {shown(instance['seen_at'], now)}: {where}"
