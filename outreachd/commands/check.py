"""``outreachd check``: whether settings, state, database, fleet and ways out are fit.

One line for each thing looked at: ok, warn or FAIL, and what to do. Nothing is sent
and nobody logs in. Exit 1 if anything fails, so that it can stand before a start.
With --domains it looks at the sending domains instead: see ``domains``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import click

from outreachd.commands import domains, machine
from outreachd.commands.base import (
    EXPECTED,
    FAILED,
    Desk,
    FailedError,
    config_option,
    desk,
    execute,
    json_option,
    sentence,
    settings_file,
    settings_of,
    show_json,
)
from outreachd.commands.greeting import NoGreetingError, greeting
from outreachd.commands.machine import Finding, Level
from outreachd.commands.words import spoken
from outreachd.config import Settings
from outreachd.rules.dkim_record import wished
from outreachd.rules.model import Account, Roster
from outreachd.rules.written import counted
from outreachd.store.dkim import DkimKey, open_dkim_key, read_dkim_keys
from outreachd.store.roster import read_roster, read_secrets
from outreachd.store.vault import Vault, VaultError
from outreachd.store.waiting import database_time
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import LookupFailedError, Resolver

GREETINGS_AT_ONCE = 20
CLOCKS_APART_S = 2.0


@click.command("check", help="Look whether all is fit to send; nothing is sent.")
@click.option(
    "--domains",
    "of_domains",
    is_flag=True,
    help="Look at the sending domains instead: SPF, DKIM, DMARC, MX, PTR, blocklists.",
)
@config_option
@json_option
def command(config: Path | None, of_domains: bool, as_json: bool) -> None:
    """Check everything, or the domains."""
    look = domains.check if of_domains else check
    execute(look(config, as_json))


async def check(config: Path | None, as_json: bool) -> None:
    """Look at one thing after the other, tell each at once."""
    found: list[Finding] = []
    async for finding in findings(config):
        found.append(finding)
        if not as_json:
            click.echo(f"{finding.level:<4}  {finding.what}: {finding.text}")
    failed = [finding for finding in found if finding.level is Level.FAIL]
    if as_json:
        show_json({"ok": not failed, "checks": found})
    else:
        verdict = f"{counted(len(failed), 'failure')}." if failed else "All is fit."
        click.echo(verdict)
    if failed:
        sys.exit(FAILED)


async def findings(config: Path | None) -> AsyncIterator[Finding]:
    """Look at everything that can be looked at; a failure stops only what needs it."""
    settings = settings_of(config)
    file = settings_file(config)
    usual = "no file, so the defaults: name one by --config or $OUTREACHD_CONFIG"
    yield Finding(Level.OK, "settings", str(file or usual))
    for finding in machine.python():
        yield finding
    for finding in machine.state(settings):
        yield finding
    async for finding in machine.listeners(settings):
        yield finding
    try:
        async with desk(config) as opened:
            async for finding in _database(opened):
                yield finding
    except (FailedError, *EXPECTED) as error:
        yield Finding(Level.FAIL, "database", sentence(error))


async def _database(opened: Desk) -> AsyncIterator[Finding]:
    now = opened.clock.now()
    async with opened.database.connection() as connection:
        apart_s = abs((await database_time(connection) - now).total_seconds())
        roster = await read_roster(connection)
        secrets = await read_secrets(connection)
        keys = await read_dkim_keys(connection)
    yield Finding(Level.OK, "database", "answers, its schema is up to date")
    if apart_s > CLOCKS_APART_S:
        text = f"its clock and ours are {spoken(apart_s)} apart: set both by NTP"
        yield Finding(Level.WARN, "database", text)
    for finding in (
        *_fleet(roster),
        *_relays(opened.settings, roster),
        *_public(opened.settings, roster),
        *_passwords(opened.vault, roster, secrets),
        *_signing(opened.vault, roster, secrets, keys),
    ):
        yield finding
    for finding in await _accounts(roster):
        yield finding


def _fleet(roster: Roster) -> Iterator[Finding]:
    if not roster.mailboxes:
        text = "there are no mailboxes: run `outreachd apply FLEET.toml`"
        yield Finding(Level.WARN, "fleet", text)
        return
    text = (
        f"{counted(len(roster.clients), 'client')}, "
        f"{counted(len(roster.campaigns), 'campaign')}, "
        f"{counted(len(roster.domains), 'domain')}, mailboxes: {len(roster.mailboxes)}"
    )
    yield Finding(Level.OK, "fleet", text)
    for campaign in roster.campaigns.values():
        if not campaign.mailbox_ids:
            text = f"campaign {campaign.name} has no mailbox in its pool"
            yield Finding(Level.WARN, "fleet", text)


def _relays(settings: Settings, roster: Roster) -> Iterator[Finding]:
    """Look whether the relays that the settings tell of are accounts of the fleet."""
    known = {account.name for account in roster.accounts.values()}
    for name in settings.checks.relays.keys() - known:
        text = f"[checks.relays.{name}] is of no account of the fleet"
        yield Finding(Level.WARN, "fleet", text)


def _public(settings: Settings, roster: Roster) -> Iterator[Finding]:
    public = settings.http.public
    if public.base_url is None:
        level = Level.FAIL if roster.campaigns else Level.WARN
        text = (
            "[http.public] base_url is not set: no letter can carry a working opt-out"
        )
        yield Finding(level, "opt-out", text)
    elif public.listen is None:
        text = f"[http.public] listen is not set: who answers at {public.base_url}?"
        yield Finding(Level.WARN, "opt-out", text)
    else:
        yield Finding(Level.OK, "opt-out", f"links lead to {public.base_url}")


def _passwords(
    vault: Vault, roster: Roster, sealed: dict[tuple[str, int], bytes]
) -> Iterator[Finding]:
    logins = [
        *(("account", a.id, a.name) for a in roster.accounts.values() if a.username),
        *(
            ("mailbox", m.id, m.address)
            for m in roster.mailboxes.values()
            if m.username
        ),
    ]
    fit = 0
    for kind, id, name in logins:
        try:
            vault.open(kind, id, sealed[kind, id])
            fit += 1
        except KeyError:
            text = f"{kind} {name} has a username but no password: apply one"
            yield Finding(Level.FAIL, "passwords", text)
        except VaultError as error:
            yield Finding(Level.FAIL, "passwords", f"{name}: {error}")
    if fit:
        yield Finding(Level.OK, "passwords", f"{fit} open with this key")


def _signing(
    vault: Vault,
    roster: Roster,
    sealed: dict[tuple[str, int], bytes],
    keys: Sequence[DkimKey],
) -> Iterator[Finding]:
    """Look whether each domain that wants to sign has keys that open."""
    fit = 0
    for domain in roster.domains.values():
        made = {key.public.selector: key for key in keys if key.domain_id == domain.id}
        for selector, _ in wished(domain.dkim):
            key = made.get(selector)
            if key is None:
                text = (
                    f"{domain.name} has no key {selector}, so its letters leave"
                    f" unsigned: run `outreachd dkim {domain.name}`"
                )
                yield Finding(Level.WARN, "signing", text)
                continue
            try:
                open_dkim_key(vault, key, sealed)
                fit += 1
            except VaultError:
                text = (
                    f"the key {selector} of {domain.name} does not open, so its letters"
                    f" are held: bring back its secret.key, or take another selector"
                )
                yield Finding(Level.FAIL, "signing", text)
    if fit:
        yield Finding(Level.OK, "signing", f"{counted(fit, 'key')} open")


async def _accounts(roster: Roster) -> list[Finding]:
    try:
        dialer = Dialer(Resolver())
    except LookupFailedError as error:
        return [Finding(Level.FAIL, "dns", str(error))]
    turns = asyncio.Semaphore(GREETINGS_AT_ONCE)

    async def look(account: Account) -> Finding:
        what = f"account {account.name}"
        place = f"{account.host}:{account.port}"
        async with turns:
            try:
                name = await greeting(account, dialer)
            except NoGreetingError as error:
                return Finding(Level.FAIL, what, f"{place}: {error}")
        return Finding(Level.OK, what, f"{place} greets as {name}")

    return list(await asyncio.gather(*map(look, roster.accounts.values())))
