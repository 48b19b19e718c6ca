"""``outreachd plan``: what will go out on a day, what will be late, and why.

Replays the rules that send on a virtual clock, from what waits in the database now.
Days are each client's own. Nothing is changed and nothing is sent; a running daemon
goes on. Late = due by the end of the day, but not sent by then.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.commands.base import (
    Desk,
    MisusedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.forecast import forecast
from outreachd.rules.calendar import local_day
from outreachd.rules.model import Roster
from outreachd.rules.outlook import CampaignDay, DomainDay, Outlook, Reason, by_client
from outreachd.rules.receivers import smallest_rate
from outreachd.store.roster import read_facts, read_pauses, read_roster
from outreachd.store.waiting import read_waiting

LONGEST_DAYS = 62
SHOWN = 20  # lines of campaigns and of domains; --json has all
MANY_REASONS = 2


@click.command("plan", help="Tell what will go out on a day, and what will be late.")
@click.option("--date", "day", help="This day only, such as 2026-08-20; else today.")
@click.option(
    "--days", type=click.IntRange(1, LONGEST_DAYS), help="So many days from today on."
)
@config_option
@json_option
def command(
    day: str | None, days: int | None, config: Path | None, as_json: bool
) -> None:
    """Plan a day, or several."""
    execute(plan(config, day, days, as_json))


async def plan(
    config: Path | None, day: str | None, days: int | None, as_json: bool
) -> None:
    """Read what waits, let it run, show each day."""
    if day is not None and days is not None:
        raise MisusedError("--date and --days exclude each other: give one of them.")
    async with desk(config) as opened:
        now = opened.clock.now()
        asked = days_asked(day, days, now)
        outlook = await look_ahead(opened, now, asked[-1])
    reports = [report(outlook, when) for when in asked]
    if as_json:
        show_json({"days": reports})
        return
    console = Console(highlight=False)
    for when in asked:
        page(outlook, when, console)


def days_asked(day: str | None, days: int | None, now: datetime) -> list[date]:
    """Read which days are meant; the first is today here."""
    today = now.astimezone().date()
    if day is None:
        return [today + timedelta(days=n) for n in range(days or 1)]
    try:
        asked = date.fromisoformat(day)
    except ValueError:
        raise MisusedError("--date must be a day such as 2026-08-20.") from None
    if not today <= asked < today + timedelta(days=LONGEST_DAYS):
        raise MisusedError(
            f"--date must be today or one of the next {LONGEST_DAYS} days, and {day} "
            "is not."
        )
    return [asked]


async def look_ahead(opened: Desk, now: datetime, last: date) -> Outlook:
    """Read the fleet and what waits, and replay it to the end of the last day."""
    async with opened.database.connection() as connection:
        roster = await read_roster(connection)
        facts = await read_facts(connection, now)
        pauses = await read_pauses(connection, now)
        until = end_of_day(roster, now, last)
        crowd = smallest_rate(roster.accounts.values())
        waiting = await read_waiting(connection, now=now, until=until, crowd=crowd)
    return await forecast(roster, facts, pauses, waiting, now=now, until=until)


def end_of_day(roster: Roster, now: datetime, last: date) -> datetime:
    """Tell when that day is over for the last of the clients."""
    noon = datetime(last.year, last.month, last.day, 12)  # noqa: DTZ001 - zoned below
    ends = [
        local_day(noon.replace(tzinfo=client.timezone), client.timezone).ends_at
        for client in roster.clients.values()
    ]
    return max([now, *ends])


# --- showing --------------------------------------------------------------------------


def report(outlook: Outlook, day: date) -> dict[str, Any]:
    """Write one day for JSON."""
    campaigns, domains = list(outlook.campaigns(day)), list(outlook.domains(day))
    return {
        "date": day,
        "sent": sum(row.sent for row in campaigns),
        "late": sum(row.late for row in campaigns),
        "clients": [
            {"client": name, "sent": sent, "late": late}
            for name, (sent, late) in by_client(campaigns).items()
        ],
        "campaigns": [
            {
                "campaign": row.campaign,
                "client": row.client,
                "sent": row.sent,
                "first_touches": row.first_touches,
                "follow_ups": row.follow_ups,
                "late": row.late,
                "why": [{"gate": why.gate, "share": why.share} for why in row.why],
            }
            for row in campaigns
        ],
        "domains": [
            {
                "domain": row.domain,
                "sent": row.sent,
                "before": row.before,
                "limit": row.limit,
            }
            for row in domains
        ],
        "holidays": holidays(outlook, day),
    }


def holidays(outlook: Outlook, day: date) -> list[dict[str, Any]]:
    """Tell which holidays of recipients keep letters back that day, most first."""
    rows = [
        {
            "campaign": outlook.campaign_name(closure.campaign_id),
            "holiday": closure.holiday,
            "waiting": waiting,
            "opens": closure.opens,
        }
        for closure, waiting in outlook.closures.on(day)
    ]
    return sorted(rows, key=lambda row: (-row["waiting"], row["campaign"]))


def page(outlook: Outlook, day: date, console: Console) -> None:
    """Print one day."""
    campaigns, domains = list(outlook.campaigns(day)), list(outlook.domains(day))
    sent, late = (
        sum(row.sent for row in campaigns),
        sum(row.late for row in campaigns),
    )
    head = f"{day:%A} {day.day} {day:%B %Y}: {sent} to go out, {late} late"
    console.print(Text(head, style="bold"))
    for closed in holidays(outlook, day)[:SHOWN]:
        line = f"{closed['campaign']}: {closed['holiday']}, {closed['waiting']} wait"
        console.print(Text(f"{line} until {closed['opens']}"))
    if not campaigns:
        console.print("Nothing is due that day.\n")
        return
    console.print(_campaigns(campaigns))
    for row in [row for row in campaigns if row.late][:SHOWN]:
        console.print(Text(f"{row.campaign}: {row.late} late: {_why(row.why)}"))
    if domains:
        console.print(_domains(domains))
    console.print()


def _campaigns(rows: Sequence[CampaignDay]) -> Table:
    table = _table(["client", "campaign"], ["first", "follow-ups", "late"])
    for row in sorted(rows, key=lambda row: (-row.late, -row.sent))[:SHOWN]:
        figures = (row.first_touches, row.follow_ups, row.late)
        table.add_row(Text(row.client), Text(row.campaign), *map(str, figures))
    _rest(table, len(rows))
    if len(clients := by_client(rows)) > 1:
        table.add_section()
        for name, (sent, late) in sorted(clients.items())[:SHOWN]:
            table.add_row(Text(name, style="bold"), "all", str(sent), "", str(late))
    return table


def _domains(rows: Sequence[DomainDay]) -> Table:
    table = _table(["domain"], ["to go", "sent before", "allowed"])
    for row in sorted(rows, key=lambda row: (-row.sent, row.domain))[:SHOWN]:
        table.add_row(row.domain, str(row.sent), str(row.before), str(row.limit))
    _rest(table, len(rows))
    return table


def _table(words: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for word in words:
        table.add_column(word, overflow="fold")
    for figure in figures:
        table.add_column(figure, justify="right")
    return table


def _rest(table: Table, rows: int) -> None:
    if rows > SHOWN:
        table.add_row(Text(f"... {rows - SHOWN} more", style="dim"))


def _why(reasons: Sequence[Reason]) -> str:
    """Say what held back most, and what else did."""
    if len(reasons) == 1:
        return reasons[0].gate
    words = [f"{reason.gate} ({reason.share:.0%})" for reason in reasons[:MANY_REASONS]]
    return ", ".join(words)
