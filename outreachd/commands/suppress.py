"""``outreachd suppress ADDRESS|@DOMAIN|WILDCARD --reason TEXT``: never write there.

Everywhere, for one client or for one campaign. What waits for those people ends at
once; when the verb returns, no intent to write to them can be made. Doing it twice
changes nothing. ``outreachd suppressions`` lists, imports, exports and takes back.
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
from outreachd.commands.words import one_line
from outreachd.rules.suppression import BadTargetError, Form, Target, read_target
from outreachd.rules.written import counted
from outreachd.store.suppression_rows import Entry
from outreachd.store.suppressions import PgSuppressions

SOURCE = "command line"


@click.command("suppress", help="Never write to an address, domain or wildcard again.")
@click.argument("target", metavar="ADDRESS|@DOMAIN|WILDCARD")
@click.option("--client", help="Only for this client; else for all.")
@click.option("--campaign", help="Only for this campaign.")
@click.option(
    "--reason", required=True, callback=one_line, help="Why: kept with it for good."
)
@config_option
@json_option
def command(
    target: str,
    client: str | None,
    campaign: str | None,
    reason: str,
    config: Path | None,
    as_json: bool,
) -> None:
    """Suppress an address, a domain or a wildcard."""
    execute(suppress(config, target, client, campaign, reason, as_json))


async def suppress(
    config: Path | None,
    text: str,
    client: str | None,
    campaign: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Write the suppression and tell what it ended."""
    target = target_of(text)
    async with desk(config) as opened:
        store, now = PgSuppressions(opened.database), opened.clock.now()
        entry = Entry(
            target=target,
            scope=await store.scope(client, campaign),
            reason=reason,
            source=SOURCE,
            at=now,
        )
        added = await store.add([entry], author=author(), now=now)
    if as_json:
        where = {"target": target.text, "client": client, "campaign": campaign}
        show_json({**where, "new": bool(added.ids), "ended": added.ended})
        return
    again = "" if added.ids else " (it stood already)"
    click.echo(
        f"{whom(target)} will not be written to for {where_of(client, campaign)}"
        f"{again}; {counted(added.ended, 'waiting send')} ended."
    )


def whom(target: Target) -> str:
    """Say who is meant."""
    match target.form:
        case Form.ADDRESS:
            return target.text
        case Form.DOMAIN:
            return f"everybody at {target.text[1:]}"
        case _:
            return f"everybody like {target.text}"


def where_of(client: str | None, campaign: str | None) -> str:
    """Say for whom an entry holds."""
    if campaign:
        return f"campaign {campaign}"
    return f"client {client}" if client else "anybody"


def target_of(text: str) -> Target:
    """Write an address, a domain or a wildcard as the list keeps it."""
    try:
        return read_target(text)
    except BadTargetError as error:
        raise MisusedError(
            f"{text} cannot be suppressed: {error}; a whole domain is written "
            "@example.org, all below it *.example.org."
        ) from None
