"""``outreachd import FILE --campaign NAME``: contacts from a CSV file.

Streams: a batch of rows is checked, kept and enrolled in one transaction, then the
next. Every row that does not go in is told with its line and reason; the rest go in.
Running it twice, or again after it was cut off, changes nothing that is already in.
Errors: ConfigError for a file that cannot be used, then nothing went in; FailedError
for an unknown campaign, or a lost database: then the batches before it are in.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from outreachd.clock import Clock
from outreachd.commands.base import (
    FailedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.contact_file import Refusal, read_contacts, report_to
from outreachd.mistakes import unknown
from outreachd.rules.contact_row import NewContact
from outreachd.rules.records import LedgerAwayError
from outreachd.store.contacts import Target, campaign_names, enrol, find_target
from outreachd.store.database import Database

BATCH = 2000  # rows of one transaction
LINE_EVERY = 20_000  # rows between two lines of progress in a pipe


@click.command("import", help="Enrol the contacts of the CSV file FILE in a campaign.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--campaign", required=True, help="Its name in the fleet file.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write every row that did not go in to this CSV file.",
)
@config_option
@json_option
def command(
    file: Path, campaign: str, report: Path | None, config: Path | None, as_json: bool
) -> None:
    """Import contacts."""
    execute(import_file(file, campaign, report, config, as_json))


async def import_file(
    file: Path, campaign: str, report: Path | None, config: Path | None, as_json: bool
) -> None:
    """Import, and tell people or programs how it went."""
    progress = Progress()
    async with desk(config) as opened:
        with report_to(report) if report else nullcontext() as write:

            def tell(refusal: Refusal) -> None:
                progress.clear()
                place = f"{file.name}:{refusal.line}"
                click.echo(f"{place}: {refusal.reason}{refusal.whom}", err=True)
                if write:
                    write(refusal)

            telling = Telling(tell, progress.show)
            counts = await import_contacts(
                opened.database, opened.clock, file, campaign, telling
            )
    progress.clear()
    if as_json:
        show_json({"campaign": campaign, **counts})
    else:
        click.echo(summary(campaign, counts))


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told while an import runs."""

    refusal: Callable[[Refusal], None]
    progress: Callable[[Counter[str]], None]


async def import_contacts(
    database: Database, clock: Clock, path: Path, campaign: str, telling: Telling
) -> Counter[str]:
    """Import a file; tell how many rows there were and what became of them."""
    async with database.connection() as connection:
        target = await find_target(connection, campaign)
        if target is None:
            names = await campaign_names(connection)
            raise FailedError(unknown("campaign", campaign, names))
    counts = Counter(rows=0, enrolled=0, known=0, suppressed=0, duplicate=0, refused=0)
    rows = read_contacts(path)
    while batch := list(islice(rows, BATCH)):
        try:
            refusals = await _enrol(database, clock, target, batch, counts)
        except LedgerAwayError as error:
            raise FailedError(
                f"{error}; {counts['rows']} rows are done: run the same import again,"
                " it changes nothing that is already in."
            ) from error
        counts["rows"] += len(batch)
        for refusal in refusals:
            counts[refusal.word] += 1
            telling.refusal(refusal)
        telling.progress(counts)
    return counts


async def _enrol(
    database: Database,
    clock: Clock,
    target: Target,
    batch: Iterable[NewContact | Refusal],
    counts: Counter[str],
) -> list[Refusal]:
    contacts = [row for row in batch if isinstance(row, NewContact)]
    refusals = [row for row in batch if isinstance(row, Refusal)]
    async with database.connection() as connection:
        done = await enrol(connection, target, contacts, now=clock.now())
    counts["enrolled"] += done.enrolled
    counts["known"] += len(contacts) - len(done.suppressed) - done.enrolled
    reason = "must not be written to: it is suppressed"
    refusals += [
        Refusal(contact.line, contact.email, "suppressed", reason)
        for contact in done.suppressed
    ]
    return sorted(refusals, key=lambda refusal: refusal.line)


def summary(campaign: str, counts: Counter[str]) -> str:
    """Say in a sentence what became of the rows; what was left out stands out."""
    left_out = [
        f"{counts[word]} {word}"
        for word in ("suppressed", "duplicate", "refused")
        if counts[word]
    ]
    told = f"{campaign}: {counts['enrolled']} of {counts['rows']} rows enrolled"
    if counts["known"]:
        told += f", {counts['known']} were enrolled already"
    return told + (f"; LEFT OUT: {', '.join(left_out)}." if left_out else ".")


class Progress:
    """One line that grows on a terminal, a line now and then in a pipe."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._told = 0

    def show(self, counts: Counter[str]) -> None:
        """Tell how far it is."""
        rows = counts["rows"]
        if self._is_terminal:
            click.echo(f"\r{rows} rows", err=True, nl=False)
        elif rows - self._told >= LINE_EVERY:
            self._told = rows
            click.echo(f"{rows} rows", err=True)

    def clear(self) -> None:
        """Make room on the terminal for another line."""
        if self._is_terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
