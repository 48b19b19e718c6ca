"""The laws of the words of notices about delivery."""

from __future__ import annotations

import pytest

from outreachd.rules.dsn_words import DAEMON, FORWARDED, SAID, SUBJECT

SENDERS = [
    "mailer-daemon@mx.example (mail delivery system)",
    "mail delivery subsystem <mailer-daemon@googlemail.com>",
    "postmaster@outlook.example",
    "post_master@mx.example",
    "mdaemon@mx.example",
    "system administrator <x@y.example>",
]
SUBJECTS = [
    "undelivered mail returned to sender",
    "returned mail: see transcript for details",
    "failure notice",
    "delivery status notification (failure)",
    "mail delivery failed: returning message to sender",
    "undeliverable: hello",
    "warning: could not send message for past 4 hours",
    "unzustellbar: hallo",
    "nicht zustellbar: zustellung fehlgeschlagen, zustellfehler",
    "non remis : bonjour",
    "ваше сообщение не доставлено",
    "mancata consegna: ciao",
    "no se pudo entregar: hola",
    "niedostarczalne: cześć",
    "nicht zustellbar: hallo",
    "no se puede entregar: hola",
    "non recapitabile: ciao",
    "não é possível entregar: olá",
    "无法传递: 你好",
]
NOT_SUBJECTS = ["re: quick question", "hello", "lunch on friday?", "your invoice 2231"]


@pytest.mark.parametrize("sender", SENDERS)
def test_mail_systems_are_known_by_their_names(sender: str) -> None:
    """The names that programs send under, in small letters."""
    assert DAEMON.search(sender)


@pytest.mark.parametrize("sender", ["ann lee <ann@people.example>", "demon@x.example"])
def test_people_are_not_taken_for_mail_systems(sender: str) -> None:
    """A person's name and address."""
    assert not DAEMON.search(sender)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_subjects_of_failure_are_known(subject: str) -> None:
    """In the languages of the great providers."""
    assert SUBJECT.search(subject)


@pytest.mark.parametrize("subject", NOT_SUBJECTS)
def test_other_subjects_are_not(subject: str) -> None:
    """What people write above their mails."""
    assert not SUBJECT.search(subject)


@pytest.mark.parametrize(
    "text",
    [
        "i'm afraid i wasn't able to deliver your message",
        "could not be delivered to one or more recipients",
        "550 5.1.1 user unknown",
        "не может быть доставлено одному или нескольким получателям",
    ],
)
def test_sentences_of_failure_are_known(text: str) -> None:
    """What notices say in their texts."""
    assert SAID.search(text)


def test_a_forward_is_known_by_its_prefix() -> None:
    """Whoever passes a mail on is a person, whatever stands behind the colon."""
    assert all(FORWARDED.match(f"{p}: failure") for p in ("fwd", "fw", "wg", "tr"))
    assert not FORWARDED.match("failure notice")
