"""``outreachd import FILE --campaign NAME``: contacts from a CSV file.

Streams: a batch of rows is checked, kept and enrolled in one transaction, then the
next. Every row that does not go in is told with its line and reason; the rest go in.
Running it twice, or again after it was cut off, changes nothing that is already in.
``--dry-run`` makes all the checks and keeps nothing.
Errors: ConfigError for a file that cannot be used and MisusedError for an unknown
campaign, before anything went in; FailedError for a lost database: the batches before
it are in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from outreachd.commands.base import (
    Desk,
    FailedError,
    MisusedError,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.import_words import Tally, summary
from outreachd.contact_file import read_contacts, report_to
from outreachd.intake import Intake
from outreachd.mistakes import unknown
from outreachd.rules.contact_row import (
    NO_CONSENT,
    Consent,
    RowError,
    RowResult,
    consent,
)
from outreachd.rules.records import LedgerAwayError
from outreachd.store.contacts import Target, campaign_names, find_target
from outreachd.store.database import Database
from outreachd.wire.mx import mail_domains_at

BATCH = 2000  # rows of one transaction
LINE_EVERY = 20_000  # rows between two lines of progress in a pipe
QUIET = frozenset({"new", "added", "known"})  # results that need no line on a terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is asked for."""

    file: Path
    campaign: str
    report: Path | None = None
    encoding: str | None = None
    consent: Consent = NO_CONSENT
    asks_dns: bool = True
    is_dry: bool = False


@click.command("import", help="Enrol the contacts of the CSV file FILE in a campaign.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--campaign", required=True, help="Its name in the fleet file.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write what became of each row to this CSV file.",
)
@click.option("--encoding", help="Of the file, if it is not Unicode: cp1251, cp1252.")
@click.option("--consent-basis", help="On what ground, for rows that do not say.")
@click.option("--consent-source", help="Where that is from, for rows that do not say.")
@click.option("--consent-at", help="Since when, for rows that do not say.")
@click.option("--no-mx", is_flag=True, help="Do not ask the DNS where mail goes.")
@click.option("--dry-run", is_flag=True, help="Make all the checks, keep nothing.")
@config_option
@json_option
def command(
    file: Path,
    campaign: str,
    report: Path | None,
    encoding: str | None,
    consent_basis: str | None,
    consent_source: str | None,
    consent_at: str | None,
    no_mx: bool,
    dry_run: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Import contacts."""
    try:
        usual = consent(consent_basis, consent_source, consent_at)
    except RowError as error:
        raise click.UsageError(f"--{str(error).replace('_', '-', 1)}") from None
    order = Order(
        file=file,
        campaign=campaign,
        report=report,
        encoding=encoding,
        consent=usual,
        asks_dns=not no_mx,
        is_dry=dry_run,
    )
    execute(import_file(order, config, as_json))


async def import_file(order: Order, config: Path | None, as_json: bool) -> None:
    """Import, and tell people or programs how it went."""
    _not_onto_itself(order)
    progress = Progress()
    async with desk(config) as opened:
        target = await target_named(opened.database, order.campaign)
        intake = intake_of(opened, order)
        with report_to(order.report) if order.report else nullcontext() as write:

            def tell(result: RowResult) -> None:
                if write:
                    write(result)
                if result.word not in QUIET:
                    progress.clear()
                    place = f"{order.file.name}:{result.line}"
                    click.echo(f"{place}: {result.reason}{result.whom}", err=True)

            tally = await import_contacts(
                intake, target, order, Telling(tell, progress.show)
            )
    progress.clear()
    if as_json:
        told = {"campaign": order.campaign, "dry_run": order.is_dry, **tally.figures()}
        show_json(told | {"dns_away": intake.is_dns_away})
    else:
        click.echo(
            summary(
                order.campaign,
                tally,
                grounds=target.grounds,
                is_dry=order.is_dry,
                is_dns_away=intake.is_dns_away,
            )
        )


def _not_onto_itself(order: Order) -> None:
    if order.report and order.report.exists() and order.report.samefile(order.file):
        raise MisusedError("--report would overwrite the file that is imported.")


async def target_named(database: Database, name: str) -> Target:
    """Find the campaign, or say which there are."""
    async with database.connection() as connection:
        target = await find_target(connection, name)
        if target is None:
            names = await campaign_names(connection)
            raise MisusedError(unknown("campaign", name, names))
    return target


def intake_of(opened: Desk, order: Order) -> Intake:
    """Make what takes the rows."""
    servers = opened.settings.checks.name_servers
    mx = mail_domains_at(servers) if order.asks_dns else None
    return Intake(
        opened.database, opened.clock, opened.vault.eraser, mx, is_dry=order.is_dry
    )


@dataclass(frozen=True, slots=True)
class Telling:
    """Who is told while an import runs."""

    result: Callable[[RowResult], None]
    progress: Callable[[int], None]


async def import_contacts(
    intake: Intake, target: Target, order: Order, telling: Telling
) -> Tally:
    """Import a file; tell how many rows there were and what became of them."""
    tally = Tally()
    rows = read_contacts(order.file, order.encoding, order.consent)
    while batch := list(islice(rows, BATCH)):
        try:
            results = await intake.take(target, batch)
        except LedgerAwayError as error:
            raise FailedError(
                f"{error}; {tally.rows} rows are done: run the same import again,"
                " it changes nothing that is already in."
            ) from error
        for result in results:
            tally.add(result)
            telling.result(result)
        telling.progress(tally.rows)
    return tally


class Progress:
    """One line that grows on a terminal, a line now and then in a pipe."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._told = 0

    def show(self, rows: int) -> None:
        """Tell how far it is."""
        if self._is_terminal:
            click.echo(f"\r{rows} rows", err=True, nl=False)
        elif rows - self._told >= LINE_EVERY:
            self._told = rows
            click.echo(f"{rows} rows", err=True)

    def clear(self) -> None:
        """Make room on the terminal for another line."""
        if self._is_terminal:
            click.echo("\r\x1b[K", err=True, nl=False)
