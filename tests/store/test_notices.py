"""The laws of what a mail that came back does, in the database."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest

from outreachd.clock import VirtualClock
from outreachd.flow.inbox import Inbox
from outreachd.flow.shaping import Shaping
from outreachd.rules.actions import Letter, Stop
from outreachd.rules.model import Kind, Verdict
from outreachd.rules.notice_match import envelope_id
from outreachd.rules.records import Received
from outreachd.rules.token import TokenKind, TokenMint
from outreachd.store.database import Database
from outreachd.store.ledger import PgLedger
from outreachd.store.notices import PgNotices
from outreachd.store.shaping import PgShaping
from outreachd.telemetry import Metrics
from tests.store.seed import NOW, add_send, seed_fleet

MINT = TokenMint({1: b"k" * 32}, 1)
ANN, BOB = "ann@x.example", "bob@x.example"
HOUR = timedelta(hours=1)
LATER = NOW + HOUR
STATES = "SELECT step_number, state, reason FROM send WHERE contact_id = 1 ORDER BY id"


async def seeded(db: Database, state: str = "sent", **values: Any) -> None:
    """Write to Ann and Bob; a follow-up waits for each."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "INSERT INTO step (campaign_id, number, body_text, delay, delay_unit)"
            " VALUES (1, 2, 'Again.', 1, 'days')"
        )
        for number, email in enumerate((ANN, BOB), 1):
            attempt = f"00000000-0000-0000-0000-00000000000{number}"
            await add_send(
                connection,
                email,
                state=state,
                mailbox_id=1,
                attempt_id=attempt,
                message_id=f"<{number}@mail.acme.example>",
                dated_at=NOW,
                letter_sha256=b"",
                **values,
            )
            await connection.execute(
                "INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id,"
                " started_at, outcome) VALUES ($1, $2, 1, 1, 1, $3, $4)",
                attempt,
                number,
                NOW,
                "uncertain" if state in ("uncertain", "held") else "sent",
            )
        if state == "sent":
            for email in (ANN, BOB):
                await add_send(connection, email, step_number=2, mailbox_id=1)


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    """Look into the database."""
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


class KilledError(Exception):
    """The daemon was ended at this instant."""


class Told:
    """Notes what the sender's side was told."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.is_killed = False  # before it hears of anything

    def stop(self, letter: Letter, verdict: Verdict, text: str) -> Stop | None:
        """Stop the account of whoever is suspended."""
        is_over = verdict.reason == "account_suspended"
        return Stop(Kind.ACCOUNT, 1, text) if is_over else None

    def told(self, letter: Letter, verdict: Verdict, text: str) -> None:
        """Note it."""
        if self.is_killed:
            raise KilledError
        self.reasons.append(verdict.reason)


async def take(
    db: Database,
    *mails: bytes,
    mailbox_id: int | None = 1,
    told: Told | None = None,
    now: datetime = LATER,
) -> None:
    """Hand mails in, to a daemon that has just begun."""
    shaping = Shaping(PgShaping(db), VirtualClock(now))
    await shaping.begin()
    inbox = Inbox(PgNotices(db), MINT, Metrics(), told or Told(), shaping)
    for raw in mails:
        received = Received(raw=raw, source="imap", mailbox_id=mailbox_id, at=now)
        await inbox.take(received)


def bounce(
    who: str = ANN,
    *,
    envid: str = "",
    returned: str = "<1@mail.acme.example>",
    status: str = "5.1.1",
    said: str = "550 5.1.1 no such user here",
    name: str = "<b1@mx.example>",
) -> bytes:
    """Write a delivery status notification."""
    envelope = f"Original-Envelope-Id: {envid}\n" if envid else ""
    return (
        "From: MAILER-DAEMON@mx.example\nTo: box1@mail.acme.example\n"
        f"Subject: Undelivered Mail Returned to Sender\nMessage-ID: {name}\n"
        "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nIt could not be delivered.\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example\n{envelope}\n"
        f"Final-Recipient: rfc822; {who}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\n"
        f"To: {who}\nSubject: Hello\n\n--b--\n"
    ).encode()


def answer(
    text: str, sender: str = ANN, to: str = "<1@mail.acme.example>", **more: str
) -> bytes:
    """Write a mail of a person."""
    mail = EmailMessage()
    mail["From"], mail["To"] = sender, "box1@mail.acme.example"
    mail["Subject"] = more.pop("subject", "Re: Hello")
    mail["Message-ID"] = "<a1@x.example>"
    if to:
        mail["In-Reply-To"] = to
    for key, value in more.items():
        mail[key.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


async def test_a_hard_bounce_suppresses_and_ends_the_sequence(db: Database) -> None:
    """The address, everywhere; its follow-up; nobody else's."""
    await seeded(db)
    await take(db, bounce())
    assert await rows(db, STATES) == [
        (1, "sent", None),
        (2, "suppressed", "suppressed"),
    ]
    listed = "SELECT target, client_id, reason, author FROM suppression"
    assert await rows(db, listed) == [(ANN, None, "hard_no_user", "outreachd")]
    waiting = "SELECT count(*) FROM send WHERE state = 'scheduled'"
    assert await rows(db, waiting) == [(1,)]
    kept = "SELECT kind, class, evidence, action, acted_at FROM notice"
    assert await rows(db, kept) == [
        ("dsn", "hard_no_user", "message_id", "suppressed", LATER)
    ]


async def test_a_mail_is_acted_on_once(db: Database) -> None:
    """Replayed, by whatever way: one row, one suppression, one event."""
    await seeded(db)
    await take(db, bounce(), b"Received: from elsewhere\n" + bounce(), bounce())
    for table in ("notice", "suppression", "event"):
        assert await rows(db, f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608


async def test_what_was_begun_is_done_when_the_mail_comes_again(db: Database) -> None:
    """A daemon that died between keeping and acting acts when it reads it again."""
    await seeded(db)
    await take(db, bounce())
    await rows(db, "UPDATE notice SET acted_at = NULL, action = '' RETURNING 1")
    await take(db, bounce())
    assert await rows(db, "SELECT action FROM notice") == [("suppressed",)]
    assert await rows(db, "SELECT count(*) FROM suppression") == [(1,)]


@pytest.mark.parametrize(
    "forged",
    [
        bounce(returned="<nobody@elsewhere.example>"),
        bounce(returned="<nobody@elsewhere.example>", envid="A" * 35),
        bounce(BOB, returned=""),
    ],
)
async def test_a_forged_bounce_changes_nothing(db: Database, forged: bytes) -> None:
    """Without a name of ours it is kept and counted, and that is all."""
    await seeded(db)
    before = await rows(db, "SELECT state, reason, due_at FROM send ORDER BY id")
    await take(db, forged, mailbox_id=None)
    assert (
        await rows(db, "SELECT state, reason, due_at FROM send ORDER BY id") == before
    )
    assert await rows(db, "SELECT count(*) FROM suppression") == [(0,)]
    [(action,)] = await rows(db, "SELECT action FROM notice")
    assert action in ("unmatched", "unproven")


async def test_a_signed_envelope_id_names_the_letter(db: Database) -> None:
    """Where the headers were cut away, the token of ours is enough."""
    await seeded(db)
    await take(db, bounce(returned="", envid=envelope_id(MINT, 1)), mailbox_id=None)
    assert await rows(db, "SELECT evidence, send_id FROM notice") == [("token", 1)]
    assert await rows(db, "SELECT target FROM suppression") == [(ANN,)]


async def test_a_lost_letter_ends_its_sequence_and_suppresses_nobody(
    db: Database,
) -> None:
    """A full mailbox bounced: no follow-up to a letter that never came."""
    await seeded(db)
    await take(db, bounce(status="5.2.2", said="552 5.2.2 mailbox full"))
    assert await rows(db, STATES) == [
        (1, "sent", None),
        (2, "cancelled", "soft_mailbox_full"),
    ]
    assert await rows(db, "SELECT count(*) FROM suppression") == [(0,)]


async def test_an_answer_ends_the_sequence_whoever_gives_it(db: Database) -> None:
    """A colleague who answers the letter answers for it."""
    await seeded(db)
    await take(db, answer("Thanks, let us talk on Monday.", "boss@x.example"))
    assert await rows(db, STATES) == [(1, "sent", None), (2, "cancelled", "answered")]


async def test_an_answer_without_a_thread_is_believed_from_the_person(
    db: Database,
) -> None:
    """To the mailbox that wrote, from the address it wrote to; elsewhere not."""
    await seeded(db)
    fresh = answer("Yes, tell me more.", to="", subject="Re: Hello")
    await take(db, fresh, mailbox_id=2)
    assert (await rows(db, STATES))[1][1] == "scheduled"
    await take(db, fresh.replace(b"<a1@", b"<a2@"))
    assert (await rows(db, STATES))[1] == (2, "cancelled", "answered")


async def test_an_absence_moves_what_waits(db: Database) -> None:
    """Nothing ends; the follow-up waits until the person is back."""
    await seeded(db)
    away = answer(
        "I am out of the office and will be back on 16 March 2026.",
        subject="Automatic reply: Hello",
        Auto_Submitted="auto-replied",
    )
    await take(db, away)
    assert (await rows(db, STATES))[1] == (2, "scheduled", "out_of_office")
    [(due,)] = await rows(db, "SELECT due_at FROM send WHERE id = 3")
    assert due >= LATER + timedelta(days=13)


@pytest.mark.parametrize(
    ("mail", "evidence"),
    [
        (answer("Please remove me from your list."), "message_id"),
        (
            answer(
                "", to="", subject=MINT.mint(TokenKind.OPT_OUT, 1), sender="a@b.example"
            ),
            "token",
        ),
    ],
)
async def test_who_asks_to_leave_has_left(
    db: Database, mail: bytes, evidence: str
) -> None:
    """By an answer or by the List-Unsubscribe mail: suppressed for the client."""
    await seeded(db)
    await take(db, mail, mailbox_id=None)
    assert await rows(db, "SELECT target, client_id, reason FROM suppression") == [
        (ANN, 1, "opt_out")
    ]
    assert (await rows(db, STATES))[1][1] == "suppressed"
    assert await rows(db, "SELECT evidence FROM notice") == [(evidence,)]


@pytest.mark.parametrize(
    ("state", "values"), [("uncertain", {}), ("held", {"reason": "uncertain"})]
)
async def test_what_comes_back_settles_a_letter_without_an_answer(
    db: Database, state: str, values: dict[str, str]
) -> None:
    """Promise 1: an answer proves it arrived; it is never sent again."""
    await seeded(db, state, **values)
    await take(db, answer("Thanks, let us talk."))
    assert (await rows(db, STATES))[0] == (1, "sent", "answered")
    assert await rows(db, "SELECT outcome FROM attempt ORDER BY id LIMIT 1") == [
        ("sent",)
    ]


async def test_an_absence_proves_arrival_but_sets_off_nothing(db: Database) -> None:
    """Only the server's answer could name the next step: a person is told instead."""
    await seeded(db, "held", reason="uncertain")
    away = answer(
        "I am out of the office.",
        subject="Out of office",
        Auto_Submitted="auto-replied",
    )
    await take(db, away)
    [(state, detail)] = await rows(db, "SELECT state, detail FROM send WHERE id = 1")
    assert state == "held"
    assert "would send it twice" in detail


AWAY = {"subject": "Out of office", "Auto_Submitted": "auto-replied"}


@pytest.mark.parametrize("state", ["sending", "uncertain", "scheduled", "leased"])
async def test_what_has_surely_arrived_is_not_sent_again_by_policy(
    db: Database, state: str
) -> None:
    """Promise 1: an absence came back before the grace was over, or the resend went."""
    await seeded(db, state, term=1)
    await rows(db, "UPDATE campaign SET on_uncertain = 'resend' RETURNING 1")
    await rows(db, "UPDATE attempt SET outcome = 'uncertain' RETURNING 1")
    await take(db, answer("I am out of the office.", **AWAY))
    await rows(
        db,
        "UPDATE send SET state = 'uncertain', term = NULL WHERE state = 'sending'"
        " RETURNING 1",
    )
    ledger = PgLedger(db, uuid4())
    await ledger.settle_uncertain(now=LATER + HOUR, before=LATER)
    found = await rows(db, "SELECT state, reason, detail FROM send ORDER BY id")
    assert found[0][:2] == ("held", "uncertain")
    assert "would send it twice" in found[0][2]
    assert found[1][0] == {"uncertain": "scheduled", "sending": "scheduled"}.get(
        state, state
    )


async def test_what_concerns_the_sender_is_told(db: Database) -> None:
    """A bounce for failed authentication reaches the domain's side."""
    await seeded(db)
    told = Told()
    said = "550 5.7.26 this mail does not pass DMARC"
    await take(db, bounce(status="5.7.26", said=said), told=told)
    assert told.reasons == ["auth_dmarc"]


OVER = "550 5.7.501 access denied, spam abuse detected"
LESSONS = (
    ("5.7.501", OVER, "SELECT kind FROM pause"),
    ("4.7.28", "550 4.7.28 unusual rate of mail", "SELECT rounds FROM shaping"),
)


@pytest.mark.parametrize(("status", "said", "lesson"), LESSONS)
async def test_what_a_bounce_teaches_survives_a_kill_after_it_was_done(
    db: Database, status: str, said: str, lesson: str
) -> None:
    """The running daemon never heard of it; the database knows, once."""
    await seeded(db)
    told, mail = Told(), bounce(status=status, said=said)
    told.is_killed = True
    with suppress(KilledError):
        await take(db, mail, told=told)
    expected = [("account",)] if "pause" in lesson else [(1,)]
    assert await rows(db, lesson) == expected
    written = "SELECT (SELECT count(*) FROM audit), (SELECT gates FROM lease)"
    before = await rows(db, written)
    await take(db, mail, now=LATER + timedelta(days=2))
    assert (await rows(db, lesson), await rows(db, written)) == (expected, before)


@pytest.mark.parametrize(("status", "said", "lesson"), LESSONS)
async def test_a_kill_before_it_was_done_leaves_nothing_half(
    db: Database, monkeypatch: pytest.MonkeyPatch, status: str, said: str, lesson: str
) -> None:
    """Neither the word nor the lesson is there; the mail comes again and teaches."""
    await seeded(db)
    mail = bounce(status=status, said=said)

    async def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr("outreachd.store.notices.put_slow", killed)
        patch.setattr("outreachd.store.notices.put_pause", killed)
        with pytest.raises(KilledError):
            await take(db, mail)
    assert await rows(db, "SELECT acted_at FROM notice") == [(None,)]
    assert await rows(db, lesson) == []
    await take(db, mail)
    assert len(await rows(db, lesson)) == 1


async def test_two_who_act_on_one_mail_at_once_teach_once(db: Database) -> None:
    """By IMAP and by pipe in the same moment: one of them was first."""
    await seeded(db)
    mail = bounce(status="5.7.501", said=OVER)
    told = Told()
    await asyncio.gather(take(db, mail, told=told), take(db, mail, told=told))
    assert told.reasons == ["account_suspended"]
    assert await rows(db, "SELECT count(*) FROM audit") == [(1,)]


GARBAGE: Sequence[bytes] = (b"", b"\xff" * 5000, b"Content-Type: multipart/mixed\n\n")


@pytest.mark.parametrize("raw", GARBAGE)
async def test_garbage_is_kept_and_changes_nothing(db: Database, raw: bytes) -> None:
    """What nobody can read is other, unmatched."""
    await seeded(db)
    await take(db, raw)
    assert await rows(db, "SELECT kind, action FROM notice") == [("other", "unmatched")]
