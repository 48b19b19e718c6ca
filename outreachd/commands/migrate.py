"""``outreachd migrate``: bring the database's schema up to date.

Says which migrations it applied; doing it twice does nothing. An embedded database is
brought up to date by every verb, any other only by this one.
"""

from __future__ import annotations

from pathlib import Path

import click

from outreachd.commands.base import config_option, desk, execute, json_option, show_json
from outreachd.store.migrate import migrate as apply_pending


@click.command("migrate", help="Bring the database's schema up to date.")
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """Migrate."""
    execute(migrate(config, as_json))


async def migrate(config: Path | None, as_json: bool) -> None:
    """Apply what is pending and name it."""
    async with desk(config, migrated=False) as opened:
        async with opened.database.connection() as connection:
            applied = await apply_pending(connection, opened.clock)
    if as_json:
        show_json({"applied": applied})
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "up to date")
