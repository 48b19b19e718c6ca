"""``outreachd holds``: what waits for a person, why, and since when.

By campaign and reason, with the oldest as examples and what to do about each kind.
"""

from __future__ import annotations

from pathlib import Path

import click

from outreachd.commands.base import config_option, desk, execute, json_option, show_json
from outreachd.commands.held import choice_options
from outreachd.commands.words import shown
from outreachd.rules.written import counted
from outreachd.store.holds import Choice, PgHolds


@click.command("holds", help="List what waits for a person, and why.")
@choice_options
@config_option
@json_option
def command(config: Path | None, choice: Choice, as_json: bool) -> None:
    """List what is held."""
    execute(holds(config, choice, as_json=as_json))


async def holds(config: Path | None, choice: Choice, *, as_json: bool) -> None:
    """List, with examples."""
    async with desk(config) as opened:
        held = await PgHolds(opened.database).list(choice)
        now = opened.clock.now()
    if as_json:
        show_json({"held": sum(row.n for row in held), "holds": held})
        return
    for row in held:
        click.echo(
            f"{row.n:>6}  {row.campaign}: {row.reason}, since {shown(row.oldest, now)}"
        )
        if row.groundless:
            click.echo(f"        {row.groundless} of them without a ground of consent")
        for one in row.examples:
            detail = f": {one.detail}" if one.detail else ""
            click.echo(f"        send {one.send}, {one.contact}{detail}")
    if held:
        total = counted(sum(row.n for row in held), "send")
        click.echo(
            f"{total}: `outreachd release` lets them go, `outreachd drop` never."
        )
    else:
        click.echo("Nothing is held.")
