"""What comes back reaches the daemon: from a real mailbox, by pipe, from a Maildir."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.config import Control, Http, Inbox, Public, Settings, State
from outreachd.daemon import Daemon
from outreachd.rules.model import Auth, Imap, Tls
from outreachd.rules.wanted import WantedInbox
from outreachd.store.bookmarks import PgBookmarks
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.fleets import fleet
from tests.wire.imap_servers import SECRET, pymap

MAIL = b"From: p@people.example\r\nMessage-ID: <%d@p.example>\r\n\r\nHello.\r\n"
INTERVAL_S = 10.0


def settings(state: Path) -> Settings:
    """Make settings of a daemon that reads often."""
    for room in ("new", "cur"):
        (state / "mail" / room).mkdir(parents=True)
    return Settings(
        state=State(directory=state),
        http=Http(
            control=Control.model_validate({"listen": f"unix:{state}/c.sock"}),
            public=Public(base_url="https://optout.example"),
        ),
        inbox=Inbox(interval_s=INTERVAL_S, maildir=state / "mail"),
    )


async def sources_of_notices(db: Database, wanted: int) -> list[str]:
    """Wait until so many mails were taken; tell how they came."""
    while True:
        async with db.connection() as connection:
            rows = await connection.fetch(
                "SELECT source FROM notice WHERE acted_at IS NOT NULL"
            )
        if len(rows) >= wanted:
            return sorted(row["source"] for row in rows)
        await asyncio.sleep(0.05)  # noqa: TID251 - a daemon in real time


@pytest.mark.slow
async def test_mail_is_taken_whichever_way_it_comes(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    """A catch-all by IMAP, also while it is listened to; a pipe; a Maildir."""
    vault = Vault.unlock(tmp_path)
    async with pymap() as server:
        imap = Imap(
            host="127.0.0.1", port=server.port, tls=Tls.NONE, folders=("INBOX",)
        )
        inbox = WantedInbox(
            name="all", imap=imap, username="demouser", auth=Auth.PASSWORD,
            password=SECRET,
        )  # fmt: skip
        async with db.connection() as connection:
            now = RealClock().now()
            whole = replace(fleet(), inboxes={"all": inbox})
            await apply(connection, whole, vault, now=now, author="test")
        await server.append(MAIL % 1)
        await PgBookmarks(db).hand_in(MAIL % 2, now)
        daemon = Daemon(settings(tmp_path), database_url, "token")
        (tmp_path / "mail" / "new" / "3").write_bytes(MAIL % 3)
        running = asyncio.create_task(daemon.run())
        ways = await sources_of_notices(db, 3)
        assert ways == ["imap", "maildir", "pipe"]
        await server.append(MAIL % 4)
        assert (await sources_of_notices(db, 4)).count("imap") == 2
        daemon.stop()
        await running
        assert await PgBookmarks(db).handed_in(1) == []
    assert not list((tmp_path / "mail" / "new").iterdir())
