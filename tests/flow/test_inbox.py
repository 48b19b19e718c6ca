"""The laws of taking mails in; what they do in the database has tests of its own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from outreachd.flow.inbox import LARGE, Inbox, fingerprint
from outreachd.rules.actions import Deed, Evidence, Kept, Lesson, Letter, Stop
from outreachd.rules.model import Kind, State, Verdict
from outreachd.rules.notice import Notice, understand
from outreachd.rules.notice_match import Names, Sent
from outreachd.rules.records import LedgerAwayError, Received
from outreachd.rules.shaping import Slow
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
STOP = Stop(Kind.ACCOUNT, 1, "suspended")
SLOW = Slow(
    kind=Kind.ACCOUNT,
    target_id=1,
    receiver="google",
    until=NOW,
    rounds=1,
    reason="rate_limit",
)
ANSWER = (
    b"From: ann@x.example\nMessage-ID: <a@x.example>\nSubject: Re: Hello\n"
    b"In-Reply-To: <1@mail.example>\n\nTell me more.\n"
)


def bounced(said: str) -> bytes:
    """Write a bounce of the letter that a server refused with these words."""
    return (
        "From: MAILER-DAEMON@mx.example\nMessage-ID: <b@mx.example>\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {LETTER.email}\nAction: failed\n"
        f"Status: {said.split()[1]}\nDiagnostic-Code: smtp; {said}\n\n"
        "--b\nContent-Type: text/rfc822-headers\n\n"
        "Message-ID: <1@mail.example>\nSubject: Hello\n\n--b--\n"
    ).encode()


class FakeNotices:
    """One letter, known by one Message-ID; notes what was asked and done."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bool] = {}  # fingerprint: done
        self.deeds: list[str] = []
        self.lessons: list[Lesson] = []
        self.evidence: list[Evidence] = []
        self.is_away = False
        self.is_late = False  # to see that a mail was done
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
        is_done = self.rows.setdefault(more["fingerprint"], False)
        return Kept(1, is_done and not self.is_late)

    async def act(
        self,
        kept: Kept,
        deed: Deed,
        letter: Letter | None,
        lesson: Lesson,
        **more: Any,
    ) -> bool:
        """Note it as done."""
        self.deeds.append(deed.word)
        self.lessons.append(lesson)
        is_first = not all(self.rows.values())
        self.rows = dict.fromkeys(self.rows, True)
        return is_first


class FakeSides:
    """Sender and receiver; notes who was told what, and knows one stop and rest."""

    def __init__(self) -> None:
        self.told_of: list[str] = []
        self.kept: list[Slow] = []

    def stop(self, letter: Letter, verdict: Verdict, text: str) -> Stop | None:
        """Stop whoever is suspended."""
        return STOP if verdict.reason == "account_suspended" else None

    def told(self, letter: Letter, verdict: Verdict, text: str) -> None:
        """Hear what concerns the sender."""
        self.told_of.append(verdict.reason)

    async def rest(self, letter: Letter, reason: str) -> Slow | None:
        """Let rest."""
        return SLOW

    def keep(self, slow: Slow) -> None:
        """Hear what a receiver said."""
        self.kept.append(slow)


async def take(
    notices: FakeNotices,
    *mails: bytes,
    mailbox_id: int | None = 1,
    sides: FakeSides | None = None,
) -> Metrics:
    """Hand mails in."""
    metrics = Metrics()
    sides = sides or FakeSides()
    inbox = Inbox(notices, MINT, metrics, sides, sides)
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


@pytest.mark.parametrize(
    ("said", "lesson", "told_of", "kept"),
    [
        ("550 5.1.1 no such user here", Lesson(), [], []),
        ("550 5.7.26 does not pass DMARC", Lesson(), ["auth_dmarc"], []),
        (
            "550 5.7.501 spam abuse detected, account suspended",
            Lesson(stop=STOP),
            ["account_suspended"],
            [],
        ),
        ("550 4.7.28 unusual rate of mail", Lesson(slow=SLOW), [], [SLOW]),
    ],
)
async def test_what_must_last_is_stored_with_the_word_that_it_is_done(
    said: str, lesson: Lesson, told_of: list[str], kept: list[Slow]
) -> None:
    """The running daemon is told after that, and only by who was first."""
    notices, sides = FakeNotices(), FakeSides()
    mail = bounced(said)
    await take(notices, mail, sides=sides)
    assert notices.lessons == [lesson]
    assert (sides.told_of, sides.kept) == (told_of, kept)


async def test_a_mail_that_comes_twice_at_once_teaches_once() -> None:
    """Both found it new; the one that was done with it second tells nobody."""
    notices, sides = FakeNotices(), FakeSides()
    notices.is_late = True
    mail = bounced("550 5.7.26 does not pass DMARC")
    metrics = await take(notices, mail, mail, sides=sides)
    assert (notices.deeds, sides.told_of) == (["failed"] * 2, ["auth_dmarc"])
    assert b'action="failed",kind="dsn"} 1.0' in metrics.render()


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
