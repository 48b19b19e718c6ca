"""``outreachd lint [CAMPAIGN]``: what is wrong with letters, before anybody gets one.

Judges the wordings, then writes the letter of every contact whose sequence is not over
and counts what would be held: missing values by name, with an example. Nothing is
changed. Exit 1 if there is an error; warnings alone are no failure.
"""

from __future__ import annotations

import email
import email.policy
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import click
import msgspec

from outreachd.commands.base import (
    FAILED,
    Desk,
    config_option,
    desk,
    execute,
    json_option,
    show_json,
)
from outreachd.commands.preview import campaign_of, proofs_of
from outreachd.flow.clerk import Written
from outreachd.flow.pool import Permit
from outreachd.proof import Proofs
from outreachd.rules.letter import Unfillable
from outreachd.rules.lint import Finding, Severity, lint_sender, lint_size, lint_way_out
from outreachd.rules.lint_steps import Place, lint_steps
from outreachd.rules.model import Campaign, Roster
from outreachd.rules.written import counted
from outreachd.store.readers import Reader, count_readers, each_reader
from outreachd.store.roster import read_roster

MAX_MISSING = 50  # names looked for in one letter
TELL_EACH = 20_000  # letters


@dataclass(slots=True)
class _Count:
    """What the letters of one step came to."""

    letters: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)  # address, or sentence
    largest: bytes = b""


@click.command("lint", help="Tell what is wrong with letters before they are sent.")
@click.argument("campaign", required=False)
@config_option
@json_option
def command(campaign: str | None, config: Path | None, as_json: bool) -> None:
    """Lint one campaign or all."""
    execute(lint(config, campaign, as_json))


async def lint(config: Path | None, name: str | None, as_json: bool) -> None:
    """Look at all, tell at the end."""
    found: list[tuple[Place, Finding]] = []
    async with desk(config) as opened:
        async with opened.database.connection() as connection:
            roster = await read_roster(connection)
        chosen = [campaign_of(roster, name)] if name else roster.campaigns.values()
        for campaign in chosen:
            found += of_campaign(opened, roster, campaign)
            found += await _of_letters(opened, roster, campaign)
    show(found, as_json)
    if any(finding.severity is Severity.ERROR for _, finding in found):
        sys.exit(FAILED)


def of_campaign(
    opened: Desk, roster: Roster, campaign: Campaign
) -> Iterator[tuple[Place, Finding]]:
    """Judge what needs no contact."""
    place = Place(campaign.name)
    boxes = [roster.mailboxes[id] for id in campaign.mailbox_ids]
    for finding in (
        *lint_way_out(opened.settings.http.public.base_url),
        *lint_sender(roster.clients[campaign.client_id], boxes),
    ):
        yield place, finding
    yield from lint_steps(campaign.name, campaign.steps)


async def _of_letters(
    opened: Desk, roster: Roster, campaign: Campaign
) -> list[tuple[Place, Finding]]:
    """Write every letter that is still to come, and count what becomes of it."""
    proofs = proofs_of(opened, roster)
    permit = proofs.permit(campaign, None)
    if permit is None:
        nobody = "the pool has no mailbox: nobody will write"
        return [(Place(campaign.name), Finding(Severity.ERROR, "empty_pool", nobody))]
    counts = [_Count() for _ in campaign.steps]
    async with opened.database.connection() as connection:
        total = await count_readers(connection, campaign.id)
        done = 0
        async for reader in each_reader(connection, campaign.id):
            await _write_all(proofs, permit, reader, counts)
            done += 1
            if done % TELL_EACH == 0:
                click.echo(f"{campaign.name}: {done} of {total} contacts", err=True)
    return [
        (Place(campaign.name, number), finding)
        for number, count in enumerate(counts, 1)
        for finding in _findings(count)
    ]


async def _write_all(
    proofs: Proofs, permit: Permit, reader: Reader, counts: list[_Count]
) -> None:
    thread: Written | None = None
    for number, count in enumerate(counts, 1):
        count.letters += 1
        made = await _whole(proofs, permit, reader, number, thread, count)
        if isinstance(made, Unfillable):
            count.other[made.reason] += 1
            count.examples.setdefault(made.reason, f"{reader.email}: {made.detail}")
            continue
        if made.opens_thread:
            thread = made
        if len(made.letter.message) > len(count.largest):
            count.largest = made.letter.message


async def _whole(
    proofs: Proofs,
    permit: Permit,
    reader: Reader,
    number: int,
    thread: Written | None,
    count: _Count,
) -> Written | Unfillable:
    """Write a letter; what is missing is noted and then made up, to find the rest."""
    for _ in range(MAX_MISSING):
        made = await proofs.letter(permit, reader, number, thread=thread)
        if not isinstance(made, Unfillable) or not made.missing:
            return made
        count.missing[made.missing] += 1
        count.examples.setdefault(made.missing, reader.email)
        variables = msgspec.json.decode(reader.variables) | {made.missing: "x"}
        reader = replace(reader, variables=msgspec.json.encode(variables))
    return made


def _findings(count: _Count) -> Iterator[Finding]:
    for name, n in count.missing.most_common():
        yield Finding(
            Severity.ERROR,
            "missing_variable",
            f"{name} is missing for {n} of {counted(count.letters, 'contact')}, such as"
            f" {count.examples[name]}: their letters would be held",
        )
    for reason, n in count.other.most_common():
        yield Finding(
            Severity.ERROR,
            reason,
            f"{n} of {counted(count.letters, 'letter')} would be held, such as that to"
            f" {count.examples[reason]}",
        )
    if count.largest:
        message = email.message_from_bytes(count.largest, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        markup = message.get_body(("html",))
        assert markup is None or isinstance(markup, EmailMessage)
        octets = len(markup.get_content().encode()) if markup else 0
        yield from lint_size(len(count.largest), octets)


def show(found: list[tuple[Place, Finding]], as_json: bool) -> None:
    """Print the findings, errors first."""
    found = sorted(found, key=lambda one: one[1].severity)
    errors = sum(finding.severity is Severity.ERROR for _, finding in found)
    if as_json:
        rows = [row(place, finding) for place, finding in found]
        show_json({"errors": errors, "warnings": len(found) - errors, "findings": rows})
        return
    for place, finding in found:
        click.echo(f"{finding.severity:<7}  {place}: {finding.sentence}.")
    if found:
        warnings = counted(len(found) - errors, "warning")
        click.echo(f"{counted(errors, 'error')}, {warnings}.")
    else:
        click.echo("Nothing to find fault with.")


def row(place: Place, finding: Finding) -> dict[str, Any]:
    """Write a finding for JSON."""
    return {
        "severity": finding.severity,
        "campaign": place.campaign,
        "step": place.step,
        "variant": place.variant,
        "word": finding.word,
        "sentence": finding.sentence,
    }
