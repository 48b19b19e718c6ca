"""The laws of reading: nothing lost, nothing twice, nobody held up by another."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from outreachd.clock import VirtualClock
from outreachd.flow.reader import MAILS_A_VISIT, STUMBLES, Habits, Reader
from outreachd.rules.model import Auth, Imap, Inbox, Roster, Tls
from outreachd.rules.records import LedgerAwayError, Received
from outreachd.rules.sources import Key, MailboxAwayError, Mark, Result, Source
from outreachd.telemetry import Metrics
from tests import rosters

IMAP = Imap(host="imap.example", port=993, tls=Tls.IMPLICIT, folders=("INBOX", "Junk"))
ANN: Key = ("mailbox", 1)


@dataclass
class Look:
    """What is new."""

    validity: int
    uids: list[int]
    rest: Mark


@dataclass
class Server:
    """Mailboxes in memory, with faults."""

    mails: dict[str, dict[int, bytes]] = field(default_factory=dict)
    faults: dict[Key, Exception] = field(default_factory=dict)
    bad_uids: set[int] = field(default_factory=set)
    hanging: set[Key] = field(default_factory=set)
    visits: list[Key] = field(default_factory=list)
    cut: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def visit(self, source: Source, secret: str) -> Visit:
        """Connect."""
        self.visits.append(source.key)
        if source.key in self.hanging:
            await asyncio.Event().wait()
        if source.key in self.faults:
            raise self.faults[source.key]
        return Visit(self, source.mailbox_id is None)


@dataclass
class Visit:
    """A connection."""

    server: Server
    can_wait: bool
    folder: str = ""

    async def look(self, folder: str, mark: Mark | None, since: date) -> Look | None:
        """List what is new."""
        self.folder = folder
        mails = self.server.mails.get(folder)
        if mails is None:
            return None
        after = mark.uid if mark else 0
        newest = max(mails, default=0)
        return Look(7, [u for u in sorted(mails) if u > after], Mark(7, newest))

    async def fetch(self, uid: int) -> bytes | None:
        """Read one."""
        if uid in self.server.bad_uids:
            raise MailboxAwayError(Result.LOST, "hung up")
        return self.server.mails[self.folder].get(uid)

    async def wait_for_mail(self, limit_s: float) -> bool:
        """Wait for news."""
        await self.server.news.wait()
        self.server.news.clear()
        return True

    async def leave(self) -> None:
        """Part."""

    def cut(self) -> None:
        """Close."""
        self.server.cut += 1


@dataclass
class Book:
    """Bookmarks in memory."""

    kept: dict[tuple[Key, str], Mark] = field(default_factory=dict)
    heard_of: list[Key] = field(default_factory=list)
    faults: dict[Key, str] = field(default_factory=dict)
    expected: list[Key] = field(default_factory=list)

    async def marks(self, key: Key) -> dict[str, Mark]:
        """Read those of one mailbox."""
        return {folder: mark for (k, folder), mark in self.kept.items() if k == key}

    async def put_mark(self, key: Key, folder: str, mark: Mark) -> None:
        """Move one."""
        self.kept[key, folder] = mark

    async def expect(self, keys: Collection[Key], deaf_at: datetime) -> None:
        """Expect these."""
        self.expected = list(keys)

    async def heard(self, key: Key, now: datetime, deaf_at: datetime) -> None:
        """Note it."""
        self.heard_of.append(key)

    async def unheard(self, key: Key, fault: str) -> None:
        """Note it."""
        self.faults[key] = fault

    async def deaf(self, now: datetime) -> list[dict[str, Any]]:
        """Nobody."""
        return []


class World:
    """A reader with all that is around it; time is moved by hand."""

    def __init__(self, n: int = 1, inboxes: int = 0) -> None:
        self.server = Server(mails={"INBOX": {}})
        self.book = Book()
        self.metrics = Metrics()
        self.clock = VirtualClock(rosters.MONDAY)
        self.taken: list[Received] = []
        self.is_away = False
        self.roster = Roster(
            clients={},
            accounts={1: rosters.account(1, imap=IMAP)},
            domains={1: rosters.domain(1)},
            mailboxes={id: rosters.mailbox(id, username="u") for id in range(1, n + 1)},
            campaigns={},
            inboxes={
                id: Inbox(
                    id=id, name=f"i{id}", imap=IMAP, username="u", auth=Auth.PASSWORD
                )
                for id in range(1, inboxes + 1)
            },
        )
        self.reader = Reader(
            self.server,
            self.book,
            lambda source: "secret",
            self.metrics,
            self.clock,
            Habits(interval_s=60.0, at_once=4, look_back=timedelta(days=7)),
            lambda: 0.0,
        )

    async def take(self, received: Received) -> None:
        """Store a mail."""
        if self.is_away:
            raise LedgerAwayError
        self.taken.append(received)

    async def live(self, seconds: float) -> None:
        """Let time pass, a second at a time."""
        running = asyncio.create_task(self.clock.run())
        try:
            for _ in range(int(seconds)):
                await self.reader.turn(self.roster, self.take)
                await self.clock.sleep(1.0)
        finally:
            running.cancel()

    def polls(self, result: Result) -> float:
        """Tell how many visits ended so."""
        value: float = self.metrics.polls(result.value)._value.get()
        return value


async def test_each_mail_is_handed_over_once_and_the_bookmark_follows() -> None:
    """In order, with whose mailbox it is; the next interval brings only what is new."""
    world = World()
    world.server.mails["INBOX"] = {4: b"four", 2: b"two"}
    await world.live(65)
    world.server.mails["INBOX"][9] = b"nine"
    await world.live(65)
    assert [(m.raw, m.mailbox_id) for m in world.taken] == [
        (b"two", 1),
        (b"four", 1),
        (b"nine", 1),
    ]
    assert world.book.kept[ANN, "INBOX"] == Mark(7, 9)
    assert len(world.server.visits) == world.server.cut == 2
    await world.reader.stop()


async def test_a_mail_that_was_not_stored_is_read_again() -> None:
    """The database is away: the bookmark stays, and the mailbox is not to blame."""
    world = World()
    world.server.mails["INBOX"] = {2: b"two"}
    world.is_away = True
    await world.live(65)
    assert (ANN, "INBOX") not in world.book.kept
    assert not world.book.faults
    world.is_away = False
    await world.live(65)
    assert [m.raw for m in world.taken] == [b"two"]


async def test_one_that_fails_or_hangs_delays_no_other() -> None:
    """All others are read in each interval; what is wrong is noted."""
    world = World(n=20)
    world.server.faults = {
        ("mailbox", id): MailboxAwayError(Result.REFUSED, "no") for id in (2, 3)
    }
    world.server.hanging = {("mailbox", 4)}
    await world.live(121)
    for id in range(1, 21):
        if id not in (2, 3, 4):
            assert world.book.heard_of.count(("mailbox", id)) == 2
    assert world.book.faults[("mailbox", 2)] == "refused: no"
    assert world.polls(Result.REFUSED) == 2
    await world.reader.stop()


async def test_a_mail_that_breaks_the_connection_is_left_behind_in_the_end() -> None:
    """A poisoned mail cannot make a mailbox deaf for ever."""
    world = World()
    world.server.mails["INBOX"] = {1: b"bad", 2: b"good"}
    world.server.bad_uids = {1}
    await world.live(1200)
    assert [m.raw for m in world.taken] == [b"good"]
    assert world.polls(Result.LOST) == STUMBLES


async def test_a_large_backlog_comes_in_visits() -> None:
    """Soon after one another, and each mail once."""
    world = World()
    n = MAILS_A_VISIT + 5
    world.server.mails["INBOX"] = {uid: b"%d" % uid for uid in range(1, n + 1)}
    await world.live(100)
    assert [m.raw for m in world.taken] == [b"%d" % uid for uid in range(1, n + 1)]


async def test_a_mailbox_without_its_first_folder_is_not_heard() -> None:
    """Its other folders may be missing; without the first it would be deaf."""
    world = World()
    world.server.mails = {"Junk": {1: b"spam"}}
    await world.live(65)
    assert "INBOX" in world.book.faults[ANN]
    assert [m.raw for m in world.taken] == [b"spam"]


async def test_a_catch_all_is_read_when_the_server_tells_of_mail() -> None:
    """Without waiting for its next turn; nobody's mailbox is named."""
    world = World(n=0, inboxes=1)
    await world.live(61)
    world.server.mails["INBOX"] = {1: b"bounce"}
    world.server.news.set()
    await world.live(2)
    assert [(m.raw, m.mailbox_id) for m in world.taken] == [(b"bounce", None)]
    await world.reader.stop()
    assert world.server.cut == len(world.server.visits)


async def test_who_stops_leaves_no_visit_open() -> None:
    """A daemon that lost the fleet reads no more; it starts anew on its return."""
    world = World()
    world.server.hanging = {ANN}
    await world.live(65)
    await world.reader.stop()
    world.server.hanging = set()
    await world.live(120)
    assert world.book.heard_of


@pytest.mark.parametrize("secret", [None])
async def test_a_password_that_does_not_open_is_said(secret: None) -> None:
    """No connection is made with nothing to say."""
    world = World()
    world.reader._secret = lambda source: secret
    await world.live(65)
    assert "apply the fleet" in world.book.faults[ANN]
    assert not world.server.visits
