"""``outreachd release``: let held sends go on, all or those that are named.

Shows what it would release, by campaign and reason, and asks if that is more than one;
``--yes`` does not ask. What is held as uncertain may have arrived: releasing it sends
it again, and that is said before.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
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
from outreachd.commands.words import counted
from outreachd.store.steering import PgSteering
from outreachd.store.waiting import Held, read_held

# Held because nobody knows whether it arrived, not because of what it says.
UNCERTAIN = "uncertain"
NOTHING = "Nothing of that kind is held; `outreachd status` tells what is."


@click.command("release", help="Let held sends go on.")
@click.option("--campaign", help="Only those of this campaign.")
@click.option("--reason", help="Only those held for this reason, as status names it.")
@click.option("--send", "ids", type=int, multiple=True, help="Only this one; repeat.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
def command(
    campaign: str | None,
    reason: str | None,
    ids: tuple[int, ...],
    yes: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Release what is held."""
    execute(
        release(config, campaign, reason, ids or None, is_sure=yes, as_json=as_json)
    )


async def release(
    config: Path | None,
    campaign: str | None,
    reason: str | None,
    ids: Sequence[int] | None,
    *,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Show, ask, release."""
    async with desk(config) as opened:
        async with opened.database.connection() as connection:
            held = await read_held(
                connection, campaign=campaign, reason=reason, ids=ids
            )
        total = sum(row.n for row in held)
        if not as_json:
            show(held)
        if total > 1 and not is_sure:
            _ask(total, can_ask=not as_json and sys.stdin.isatty())
        released = await PgSteering(opened.database).release(
            campaign=campaign,
            reason=reason,
            ids=ids,
            author=author(),
            now=opened.clock.now(),
        )
    if as_json:
        show_json({"released": released})
    else:
        what = f"Released {counted(released, 'send')}." if released else NOTHING
        click.echo(what)


def show(held: Sequence[Held]) -> None:
    """List what a release is about, and warn of what may have arrived."""
    for row in held:
        click.echo(f"{row.n:>6}  {row.campaign}: {row.reason}")
    doubtful = sum(row.n for row in held if row.reason == UNCERTAIN)
    if doubtful:
        click.echo(
            f"{counted(doubtful, 'send')} got no answer and may have arrived: "
            "releasing sends them again."
        )


def _ask(total: int, *, can_ask: bool) -> None:
    if not can_ask:
        raise MisusedError(
            f"nothing was released: {total} sends are held, add --yes to release them "
            "without being asked."
        )
    if not click.confirm(f"Release {total} sends?"):
        raise FailedError("nothing was released.")
