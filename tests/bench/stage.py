"""The stage of a benchmark: a database of its own, a fleet, contacts, an SMTP sink.

Rows are made by the database itself, so that a million of them take seconds. All on
loopback and in temporary directories that go away with the stage.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg

from outreachd.clock import RealClock
from outreachd.fleet.load import load
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.fleet import apply
from outreachd.store.migrate import migrate
from outreachd.store.vault import Vault

# Three SMTP servers, as commands: one that is faster than any client, one that takes
# its time, and the same at the distance of a relay in another house of the region.
FAST = ("outreachd.demo.sink",)
AIOSMTPD = ("tests.bench.aiosmtpd_sink",)
RELAY = (*AIOSMTPD, "--away-ms", "20")

TEXT = (
    "Hello {{ first_name }},\n\n"
    + "We make the thing that {{ company }} asked about and would like to show it.\n"
    * 36
    + "\n\nBest regards\n{{ sender_name }}\n"
)

CONTACTS = """
WITH people AS (
    INSERT INTO contact (client_id, email, consent_basis, variables)
    SELECT (SELECT client_id FROM campaign WHERE name = 'bench'),
        'p' || n || '@people.example', 'asked',
        jsonb_build_object('first_name', 'Name' || n, 'company', 'Company ' || n)
    FROM generate_series(1, $1::int) AS n RETURNING id
), enrolled AS (
    INSERT INTO enrolment (campaign_id, contact_id)
    SELECT (SELECT id FROM campaign WHERE name = 'bench'), id FROM people
    RETURNING id, contact_id
)
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, due_at,
                  first_due_at, changed_at)
SELECT (SELECT id FROM campaign WHERE name = 'bench'), 1, contact_id, id,
    now() - interval '1 hour', now() - interval '1 hour', now()
FROM enrolled
"""


@dataclass(slots=True)
class Stage:
    """What a benchmark works with."""

    home: Path
    dsn: str
    sink: Sink
    vault: Vault
    postgres_pid: int

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.home / "outreachd.toml"


@dataclass(slots=True)
class Sink:
    """An SMTP server in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def times(self) -> list[float]:
        """Tell when each letter was accepted, on the sink's clock."""
        with self.log.open() as lines:
            return [json.loads(line)["at"] for line in lines]

    async def has(self, letters: int) -> None:
        """Wait until it has accepted so many."""
        while True:
            with self.log.open("rb") as log:
                lines = sum(
                    chunk.count(b"\n")
                    for chunk in iter(partial(log.read, 1 << 20), b"")
                )
            if lines >= letters:
                return
            await RealClock().sleep(0.5)

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """Start a Python of our own."""
    return subprocess.Popen([sys.executable, *arguments])


def open_sink(home: Path, name: str = "sink", server: Sequence[str] = FAST) -> Sink:
    """Start a server."""
    log = home / f"{name}.log"
    process = subprocess.Popen(
        [sys.executable, "-m", *server, "--log", str(log)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    port = json.loads(process.stdout.readline())["port"]
    return Sink(process, port, log)


@asynccontextmanager
async def stage(
    *,
    mailboxes: int,
    letters: int,
    closed_share: float = 0.0,
    server: Sequence[str] = FAST,
) -> AsyncIterator[Stage]:
    """Set up everything; ``closed_share`` of the mailboxes may not send today."""
    postgres = await asyncio.to_thread(EmbeddedServer.temporary)
    with tempfile.TemporaryDirectory(prefix="outreachd-bench-") as directory:
        home = Path(directory)
        sink = open_sink(home, server=server)
        try:
            vault = Vault.unlock(home)
            _write_fleet(home, sink.port, mailboxes, closed_share)
            connection = await asyncpg.connect(postgres.dsn(), command_timeout=600)
            try:
                await migrate(connection, RealClock())
                now = RealClock().now()
                await apply(
                    connection,
                    load(home / "fleet.toml"),
                    vault,
                    now=now,
                    author="bench",
                )
                await connection.execute("SET statement_timeout = 0")
                await connection.execute(CONTACTS, letters)
                await connection.execute(
                    "INSERT INTO queue SELECT id, '' FROM campaign"
                )
                await connection.execute("VACUUM ANALYZE")
            finally:
                await connection.close()
            assert postgres.pid is not None
            made = Stage(home, postgres.dsn(), sink, vault, postgres.pid)
            _write_settings(made)
            yield made
        finally:
            sink.close()
            await asyncio.to_thread(postgres.stop)


def _write_settings(stage: Stage) -> None:
    stage.settings.write_text(
        f"""
[database]
dsn = "{stage.dsn}"
[state]
directory = "{stage.home}"
[send]
max_in_flight = 200
[send.connections]
letters = 10000
[http.control]
listen = "unix:{stage.home}/control.sock"
[http.public]
base_url = "https://optout.example"
[log]
level = "warning"
"""
    )


FLEET = """
[[client]]
name = "bench"
postal_address = "Bench 1, 10115 Berlin"
[[account]]
name = "relay"
kind = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
rate_per_second = 100000
max_connections = 50
{domains}
[fleet]
mailboxes = "mailboxes.csv"
[[campaign]]
name = "bench"
client = "bench"
direction = "sales"
pool = {{ tags = ["bench"] }}
calendar = {{ days = "mon-sun", hours = "00:00-24:00", timezone = "UTC" }}
[[campaign.step]]
subject = "{{{{ first_name }}}}, a question"
text_file = "letter.txt"
"""

DOMAIN = """
[[domain]]
name = "{name}"
accounts = ["relay"]
daily_limit = 1000000
rate_per_minute = 1000000
warmup = false
"""

COLUMNS = (
    "address",
    "name",
    "min_gap_s",
    "jitter",
    "hourly_limit",
    "daily_limit",
    "workday",
    "timezone",
    "warmup",
    "tags",
)


def _write_fleet(home: Path, port: int, mailboxes: int, closed_share: float) -> None:
    names = [f"mail{n}.sender.example" for n in range(max(mailboxes // 30, 1))]
    domains = "".join(DOMAIN.format(name=name) for name in names)
    (home / "letter.txt").write_text(TEXT)
    (home / "fleet.toml").write_text(FLEET.format(port=port, domains=domains))
    closed = round(mailboxes * closed_share)
    hour = (RealClock().now().hour + 6) % 24
    away, always = f"{hour:02d}:00-{hour:02d}:59", "00:00-24:00"
    rows = [
        f"box{n}@{names[n % len(names)]},Box {n},0,0,1000000,1000000,"
        f"{away if n < closed else always},UTC,false,bench"
        for n in range(mailboxes)
    ]
    table = "\n".join([",".join(COLUMNS), *rows])
    (home / "mailboxes.csv").write_text(table + "\n")
