"""The laws of reading what comes back; proved by the corpus and by hostile mails.

How it was checked that the rules generalise. The corpus was cut by a hash of the file
names: half A, quarter B1, quarter B2. The rules were written with only A in sight;
then B (B1 and B2) was measured once, unseen; then B1 was looked at and B2 measured,
its single mails still unseen; then B2 was looked at too. In percent:

| measured on | kind | recipients | action | class |
|---|---|---|---|---|
| A, while writing | 99.7 | 97.1 | 94.8 | 88.6 |
| B, unseen | 96.2 | 92.3 | 91.2 | 82.9 |
| B2, unseen, after B1 was seen | 96.1 | 96.4 | 95.8 | 88.5 |
| all, at the end | 99.3 | 98.3 | 96.0 | 88.9 |
| all, after the looser words | 99.3 | 98.3 | 96.3 | 89.6 |

The reply tables had been written on the same corpus before: only the figures of kind
and recipients are unseen in full. No person's mail was ever taken for a bounce or a
complaint, in any of these runs.
Then each mail was changed in 41 ways that keep its meaning (names, hosts, headers,
encodings, parts: 15 949 mails). The answer stayed, before and after mending: kind 99.4,
99.4; recipients 98.8, 99.1; class 98.7, 98.9. Hand-written replies, three rounds, each
measured unseen: right action 82 (of 232), 85 (131), 65 (82); old tables 82, 63, 56.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from outreachd.rules.notice import About, Notice, NoticeKind, understand
from outreachd.rules.notice_text import fit
from tests.rules.mails import FAMILY, NOW, bounce, labelled, mail, multipart

MAILS = labelled()
with_corpus = pytest.mark.skipif(not MAILS, reason="the corpus is not beside us")
PEOPLE = {"reply", "other", "autoreply"}


def read(raw: bytes) -> Notice:
    """Read a mail at a fixed time."""
    return understand(raw, now=NOW)


def score() -> Counter[str]:
    """Count over the corpus what is right, by the labels' own rules."""
    counts: Counter[str] = Counter()
    for raw, row in MAILS:
        notice = read(raw)
        wanted = "unsubscribe" if row.get("subkind") == "unsubscribe" else row["kind"]
        counts["mails"] += 1
        counts["kinds"] += notice.kind == wanted
        named = {
            one["recipient"].lower() for one in row["expected"] if one["recipient"]
        }
        if named and row["kind"] != "autoreply":
            counts["naming"] += 1
            counts["named"] += named == {
                (o.recipient or "").lower() for o in notice.about
            }
        for one in row["expected"]:
            if one["class"] and not one.get("second_opinion"):
                said = reason(notice, one)
                counts["strict"] += 1
                counts["classes"] += said == one["class"]
                counts["actions"] += FAMILY.get(said) == FAMILY.get(one["class"])
    return counts


def reason(notice: Notice, expected: dict[str, Any]) -> str:
    """Tell the reason a notice gives for the recipient that a label names."""
    wanted = (expected["recipient"] or "").lower()
    fitting = [one for one in notice.about if (one.recipient or "").lower() == wanted]
    return (fitting or list(notice.about) or [About(recipient=None, reason="-")])[
        0
    ].reason


@with_corpus
def test_the_corpus_is_understood() -> None:
    """Kind and recipients of 97 %, action of 93 %, exact class of 85 % are right."""
    counts = score()
    assert counts["kinds"] / counts["mails"] >= 0.97
    assert counts["named"] / counts["naming"] >= 0.97
    assert counts["actions"] / counts["strict"] >= 0.93
    assert counts["classes"] / counts["strict"] >= 0.85


@with_corpus
def test_no_person_is_taken_for_a_machine_that_failed() -> None:
    """No answer, forward, automatic or ordinary mail becomes a bounce or complaint."""
    taken = [
        row["file"]
        for raw, row in MAILS
        if row["kind"] in PEOPLE and read(raw).kind in {NoticeKind.DSN, NoticeKind.ARF}
    ]
    assert not taken


@with_corpus
def test_only_hard_refusals_complaints_and_opt_outs_suppress() -> None:
    """A full mailbox, a block, a delay, an absence: nobody is suppressed for them."""
    for raw, row in MAILS:
        for one in read(raw).about:
            hard = one.reason.startswith("hard_") and one.action == "failed"
            wish = one.reason in {"complaint", "unsubscribe"}
            assert one.suppresses == (hard or wish), row["file"]


@with_corpus
def test_the_letter_a_notice_returns_is_found() -> None:
    """The Message-ID in the returned part is what most bounces are matched by."""
    found = [
        (read(raw).original_message_id or "").strip("<>")
        == row["original_message_id"].strip("<>")
        for raw, row in MAILS
        if row.get("original_message_id")
    ]
    assert sum(found) / len(found) >= 0.97


FAILED = "Final-Recipient: rfc822; p@people.example\r\nAction: failed\r\n"
LATE = FAILED.replace("failed", "delayed")
RELAYED = FAILED.replace("failed", "relayed")
ANN = "Ann <a@b.example>"
REPORT = "application/zip; name=g!x.example!1700000000!1700086400.zip"
POSTMASTER = "postmaster@x.example"


@pytest.mark.parametrize(
    ("raw", "kind", "detail"),
    [
        (bounce(f"{FAILED}Status: 5.1.1"), "dsn", "failed"),
        (bounce(f"{LATE}Status: 4.4.1"), "dsn", "delayed"),
        (bounce(f"{RELAYED}Status: 2.0.0"), "dsn", "relayed"),
        (mail("Hi!", Subject="Re: x", From=ANN), "reply", ""),
        (mail("Stop.", Subject="Re: x", From=ANN), "unsubscribe", ""),
        (mail("", Subject="unsubscribe", From=ANN), "unsubscribe", ""),
        (mail("", Subject="A" * 35, From=ANN), "unsubscribe", ""),
        (mail("Ann left the company.", Subject="Re: x"), "reply", "left_company"),
        (mail("", Subject="Fwd: x", From=ANN), "other", "forward"),
        (mail("Who?", Subject="Fwd: failure notice", From=ANN), "reply", ""),
        (mail("Hello", Subject="News", From=ANN), "other", ""),
        (multipart("mixed", (REPORT, ""), From=ANN), "other", "dmarc_report"),
        (mail("?", From=POSTMASTER, Return_Path="<>"), "other", "mail_system"),
        (b"", "other", ""),
        (b"\0\xff\r\r\n\n:\n=?", "other", ""),
    ],
)
def test_kinds_are_told_apart(raw: bytes, kind: str, detail: str) -> None:
    """Each kind of mail that comes back has its own way to be acted on."""
    notice = read(raw)
    assert (notice.kind, notice.detail) == (kind, detail)


def test_a_person_who_writes_about_a_bounce_is_a_person() -> None:
    """Quoting, forwarding or telling of a failure is not failing."""
    quoted = "> 550 5.1.1 <p@people.example> user unknown\r\n\r\nWhat is wrong here?"
    for headers in (
        {"Subject": "Fwd: Undelivered Mail Returned to Sender"},
        {"Subject": "Re: Undelivered Mail Returned to Sender"},
        {"Subject": "Undelivered Mail Returned to Sender", "In_Reply_To": "<a@b>"},
        {"Subject": "mail delivery failed?"},
    ):
        raw = mail(quoted, From="Lena Falk <lena@people.example>", **headers)
        assert read(raw).kind in {NoticeKind.REPLY, NoticeKind.OTHER}


def test_a_forwarded_report_is_no_report() -> None:
    """A bounce that a person attaches stays inside; only the outer mail speaks."""
    raw = multipart(
        "mixed",
        ("text/plain", "This came back, do you know why?"),
        ("message/rfc822", bounce(f"{FAILED}Status: 5.1.1").decode()),
        From="Lena <lena@people.example>",
        Subject="Fwd: failure notice",
    )
    assert read(raw).kind is NoticeKind.REPLY


def test_of_several_recipients_each_has_a_reason_of_its_own() -> None:
    """One full mailbox and one unknown user: only the unknown one is suppressed."""
    other = FAILED.replace("p@", "q@")
    text = (
        "<p@people.example>: 552 mailbox full\r\n\r\n<q@people.example>: no such user"
    )
    raw = bounce(
        f"{FAILED}Status: 5.2.2\r\nDiagnostic-Code: smtp; 552 5.2.2 full\r\n\r\n"
        f"{other}Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user",
        text=text,
    )
    told = {one.recipient: (one.reason, one.suppresses) for one in read(raw).about}
    assert told == {
        "p@people.example": ("soft_mailbox_full", False),
        "q@people.example": ("hard_no_user", True),
    }


def test_what_is_only_late_suppresses_nobody() -> None:
    """A warning that names a missing user is a warning all the same."""
    why = "Diagnostic-Code: smtp; 550 5.1.1 user unknown"
    raw = bounce(f"{LATE}Status: 5.1.1\r\n{why}")
    assert not any(one.suppresses for one in read(raw).about)


def test_an_absence_ends_on_the_day_it_names() -> None:
    """The mail's own date fills in the year; a date of tomorrow's year is not used."""
    raw = mail(
        "I am away until 5 January.",
        Subject="Out of office: Re: hello",
        Date="Mon, 21 Dec 2015 09:00:00 +0000",
    )
    assert read(raw).return_date == date(2016, 1, 5)
    forged = raw.replace(b"2015", b"2099")
    assert read(forged).return_date == date(2027, 1, 5)


def test_our_own_footer_is_no_request() -> None:
    """The word "unsubscribe" that a person quotes is ours, not theirs."""
    raw = mail(
        "Sounds good, call me.\r\n\r\nOn Mon, 2 Nov Ann <a@b.example> wrote:\r\n"
        "> Hello\r\n> To unsubscribe from this list please remove me: https://x\r\n",
        Subject="Re: x", In_Reply_To="<a@b>",
    )  # fmt: skip
    notice = read(raw)
    assert notice.kind is NoticeKind.REPLY
    assert notice.answer == "Sounds good, call me."


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=3000), st.randoms(use_true_random=False))
def test_no_octets_raise(octets: bytes, dice: Random) -> None:
    """Noise, and mails with noise in them, are answered; what is told is bounded."""
    seeds = [raw for raw, _ in MAILS[:60]] or [bounce(f"{FAILED}Status: 5.1.1")]
    raw = dice.choice(seeds)
    for _ in range(dice.randint(1, 8)):
        start = dice.randrange(len(raw) + 1)
        raw = (
            raw[:start]
            + octets[: dice.randint(0, 200)]
            + raw[start + dice.randint(0, 300) :]
        )
    for one in (octets, raw):
        notice = read(one)
        assert len(notice.about) <= 100
        assert all(len(about.text) <= 512 for about in notice.about)


def _texts(of: object) -> Iterator[str]:
    match of:
        case str():
            yield of
        case Struct():
            yield from _texts([getattr(of, name) for name in of.__struct_fields__])
        case list() | tuple() | set() | frozenset():
            for one in of:
                yield from _texts(one)
        case _:
            yield from (
                _texts(list(vars(of).values())) if hasattr(of, "__dict__") else ()
            )


REPORT = (
    "From: MAILER-DAEMON@x.example\nSubject: failed\nContent-Type: multipart/report;"
    " report-type=delivery-status; boundary=b\n\n--b\nContent-Type:"
    " message/delivery-status; charset={0}\n\nOriginal-Envelope-Id: a{1}\n\n"
    "Final-Recipient: rfc822; bob{1}@there.example\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 no {1} such user\n\n--b\nContent-Type:"
    " message/rfc822\n\nMessage-ID: <a{1}@b>\nTo: bob{1}@there.example\n\nhi\n--b--\n"
)
ANSWER = (
    "From: bob{1}@there.example\nSubject: Re: {1}\nIn-Reply-To: <a{1}@b>\n"
    "Content-Type: text/plain; charset={0}\n\nunsubscribe {1} me, thank you\n"
)
SES = (
    "From: no-reply@sns.amazonaws.com\nSubject: AWS Notification Message\n\n"
    '{{"notificationType":"Bounce","bounce":{{"bouncedRecipients":[{{"emailAddress":'
    '"bob{1}@x.example","status":"5.1.1","diagnosticCode":"smtp; 550 {1}"}}]}},'
    '"mail":{{"destination":["bob{1}@x.example"]}}}}\n'
)


@pytest.mark.parametrize("form", [REPORT, ANSWER, SES])
@pytest.mark.parametrize(
    "word",
    [
        *("\0", "\x1b[2J", "\x7f", "\u009b2J", "+2AA-", "+AAA-", "+00", "+1B"),
        *("=?utf-7?q?+2AA-?=", "=?utf-8?b?ABs=?=", r"\ud800", r"\u0000\u001b"),
    ],
)
def test_what_a_notice_says_can_be_kept_and_shown(form: str, word: str) -> None:
    """S27: no NUL, half a character or escape comes through by any encoding.

    The database would refuse the first two, and the mail would be passed over, with the
    wish to leave or the bounce that is in it; a terminal would obey the last.
    """
    for charset in ("utf-8", "utf-7", "us-ascii"):
        raw = form.format(charset, word).encode()
        for text in _texts(understand(raw, now=NOW)):
            assert fit(text) == text
