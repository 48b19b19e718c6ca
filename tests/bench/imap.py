"""What reading the mail of 1200 mailboxes costs this process, against Dovecot.

The real reader, IMAP over TLS, bookmarks in PostgreSQL; every tenth mailbox has got a
bounce. The interval is compressed, so that it does not take half an hour; what counts
is the CPU of 1200 visits, set against the ten minutes in which they are due. Dovecot's
and PostgreSQL's own CPU is theirs. A round in between has every mail read already.
"""

from __future__ import annotations

import asyncio
import random
import resource
import time
from datetime import timedelta

import asyncpg

from outreachd.clock import RealClock
from outreachd.flow.reader import Habits, Reader
from outreachd.rules.model import Auth, Imap, Roster, Tls
from outreachd.rules.records import Received
from outreachd.rules.sources import Result
from outreachd.store.bookmarks import PgBookmarks
from outreachd.store.database import Database
from outreachd.store.embedded import EmbeddedServer
from outreachd.store.migrate import migrate
from outreachd.telemetry import Metrics
from outreachd.wire.dial import Dialer
from outreachd.wire.dns import Resolver
from outreachd.wire.imap import ImapPost
from outreachd.wire.tls import client_context
from tests import rosters
from tests.bench.dovecot import PASSWORD, Dovecot, dovecot

MAILBOXES = 1200
INTERVAL_S = 600.0  # as it is set by default
COMPRESSED_S = 40.0
ROUNDS = 3
GOAL = 0.25
BOUNCE = (
    b"From: MAILER-DAEMON@there.example\r\nSubject: failure notice\r\n"
    b"Message-ID: <%d@there.example>\r\n\r\n" + b"No such user. " * 200 + b"\r\n"
)


async def main() -> None:
    """Run it and print the figures; without Dovecot say why not."""
    try:
        with dovecot() as server:
            await _measure(server)
    except FileNotFoundError as error:
        print(f"imap: not measured: {error}.")
    except PermissionError:
        print("imap: not measured: Dovecot must read as another user; run it as root.")


async def _measure(server: Dovecot) -> None:
    for id in range(1, MAILBOXES + 1):
        server.lay(user(id), "1.bench:2,S", b"Subject: old\r\n\r\nold\r\n")
        if id % 10 == 0:
            server.lay(user(id), "2.bench", BOUNCE % id)
    server.settle()
    postgres = EmbeddedServer.temporary()
    try:
        connection = await asyncpg.connect(postgres.dsn("postgres"))
        await migrate(connection, RealClock())
        await connection.close()
        database = await Database.open(postgres.dsn("postgres"))
        await _rounds(server, database)
        await database.close(5)
    finally:
        postgres.stop()


async def _rounds(server: Dovecot, database: Database) -> None:
    tls = client_context(server.authority)
    post = ImapPost(Dialer(Resolver()), tls, threads=16)
    metrics, taken = Metrics(), []
    habits = Habits(interval_s=COMPRESSED_S, at_once=16, look_back=timedelta(days=7))
    reader = Reader(
        post,
        PgBookmarks(database),
        lambda source: PASSWORD,
        metrics,
        RealClock(),
        habits,
        random.random,
    )

    async def take(received: Received) -> None:
        taken.append(len(received.raw))

    fleet = roster(server)
    print(f"imap: {MAILBOXES} mailboxes at Dovecot, IMAP over TLS, 16 threads")
    for number in range(1, ROUNDS + 1):
        cpu, began = _cpu_s(), time.monotonic()  # noqa: TID251 - a measurement
        before = metrics.polls(Result.READ.value)._value.get()
        while metrics.polls(Result.READ.value)._value.get() < before + MAILBOXES:
            await reader.turn(fleet, take)
            await asyncio.sleep(0.25)  # noqa: TID251 - in real time
        spent = _cpu_s() - cpu
        took = time.monotonic() - began  # noqa: TID251
        print(
            f"  round {number}: {took:.0f} s, {len(taken)} mails so far,"
            f" {spent:.1f} s of CPU = {1000 * spent / MAILBOXES:.1f} ms a visit;"
            f" {spent / INTERVAL_S:.1%} of one core over {INTERVAL_S:.0f} s"
            f" (goal {GOAL:.0%}); peak RSS {_rss_mb():.0f} MB"
        )
        assert spent / INTERVAL_S <= GOAL
    bad = [r for r in Result if r is not Result.READ and metrics.polls(r)._value.get()]
    print(f"  visits that ended otherwise: {', '.join(bad) or 'none'}")
    await reader.stop()
    post.close()


def user(id: int) -> str:
    """Name a mailbox as Dovecot knows it."""
    return f"box{id}"


def roster(server: Dovecot) -> Roster:
    """Make the fleet that is read."""
    imap = Imap(
        host="localhost", port=server.port, tls=Tls.IMPLICIT, folders=("INBOX", "Junk")
    )
    return Roster(
        clients={},
        accounts={1: rosters.account(1, imap=imap)},
        domains={1: rosters.domain(1)},
        mailboxes={
            id: rosters.mailbox(id, username=user(id), auth=Auth.PASSWORD)
            for id in range(1, MAILBOXES + 1)
        },
        campaigns={},
    )


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
