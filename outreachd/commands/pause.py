"""``outreachd pause KIND NAME --reason TEXT``: no further letter of it is begun.

``outreachd pause fleet --reason TEXT`` stops all there is. Goes through a running
daemon, which stops at once, or straight to the database, where every intent looks. When
it returns, the pause holds.
"""

from __future__ import annotations

from pathlib import Path

import click

from outreachd.clock import RealClock
from outreachd.commands.base import (
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    settings_of,
    show_json,
)
from outreachd.commands.client import ask, path_of
from outreachd.commands.words import end_of, one_line, shown
from outreachd.rules.model import Kind
from outreachd.store.steering import PgSteering

KINDS = click.Choice([kind.value for kind in Kind])
# What people write with capitals although the fleet keeps it without.
LOWERED = (Kind.MAILBOX, Kind.DOMAIN)


@click.command(
    "pause", help="Stop a client, campaign, domain, mailbox or account; or the fleet."
)
@click.argument("kind", type=KINDS)
@click.argument("name", default="")
@click.option(
    "--reason", required=True, callback=one_line, help="Why: shown to whoever asks."
)
@click.option("--until", help='End, such as "2026-08-20 09:00" or with a zone.')
@click.option("--for", "lasting", help='Length, such as "2 hours"; else until resumed.')
@config_option
@json_option
def command(
    kind: str,
    name: str,
    reason: str,
    until: str | None,
    lasting: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Pause one thing."""
    execute(pause(config, Kind(kind), name, reason, until, lasting, as_json))


async def pause(
    config: Path | None,
    kind: Kind,
    name: str,
    reason: str,
    until: str | None,
    lasting: str | None,
    as_json: bool,
) -> None:
    """Pause through the daemon, or else in the database; say what holds now."""
    now = RealClock().now()
    end = end_of(until, lasting, now)
    name, who = written(kind, name), shown_name(kind, name)
    body = {"reason": reason, "until": end.isoformat() if end else None}
    if await ask(settings_of(config), path_of(kind, name, "pause"), body) is None:
        async with desk(config) as opened:
            steering = PgSteering(opened.database)
            await steering.pause(kind, name, reason, end, author(), now)
    if as_json:
        show_json({"kind": kind, "name": name, "paused": True, **body})
    else:
        ends = f"until {shown(end, now)}" if end else "until it is resumed"
        click.echo(f"{who} is paused {ends}: {reason}")


def written(kind: Kind, name: str) -> str:
    """Write a name as the fleet does; the fleet itself has none, others need one."""
    if kind is Kind.FLEET and name:
        raise MisusedError(f'there is one fleet: leave "{name}" out')
    if kind is not Kind.FLEET and not name:
        raise MisusedError(f"name the {kind}")
    return name.lower() if kind in LOWERED else name


def shown_name(kind: Kind, name: str) -> str:
    """Name a thing for people."""
    return f"{kind} {name}" if name else "the fleet"
