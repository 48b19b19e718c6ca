"""The laws of the words of automatic answers, in many languages."""

from __future__ import annotations

import pytest

from outreachd.rules.autoreply_words import (
    ACKNOWLEDGED,
    AWAY,
    CHALLENGE,
    COMES_BACK,
    LEFT,
    SUBJECT,
)

SUBJECTS = """
automatic reply: quick question
out of office re: hello
auto: hello
[ooo] hello
abwesenheitsnotiz: kurze frage
automatische antwort: hallo
réponse automatique : bonjour
respuesta automática: hola
risposta automatica: ciao
resposta automática: olá
automatisch antwoord: hallo
odpowiedź automatyczna: cześć
автоответ: вопрос
автоматический ответ: вопрос
автоматична відповідь: питання
otomatik yanıt: soru
自動応答: 質問
自动回复: 问题
"""
PEOPLES = ["re: auto parts", "absolutely!", "aw: urlaubsplanung", "re: absence rates"]
AWAYS = """
i am out of the office and will be back on monday
i am on annual leave until 5 may
ich bin im urlaub und ab dem 2. november wieder erreichbar
я в отпуске, вернусь 5 мая
je suis absent du bureau jusqu'au 5 mai
estoy de vacaciones hasta el 5 de mayo
sono in ferie fino al 5 maggio
estou de férias até 5 de maio
ik ben op vakantie tot 5 mei
jestem na urlopie do 5 maja
"""
LEAVERS = """
tom no longer works here
tom has left the company
herr meier ist nicht mehr in unserem unternehmen tätig
сотрудник больше не работает в компании
tom ne travaille plus chez nous
tom ya no trabaja aquí
tom non lavora più con noi
tom werkt niet meer bij ons
pan tom już nie pracuje
"""


@pytest.mark.parametrize("subject", SUBJECTS.strip().split("\n"))
def test_subjects_that_programs_write_are_known(subject: str) -> None:
    """A person does not begin a subject so."""
    assert SUBJECT.search(subject)


@pytest.mark.parametrize("subject", PEOPLES)
def test_subjects_of_people_are_not(subject: str) -> None:
    """A word inside a subject is not its beginning."""
    assert not SUBJECT.search(subject)


@pytest.mark.parametrize("text", AWAYS.strip().split("\n"))
def test_an_absence_with_its_end_is_known(text: str) -> None:
    """Both halves, away and back, are found in each language."""
    assert AWAY.search(text)
    assert COMES_BACK.search(text)


@pytest.mark.parametrize("text", LEAVERS.strip().split("\n"))
def test_who_has_left_is_known(text: str) -> None:
    """To write on would be pointless; somebody else may be the right person."""
    assert LEFT.search(text)


def test_tickets_and_challenges_are_known() -> None:
    """Programs that received something, and programs that want a click."""
    assert ACKNOWLEDGED.search("your request has been received, ticket #1234")
    assert CHALLENGE.search("please visit the link and verify that you are a person")
