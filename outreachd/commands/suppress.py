"""``outreachd suppress ADDRESS|@DOMAIN --reason TEXT``: never write there again.

For one client, or for all. What waits for those people ends at once; when the verb
returns, no intent to write to them can be made. Doing it twice changes nothing.
"""

from __future__ import annotations

from pathlib import Path

import click

from outreachd.commands.base import (
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.words import counted
from outreachd.rules.address import BadAddressError, domain_of, normalise
from outreachd.store.steering import PgSteering

SOURCE = "command line"


@click.command("suppress", help="Never write to an address or a domain again.")
@click.argument("target", metavar="ADDRESS|@DOMAIN")
@click.option("--client", help="Only for this client; else for all.")
@click.option("--reason", required=True, help="Why: kept with it for good.")
@config_option
@json_option
def command(
    target: str, client: str | None, reason: str, config: Path | None, as_json: bool
) -> None:
    """Suppress an address or a domain."""
    execute(suppress(config, target, client, reason, as_json))


async def suppress(
    config: Path | None, target: str, client: str | None, reason: str, as_json: bool
) -> None:
    """Write the suppression and tell what it ended."""
    target = target_of(target)
    async with desk(config) as opened:
        ended = await PgSteering(opened.database).suppress(
            target,
            client=client,
            reason=reason,
            source=SOURCE,
            author=author(),
            now=opened.clock.now(),
        )
    if as_json:
        show_json({"target": target, "client": client, "ended": ended})
        return
    who = f"client {client}" if client else "anybody"
    everyone = "everybody at " if target.startswith("@") else ""
    click.echo(
        f"{everyone}{target.lstrip('@')} will not be written to for {who}; "
        f"{counted(ended, 'waiting send')} ended."
    )


def target_of(text: str) -> str:
    """Write an address, or a domain with its @, as contacts are kept."""
    text = text.strip()
    try:
        if text.startswith("@"):
            return "@" + domain_of(normalise(f"x{text}"))
        return normalise(text)
    except BadAddressError as error:
        raise MisusedError(
            f"{text} cannot be suppressed: {error}; a whole domain is written "
            "@example.org."
        ) from None
