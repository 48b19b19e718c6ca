"""The laws of reading notices that are only text, by the habits of mail servers."""

from __future__ import annotations

import pytest

from outreachd.rules.dsn import DELAYED, FAILED
from outreachd.rules.dsn_text import (
    action,
    carried,
    message_id_below,
    said_and_returned,
    told,
    words_about,
)
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import mail

P = "p@people.example"
TEXTS = {
    "qmail": f"Hi. This is the qmail-send program.\n\n<{P}>:\nno such user",
    "exim": f"The following address(es) failed:\n\n  {P}\n    SMTP error from"
    " remote mail server after RCPT TO:<x@y.example>:\n    550 no such user",
    "sendmail": "   ----- The following addresses had permanent fatal errors -----\n"
    f"<{P}>\n    (reason: 550 5.1.1 <{P}>... no such user)",
    "postfix": f"<{P}>: host mx.example[192.0.2.1] said: 550 no such user",
    "gmail": f"Delivery to the following recipient failed permanently:\n\n     {P}\n\n"
    "Technical details of permanent failure:\nno such user",
    "exchange": "Your message\n\n  To:      a@people.example\n  Subject: x\n\n"
    f"did not reach the following recipient(s):\n\n{P} on Mon, 1 Jan\n    no such user",
    "x400": "did not reach the following recipient(s):\n\n"
    f"c=US;a= ;p=X;dda:SMTP={P}; on Fri\n    no such user",
    "dragonfly": f"An error delivering your mail to <{P}>.\n\n550 no such user",
    "opensmtpd": f"for the following list of recipients:\n\n{P}: 550 no such user",
    "mailmarshal": "Could not be delivered because of\n\n550 no such user\n\n"
    f"The following recipients were affected:\n    {P}",
    "a sentence": f"It wasn't delivered to {P} because there is no such user.",
    "a transcript": f">>> RCPT To:<{P}>\n<<< 550 no\n550 <{P}>... no such user",
}


def notice(text: str, **headers: str) -> bytes:
    """Write a notice that is only text."""
    wanted = {"From": "MAILER-DAEMON@mx.example", "To": "us@b.example", **headers}
    return mail(text, **wanted)


@pytest.mark.parametrize("server", TEXTS)
def test_who_failed_is_found_in_every_habit(server: str) -> None:
    """Each family of mail servers names the recipient in a place of its own."""
    found = told(open_mail(notice(TEXTS[server])))
    assert [one.recipient for one in found] == [P]


def test_the_list_of_the_failed_comes_first() -> None:
    """Exim's header names them all, however the text does."""
    raw = notice("It failed.", X_Failed_Recipients="a@x.example, b@x.example")
    assert [one.recipient for one in told(open_mail(raw))] == [
        "a@x.example",
        "b@x.example",
    ]


@pytest.mark.parametrize("lead", ["", "* ", "- ", "> "])
def test_an_item_of_a_list_comes_before_whom_the_text_mentions(lead: str) -> None:
    """Who failed stands on a line alone, with a list's mark before it or without."""
    text = f"Not delivered. Ask help@there.example.\n\n{lead}{P}\n550 no such user"
    assert [one.recipient for one in told(open_mail(notice(text)))] == [P]


def test_the_words_of_one_are_not_those_of_another() -> None:
    """A full mailbox beside a missing user: each name is followed by its reason."""
    text = "<a@x.example>:\nmailbox full\n\n<b@x.example>:\nno such user\n"
    words = {one.recipient: one.diagnostic for one in told(open_mail(notice(text)))}
    assert words == {"a@x.example": "mailbox full", "b@x.example": "no such user"}
    report = open_mail(notice(text))
    assert words_about(report, ["b@x.example", None]) == {"b@x.example": "no such user"}


def test_we_and_postmasters_have_not_failed() -> None:
    """Addresses that every notice holds are no recipients, unless they are alone."""
    text = f"Sent by us@b.example, ask postmaster@mx.example.\n\n<{P}>: no"
    assert [one.recipient for one in told(open_mail(notice(text)))] == [P]
    alone = told(open_mail(notice("<us@b.example>:\ndisk quota exceeded")))
    assert [one.recipient for one in alone] == ["us@b.example"]


@pytest.mark.parametrize(
    "line",
    [
        "--- Below this line is a copy of the message.",
        "------ This is a copy of the message, including all the headers. ------",
        "   ----- Original message follows -----",
        "----- Original message -----",
        "Message headers follow.",
        "    Below is a copy of the original message:",
        "--- Mensaje original adjunto.",
        "Received: from a by b;\n  Mon, 1 Jan\nFrom: c@d.example",
    ],
)
def test_our_own_letter_below_is_not_what_the_notice_says(line: str) -> None:
    """What is returned may name anybody; its Message-ID is what we look for."""
    letter = "From: c@d.example\nMessage-ID: <ours@b.example>\nTo: q@x.example\n\nhi"
    text = f"It could not be delivered.\n\n{line}\n{letter}"
    said, returned = said_and_returned(text)
    assert "q@x.example" not in said
    assert returned.get("message-id") == "<ours@b.example>"
    assert message_id_below(text) == "<ours@b.example>"


def test_a_warning_is_no_failure() -> None:
    """The letter may still arrive; nothing is counted before it has not."""
    assert (
        action("This is a warning only, it will be retried. Delayed 4 hours") == DELAYED
    )
    assert action("I've given up.") == FAILED


def test_a_return_address_that_carries_the_recipient_is_read() -> None:
    """The last way to know whom a notice without any address is about."""
    assert carried("bounce+a1=john=people.example@b.example") == ["john@people.example"]
    assert carried("list-bounces+p=people.example@b.example") == [P]
    assert carried("us@b.example") == []
    raw = notice("It failed.", To="list-bounces+p=people.example@b.example")
    assert [one.recipient for one in told(open_mail(raw))] == [P]


def test_a_scanners_boast_is_no_reason() -> None:
    """A footer about viruses below a notice does not make it one about a virus."""
    said, _ = said_and_returned("It failed.\n\n_____ checked by ANTIVIRUS 1.0 _____\nx")
    assert said.strip() == "It failed."


@pytest.mark.parametrize("mark", ["____________________", "--------------", "-- "])
def test_the_footer_of_a_list_names_nobody(mark: str) -> None:
    """Whoever has notices sent to a list gets the list's address below each."""
    footer = f"\n{mark}\nStaff mailing list\nStaff@lists.b.example\n"
    for text in TEXTS.values():
        raw = mail(f"{text}\n{footer}", From="mailer-daemon@mx.example")
        assert [one.recipient for one in told(open_mail(raw))] == [P]


def test_blanks_at_the_ends_of_lines_change_nothing() -> None:
    """Gateways pad lines; a paragraph ends where a line looks empty."""
    for text in TEXTS.values():
        padded = text.replace("\n", "  \n")
        plain, spaced = (
            told(open_mail(mail(one, From="mailer-daemon@mx.example")))
            for one in (text, padded)
        )
        assert plain == spaced


def test_an_address_ends_where_east_asian_marks_begin() -> None:
    """A label is glued to what it names where no spaces are written."""
    raw = mail(f"收件人邮件地址\uff1a{P}\uff0c退信原因\uff1a不存在")
    assert [one.recipient for one in told(open_mail(raw))] == [P]
