"""``outreachd variants CAMPAIGN``: which wording does better, or that nobody can tell.

For each step with several wordings: letters sent, what came back, and each wording
held against the first by Fisher's exact test with Holm's correction. A figure that
proves nothing is said to prove nothing. --json has all of it, a row a wording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any, assert_never

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.commands.base import config_option, desk, execute, json_option, show_json
from outreachd.rules.significance import Comparison, Count, Finding, compare
from outreachd.store.variants import Tally, count_variants

MEASURES = ("answered", "bounced", "complained", "opted_out")
COLUMNS = ("wording", "weight", "sent", *(m.replace("_", " ") for m in MEASURES))
_DOES = {
    "answered": "was answered",
    "bounced": "bounced",
    "complained": "was complained of",
    "opted_out": "was opted out of",
}
NONE = (
    "No letter of this campaign was drawn a wording: [[campaign.step.variant]] gives "
    "a step several."
)

Row = dict[str, Any]


@click.command("variants", help="Tell which wording of a step does better.")
@click.argument("campaign")
@config_option
@json_option
def command(campaign: str, config: Path | None, as_json: bool) -> None:
    """Compare the wordings of a campaign."""
    execute(variants(config, campaign, as_json))


async def variants(config: Path | None, campaign: str, as_json: bool) -> None:
    """Count, compare, show."""
    async with desk(config) as opened:
        async with opened.database.connection() as connection:
            tallies = await count_variants(connection, campaign)
    rows = compared(tallies)
    if as_json:
        show_json({"campaign": campaign, "variants": rows})
    elif rows:
        page(rows, Console(highlight=False))
    else:
        click.echo(NONE)


def compared(tallies: Sequence[Tally]) -> list[Row]:
    """Join to each wording's counts what they say beside the first one's."""
    rows: list[Row] = []
    for _, group in groupby(tallies, key=lambda tally: tally.step):
        first, *others = list(group)
        rows.append(asdict(first) | dict.fromkeys(("against", "findings")))
        by_measure = {
            measure: compare(
                _count(first, measure), [_count(o, measure) for o in others]
            )
            for measure in MEASURES
        }
        for place, other in enumerate(others):
            findings = {m: _finding(by_measure[m][place]) for m in MEASURES}
            rows.append(asdict(other) | {"against": first.name, "findings": findings})
    return rows


def _count(tally: Tally, measure: str) -> Count:
    of = tally.tried if measure == "bounced" else tally.sent
    return Count(min(getattr(tally, measure), of), of)


def _finding(comparison: Comparison) -> Row:
    return {"p": round(comparison.p, 6), "finding": comparison.finding}


# --- showing --------------------------------------------------------------------------


def page(rows: Sequence[Row], console: Console) -> None:
    """Print a table for each step, and below it what it proves."""
    for step, group in groupby(rows, key=lambda row: row["step"]):
        of_step = list(group)
        console.print(Text(f"step {step}", style="bold"))
        table = Table.grid(padding=(0, 2))
        for name in COLUMNS:
            table.add_column(justify="left" if name == "wording" else "right")
        table.add_row(*(Text(name, style="dim") for name in COLUMNS))
        for row in of_step:
            table.add_row(*_cells(row))
        console.print(table)
        for row in of_step[1:]:
            for sentence in _sentences(row):
                console.print(Text(f"  {sentence}"))


def _cells(row: Row) -> Iterator[str | Text]:
    yield Text(row["name"])  # a name in brackets is no markup
    yield "gone" if row["weight"] is None else f"{row['weight']:g}"
    yield str(row["sent"])
    for measure in MEASURES:
        of = row["tried"] if measure == "bounced" else row["sent"]
        part = f" ({row[measure] / of:.1%})" if of else ""
        yield f"{row[measure]}{part}"


def _sentences(row: Row) -> Iterator[str]:
    """Say what a wording's figures prove: of answers always, of the rest if any."""
    for measure in MEASURES:
        found = row["findings"][measure]
        proved = found["finding"] in (Finding.MORE, Finding.LESS)
        if proved or measure == "answered":
            yield _sentence(row["name"], row["against"], _DOES[measure], found)


def _sentence(name: str, first: str, does: str, found: Row) -> str:
    finding: Finding = found["finding"]
    p = f"(p = {found['p']:.2g})"
    match finding:
        case Finding.TOO_FEW:
            return f"{name}, {first}: too few letters to tell which {does} more often"
        case Finding.NO_DIFFERENCE:
            return f"{name}, {first}: not shown that either {does} more often {p}"
        case Finding.MORE:
            return f"{name} {does} more often than {first} {p}"
        case Finding.LESS:
            return f"{name} {does} less often than {first} {p}"
        case _:
            assert_never(finding)
