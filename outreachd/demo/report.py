"""The demo's last words: what the SMTP server's log says, for people and for programs.

Fits 80 columns. The object of ``--json`` has the names and meanings of README,
"Two commands"; both are made from the same judgement.
"""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.demo.judgement import Judgement
from outreachd.rules.model import Roster

MANY = 5  # faults shown; the rest are counted

NEXT = """\
 What next
   ./run demo --keep              the same, and it stays: look around in it
   config/fleet.toml              copy it: your clients, domains and mailboxes
   ./run apply FILE               shows the plan, asks, applies
   ./run import FILE --campaign NAME
   .venv/bin/outreachd check      is everything fit to send?
   ./run run                      the first real letter leaves; see README
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured beside the letters."""

    simulated_s: float
    day_s: float  # real seconds from the first look at the day to its last letter
    real_s: float  # of the whole demo
    peak_rss_mb: float  # of the process with the daemon


def peak_rss_mb() -> float:
    """Tell the most memory this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def as_object(
    found: Judgement, roster: Roster, figures: Figures
) -> dict[str, int | float]:
    """Make the object of --json."""
    return {
        "mailboxes": len(roster.mailboxes),
        "domains": len(roster.domains),
        "clients": len(roster.clients),
        "letters": found.letters,
        "accepted": found.tally.accepted,
        "duplicates": found.tally.duplicates,
        "missing": found.tally.missing,
        "over_limit": len(found.violations),
        "simulated_hours": round(figures.simulated_s / 3600, 2),
        "seconds": round(figures.real_s, 2),
        "peak_rss_mb": round(figures.peak_rss_mb, 1),
    }


def show(found: Judgement, roster: Roster, figures: Figures, console: Console) -> None:
    """Print the report for people."""
    console.print(_head(found, roster, figures))
    console.print(_clients(found, roster))
    console.print(_facts(found, figures))
    for violation in list(found.violations)[:MANY]:
        console.print(f"   {violation}", style="red", highlight=False)
    if found.is_faultless:
        console.print(NEXT, highlight=False)


def _head(found: Judgement, roster: Roster, figures: Figures) -> Text:
    tally = found.tally
    head = Text("\n")
    hours = figures.simulated_s / 3600
    head.append(f" One working day, {hours:.1f} hours, in {figures.day_s:.0f} seconds")
    head.append("  (counted at the SMTP server)\n\n", style="dim")
    senders = (
        f"letters to go: {len(roster.clients)} clients, "
        f"{_n(len(roster.mailboxes))} mailboxes, {len(roster.domains)} domains\n"
    )
    head.append(f" {_n(found.letters):>8}  {senders}")
    whole = tally.accepted == found.letters
    head.append(
        f" {_n(tally.accepted):>8}", style="bold green" if whole else "bold red"
    )
    head.append("  accepted\n")
    for count, word in (
        (tally.duplicates, "twice"),
        (tally.missing, "missing"),
        (len(found.violations), "over a limit: mailbox, domain, account or client"),
    ):
        head.append(f" {_n(count):>8}", style="bold red" if count else "bold green")
        head.append(f"  {word}\n")
    return head


def _clients(found: Judgement, roster: Roster) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    table.add_column(" client")
    table.add_column("letters", justify="right")
    table.add_column("weight", justify="right")
    table.add_column("of its fair share, where two share mailboxes", justify="right")
    for client in roster.clients.values():
        share = found.shares.get(client.name)
        fair = "" if share is None or not share.due else f"{share.got / share.due:.1%}"
        letters = _n(found.by_client[client.name])
        table.add_row(f" {client.name}", letters, f"{client.share:g}", fair)
    return table


def _facts(found: Judgement, figures: Figures) -> Text:
    hour, letters = found.busiest
    lead = max((even.widest_lead for even in found.even.values()), default=0)
    speed = found.tally.accepted / figures.day_s if figures.day_s else 0.0
    until = hour + timedelta(hours=1)
    facts = Text("\n")
    for name, fact in (
        ("busiest hour", f"{hour:%H:%M}-{until:%H:%M} UTC, {_n(letters)} letters"),
        ("put off", f"{_n(found.put_off)} people by greylisting: tried again later"),
        ("evenness", f"mailboxes of a domain at most {lead} apart, at any moment"),
        ("shortest gap", f"{found.shortest_gap_s:.1f} s between letters of a mailbox"),
        ("speed", f"{speed:.0f} letters a second, {figures.peak_rss_mb:.0f} MB"),
    ):
        facts.append(f" {name:<14}", style="dim")
        facts.append(f"{fact}\n")
    return facts


def _n(count: int) -> str:
    return f"{count:,}".replace(",", " ")
