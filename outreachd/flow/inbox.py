"""What happens to a mail that came back: understood, matched, acted on, kept.

``take`` returns when all of it is stored; who hands mails in may forget a mail only
then. The same mail twice is one row and one deed, also when the daemon is killed at
any instant: what it teaches of who sent the letter is stored with the word that it is
done, and told to the running daemon after that. A mail that nobody could read, or
that is about no letter of ours, is counted and kept, and changes nothing. A mail
cannot break the inbox: what it holds is hostile until a name of ours proves it.
Errors: LedgerAwayError, hand it in again later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

import structlog

from outreachd.rules.actions import (
    Deed,
    Evidence,
    Kept,
    Lesson,
    Letter,
    Stop,
    decide,
)
from outreachd.rules.model import Verdict
from outreachd.rules.notice import Notice, NoticeKind, understand
from outreachd.rules.notice_match import Names, Sent, proven, weak_match
from outreachd.rules.records import Received
from outreachd.rules.shaping import Slow
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.telemetry import Metrics

log = structlog.get_logger()

# Octets above which a mail is read in a thread: some milliseconds of work.
LARGE = 32 * 1024
# A person who writes to a mailbox of ours is believed to be who wrote before; whoever
# reports a bounce or a complaint is not.
OF_A_PERSON = frozenset(
    {NoticeKind.AUTOREPLY, NoticeKind.REPLY, NoticeKind.UNSUBSCRIBE}
)


class Notices(Protocol):
    """The database as the inbox sees it; all may raise LedgerAwayError."""

    async def letter(self, send_id: int) -> Letter | None:
        """Find a letter that was at least begun."""

    async def send_of_enrolment(self, enrolment_id: int) -> int | None:
        """Find the newest letter of an enrolment."""

    async def send_by_message_id(self, ids: Sequence[str]) -> int | None:
        """Find the letter that the first of these names."""

    async def sent_to(
        self, names: Names, mailbox_id: int | None, now: datetime
    ) -> list[Sent]:
        """List what was written to these people of late."""

    async def put(
        self,
        notice: Notice,
        deed: Deed,
        letter: Letter | None,
        *,
        fingerprint: bytes,
        evidence: Evidence,
        source: str,
        now: datetime,
    ) -> Kept:
        """Keep a mail, once."""

    async def act(
        self,
        kept: Kept,
        deed: Deed,
        letter: Letter | None,
        lesson: Lesson,
        *,
        source: str,
        now: datetime,
    ) -> bool:
        """Carry a deed out, which may have been begun before; False = it was done."""


class Senders(Protocol):
    """Those who sent, and learn what a server said of them by way of a bounce."""

    def stop(self, letter: Letter, verdict: Verdict, text: str) -> Stop | None:
        """Say whom it stops until a person looks; nobody is stopped yet."""

    def told(self, letter: Letter, verdict: Verdict, text: str) -> None:
        """Learn it."""


class Receivers(Protocol):
    """Those who were written to, and want no more of a sender for now."""

    async def rest(self, letter: Letter, reason: str) -> Slow | None:
        """Say how the sender must rest there; it does not yet."""

    def keep(self, slow: Slow) -> None:
        """Let it rest."""


class Inbox:
    """Takes mails, for the daemon that owns the fleet."""

    def __init__(
        self,
        notices: Notices,
        mint: TokenMint,
        metrics: Metrics,
        senders: Senders,
        receivers: Receivers,
    ) -> None:
        self._notices = notices
        self._mint = mint
        self._metrics = metrics
        self._senders = senders
        self._receivers = receivers

    async def take(self, received: Received) -> None:
        """Do what a mail asks for; returns when it is stored."""
        now = received.at
        notice = await _understood(received)
        letter, evidence = await self._match(notice, received)
        deed = decide(notice, letter, evidence, now=now)
        kept = await self._notices.put(
            notice,
            deed,
            letter,
            fingerprint=fingerprint(notice, received.raw),
            evidence=evidence,
            source=received.source,
            now=now,
        )
        if kept.is_done:
            return
        lesson = await self._lesson(deed, letter)
        source = received.source
        if not await self._notices.act(
            kept, deed, letter, lesson, source=source, now=now
        ):
            return  # it came twice at the same time
        if letter is not None and deed.verdict is not None:
            self._senders.told(letter, deed.verdict, _text(deed))
        if lesson.slow is not None:
            self._receivers.keep(lesson.slow)
        self._metrics.notices(notice.kind.value, deed.word).inc()
        log.info(
            "notice.taken",
            kind=notice.kind.value,
            detail=notice.detail,
            evidence=evidence.value,
            action=deed.word,
        )

    async def _lesson(self, deed: Deed, letter: Letter | None) -> Lesson:
        """Find what of a mail must outlive the daemon, beside what its deed does."""
        if letter is None:
            return Lesson()
        stop = slow = None
        if deed.verdict is not None:
            stop = self._senders.stop(letter, deed.verdict, _text(deed))
        if deed.slows:
            slow = await self._receivers.rest(letter, deed.slows)
        return Lesson(stop=stop, slow=slow)

    async def _match(
        self, notice: Notice, received: Received
    ) -> tuple[Letter | None, Evidence]:
        """Find the letter a mail is about, by the surest name it shows."""
        names = notice.names
        send_id = await self._named(names)
        if send_id is not None and (letter := await self._notices.letter(send_id)):
            return letter, Evidence.TOKEN
        send_id = await self._notices.send_by_message_id(
            names.returned_ids + names.thread_ids
        )
        if send_id is not None and (letter := await self._notices.letter(send_id)):
            return letter, Evidence.MESSAGE_ID
        if notice.kind in OF_A_PERSON and received.mailbox_id is None:
            return None, Evidence.NONE  # anybody may write anything into a catch-all
        sent = await self._notices.sent_to(names, received.mailbox_id, received.at)
        send_id = weak_match(names, sent, received_at=received.at)
        if send_id is not None and (letter := await self._notices.letter(send_id)):
            return letter, Evidence.WEAK
        return None, Evidence.NONE

    async def _named(self, names: Names) -> int | None:
        """Find the send that a token of ours names."""
        found = proven(names, self._mint)
        if found is None:
            return None
        kind, id = found
        if kind is TokenKind.BOUNCE:
            return id
        return await self._notices.send_of_enrolment(id)


def _text(deed: Deed) -> str:
    return deed.about.text if deed.about else ""


async def _understood(received: Received) -> Notice:
    if len(received.raw) <= LARGE:
        return understand(received.raw, now=received.at)
    return await asyncio.to_thread(understand, received.raw, now=received.at)


def fingerprint(notice: Notice, raw: bytes) -> bytes:
    """Know a mail again, whichever way it comes: by its name and what it says.

    One without a Message-ID is known by its body; its head changes on the way.
    """
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    name = next(
        (
            line.partition(b":")[2].strip()
            for line in head.split(b"\n")
            if line.lower().startswith(b"message-id:")
        ),
        b"",
    )
    said = "|".join(
        f"{one.recipient}/{one.action}/{one.reason}" for one in notice.about
    )
    parts = (name or body, notice.kind.value.encode(), said.encode())
    return blake2b(b"\0".join(parts), digest_size=16).digest()
