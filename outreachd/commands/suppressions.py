"""``outreachd suppressions``: who must not be written to, looked at and moved about.

``list`` shows entries newest first, ``search`` those that bar an address or that
contain a text, ``undo`` takes an entry back by a row of its own; ``import`` and
``export`` are in ``suppression_lists``. ``outreachd suppress`` adds one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

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
from outreachd.commands.suppress import SOURCE, where_of
from outreachd.commands.suppression_lists import export_command, import_command
from outreachd.commands.words import one_line, shown
from outreachd.rules.suppression import BadTargetError, Form, read_target
from outreachd.store.suppressions import PgSuppressions, TheirWishError, Wanted

Entries = Sequence[dict[str, Any]]
WIDTH = 120  # characters


@click.group("suppressions", help="List, search, import, export or take back.")
def command() -> None:
    """Hold the verbs of the list together."""


# --- looking --------------------------------------------------------------------------


@command.command("list", help="Show entries, newest first.")
@click.option("--client", help="Only those of this client.")
@click.option("--campaign", help="Only those of this campaign.")
@click.option("--reason", help="Only those for this reason, such as opt_out.")
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="So many entries at most.",
)
@click.option("--before", type=click.IntRange(1), help="Only entries before this one.")
@click.option("--undone", is_flag=True, help="Those that were taken back, too.")
@config_option
@json_option
def list_command(
    client: str | None,
    campaign: str | None,
    reason: str | None,
    limit: int,
    before: int | None,
    undone: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """List entries."""
    wanted = Wanted(
        limit=limit,
        client=client,
        campaign=campaign,
        reason=reason,
        with_undone=undone,
    )
    if before is not None:
        wanted = replace(wanted, below_id=before)
    execute(show_list(config, wanted, as_json))


async def show_list(config: Path | None, wanted: Wanted, as_json: bool) -> None:
    """Read a page of entries and show it."""
    async with desk(config) as opened:
        entries = await PgSuppressions(opened.database).page(wanted)
        _show(opened, entries, as_json)
    if len(entries) == wanted.limit and not as_json:
        click.echo(f"There may be more: --before {entries[-1]['id']}")


@command.command("search", help="Show what bars an address, or contains a text.")
@click.argument("text", metavar="ADDRESS|TEXT")
@config_option
@json_option
def search_command(text: str, config: Path | None, as_json: bool) -> None:
    """Search the list."""
    execute(search(config, text, as_json))


async def search(config: Path | None, text: str, as_json: bool) -> None:
    """Find the entries that bar an address, of any form; else those with a text."""
    async with desk(config) as opened:
        store = PgSuppressions(opened.database)
        try:
            target = read_target(text)
        except BadTargetError:
            target = None
        if target is not None and target.form is Form.ADDRESS:
            entries = await store.barring(target.text, opened.vault.eraser)
        else:
            wanted = Wanted(containing=text, limit=1000, with_undone=True)
            entries = await store.page(wanted)
        _show(opened, entries, as_json)


def _show(opened: Desk, entries: Entries, as_json: bool) -> None:
    if as_json:
        show_json(entries)
        return
    if not entries:
        click.echo("no entry.")
        return
    now = opened.clock.now()
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")  # a target cut short is no target
    for row in entries:
        undone = f"taken back by {row['undone_by']}" if row.get("undone_by") else ""
        cells = (
            str(row["id"]),
            row["target"],
            where_of(row["client"], row["campaign"]),
            f"{row['reason']} ({row['source']}, {row['author']})",
            shown(row["at"], now),
            undone,
        )
        table.add_row(*map(Text, cells))
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)  # better wrapped than cut
    console.print(table)


# --- taking back ----------------------------------------------------------------------


@command.command("undo", help="Take the entry with number ID back.")
@click.argument("id", type=click.IntRange(1))
@click.option(
    "--reason", required=True, callback=one_line, help="Why: kept with it for good."
)
@click.option(
    "--at-their-request",
    is_flag=True,
    help="The person asked for it: needed where the entry is their own wish.",
)
@config_option
@json_option
def undo_command(
    id: int, reason: str, at_their_request: bool, config: Path | None, as_json: bool
) -> None:
    """Take an entry back."""
    execute(undo(config, id, reason, at_their_request, as_json))


async def undo(
    config: Path | None, id: int, reason: str, at_their_request: bool, as_json: bool
) -> None:
    """Write the row that takes an entry back; what was ended stays so."""
    async with desk(config) as opened:
        try:
            done = await PgSuppressions(opened.database).undo(
                id,
                reason=reason,
                source=SOURCE,
                author=author(),
                now=opened.clock.now(),
                at_their_request=at_their_request,
            )
        except TheirWishError as error:
            raise FailedError(f"{error}: --at-their-request.") from None
    if as_json:
        show_json({"id": id, "undone": done})
        return
    what = "is taken back" if done else "was taken back before"
    click.echo(f"suppression {id} {what}; letters that it ended stay ended.")


command.add_command(import_command)
command.add_command(export_command)
