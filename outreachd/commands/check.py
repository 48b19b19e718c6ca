"""``outreachd check``: whether settings, state, database, fleet and ways out are fit.

One line for each thing looked at: ok, warn or FAIL, and what to do. Nothing is sent
and nobody logs in. Exit 1 if anything fails, so that it can stand before a start.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from outreachd.commands import selftest
from outreachd.commands.base import (
    EXPECTED,
    FAILED,
    Desk,
    FailedError,
    config_option,
    desk,
    execute,
    json_option,
    settings_of,
    show_json,
)
from outreachd.commands.client import readiness, token_file
from outreachd.commands.greeting import NoGreetingError, greeting
from outreachd.commands.words import counted, spoken
from outreachd.config import Settings
from outreachd.listen import Listening, UnixListen
from outreachd.rules.model import Account, Roster
from outreachd.store.roster import read_roster, read_secrets
from outreachd.store.vault import Vault, VaultError
from outreachd.store.waiting import database_time
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import LookupFailedError, Resolver

GREETINGS_AT_ONCE = 20
CLOCKS_APART_S = 2.0
OTHERS = 0o077  # mode bits of group and world
OTHERS_WRITE = 0o022


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    what: str
    text: str


@click.command("check", help="Look whether all is fit to send; nothing is sent.")
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """Check everything."""
    execute(check(config, as_json))


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
    yield Finding(Level.OK, "settings", str(config or "defaults and usual places"))
    for finding in _python():
        yield finding
    for finding in _state(settings):
        yield finding
    async for finding in _listeners(settings):
        yield finding
    try:
        async with desk(config) as opened:
            async for finding in _database(opened):
                yield finding
    except (FailedError, *EXPECTED) as error:
        yield Finding(Level.FAIL, "database", str(error))


def _python() -> Iterator[Finding]:
    faults = [*selftest.old_libraries(), *selftest.open_headers()]
    if not selftest.has_strict_parser():
        faults.append("aiohttp runs without its parser in C: install its wheel")
    for fault in faults:
        yield Finding(Level.FAIL, "python", fault)
    if not faults:
        number = ".".join(map(str, sys.version_info[:3]))
        yield Finding(
            Level.OK, "python", f"{number}; libraries are new enough, headers are tight"
        )


def _state(settings: Settings) -> Iterator[Finding]:
    what, state = "state", settings.state.directory
    assert state is not None  # load() fills it
    if not state.exists():
        yield Finding(Level.OK, what, f"{state} will be made")
        return
    try:
        Vault.unlock(state)
        (state / ".check").touch(mode=0o600)
        (state / ".check").unlink()
    except (OSError, VaultError) as error:
        yield Finding(Level.FAIL, what, str(error))
        return
    if state.stat().st_mode & OTHERS_WRITE:
        text = f"{state} may be written by others: chmod go-w {state}"
        yield Finding(Level.FAIL, what, text)
    token = token_file(settings)
    if token.exists() and token.stat().st_mode & OTHERS:
        text = f"{token} may be read by others: chmod 600 {token}"
        yield Finding(Level.FAIL, "control token", text)
    elif settings.http.control.token_file and not token.exists():
        yield Finding(Level.FAIL, "control token", f"{token} is missing: make it")
    yield Finding(Level.OK, what, f"{state} is ours, its key opens")


async def _listeners(settings: Settings) -> AsyncIterator[Finding]:
    http = settings.http
    running = await readiness(settings)
    if running is not None:
        yield Finding(Level.OK, "http", f"a daemon answers: {running[1]}")
        return
    for name, at in (("control", http.control.listen), ("public", http.public.listen)):
        if at is None:
            continue
        fault = bind_fault(at)
        text = f"{fault}: stop what uses it, or change [http.{name}] listen"
        yield (
            Finding(Level.FAIL, f"http.{name}", text)
            if fault
            else Finding(Level.OK, f"http.{name}", "its address is free")
        )


def bind_fault(at: Listening) -> str | None:
    """Tell why nobody can listen there; None = one can."""
    try:
        if isinstance(at, UnixListen):
            with socket.socket(socket.AF_UNIX) as caller:
                if at.path.exists() and caller.connect_ex(str(at.path)) == 0:
                    return f"{at.path} is used by another program"
            with tempfile.TemporaryFile(dir=at.path.parent):
                return None
        family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
        socket.create_server((at.host, at.port), family=family).close()
    except OSError as error:
        return f"{error.strerror or error}".lower()
    return None


async def _database(opened: Desk) -> AsyncIterator[Finding]:
    now = opened.clock.now()
    async with opened.database.connection() as connection:
        apart_s = abs((await database_time(connection) - now).total_seconds())
        roster = await read_roster(connection, now)
        secrets = await read_secrets(connection)
    yield Finding(Level.OK, "database", "answers, its schema is up to date")
    if apart_s > CLOCKS_APART_S:
        text = f"its clock and ours are {spoken(apart_s)} apart: set both by NTP"
        yield Finding(Level.WARN, "database", text)
    for finding in (
        *_fleet(roster),
        *_public(opened.settings, roster),
        *_passwords(opened.vault, roster, secrets),
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
