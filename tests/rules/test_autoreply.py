"""The laws of telling a program's answer from a person's."""

from __future__ import annotations

import pytest

from outreachd.rules.autoreply import Automatic, automatic, is_read_receipt
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import mail, multipart

AWAY = "I am out of the office and will be back on Monday."
ANN = "Ann Lee <ann@people.example>"


def sort(text: str, **headers: str) -> Automatic | None:
    """Tell what a mail of Ann's is."""
    raw = mail(text, **{"From": ANN, **headers})
    return automatic(open_mail(raw), text)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Auto_Submitted": "auto-replied"}, True),
        ({"Auto_Submitted": "auto-generated; x=y"}, True),
        ({"Auto_Submitted": "no"}, False),
        ({"X_Autoreply": "yes"}, True),
        ({"X_Autorespond": "x"}, True),
        ({"Return_Path": "<>"}, True),
        ({"Subject": "Automatic reply: x"}, True),
        ({"Precedence": "auto_reply", "In_Reply_To": "<a@b>"}, True),
        ({"Precedence": "junk"}, False),
        ({"Precedence": "bulk"}, False),
        ({"From": "noreply@x.example", "In_Reply_To": "<a@b>"}, True),
        ({"From": "noreply@x.example"}, False),
        ({"List_Id": "<l.x>", "List_Unsubscribe": "<mailto:x@y>"}, True),
        ({"List_Id": "<l.x>"}, False),
        ({"In_Reply_To": "<a@b>"}, False),
    ],
)
def test_marks_of_programs(headers: dict[str, str], expected: bool) -> None:
    """Headers that programs set are believed; those that spam and lists share not."""
    assert (sort("Thanks for the mail.", **headers) is not None) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (AWAY, Automatic.OUT_OF_OFFICE),
        ("Tom no longer works here.", Automatic.LEFT_COMPANY),
        ("Your request has been received, ticket #123.", Automatic.ACKNOWLEDGEMENT),
        ("Click to verify that you are a person.", Automatic.CHALLENGE),
        ("Beep.", Automatic.ACKNOWLEDGEMENT),
    ],
)
def test_sorts_of_automatic_answers(text: str, expected: Automatic) -> None:
    """What follows is different: wait, stop, nothing, never click."""
    assert sort(text, Auto_Submitted="auto-replied") is expected


def test_an_absence_is_believed_by_its_words_alone_only_with_a_return() -> None:
    """No header at all: short, away, back, and no question to us."""
    assert sort(AWAY) is Automatic.OUT_OF_OFFICE
    assert sort("I was out of the office last week, sorry.") is None
    assert sort(f"{AWAY} Can we talk then?") is None
    assert sort(AWAY + " x" * 1000) is None
    quoting = mail(f"{AWAY}\r\n\r\nOn 1 May Tom wrote:\r\n> {'Hello. ' * 9}", From=ANN)
    assert automatic(open_mail(quoting), AWAY) is None


def test_a_read_receipt_is_no_answer() -> None:
    """RFC 8098: displayed or deleted, nobody wrote anything."""
    raw = multipart(
        "report; report-type=disposition-notification",
        ("text/plain", "Your mail was displayed."),
        ("message/disposition-notification", "Original-Message-ID: <ours@b.example>"),
        From=ANN,
    )
    assert is_read_receipt(open_mail(raw))
    assert automatic(open_mail(raw), "") is Automatic.READ_RECEIPT
    assert not is_read_receipt(open_mail(mail("x")))
