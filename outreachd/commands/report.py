"""``outreachd report``: what came of the letters, by client, campaign, mailbox, ...

A table with rates and how far to believe them; --json and --csv have every count, every
rate and its interval. *Delivered* is what something proves, so it is a least; what is
not bounced and not proven is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.commands.base import (
    MisusedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.rules.figures import (
    OF_SENT,
    By,
    Figure,
    Rate,
    csv_of,
    rates,
    rows,
    total,
)
from outreachd.rules.written import parse_since
from outreachd.store.figures import Asked, read_figures

HEADINGS = (
    "sent",
    "refused",
    "delivered",
    "hard",
    "block",
    "soft",
    "complained",
    "answered",
    "opted out",
)
WIDTH = 120
NOTHING = "No letter left in this time."


@click.command("report", help="Tell what came of the letters.")
@click.option(
    "--by",
    type=click.Choice([by.value for by in By]),
    default=By.CAMPAIGN.value,
    show_default=True,
    help="A row for each of these.",
)
@click.option("--since", default="30d", show_default=True, help="30d, 12h or a date.")
@click.option("--until", default=None, help="A date or time; else now.")
@click.option("--client", help="Only this one.")
@click.option("--campaign", help="Only this one.")
@click.option("--csv", "as_csv", is_flag=True, help="As a table for a spreadsheet.")
@config_option
@json_option
def command(
    by: str,
    since: str,
    until: str | None,
    client: str | None,
    campaign: str | None,
    as_csv: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Report."""
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways: give one of them.")
    form = "csv" if as_csv else "json" if as_json else "page"
    execute(report(config, By(by), since, until, client, campaign, form))


async def report(
    config: Path | None,
    by: By,
    since: str,
    until: str | None,
    client: str | None,
    campaign: str | None,
    form: str,
) -> None:
    """Count and show."""
    async with desk(config) as opened:
        now = opened.clock.now()
        asked = Asked(
            by=by,
            since=_instant("--since", since, now),
            until=_instant("--until", until, now) if until else now,
            client=client,
            campaign=campaign,
        )
        figures = await read_figures(opened.database, asked)
    if form == "csv":
        click.echo(csv_of(figures), nl=False)
    elif form == "json":
        show_json(
            {
                "by": by.value,
                "since": asked.since,
                "until": asked.until,
                "rows": list(rows(figures)),
                "total": next(rows([total(figures)])),
            }
        )
    elif figures:
        page(by, figures, Console(highlight=False))
    else:
        click.echo(NOTHING)


def page(by: By, figures: Sequence[Figure], console: Console) -> None:
    """Print a table; below a rate what holds it in 95 of 100 cases."""
    table = Table.grid(padding=(0, 1))
    for name in (by.value, *HEADINGS):
        table.add_column(justify="left" if name == by.value else "right", no_wrap=True)
    table.add_row(*(Text(name, style="dim") for name in (by.value, *HEADINGS)))
    shown = [*figures, total(figures)] if len(figures) > 1 else figures
    for figure in shown:
        table.add_row(*_cells(figure))
    console.width = max(console.width, WIDTH)  # better wrapped than cut
    console.print(table)


def _cells(figure: Figure) -> list[str | Text]:
    found = rates(figure)
    return [
        Text(figure.name),  # a name in brackets is no markup
        str(figure.sent),
        *(_cell(getattr(figure, name), found[name]) for name in ("refused", *OF_SENT)),
    ]


def _cell(count: int, rate: Rate) -> str:
    if not count:
        return "0"
    return f"{count} {rate.rate:.1%}\n{rate.low:.1%}-{rate.high:.1%}"


def _instant(option: str, text: str, now: datetime) -> datetime:
    try:
        return parse_since(text, now)
    except ValueError as error:
        raise MisusedError(f"{option} {error}.") from None
