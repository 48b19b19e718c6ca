"""``outreachd check --domains``: what the DNS says of the sending domains, now.

Asks anew, shows a table and, below it, a line for each thing that somebody should
mend; what was found is written down as the daemon's own looks are, so that a domain
that was stopped and is mended goes on at once. Nothing is sent. Exit 1 if anything is
missing or wrong; what nobody can tell is no failure.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from outreachd.commands.base import FAILED, desk, show_json
from outreachd.domain_watch import DomainWatch, Records
from outreachd.rules.domain_check import Subject
from outreachd.rules.finding import Check, Finding, Found
from outreachd.rules.written import counted

STYLES = {
    Finding.OK: "green",
    Finding.MISSING: "red",
    Finding.WRONG: "red",
    Finding.UNKNOWN: "yellow",
}

Looks = Sequence[tuple[Subject, Mapping[Check, Found]]]


async def check(
    config: Path | None, as_json: bool, records: Records | None = None
) -> None:
    """Look at all domains, tell, write down."""
    async with desk(config) as opened:
        watch = DomainWatch(opened.database, opened.settings.checks, records)
        subjects = await watch.subjects()
        found = await watch.look_at_all(subjects)
        looks = list(zip(subjects, found, strict=True))
        for subject, one in looks:
            await watch.record(subject, one, opened.clock.now())
    if as_json:
        show_json(rows(looks))
    else:
        page(looks, Console(highlight=False))
    if _bad(looks):
        sys.exit(FAILED)


def rows(looks: Looks) -> dict[str, object]:
    """Write the looks for JSON."""
    return {
        "ok": not _bad(looks),
        "domains": [
            {
                "domain": subject.name,
                "checks": {
                    check.value: {"finding": one.finding.value, "detail": one.detail}
                    for check, one in found.items()
                },
            }
            for subject, found in looks
        ],
    }


def page(looks: Looks, console: Console) -> None:
    """Print the table, and what is to be mended."""
    if not looks:
        click.echo("There are no domains: run `outreachd apply FLEET.toml`.")
        return
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("domain", overflow="fold")  # a name cut short is no name
    for check in Check:
        table.add_column(check, no_wrap=True)
    for subject, found in looks:
        words = (found[check].finding for check in Check)
        table.add_row(subject.name, *(Text(word, STYLES[word]) for word in words))
    console.print(table)
    for subject, found in looks:
        for check, one in found.items():
            if one.finding is not Finding.OK:
                click.echo(f"{subject.name}: {check}: {one.finding}: {one.detail}")
    bad = _bad(looks)
    click.echo(
        f"{counted(bad, 'thing')} to mend." if bad else "All that can be seen is fit."
    )


def _bad(looks: Looks) -> int:
    return sum(one.finding.is_bad for _, found in looks for one in found.values())
