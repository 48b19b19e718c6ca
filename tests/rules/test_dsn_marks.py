"""The laws of telling a machine's notice about delivery from everything else."""

from __future__ import annotations

import pytest

from outreachd.rules.dsn_marks import is_about_delivery, is_forward, is_mail_system
from outreachd.rules.notice_mail import open_mail
from tests.rules.mails import bounce, mail, multipart

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
            mail("It could not be delivered to\n\np@people.example\n",
                 From="Gate <noreply@x.example>", Subject="Delivery has failed",
                 Return_Path="<>", Auto_Submitted="auto-generated"),
            True,
        ),
        (
            mail("You wrote: 550 5.1.1 no such user. We look into it.",
                 From="Help <help@x.example>", Subject="[#4411] Mail delivery failed",
                 Return_Path="<>", Auto_Submitted="auto-replied"),
            False,
        ),
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


PEOPLE = (
    {"From": "Lena Falk <lena@people.example>"},
    {"From": "lena@people.example", "X_Mailer": "phone"},
    {"From": "lena@people.example", "In_Reply_To": "<ours@b.example>"},
)
LOOK_ALIKES = """
Undelivered Mail Returned to Sender
Fwd: Mail delivery failed: returning message to sender
Re: failure notice
WG: Unzustellbar: Hallo
TR: Non remis : Bonjour
RV: No se puede entregar: Hola
Odp: Niedostarczona: Test
Пересл: Недоставленное сообщение
转发: 系统退信
Delivery failed when I answered you
Your mail bounced
"""


@pytest.mark.parametrize("subject", LOOK_ALIKES.strip().split("\n"))
def test_a_person_is_none_whatever_they_pass_on(subject: str) -> None:
    """The notice itself, quoted or not, attached or not, in a person's mail."""
    text = f"Please look:\n\n{FAILED}\n550 5.1.1 user unknown\n"
    for headers in PEOPLE:
        for body in (text, text.replace("\n", "\n> ")):
            assert not is_about_delivery(
                open_mail(mail(body, Subject=subject, **headers))
            )
        attached = multipart(
            "mixed",
            ("text/plain", "?"),
            ("message/rfc822", bounce("Final-Recipient: rfc822; p@x.example").decode()),
            Subject=subject,
            **headers,
        )
        assert not is_about_delivery(open_mail(attached))


AWAY = """
Out of office | The following address is read: bob@x.example. Undelivered mail is lost.
Automatische Antwort: Hallo | Ihre Nachricht konnte nicht weitergeleitet werden.
Réponse automatique : Bonjour | Votre message n'a pas pu être lu.
Respuesta automática: Hola | No se pudo entregar su mensaje a nadie.
Automatisch antwoord: Hallo | Uw bericht is niet bezorgd bij een collega.
Odpowiedź automatyczna: Hej | Wiadomość nie została dostarczona do nikogo.
Автоматический ответ: Привет | Письмо не было доставлено руководителю.
自动回复: 你好 | 无法送达
"""


@pytest.mark.parametrize("row", AWAY.strip().split("\n"))
def test_an_absence_is_none_although_it_speaks_of_delivery(row: str) -> None:
    """Programs answer with a null path too; their subject says who they are."""
    subject, _, text = row.partition(" | ")
    for path in ("<>", "<bob@x.example>"):
        raw = mail(text, From="bob@x.example", Subject=subject, Return_Path=path)
        assert not is_about_delivery(open_mail(raw))
