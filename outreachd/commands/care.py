"""``outreachd care``: who has been silent for too long, and what becomes of them.

Reports first and changes nothing. ``--apply reactivate`` writes them as a list that can
be imported into a campaign which asks whether they still want letters, and stops their
sequences here; ``--apply remove`` only stops them. A person who is put aside gets no
letter of this campaign any more. The list goes to ``--to`` or to the standard output.
Errors: FailedError when nobody agreed, MisusedError for options that do not fit.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
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
from outreachd.contact_file import Write, people_onto, people_to
from outreachd.rules.written import counted
from outreachd.store.care import PgCare, Silent

REACTIVATE, REMOVE = "reactivate", "remove"
COLUMNS = (
    *("email", "timezone", "country", "region", "language"),
    *("consent_basis", "consent_source", "consent_at", "silent_in", "last_letter_at"),
)


@dataclass(slots=True)
class Figures:
    """The silent of one campaign."""

    written_to: int
    silent_after_s: float
    silent: int = 0
    waiting: int = 0  # letters that would be cancelled
    oldest: datetime | None = None  # last letter to any of them

    def add(self, person: Silent) -> None:
        """Count one."""
        self.silent += 1
        self.waiting += person.waiting
        self.oldest = min(self.oldest or person.last_at, person.last_at)


@dataclass(slots=True)
class Found:
    """What a look at all of them tells."""

    campaigns: dict[str, Figures] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """Tell how many are silent, each campaign for itself."""
        return sum(figures.silent for figures in self.campaigns.values())


@click.command(
    "care", help="List who has been silent for too long, and put them aside."
)
@click.option("--campaign", help="Only this one.")
@click.option(
    "--apply", "what", type=click.Choice([REACTIVATE, REMOVE]), help="Put them aside."
)
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the list for a reactivation to this CSV file.",
)
@yes_option
@config_option
@json_option
def command(
    campaign: str | None,
    what: str | None,
    to: Path | None,
    yes: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Take care of a list."""
    if to and what != REACTIVATE:
        raise click.UsageError("--to goes with --apply reactivate.")
    if as_json and what == REACTIVATE and to is None:
        raise click.UsageError("--json with --apply reactivate needs --to FILE.")
    if to and to.exists():
        raise click.UsageError(f"{to} is there already: name a new file.")
    execute(care(config, campaign, what, to, is_sure=yes, as_json=as_json))


async def care(
    config: Path | None,
    campaign: str | None,
    what: str | None,
    to: Path | None,
    *,
    is_sure: bool,
    as_json: bool,
) -> None:
    """Look, tell, ask, put aside."""
    async with desk(config) as opened:
        store, now = PgCare(opened.database), opened.clock.now()
        campaign_id = await store.campaign(campaign)
        found = await look(store, campaign_id, now)
        if not as_json:
            for line in told(found):
                click.echo(line, err=what is not None)
        people = sends = 0
        if what and found.total:
            if not is_sure:
                _ask(found.total, can_ask=not as_json and sys.stdin.isatty())
            people, sends = await _apply(opened, campaign_id, what, to, found, now)
    if as_json:
        show_json(figures(found) | {"put_aside": people, "cancelled": sends})
    elif what:
        done = f"{counted(people, 'person')} put aside".replace("persons", "people")
        click.echo(f"{done}, {counted(sends, 'letter')} cancelled.", err=True)


async def look(store: PgCare, campaign_id: int | None, now: datetime) -> Found:
    """Count the silent by campaign, and note what the list would need."""
    found, written_to = Found(), await store.written_to(campaign_id)
    async for people in store.silent(campaign_id, now):
        for person in people:
            name = person.campaign
            if name not in found.campaigns:
                n = written_to.get(name, 0)
                found.campaigns[name] = Figures(n, person.silent_after_s)
            found.campaigns[name].add(person)
            found.variables.update(person.variables)
    return found


def told(found: Found) -> list[str]:
    """Say it in a sentence a campaign, and what can be done."""
    if not found.total:
        return ["Nobody has been silent for longer than their campaign waits."]
    lines = []
    for name, figures in sorted(found.campaigns.items()):
        assert figures.oldest is not None  # of at least one
        line = (
            f"{name}: {figures.silent} of {figures.written_to} people written to have"
            f" not answered for more than {figures.silent_after_s / 86_400:.0f} days;"
            f" the oldest last letter is of {figures.oldest:%Y-%m-%d}."
        )
        if figures.waiting:
            line += f" {counted(figures.waiting, 'letter')} to them would be cancelled."
        lines.append(line)
    lines.append(
        "Ask them once more with --apply reactivate --to FILE, or stop writing to them"
        " with --apply remove."
    )
    return lines


def figures(found: Found) -> dict[str, object]:
    """Tell the same to programs."""
    return {
        "silent": found.total,
        "campaigns": {
            name: {
                "written_to": one.written_to,
                "silent": one.silent,
                "silent_after_days": one.silent_after_s / 86_400,
                "oldest_last_letter_at": one.oldest,
                "waiting": one.waiting,
            }
            for name, one in found.campaigns.items()
        },
    }


def _ask(total: int, *, can_ask: bool) -> None:
    if not can_ask:
        raise MisusedError(
            f"nobody was put aside: {total} are silent, add --yes to put them aside"
            " without being asked."
        )
    if not click.confirm(f"Put {total} aside?", err=True):
        raise FailedError("nobody was put aside.")


async def _apply(
    opened: Desk,
    campaign_id: int | None,
    what: str,
    to: Path | None,
    found: Found,
    now: datetime,
) -> tuple[int, int]:
    """Write them down before they are put aside, a stretch at a time."""
    store, people, sends = PgCare(opened.database), 0, 0
    names = sorted(found.variables - set(COLUMNS))
    with _list(what, to, (*COLUMNS, *names)) as write:
        async for silent in store.silent(campaign_id, now):
            for person in silent:
                write(cells(person, names))
            done = await store.put_aside(silent, author=author(), now=now)
            people, sends = people + done[0], sends + done[1]
    return people, sends


def _list(
    what: str, to: Path | None, header: tuple[str, ...]
) -> AbstractContextManager[Write]:
    if what == REMOVE:
        return nullcontext(lambda _: None)
    return people_to(to, header) if to else nullcontext(people_onto(sys.stdout, header))


def cells(person: Silent, names: list[str]) -> list[str]:
    """Write a person as a row of a contact file."""
    row = [
        *(person.email, person.timezone, person.country, person.region),
        *(person.language, person.consent_basis or "", person.consent_source or ""),
        person.consent_at.isoformat() if person.consent_at else "",
        *(person.campaign, person.last_at.isoformat()),
    ]
    return [*row, *(person.variables.get(name, "") for name in names)]
