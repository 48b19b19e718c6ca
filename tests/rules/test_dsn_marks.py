"""The laws of telling a machine's notice about delivery from everything else."""

from __future__ import annotations

import pytest

from outreachd.rules.dsn_marks import is_about_delivery, is_forward, is_mail_system
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import bounce, mail

FAILED = "It could not be delivered to\n\n<p@people.example>: no such user"
DAEMON = "MAILER-DAEMON@mx.example"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bounce("Final-Recipient: rfc822; p@people.example"), True),
        (mail(FAILED, From=DAEMON, Subject="failure notice"), True),
        (mail(FAILED, From="<>", Subject="x"), True),
        (mail("?", From=DAEMON, Subject="hello"), False),
        (mail(FAILED, From="Ann <ann@x.example>", Subject="failure notice"), False),
        (mail(FAILED, From=DAEMON, Subject="Fwd: failure notice"), False),
        (mail("?", From="x@y.example", X_Failed_Recipients="p@people.example"), True),
        (
            mail("It could not be delivered to\n\np@people.example\n",
                 From="gate@x.example", Subject="Delivery failure notification"),
            True,
        ),
        (
            mail("Your parcel could not be delivered.", From="post@x.example",
                 Subject="Delivery failure"),
            False,
        ),
        (mail("hello", From="ann@x.example", Subject="Re: hello"), False),
        (
            mail("> 550 5.1.1 no such user\r\nIt could not be delivered, why?",
                 From="Ann <postmaster@x.example>", In_Reply_To="<a@b>"),
            False,
        ),
        (
            mail("Write to the following address: info@x.example", Return_Path="<>",
                 From="ann@x.example", Subject="Out of office"),
            False,
        ),
    ],
)  # fmt: skip
def test_who_and_what_must_agree(raw: bytes, expected: bool) -> None:
    """A machine that says nothing of a failure is none, nor a person who does."""
    assert is_about_delivery(open_mail(raw)) is expected


def test_names_of_mail_systems_and_forwards() -> None:
    """The two marks that others ask for by themselves."""
    assert is_mail_system(open_mail(mail("", From=DAEMON)))
    assert not is_mail_system(open_mail(mail("", From="ann@x.example")))
    assert is_forward(open_mail(mail("", Subject="WG: x")))
