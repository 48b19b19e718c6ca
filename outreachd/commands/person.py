"""``outreachd person export|erase ADDRESS``: what is kept of a person, or nothing.

``export`` prints all that is kept, for whoever asks what we know of them. ``erase``
deletes it and leaves a keyed hash on the suppression list, so that no later import
writes to them again. A backup made before still knows them: erase there too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from outreachd.commands.base import (
    Desk,
    FailedError,
    MisusedError,
    author,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
    yes_option,
)
from outreachd.rules.address import BadAddressError, normalise_recipient
from outreachd.rules.written import counted
from outreachd.store import person as store


@click.group("person", help="Show or forget all that is kept of one person.")
def command() -> None:
    """Show or forget a person."""


@command.command("export", help="Print all that is kept of a person, as JSON.")
@click.argument("address")
@config_option
@json_option
def export_command(address: str, config: Path | None, as_json: bool) -> None:
    """Show a person; as JSON in any case."""
    execute(export(config, address))


@command.command("erase", help="Forget a person, and never write to them again.")
@click.argument("address")
@yes_option
@config_option
@json_option
def erase_command(address: str, yes: bool, config: Path | None, as_json: bool) -> None:
    """Forget a person."""
    execute(erase(config, address, yes=yes, as_json=as_json))


async def export(config: Path | None, address: str) -> None:
    """Print what is kept."""
    email = _read(address)
    async with desk(config) as opened:
        show_json(await store.export(opened.database, email, opened.vault.eraser))


async def erase(config: Path | None, address: str, *, yes: bool, as_json: bool) -> None:
    """Ask, and forget."""
    email = _read(address)
    async with desk(config) as opened:
        if not yes:
            _ask(email)
        forgotten = await _forget(opened, email)
    if as_json:
        show_json({"contacts": forgotten.contacts, "sends": forgotten.sends})
        return
    click.echo(
        f"{counted(forgotten.contacts, 'contact')} and "
        f"{counted(forgotten.sends, 'send')} forgotten; a keyed hash keeps every later "
        "import from writing to this address."
    )


async def _forget(opened: Desk, email: str) -> store.Forgotten:
    try:
        return await store.erase(
            opened.database,
            opened.vault.eraser,
            email,
            author=author(),
            now=opened.clock.now(),
        )
    except store.UnderWayError:
        raise FailedError(
            "a letter to this person is being handed over at this moment, so nothing "
            "was changed: try again in a minute."
        ) from None


def _ask(email: str) -> None:
    if not sys.stdin.isatty():
        raise MisusedError("nobody is there to be asked: say --yes to erase.")
    click.confirm(
        f"Forget {email} for good, with all that was written to it?", abort=True
    )


def _read(address: str) -> str:
    try:
        return normalise_recipient(address)
    except BadAddressError as error:
        raise MisusedError(f"{address} is no address: {error}.") from None
