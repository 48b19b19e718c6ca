"""Reads the mailboxes: each in its turn, each mail handed over once it is fetched.

A bookmark moves only after what is before it was taken, that is stored; whoever dies
in between reads it again, and the inbox knows it again. Mailboxes fail alone: a visit
has a limit, its faults are its own, and none holds up another or the sending. Only
who holds the fleet reads: it says ``turn`` each second, and ``stop`` when it ends.
Seconds, of the wall clock. Errors: none; what fails is said in metrics and the log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from outreachd.clock import Clock
from outreachd.flow.handing import Take, hand_over
from outreachd.flow.ports import Marks, Post, Visit
from outreachd.rules.model import Roster
from outreachd.rules.polling import DEAF_AFTER, Schedule
from outreachd.rules.records import LedgerAwayError, Received
from outreachd.rules.sources import Key, MailboxAwayError, Mark, Result, Source, sources
from outreachd.telemetry import Metrics

log = structlog.get_logger()

VISIT_S = 180.0  # one that takes longer is cut; its bookmarks stand
MAILS_A_VISIT = 200  # of a folder; what is left comes with the next visit
# A mail that breaks the connection each time is left behind after so many times.
STUMBLES = 3
DEAF_COUNT_S = 60.0
IDLE_S = 1500.0  # servers end what listens for half an hour (RFC 2177)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How mailboxes are read, as configured."""

    interval_s: float
    at_once: int
    look_back: timedelta  # into a folder that is new to us, or numbered anew


class Reader:
    """Reads the mailboxes of the fleet that this daemon owns."""

    def __init__(
        self,
        post: Post,
        marks: Marks,
        secret: Callable[[Source], str | None],
        metrics: Metrics,
        clock: Clock,
        habits: Habits,
        dice: Callable[[], float],
    ) -> None:
        self._post = post
        self._marks = marks
        self._secret = secret
        self._metrics = metrics
        self._clock = clock
        self._habits = habits
        self._schedule = Schedule(
            interval_s=habits.interval_s, at_once=habits.at_once, dice=dice
        )
        self._roster: Roster | None = None
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._stumbles: dict[Key, tuple[str, int, int]] = {}  # folder, UID, how often
        self._counted_at = 0.0

    async def turn(self, roster: Roster, take: Take) -> None:
        """Begin the visits whose time has come."""
        now = self._clock.now()
        if roster is not self._roster:
            wanted = sources(roster)
            await self._marks.expect(list(wanted), now + self._deaf_after())
            self._schedule.replace(wanted, now.timestamp())
            self._roster = roster
        for source in self._schedule.due(now.timestamp()):
            self._spawn(source, self._visit(source, take))
        self._metrics.poll_lag_seconds.set(self._schedule.lag_s(now.timestamp()))
        await self._count_deaf(now)

    async def stop(self) -> None:
        """End every visit; what was not stored is read again."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._roster = None

    async def _count_deaf(self, now: datetime) -> None:
        if now.timestamp() - self._counted_at >= DEAF_COUNT_S:
            self._counted_at = now.timestamp()
            self._metrics.mailboxes_deaf.set(len(await self._marks.deaf(now)))

    def _deaf_after(self) -> timedelta:
        return timedelta(seconds=DEAF_AFTER * self._habits.interval_s)

    def _spawn(self, source: Source, visit: Coroutine[Any, Any, Result]) -> None:
        async def run() -> None:
            result = Result.UNSTORED  # that is, when we are told to stop
            try:
                result = await visit
            except Exception:
                result = Result.LOST
                log.exception("poll.broken", kind=source.key[0], id=source.key[1])
            finally:
                self._tasks.pop(source.key, None)
                now = self._clock.now().timestamp()
                self._schedule.ended(source, result, now)
                self._metrics.polls(result.value).inc()

        self._tasks[source.key] = asyncio.create_task(run())

    # --- one visit --------------------------------------------------------------------

    async def _visit(self, source: Source, take: Take) -> Result:
        """Read a mailbox once; one that tells of mail is listened to till the next."""
        kind, id = source.key
        try:
            return await self._read_and_listen(source, take)
        except LedgerAwayError:
            return Result.UNSTORED
        except MailboxAwayError as error:
            result, text = error.result, str(error)
        except TimeoutError:
            result, text = Result.LATE, f"a visit took longer than {VISIT_S:g} s"
        log.warning("mailbox.unheard", kind=kind, id=id, why=result.value, detail=text)
        with suppress(LedgerAwayError):  # only a note: the figures count it
            await self._marks.unheard(source.key, f"{result.value}: {text}")
        return result

    async def _read_and_listen(self, source: Source, take: Take) -> Result:
        secret = self._secret(source)
        if secret is None:
            raise MailboxAwayError(
                Result.REFUSED, "its password does not open: apply the fleet again"
            )
        visit = await self._post.visit(source, secret)
        try:
            result = await self._read(source, visit, take)
            if source.mailbox_id is None and visit.can_wait:
                self._schedule.make_room(source)
                result = await self._listen(source, visit, take, result)
            await visit.leave()
            return result
        finally:
            visit.cut()

    async def _listen(
        self, source: Source, visit: Visit, take: Take, result: Result
    ) -> Result:
        """Stay in a catch-all until its next turn, and read what comes at once."""
        ends_at = self._clock.monotonic() + self._habits.interval_s
        while result is Result.READ:
            left_s = ends_at - self._clock.monotonic()
            if left_s <= 1.0 or not await visit.wait_for_mail(min(left_s, IDLE_S)):
                return Result.MORE  # it comes back soon, to listen again
            result = await self._read(source, visit, take)
        return result

    async def _read(self, source: Source, visit: Visit, take: Take) -> Result:
        """Read all folders; the last one looked into is the first of the list."""
        async with asyncio.timeout(VISIT_S):
            marks = await self._marks.marks(source.key)
            more = False
            for folder in reversed(source.imap.folders):
                is_first = folder == source.imap.folders[0]
                more |= await self._read_folder(
                    source, visit, folder, marks.get(folder), take, is_first
                )
        now = self._clock.now()
        await self._marks.heard(source.key, now, now + self._deaf_after())
        return Result.MORE if more else Result.READ

    async def _read_folder(
        self,
        source: Source,
        visit: Visit,
        folder: str,
        mark: Mark | None,
        take: Take,
        is_first: bool,
    ) -> bool:
        """Hand over what is new in a folder; tell whether more is left."""
        since = (self._clock.now() - self._habits.look_back).date()
        look = await visit.look(folder, mark, since)
        if look is None:
            if is_first:
                raise MailboxAwayError(Result.GARBLED, f"there is no folder {folder}")
            return False
        for uid in look.uids[:MAILS_A_VISIT]:
            raw = await self._fetched(source.key, visit, folder, uid)
            if raw is not None:
                await hand_over(self._received(source, raw), take)
            mark = Mark(look.validity, uid)
            await self._marks.put_mark(source.key, folder, mark)
        if len(look.uids) > MAILS_A_VISIT:
            return True
        if look.rest != mark and (not look.uids or look.rest.uid > look.uids[-1]):
            await self._marks.put_mark(source.key, folder, look.rest)
        return False

    async def _fetched(
        self, key: Key, visit: Visit, folder: str, uid: int
    ) -> bytes | None:
        """Fetch a mail; leave behind one that breaks the connection each time."""
        before = self._stumbles.get(key)
        times = before[2] if before and before[:2] == (folder, uid) else 0
        if times >= STUMBLES:
            log.error("mail.skipped", kind=key[0], id=key[1], folder=folder, uid=uid)
            return None
        self._stumbles[key] = (folder, uid, times + 1)
        raw = await visit.fetch(uid)
        del self._stumbles[key]
        return raw

    def _received(self, source: Source, raw: bytes) -> Received:
        return Received(
            raw=raw, source="imap", mailbox_id=source.mailbox_id, at=self._clock.now()
        )
