"""``outreachd answered ADDRESS``: they have answered, so stop the sequence.

For an answer that came by telephone, or to a mailbox that nobody reads by machine. Ends
what waits for the person in all campaigns of the client, or of all clients, and for the
colleagues where a campaign says so; when it returns no intent to write it can be made.
The address is not suppressed: later campaigns may write. Twice is once.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from outreachd.commands.base import (
    FailedError,
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.rules.address import BadAddressError, normalise
from outreachd.rules.stops import Happening
from outreachd.rules.written import counted
from outreachd.store.events import PgEvents, Whom

SOURCE = "command line"


@click.command("answered", help="Stop the sequences of somebody who has answered.")
@click.argument("address")
@click.option("--client", help="Only as a contact of this client; else of all.")
@config_option
@json_option
def command(
    address: str, client: str | None, config: Path | None, as_json: bool
) -> None:
    """Note an answer."""
    execute(answered(config, address, client, as_json))


async def answered(
    config: Path | None, address: str, client: str | None, as_json: bool
) -> None:
    """Note it, and tell what it ended."""
    try:
        email = normalise(address)
    except BadAddressError as error:
        raise MisusedError(f"{address} is no address: {error}.") from None
    async with desk(config) as opened:
        ended = await PgEvents(opened.database).happened(
            Happening.ANSWERED,
            Whom(address=email, client=client),
            source=SOURCE,
            author=author(),
            now=opened.clock.now(),
            even_if_known=True,
        )
    if not ended.people:
        raise FailedError(f"nobody was ever to be written to at {email}.")
    if as_json:
        show_json({"address": email, "client": client} | asdict(ended))
    else:
        known = "" if ended.is_new else ", as was known"
        what = f"{counted(ended.sends, 'waiting send')} ended"
        click.echo(f"{email} has answered{known}: {what}.")
