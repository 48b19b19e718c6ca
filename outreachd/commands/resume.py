"""``outreachd resume KIND NAME``: end a pause, whoever ordered it.

Goes through a running daemon, which goes on at once, or straight to the database.
Resuming what is not paused changes nothing and is no fault. Where the fleet was paused
because its database is a copy, to resume it says that it is the one to go on with.
"""

from __future__ import annotations

from pathlib import Path

import click

from outreachd.commands.base import (
    author,
    config_option,
    desk,
    execute,
    json_option,
    settings_of,
    show_json,
)
from outreachd.commands.client import ask, path_of
from outreachd.commands.pause import KINDS, shown_name, written
from outreachd.rules.model import Kind
from outreachd.store.steering import PgSteering


@click.command("resume", help="End a pause.")
@click.argument("kind", type=KINDS)
@click.argument("name", default="")
@config_option
@json_option
def command(kind: str, name: str, config: Path | None, as_json: bool) -> None:
    """Resume one thing."""
    execute(resume(config, Kind(kind), name, as_json))


async def resume(config: Path | None, kind: Kind, name: str, as_json: bool) -> None:
    """Resume through the daemon, or else in the database."""
    name = written(kind, name)
    if await ask(settings_of(config), path_of(kind, name, "resume"), {}) is None:
        async with desk(config) as opened:
            steering = PgSteering(opened.database)
            await steering.resume(kind, name, author(), opened.clock.now())
    if as_json:
        show_json({"kind": kind, "name": name, "paused": False})
    else:
        click.echo(f"{shown_name(kind, name)} is not paused any more.")
