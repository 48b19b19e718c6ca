"""``outreachd suppressions import|export FILE``: whole lists, by CSV files.

An import streams: a batch is entered in one transaction, then the next. Each row it
cannot use is told with its line, the others go in; running it twice, or again after it
was cut off, changes nothing that is in. What an export writes can be imported.
Errors: ConfigError for a file that cannot be used; FailedError for a lost database,
then the batches before it are in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import click

from outreachd.commands.base import (
    Desk,
    FailedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.import_ import Progress
from outreachd.commands.words import one_line
from outreachd.contact_file import STDOUT
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.written import counted
from outreachd.store.steering import NoSuchError
from outreachd.store.suppression_rows import Entry, Scope, TooManyGlobsError
from outreachd.store.suppressions import PgSuppressions, Wanted
from outreachd.suppression_file import (
    ListedRow,
    RefusedRow,
    list_to,
    read_list,
    refusals_to,
)

BATCH = 2000  # rows of one transaction
PAGE = 5000  # entries read at a time by an export
FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """What holds for rows that do not say."""

    client: str | None = None
    campaign: str | None = None
    reason: str


@click.command("import", help="Add the entries of a CSV file.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--client", help="For this client, where a row does not say.")
@click.option("--campaign", help="For this campaign, where a row does not say.")
@click.option(
    "--reason",
    default="imported",
    callback=one_line,
    help="Where a row does not say.",
)
@click.option("--encoding", help="Of the file, if it is not Unicode: cp1251, cp1252.")
@click.option("--report", type=FILE, help="Write refused rows to this CSV file.")
@config_option
@json_option
def import_command(
    file: Path,
    client: str | None,
    campaign: str | None,
    reason: str,
    encoding: str | None,
    report: Path | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Import a list."""
    usual = Usual(client=client, campaign=campaign, reason=reason)
    execute(import_list(config, file, usual, encoding, report, as_json))


async def import_list(
    config: Path | None,
    file: Path,
    usual: Usual,
    encoding: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Import a file, and tell people or programs how it went."""
    progress = Progress()
    async with desk(config) as opened:
        await PgSuppressions(opened.database).scope(usual.client, usual.campaign)
        with refusals_to(report) if report else nullcontext() as write:

            def tell(row: RefusedRow) -> None:
                progress.clear()
                click.echo(f"{file.name}:{row.line}: {row.reason}", err=True)
                if write:
                    write(row)

            incoming = _Incoming(opened, usual, file.name)
            rows = read_list(file, encoding)
            while batch := list(islice(rows, BATCH)):
                for refused in await incoming.take(batch):
                    tell(refused)
                progress.show(incoming.counts["rows"])
    progress.clear()
    counts = incoming.counts
    if as_json:
        show_json(dict(counts))
        return
    left_out = f"; LEFT OUT: {counts['refused']} refused" if counts["refused"] else ""
    click.echo(
        f"{counts['new']} of {counts['rows']} rows entered, {counts['known']} stood "
        f"already{left_out}; {counted(counts['ended'], 'waiting send')} ended."
    )


class _Incoming:
    """Enters batch after batch and counts."""

    def __init__(self, opened: Desk, usual: Usual, source: str) -> None:
        self._opened, self._usual, self._source = opened, usual, source
        self._store = PgSuppressions(opened.database)
        self._scopes: dict[tuple[str | None, str | None], Scope | str] = {}
        self.counts = Counter(rows=0, new=0, known=0, refused=0, ended=0)

    async def take(self, batch: Sequence[ListedRow | RefusedRow]) -> list[RefusedRow]:
        """Enter what can be entered; give back what is refused."""
        entries: list[Entry] = []
        refused: list[RefusedRow] = []
        for row in batch:
            entry = row if isinstance(row, RefusedRow) else await self._entry(row)
            if isinstance(entry, RefusedRow):
                refused.append(entry)
            else:
                entries.append(entry)
        now = self._opened.clock.now()
        try:
            added = await self._store.add(entries, author=author(), now=now)
        except (LedgerAwayError, TooManyGlobsError) as error:
            raise FailedError(
                f"{error}; {self.counts['rows']} rows are done: run the same import "
                "again, it changes nothing that is already in."
            ) from error
        self.counts.update(
            rows=len(batch),
            new=len(added.ids),
            known=len(entries) - len(added.ids),
            refused=len(refused),
            ended=added.ended,
        )
        return refused

    async def _entry(self, row: ListedRow) -> Entry | RefusedRow:
        client, campaign = row.client or None, row.campaign or None
        if client is None and campaign is None:
            client, campaign = self._usual.client, self._usual.campaign
        scope = await self._scope(client, campaign)
        if isinstance(scope, str):
            return RefusedRow(row.line, row.target.text, scope)
        return Entry(
            target=row.target,
            scope=scope,
            reason=row.reason or self._usual.reason,
            source=row.source or self._source,
            at=row.at or self._opened.clock.now(),
        )

    async def _scope(self, client: str | None, campaign: str | None) -> Scope | str:
        """Find where an entry holds, each pair of names once; a str says why not."""
        names = client, campaign
        if names not in self._scopes:
            try:
                self._scopes[names] = await self._store.scope(client, campaign)
            except NoSuchError as error:
                self._scopes[names] = str(error)
        return self._scopes[names]


@click.command("export", help="Write all standing entries to a CSV file, or -.")
@click.argument("file", type=FILE)
@click.option("--client", help="Only those of this client.")
@click.option("--campaign", help="Only those of this campaign.")
@config_option
@json_option
def export_command(
    file: Path,
    client: str | None,
    campaign: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Export the list."""
    wanted = Wanted(limit=PAGE, client=client, campaign=campaign)
    execute(export(config, file, wanted, as_json))


async def export(
    config: Path | None, file: Path, wanted: Wanted, as_json: bool
) -> None:
    """Write the list, newest first, a page at a time."""
    n = 0
    async with desk(config) as opened:
        store = PgSuppressions(opened.database)
        with list_to(file) as write:
            while entries := await store.page(wanted):
                for entry in entries:
                    write(entry)
                n += len(entries)
                wanted = replace(wanted, below_id=entries[-1]["id"])
    if file == STDOUT:
        click.echo(f"{n} entries.", err=True)
    elif as_json:
        show_json({"file": str(file), "entries": n})
    else:
        click.echo(f"{file}: {n} entries.")
