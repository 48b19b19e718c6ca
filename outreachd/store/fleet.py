"""Making the fleet what the fleet file wants, in one transaction or not at all.

``apply`` compares under a lock, writes only what differs, a statement a kind, and
retires what vanished; applying the same fleet twice writes nothing. Daemons are told by
NOTIFY outreachd_fleet when it commits. Passwords go in sealed, and only changed ones.
What the letters of lost mailboxes need is done after the commit, in short statements:
an opt-out, with all intents behind it, must not wait for thousands of them. Who is cut
off before leaves it to a daemon.
Errors: FleetMovedError when somebody else applied between plan and consent, UnfitError
for a time zone that is none to the server.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import msgspec

from outreachd.rules.fleet_plan import Change, Sign, moves_letters, plan
from outreachd.rules.model import Kind
from outreachd.rules.wanted import (
    Ear,
    Fleet,
    Thing,
    WantedAccount,
    WantedCampaign,
    WantedDomain,
    WantedInbox,
    WantedMailbox,
)
from outreachd.store import sql
from outreachd.store.content import put_attachments
from outreachd.store.database import Connection, UnfitError
from outreachd.store.departures import settle_departures
from outreachd.store.fleet_present import read_present
from outreachd.store.vault import Vault

# Seconds a statement may take; the longest writes all mailboxes.
STATEMENT_LIMIT_S = 60.0

# Lines of a plan that the audit keeps; beyond it the counts tell the size.
AUDITED_LINES = 500


class FleetMovedError(Exception):
    """The fleet in the database is no longer the one that the plan was made for."""


async def apply(
    connection: Connection,
    wanted: Fleet,
    vault: Vault,
    *,
    now: datetime,
    author: str,
    agreed: Sequence[Change] | None = None,
) -> list[Change]:
    """Make the fleet the wanted one; tell what was changed.

    ``agreed`` = the plan somebody consented to: if the plan is another by now,
    nothing is done and FleetMovedError is raised.
    """
    async with connection.transaction():
        await _run(connection, "lock_fleet")
        changes = plan(wanted, await read_present(connection, vault))
        if agreed is not None and list(agreed) != changes:
            raise FleetMovedError
        if changes:
            await _check_zones(connection, wanted)
            await _write(connection, wanted, changes, vault)
            await _run(connection, "note", now, author, "apply", _audited(changes))
            await _run(connection, "notify_fleet")
    if changes:
        await settle_departures(connection, author=author, now=now)
    return changes


async def _check_zones(connection: Connection, wanted: Fleet) -> None:
    """Refuse what only our own clock knows: the server reckons days of it too."""
    things = [*wanted.of(Kind.DOMAIN).values(), *wanted.of(Kind.MAILBOX).values()]
    zones = {t.timezone for t in things if isinstance(t, WantedDomain | WantedMailbox)}
    unknown = await connection.fetchval(sql.text("unknown_zone"), sorted(zones))
    if unknown is not None:
        raise UnfitError(
            f'the database\'s server does not know the time zone "{unknown}": take one '
            "of its pg_timezone_names, or update its time zones"
        )


async def _write(
    connection: Connection, wanted: Fleet, changes: Sequence[Change], vault: Vault
) -> None:
    for kind, put in _PUT.items():
        things = _touched(wanted, changes, kind)
        if things:
            await _run(connection, put, _json(map(_row, things)))
    campaigns = [
        thing
        for thing in _touched(wanted, changes, Kind.CAMPAIGN)
        if isinstance(thing, WantedCampaign)
    ]
    await _write_sequences(connection, campaigns)
    moved = [c.name for c in changes if moves_letters(c)]
    await _run(connection, "unplace_campaigns", moved)
    await _write_secrets(connection, wanted, changes, vault)
    for kind, retire in _RETIRE.items():
        if gone := [
            c.name for c in changes if c.sign is Sign.RETIRE and c.kind is kind
        ]:
            await _run(connection, retire, gone)


async def _write_sequences(
    connection: Connection, campaigns: Sequence[WantedCampaign]
) -> None:
    if not campaigns:
        return
    for campaign in campaigns:
        await _run(connection, "put_pool", campaign.name, sorted(campaign.mailboxes))
    names = [campaign.name for campaign in campaigns]
    lengths = [len(campaign.steps) for campaign in campaigns]
    await _run(connection, "cut_steps", names, lengths)
    for campaign in campaigns:
        for step in campaign.steps:
            await put_attachments(connection, step.contents)
    await _run(connection, "put_steps", _json(_step_rows(campaigns)))
    await _run(connection, "put_variants", names, _json(_variant_rows(campaigns)))


async def _write_secrets(
    connection: Connection, wanted: Fleet, changes: Sequence[Change], vault: Vault
) -> None:
    """Seal the passwords that changed, and drop those that are gone."""
    names: dict[Kind | Ear, list[str]] = {
        Kind.ACCOUNT: [],
        Kind.MAILBOX: [],
        Ear.INBOX: [],
    }
    for change in changes:
        if change.kind in names and change.touches("password"):
            names[change.kind].append(change.name)
    if not any(names.values()):
        return
    owners = await connection.fetch(sql.text("secret_owners"), *names.values())
    sealed, dropped = [], []
    for kind, name, target_id in owners:
        owner = Ear.INBOX if kind == Ear.INBOX else Kind(kind)
        thing = wanted.of(owner)[name]
        assert isinstance(thing, WantedAccount | WantedMailbox | WantedInbox)
        if thing.password is None:
            dropped.append((kind, target_id))
        else:
            ciphertext = vault.seal(kind, target_id, thing.password)
            sealed.append((kind, target_id, ciphertext))
    if sealed:
        await _run(connection, "put_secrets", *map(list, zip(*sealed, strict=True)))
    if dropped:
        await _run(connection, "drop_secrets", *map(list, zip(*dropped, strict=True)))


_PUT: dict[Kind | Ear, str] = {
    Kind.CLIENT: "put_clients",
    Kind.ACCOUNT: "put_accounts",
    Kind.DOMAIN: "put_domains",
    Kind.MAILBOX: "put_mailboxes",
    Kind.CAMPAIGN: "put_campaigns",
    Ear.INBOX: "put_inboxes",
}
_RETIRE: dict[Kind | Ear, str] = {
    Ear.INBOX: "retire_inboxes",
    Kind.CAMPAIGN: "retire_campaigns",
    Kind.MAILBOX: "retire_mailboxes",
    Kind.DOMAIN: "retire_domains",
    Kind.ACCOUNT: "retire_accounts",
    Kind.CLIENT: "retire_clients",
}


async def _run(connection: Connection, name: str, *values: object) -> None:
    await connection.execute(sql.text(name), *values, timeout=STATEMENT_LIMIT_S)


def _touched(wanted: Fleet, changes: Sequence[Change], kind: Kind | Ear) -> list[Thing]:
    return [
        wanted.of(kind)[change.name]
        for change in changes
        if change.kind is kind and change.sign is not Sign.RETIRE
    ]


def _row(thing: Thing) -> dict[str, Any]:
    """Make the columns of a thing; its password, pool and steps go elsewhere."""
    aside = ("password", "warmup", "mailboxes", "steps")
    row = {
        part.name: getattr(thing, part.name)
        for part in fields(thing)
        if part.name not in aside
    }
    if isinstance(thing, WantedDomain | WantedMailbox) and thing.warmup:
        row["ramp_start"] = thing.warmup.start
        row["ramp_end"] = thing.warmup.end
        row["ramp_days"] = thing.warmup.days
    return row


def _step_rows(campaigns: Iterable[WantedCampaign]) -> Iterable[dict[str, Any]]:
    for campaign in campaigns:
        for number, step in enumerate(campaign.steps, 1):
            yield {
                "campaign": campaign.name,
                "number": number,
                "subject": step.subject,
                "body_text": step.text,
                "body_html": step.html,
                "delay": step.delay,
                "delay_unit": step.delay_unit,
                "attachments": step.attachments,
            }


def _variant_rows(campaigns: Iterable[WantedCampaign]) -> Iterable[dict[str, Any]]:
    for campaign in campaigns:
        for number, step in enumerate(campaign.steps, 1):
            for place, variant in enumerate(step.variants):
                yield {
                    "campaign": campaign.name,
                    "number": number,
                    "place": place,
                    "name": variant.name,
                    "weight": variant.weight,
                    "subject": variant.subject,
                    "body_text": variant.text,
                    "body_html": variant.html,
                }


def _json(rows: Iterable[dict[str, Any]]) -> str:
    return msgspec.json.encode(list(rows)).decode()


def _audited(changes: Sequence[Change]) -> str:
    lines = [str(change) for change in changes[:AUDITED_LINES]]
    counts = Counter(change.sign.name.lower() for change in changes)
    return msgspec.json.encode({"counts": counts, "changes": lines}).decode()
