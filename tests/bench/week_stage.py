"""The stage of the week: PostgreSQL, the fleet, its people, an SMTP server, the daemon.

The fleet goes in by the file that people write and by ``apply``; people go in as rows
of a list, by the rules of an import. All on loopback and in temporary directories; the
two processes end with their input, and so with us.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

import asyncpg

from outreachd.clock import RealClock
from outreachd.demo.clockfile import ClockFile
from outreachd.demo.ports import held_port
from outreachd.demo.stage import forget_environment
from outreachd.fleet.load import load
from outreachd.rules.contact_row import NewContact, read_row
from outreachd.rules.model import Roster
from outreachd.store.contacts import enrol, find_target
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.fleet import apply
from outreachd.store.migrate import migrate
from outreachd.store.roster import read_roster
from outreachd.store.vault import Vault
from tests.bench.week_plan import CLIENTS, DAYS, DELAYS, Plan, hours

BATCH = 2000  # contacts of one transaction
END_S = 30
CONSENT = {
    "consent_basis": "consent",
    "consent_source": "trade fair",
    "consent_at": "2026-03-01",
}

SETTINGS = """
[database]
dsn = "{dsn}"
[state]
directory = "{home}/state"
[send]
lease_s = 60.0
[http.control]
listen = "unix:{home}/control.sock"
[http.public]
listen = "127.0.0.1:{public}"
base_url = "http://127.0.0.1:{public}"
[checks]
enabled = false
[log]
level = "warning"
"""
CLIENT = """
[[client]]
name = "{name}"
share = {share}
postal_address = "{name} Ltd, Main Street 1, 10115 Berlin"
"""
DOMAIN = """
[[domain]]
name = "{name}"
accounts = ["relay"]
daily_limit = 5000
rate_per_minute = 600
warmup = false
"""
ACCOUNT = """
[[account]]
name = "relay"
kind = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
rate_per_second = 1000
max_connections = 40
[fleet]
mailboxes = "mailboxes.csv"
"""
# A part of each mailbox's letters is kept for first touches, so that there are some
# on every day of the week.
CAMPAIGN = """
[[campaign]]
name = "{name}"
client = "{client}"
direction = "sales"
share = {share}
first_touch_share = 0.3
pool = {{ tags = ["all"] }}
[campaign.calendar]
days = "mon-{last}"
hours = "{hours}"
timezone = "recipient"
holidays = "recipient"
[[campaign.step]]
subject = "{{{{ first_name }}}}, a question"
text = '''
Hello {{{{ first_name }}}},

may we show you something?

Reference: {name}/1
'''
"""
FOLLOW_UP = """
[[campaign.step]]
after = "{after} workdays"
text = '''
Hello {{{{ first_name }}}},

did it reach you?

Reference: {name}/{step}
'''
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is ready before the week begins."""

    home: Path
    dsn: str
    public: str  # address of the public listener
    roster: Roster
    clock: ClockFile

    @property
    def log(self) -> Path:
        """The SMTP server's log."""
        return self.home / "accepted.jsonl"

    @property
    def daemon_log(self) -> Path:
        """What the daemon said."""
        return self.home / "daemon.log"


@asynccontextmanager
async def stage(plan: Plan, begins: datetime) -> AsyncIterator[Stage]:
    """Set up everything; clear it away."""
    forget_environment()
    async with AsyncExitStack() as stack:
        postgres = await asyncio.to_thread(EmbeddedServer.temporary)
        stack.push_async_callback(asyncio.to_thread, postgres.stop)
        temporary = tempfile.TemporaryDirectory(prefix="outreachd-week-")
        home = Path(stack.enter_context(temporary))
        clock = ClockFile.create(home / "clock", begins.timestamp())
        stack.callback(clock.close)
        (home / "accepted.jsonl").touch()
        port = stack.enter_context(_sink(home))
        public = stack.enter_context(held_port())
        _write(home, plan, port, postgres.dsn(), public)
        connection = await asyncpg.connect(postgres.dsn(), command_timeout=600)
        try:
            roster = await _furnish(connection, home, plan, begins)
        finally:
            await connection.close()
        yield Stage(home, postgres.dsn(), f"http://127.0.0.1:{public}", roster, clock)


@contextmanager
def daemon(
    scene: Stage, begins: datetime, ends: datetime
) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon until the end of the week, or of us."""
    arguments = [str(scene.home / "outreachd.toml"), str(scene.home / "clock")]
    arguments += [begins.isoformat(), ends.isoformat()]
    with scene.daemon_log.open("wb") as log:
        process = _start("tests.bench.week_daemon", *arguments, stderr=log)
        try:
            yield process
        finally:
            _end(process)


@contextmanager
def _sink(home: Path) -> Iterator[int]:
    log, clock = home / "accepted.jsonl", home / "clock"
    process = _start("tests.bench.week_sink", str(log), str(clock))
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        _end(process)


def _start(
    module: str, *arguments: str, stderr: IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.communicate(timeout=END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _write(home: Path, plan: Plan, port: int, dsn: str, public: int) -> None:
    (home / "state").mkdir(mode=0o700)
    settings = SETTINGS.format(dsn=dsn, home=home, public=public)
    (home / "outreachd.toml").write_text(settings)
    names = sorted({address.partition("@")[2] for address in plan.mailboxes})
    fleet = [CLIENT.format(name=name, share=share) for name, share in CLIENTS.items()]
    fleet += [DOMAIN.format(name=name) for name in names]
    fleet.append(ACCOUNT.format(port=port))
    for one in plan.campaigns.values():
        values = {"name": one.name, "client": one.client, "share": one.weight}
        values |= {"last": DAYS[one.last_day], "hours": hours(one.minutes)}
        fleet.append(CAMPAIGN.format(**values))
        for step, after in DELAYS.items():
            fleet.append(FOLLOW_UP.format(name=one.name, after=after, step=step))
    (home / "fleet.toml").write_text("".join(fleet))
    rows = ["address,name,workday,timezone,warmup,tags"]
    for n, box in enumerate(plan.mailboxes.values()):
        row = (box.address, f"Box {n}", hours(box.minutes), box.zone, "false", "all")
        rows.append(",".join(row))
    (home / "mailboxes.csv").write_text("\n".join(rows) + "\n")


async def _furnish(
    connection: asyncpg.Connection[asyncpg.Record],
    home: Path,
    plan: Plan,
    begins: datetime,
) -> Roster:
    await migrate(connection, RealClock())
    fleet, vault = load(home / "fleet.toml"), Vault.unlock(home / "state")
    await apply(connection, fleet, vault, now=begins, author="week")
    lists: dict[str, list[NewContact]] = {}
    for line, one in enumerate(plan.people, 2):
        cells = {
            "email": one.email,
            "timezone": one.home.zone if one.states_zone else "",
            "country": one.home.country,
            "region": one.home.region,
            "first_name": f"P{line}",
            **CONSENT,
        }
        row = read_row(list(cells), list(cells.values()), line)
        lists.setdefault(one.campaign.name, []).append(row)
    for name, rows in lists.items():
        target = await find_target(connection, name)
        assert target is not None
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            await enrol(connection, target, batch, now=begins)
    await connection.execute("ANALYZE")
    return await read_roster(connection)
