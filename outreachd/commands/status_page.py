"""The page of ``outreachd status``: figures, what is held and paused, the daemons.

Made of the figures of the database and of one line about now; it asks nobody. Lists
are cut where a page would end, and say by how much. Times are told as seen from now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.commands.daemons import daemon_line
from outreachd.commands.explain import instants
from outreachd.commands.words import shown, spoken
from outreachd.rules.model import State
from outreachd.rules.roll import Line, is_of_interest
from outreachd.rules.standstill import Now
from outreachd.rules.written import counted

MANY_STAND = 12
MANY_PAUSES = 12
MANY_UNFIT = 8
MANY_CAMPAIGNS = 20

Figures = Mapping[str, Any]


def page(figures: Figures, seen: Now, now: datetime, console: Console) -> None:
    """Print the page."""
    console.print(Text.assemble(("now  ", "bold"), instants(seen.sentence, now)))
    console.print()
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    stands = [instants(text, now) for text in _cut(seen.also, MANY_STAND)]
    rows = [("stands", text) for text in stands]
    for name, text in (*rows, *_rows(figures, now)):
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
    rows += [("health", text) for text in _near(figures["budgets"])]
    rows += [("unfit", text) for text in _unfit(figures["checks"], now)]
    rows += [("deaf", text) for text in _deaf(figures["deaf"], now)]
    rows += [("daemon", daemon_line(one, now)) for one in figures["instances"]]
    return rows


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n)


def _cut(lines: Sequence[str], most: int, whole: str = "--json") -> Sequence[str]:
    """Leave out what is beyond the most, and say where all of it is."""
    if len(lines) <= most:
        return lines
    return (*lines[:most], f"and {len(lines) - most} more: see {whole}")


def _shares(shares: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Show who got what part of today's letters; alone, everybody gets all."""
    if len(shares) + sum(len(one["campaigns"]) for one in shares) <= 2:
        return ()
    lines = []
    for one in shares:
        parts = [_part(c["campaign"], c) for c in one["campaigns"][:MANY_CAMPAIGNS]]
        of_it = f": {', '.join(parts)}" if len(parts) > 1 else ""
        lines.append(f"{_part(one['client'], one)}{of_it}")
    return _cut(lines, MANY_CAMPAIGNS)


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
        for one in retired
    ]
    return _cut(lines, MANY_CAMPAIGNS)


def _pauses(pauses: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[str]:
    lines = []
    for pause in pauses:
        ends = (
            f"until {shown(pause['until'], now)}" if pause["until"] else "until resumed"
        )
        name = f"{pause['kind']} {pause['name']}".strip()
        who = f"{name} {ends}: {pause['reason']}"
        by = f"{pause['author']}, {shown(pause['at'], now)}"
        lines.append(f"{who} ({by}): `outreachd resume {name}`")
    return _cut(lines, MANY_PAUSES)


def _near(budgets: Sequence[Line]) -> Sequence[str]:
    """Say which domains are ill or near it, and what is left."""
    lines = [f"{one.name}: {one.sentence}" for one in budgets if is_of_interest(one)]
    return _cut(lines, MANY_UNFIT, "`outreachd health`")


def _unfit(checks: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[str]:
    """Say what the checks of domains found missing or wrong, the oldest first."""
    lines = [
        f"{one['domain']} since {shown(one['since'], now)}: {one['check']}:"
        f" {one['detail']}"
        for one in checks
    ]
    return _cut(lines, MANY_UNFIT, "`outreachd check --domains`")


def _deaf(deaf: Sequence[Mapping[str, Any]], now: datetime) -> Sequence[str]:
    """Say which mailboxes are not heard, and why."""
    lines = [
        f"{one['kind']} {one['name']} not read"
        f" since {shown(one['heard_at'], now) if one['heard_at'] else 'it was set up'}"
        f"{': ' if one['fault'] else ''}{one['fault']}"
        for one in deaf
    ]
    return _cut(lines, MANY_UNFIT)
