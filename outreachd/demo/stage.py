"""All that the demo needs around the daemon: PostgreSQL, an SMTP server, a fleet.

Everything lives in temporary directories and in processes that end with us, also when
we are interrupted half-way. Settings from the environment are left out: a demo must
never reach the fleet that somebody runs for a living.
Errors: EmbeddedError, LedgerAwayError; SinkError when the SMTP server does not start.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from outreachd.clock import RealClock
from outreachd.config import Settings
from outreachd.config_file import load
from outreachd.demo.clockfile import ClockFile
from outreachd.demo.fleet import ACCOUNTS, build_fleet
from outreachd.demo.people import people
from outreachd.demo.ports import HOST, held_port
from outreachd.rules.contact_row import NewContact
from outreachd.rules.model import Roster
from outreachd.store.binaries import EmbeddedError
from outreachd.store.contacts import enrol, find_target
from outreachd.store.database import Database
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.fleet import apply
from outreachd.store.migrate import migrate
from outreachd.store.roster import read_roster
from outreachd.store.vault import Vault

GREYLISTED = 0.02  # share of recipients that are told to come back later
BATCH = 2000  # contacts of one transaction
SINK_END_S = 5.0
CLOSE_S = 5.0

SETTINGS = """\
# The demo's settings. Other verbs can use them while it runs: --config THIS_FILE
[database]
dsn = {dsn}

[state]
directory = {state}

[send]
lease_s = 60.0        # a machine that is busy with other things must not end the shift

[http.control]
listen = {listen}

[http.public]
base_url = "https://optout.example"

[checks]
enabled = false       # its domains are nobody's, and it asks nothing of any network

[log]
level = "warning"
"""


class SinkError(Exception):
    """The SMTP server of the demo did not start; the text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a demo is wanted."""

    mailboxes: int
    contacts: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is ready before the day begins."""

    home: Path
    log: Path  # the SMTP server's own log
    settings: Settings
    settings_file: Path
    address: str  # of the control listener
    token: str
    token_file: Path
    dsn: str
    database: Database
    time: ClockFile  # what the SMTP server takes for the time
    roster: Roster
    contacts: Mapping[str, list[NewContact]]  # by campaign
    started_at: datetime


@asynccontextmanager
async def stage(
    size: Size, begins: datetime, tell: Callable[[str], None]
) -> AsyncIterator[Stage]:
    """Set the stage for a day that begins then; clear it away."""
    contacts = people(size.mailboxes, size.contacts, size.seed)
    forget_environment()
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(TemporaryDirectory(prefix="outreachd-demo-")))
        time = ClockFile.create(home / "clock", begins.timestamp())
        stack.callback(time.close)
        tell("an SMTP server in a process of its own")
        ports = await stack.enter_async_context(_sink(home))
        tell("a PostgreSQL of our own")
        server = await stack.enter_async_context(_postgres())
        database = await Database.open(server.dsn())
        stack.push_async_callback(database.close, CLOSE_S)
        (home / "state").mkdir(mode=0o700)
        tell(f"{size.mailboxes} mailboxes")
        roster = await _apply(database, home / "state", size.mailboxes, ports, begins)
        tell(f"{size.contacts} contacts")
        await _enrol(database, contacts, begins)
        # The usual port may be a real daemon's.
        address = f"{HOST}:{stack.enter_context(held_port())}"
        settings_file = _write_settings(home, server.dsn(), address)
        token, token_file = secrets.token_urlsafe(32), home / "state/control.token"
        token_file.touch(mode=0o600)
        token_file.write_text(token + "\n")
        yield Stage(
            home=home,
            log=home / "accepted.jsonl",
            settings=load(settings_file),
            settings_file=settings_file,
            address=address,
            token=token,
            token_file=token_file,
            dsn=server.dsn(),
            database=database,
            time=time,
            roster=roster,
            contacts=contacts,
            started_at=begins,
        )


def forget_environment() -> None:
    """Drop settings of a real daemon; how to find PostgreSQL's programs may stay."""
    for name in [n for n in os.environ if n.upper().startswith("OUTREACHD_")]:
        if "__" in name:
            del os.environ[name]


@asynccontextmanager
async def _sink(home: Path) -> AsyncIterator[Mapping[str, int]]:
    """Run the SMTP server; tell the port of each account."""
    log = home / "accepted.jsonl"
    log.touch()
    options = ["--log", str(log), "--clock", str(home / "clock")]
    options += ["--greylist", str(GREYLISTED)]
    for name in ACCOUNTS:
        options += ["--account", name]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "outreachd.demo.sink",
        *options,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    try:
        line = await process.stdout.readline()
        if not line:
            raise SinkError(
                "the demo's SMTP server did not start: see its words above."
            )
        told = json.loads(line)
        yield dict(zip(told["accounts"], told["ports"], strict=True))
    finally:
        process.stdin.close()  # the server ends with its input
        try:
            async with asyncio.timeout(SINK_END_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@asynccontextmanager
async def _postgres() -> AsyncIterator[EmbeddedServer]:
    starting = asyncio.create_task(asyncio.to_thread(EmbeddedServer.temporary))
    try:
        yield await asyncio.shield(starting)
    finally:
        with suppress(EmbeddedError):
            # Interrupted or not: what a thread has started must be stopped.
            server = await starting
            await asyncio.to_thread(server.stop)


async def _apply(
    database: Database,
    state: Path,
    mailboxes: int,
    ports: Mapping[str, int],
    now: datetime,
) -> Roster:
    fleet = build_fleet(mailboxes, ports)
    async with database.connection() as connection:
        await migrate(connection, RealClock())
        vault = Vault.unlock(state)
        await apply(connection, fleet, vault, now=now, author="demo")
        return await read_roster(connection)


async def _enrol(
    database: Database, contacts: Mapping[str, list[NewContact]], now: datetime
) -> None:
    async with database.connection() as connection:
        for campaign, persons in contacts.items():
            target = await find_target(connection, campaign)
            assert target is not None
            for start in range(0, len(persons), BATCH):
                batch = persons[start : start + BATCH]
                await enrol(connection, target, batch, now=now)
        await connection.execute("ANALYZE")  # as autovacuum would, had it the time


def _write_settings(home: Path, dsn: str, address: str) -> Path:
    file = home / "outreachd.toml"
    file.write_text(
        SETTINGS.format(
            dsn=json.dumps(dsn),
            state=json.dumps(str(home / "state")),
            listen=json.dumps(address),
        )
    )
    return file
