"""Mails that are handed in: by pipe through the database, or laid into a Maildir.

Each is forgotten where it lies only after it was taken, that is stored; one that was
taken twice is known again by the inbox. The files' mistakes (unreadable, gone) are said
once in the log and end nothing. Errors: LedgerAwayError, try again later.
"""

from __future__ import annotations

import asyncio

import structlog

from outreachd.clock import Clock
from outreachd.flow.handing import Take, hand_over
from outreachd.flow.ports import HandedIn, Spool
from outreachd.rules.records import Received

log = structlog.get_logger()

MAILS_A_TURN = 100
# Mails of the Maildir that cannot be read or moved, remembered so as to be said once.
MANY_UNREAD = 1000


class Letterbox:
    """Empties what others fill."""

    def __init__(self, kept: HandedIn, spool: Spool | None, clock: Clock) -> None:
        self._kept = kept
        self._spool = spool  # None = there is no Maildir
        self._clock = clock
        self._unread: set[str] = set()

    async def turn(self, take: Take) -> bool:
        """Take what waits, so much at a time; tell whether more does."""
        waiting = await self._kept.handed_in(MAILS_A_TURN)
        for id, raw in waiting:
            await hand_over(self._received(raw, "pipe"), take)
            await self._kept.drop_handed_in(id)
        laid = await self._empty(take)
        return max(len(waiting), laid) >= MAILS_A_TURN

    async def _empty(self, take: Take) -> int:
        """Take what lies in the Maildir; tell how many were there."""
        if self._spool is None:
            return 0
        try:
            most = MAILS_A_TURN + len(self._unread)
            names = await asyncio.to_thread(self._spool.waiting, most)
        except OSError as error:
            self._say("", error)
            return 0
        self._unread.discard("")  # it can be read again
        names = [name for name in names if name not in self._unread]
        for name in names[:MAILS_A_TURN]:
            await self._take(self._spool, name, take)
        return len(names)

    async def _take(self, spool: Spool, name: str, take: Take) -> None:
        try:
            raw = await asyncio.to_thread(spool.read, name)
            if raw is not None:
                await hand_over(self._received(raw, "maildir"), take)
            await asyncio.to_thread(spool.put_away, name)
        except OSError as error:
            self._say(name, error)

    def _say(self, name: str, error: OSError) -> None:
        if name not in self._unread:
            if len(self._unread) >= MANY_UNREAD:
                self._unread.clear()
            self._unread.add(name)
            log.error("maildir.unread", name=name, error=error.strerror)

    def _received(self, raw: bytes, source: str) -> Received:
        now = self._clock.now()
        return Received(raw=raw, source=source, mailbox_id=None, at=now)
