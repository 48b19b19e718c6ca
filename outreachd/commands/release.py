"""``outreachd release``: let held sends go on, all or those that are chosen.

What is held as uncertain may have arrived: releasing it sends it again, and that is
said before. What has no ground of consent is not released, which is said before too,
and ends with 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from outreachd.commands.base import config_option, execute, json_option, yes_option
from outreachd.commands.held import GROUNDLESS, choice_options, settle
from outreachd.rules.written import counted
from outreachd.store.holds import Choice, Held

# Held because nobody knows whether it arrived, not because of what it says.
UNCERTAIN = "uncertain"


@click.command("release", help="Let held sends go on.")
@choice_options
@yes_option
@config_option
@json_option
def command(config: Path | None, choice: Choice, yes: bool, as_json: bool) -> None:
    """Release what is held."""
    execute(release(config, choice, is_sure=yes, as_json=as_json))


async def release(
    config: Path | None, choice: Choice, *, is_sure: bool, as_json: bool
) -> None:
    """Show, ask, release."""
    await settle(
        config, choice, "release", "released", _warn, is_sure=is_sure, as_json=as_json
    )


def _warn(held: Sequence[Held]) -> None:
    doubtful = sum(row.n for row in held if row.reason == UNCERTAIN)
    if groundless := sum(row.groundless for row in held):
        click.echo(f"{counted(groundless, 'send')} will not go: {GROUNDLESS}.")
    if doubtful:
        click.echo(
            f"{counted(doubtful, 'send')} got no answer and may have arrived: "
            "releasing sends them again."
        )
