"""The laws of taking mails in; what they do in the database has tests of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outreachd.flow.inbox import LARGE, Inbox, fingerprint
from outreachd.rules.actions import Deed, Evidence, Kept, Letter
from outreachd.rules.model import State, Verdict
from outreachd.rules.notice import Notice, understand
from outreachd.rules.notice_match import Names, Sent
from outreachd.rules.records import LedgerAwayError, Received
from outreachd.rules.token import TokenMint
from outreachd.telemetry import Metrics

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MINT = TokenMint({1: b"k" * 32}, 1)
LETTER = Letter(
    send_id=1,
    contact_id=1,
    enrolment_id=1,
    campaign_id=1,
    client_id=1,
    mailbox_id=1,
    domain_id=1,
    account_id=1,
    email="ann@x.example",
    state=State.SENT,
    attempt_id="a",
    dated_at=NOW,
)
ANSWER = (
    b"From: ann@x.example\nMessage-ID: <a@x.example>\nSubject: Re: Hello\n"
    b"In-Reply-To: <1@mail.example>\n\nTell me more.\n"
)


class FakeNotices:
    """One letter, known by one Message-ID; notes what was asked and done."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bool] = {}  # fingerprint: done
        self.deeds: list[str] = []
        self.evidence: list[Evidence] = []
        self.is_away = False
        self.looked_for_people = 0

    async def letter(self, send_id: int) -> Letter | None:
        """Find it."""
        return LETTER if send_id == 1 else None

    async def send_of_enrolment(self, enrolment_id: int) -> int | None:
        """Find its send."""
        return 1 if enrolment_id == 1 else None

    async def send_by_message_id(self, ids: Any) -> int | None:
        """Know one name."""
        return 1 if "<1@mail.example>" in ids else None

    async def sent_to(
        self, names: Names, mailbox_id: int | None, now: datetime
    ) -> list[Sent]:
        """Say what was written of late."""
        self.looked_for_people += 1
        return [Sent(1, LETTER.email, NOW)]

    async def put(
        self, notice: Notice, deed: Deed, letter: Letter | None, **more: Any
    ) -> Kept:
        """Keep it."""
        if self.is_away:
            raise LedgerAwayError
        self.evidence.append(more["evidence"])
        return Kept(1, self.rows.setdefault(more["fingerprint"], False))

    async def act(
        self, kept: Kept, deed: Deed, letter: Letter | None, **more: Any
    ) -> None:
        """Note it as done."""
        self.deeds.append(deed.word)
        self.rows = dict.fromkeys(self.rows, True)


async def told(letter: Letter, verdict: Verdict, text: str) -> None:
    """Hear what concerns the sender."""


async def slowed(letter: Letter, reason: str) -> None:
    """Hear what a receiver said."""


async def take(
    notices: FakeNotices, *mails: bytes, mailbox_id: int | None = 1
) -> Metrics:
    """Hand mails in."""
    metrics = Metrics()
    inbox = Inbox(notices, MINT, metrics, told, slowed)
    for raw in mails:
        mail = Received(raw=raw, source="imap", mailbox_id=mailbox_id, at=NOW)
        await inbox.take(mail)
    return metrics


async def test_a_mail_is_acted_on_once() -> None:
    """The second time it is known, and not counted either."""
    notices = FakeNotices()
    metrics = await take(notices, ANSWER, b"Received: x\n" + ANSWER)
    assert notices.deeds == ["answered"]
    assert b'action="answered",kind="reply"} 1.0' in metrics.render()


async def test_what_cannot_be_stored_is_not_taken() -> None:
    """The caller hears of it, keeps the mail and hands it in again."""
    notices = FakeNotices()
    notices.is_away = True
    with pytest.raises(LedgerAwayError):
        await take(notices, ANSWER)
    notices.is_away = False
    await take(notices, ANSWER)
    assert notices.deeds == ["answered"]


async def test_a_stranger_who_writes_into_a_catch_all_is_nobody() -> None:
    """Only who writes to the mailbox that wrote may be known by their address."""
    fresh = ANSWER.replace(b"In-Reply-To: <1@mail.example>\n", b"")
    notices = FakeNotices()
    await take(notices, fresh, mailbox_id=None)
    assert (notices.deeds, notices.looked_for_people) == (["unmatched"], 0)
    await take(notices, fresh.replace(b"<a@", b"<b@"), mailbox_id=1)
    assert notices.evidence[-1] is Evidence.WEAK


async def test_a_large_mail_is_read_beside_the_loop() -> None:
    """The same comes of it."""
    notices = FakeNotices()
    await take(notices, ANSWER + b"word " * LARGE)
    assert notices.deeds == ["answered"]


def test_a_fingerprint_tells_mails_apart() -> None:
    """The name and what is said count, the way it came does not."""

    def of(raw: bytes) -> bytes:
        return fingerprint(understand(raw, now=NOW), raw)

    assert of(ANSWER) == of(b"Received: by x\r\n" + ANSWER.replace(b"\n", b"\r\n"))
    assert of(ANSWER) != of(ANSWER.replace(b"<a@", b"<b@"))
    nameless = ANSWER.replace(b"Message-ID: <a@x.example>\n", b"")
    assert of(nameless) != of(nameless.replace(b"more", b"less"))
