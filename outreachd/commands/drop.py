"""``outreachd drop``: never send held sends, those that are chosen.

A dropped letter ends its sequence, since what would follow it makes no sense without
it; that is said before. One of the choosing options must be given: dropping all that
is held, whatever it is, is never what is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from outreachd.commands.base import (
    MisusedError,
    config_option,
    execute,
    json_option,
    yes_option,
)
from outreachd.commands.held import choice_options, settle
from outreachd.store.holds import Choice, Held


@click.command("drop", help="Never send held sends.")
@choice_options
@yes_option
@config_option
@json_option
def command(config: Path | None, choice: Choice, yes: bool, as_json: bool) -> None:
    """Drop what is held."""
    execute(drop(config, choice, is_sure=yes, as_json=as_json))


async def drop(
    config: Path | None, choice: Choice, *, is_sure: bool, as_json: bool
) -> None:
    """Show, ask, drop."""
    if choice == Choice():
        raise MisusedError(
            "say what to drop: --campaign, --reason, --ids or --older-than."
        )
    await settle(
        config, choice, "drop", "dropped", _warn, is_sure=is_sure, as_json=as_json
    )


def _warn(held: Sequence[Held]) -> None:
    if held:
        click.echo("What is dropped is never sent, and its sequence ends.")
