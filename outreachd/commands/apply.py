"""``outreachd apply FILE``: make the fleet what a fleet file says.

Shows the plan (+ ~ -), asks, and applies it in one transaction; ``--yes`` does not ask.
The consent is to the plan that was shown: if another apply came between, nothing is
done. Applying the same file twice says that there is nothing to do, and does nothing.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from outreachd.clock import Clock
from outreachd.commands.base import (
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
from outreachd.fleet.load import load
from outreachd.rules.fleet_plan import Change, Sign, plan
from outreachd.rules.lint_steps import lint_steps
from outreachd.rules.wanted import Fleet, WantedCampaign
from outreachd.store import fleet as store
from outreachd.store.consequences import consequences
from outreachd.store.database import Database
from outreachd.store.fleet_present import read_present
from outreachd.store.timetable import follow_calendars
from outreachd.store.vault import Vault

# Lines that are shown of one sign and kind; a new fleet has thousands of mailboxes.
SHOWN = 100

# Told the plan and what else comes of it; returns, or raises to stop.
Consent = Callable[[Sequence[Change], Sequence[str]], None]


@click.command("apply", help="Make the fleet what FILE says, after showing the plan.")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@yes_option
@config_option
@json_option
def command(file: Path, yes: bool, config: Path | None, as_json: bool) -> None:
    """Apply a fleet file."""
    execute(apply(file, yes=yes, config=config, as_json=as_json))


async def apply(file: Path, *, yes: bool, config: Path | None, as_json: bool) -> None:
    """Read, show, ask, apply."""
    notes: list[str] = []

    def consent(changes: Sequence[Change], told: Sequence[str]) -> None:
        notes.extend(told)
        if not as_json:
            show(changes)
            warn(changes, wanted)
            for note in notes:
                click.echo(f"note: {note}.", err=True)
        if not yes:
            ask(as_json)

    wanted = load(file)
    async with desk(config) as opened:
        changes = await apply_fleet(
            opened.database, opened.vault, opened.clock, wanted, consent
        )
    if as_json:
        show_json({"changes": changes, "counts": counts(changes), "notes": notes})
    else:
        click.echo(
            "Done." if changes else "Nothing to do: the fleet is as the file says."
        )


async def apply_fleet(
    database: Database, vault: Vault, clock: Clock, wanted: Fleet, consent: Consent
) -> list[Change]:
    """Apply what is agreed to; ``consent`` is asked if there is something to do."""
    async with database.connection() as connection:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            present = await read_present(connection, vault)
            changes = plan(wanted, present)
            notes = await consequences(
                connection, changes, wanted, present, clock.now()
            )
    if changes:
        consent(changes, notes)
        changes = await _apply(database, vault, clock, wanted, changes)
    # Without changes too: an earlier apply may have been cut off before its end.
    await follow_calendars(database, clock.now())
    return changes


async def _apply(
    database: Database,
    vault: Vault,
    clock: Clock,
    wanted: Fleet,
    agreed: Sequence[Change],
) -> list[Change]:
    try:
        async with database.connection() as connection:
            return await store.apply(
                connection,
                wanted,
                vault,
                now=clock.now(),
                author=author(),
                agreed=agreed,
            )
    except store.FleetMovedError:
        raise FailedError(
            "somebody else applied a fleet meanwhile, so nothing was changed: run it"
            " again and look at the new plan."
        ) from None


def warn(changes: Sequence[Change], wanted: Fleet) -> None:
    """Tell what a careful reader would say of the letters that change."""
    for change in changes:
        thing = wanted.of(change.kind).get(change.name)
        if isinstance(thing, WantedCampaign):
            for place, finding in lint_steps(thing.name, thing.steps):
                click.echo(f"warning: {place}: {finding.sentence}.", err=True)


def show(changes: Sequence[Change]) -> None:
    """Print the plan, long lists cut short."""
    seen: Counter[tuple[Sign, str]] = Counter()
    for change in changes:
        seen[change.sign, change.kind] += 1
        if seen[change.sign, change.kind] <= SHOWN:
            click.echo(str(change))
    for (sign, kind), number in seen.items():
        if number > SHOWN:
            click.echo(f"{sign} {kind} ... and {number - SHOWN} more")
    totals = (f"{number} to {word}" for word, number in counts(changes).items())
    click.echo(f"Plan: {', '.join(totals)}.")


def counts(changes: Sequence[Change]) -> dict[str, int]:
    """Count the changes by what they do."""
    found = Counter(change.sign for change in changes)
    return {sign.name.lower(): found[sign] for sign in Sign}


def ask(as_json: bool) -> None:
    """Ask a person; where there is none, say how to do without."""
    if as_json or not sys.stdin.isatty():
        raise MisusedError(
            "nothing was changed: add --yes to apply without being asked."
        )
    if not click.confirm("Apply?"):
        raise FailedError("nothing was changed.")
