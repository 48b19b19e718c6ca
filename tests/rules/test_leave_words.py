"""The laws of hearing who wants to be left alone, and who does not."""

from __future__ import annotations

import pytest

from outreachd.rules.leave_words import asks_to_leave

ASK = """
stop
STOP!!
Unsubscribe
remove me please
Unsubscribe me please
not interested, unsubscribe
Please remove me from your mailing list.
take me off this list
Do not contact me again.
Don't email me
I no longer wish to receive these emails
I don’t want to receive anything more from you
Please stop emailing me
How do I unsubscribe?
Opt out
Leave me alone
I will report you as spam
I don't want to stop anything else, but remove me from this list
Bitte nehmen Sie mich aus Ihrem Verteiler.
Bitte löschen Sie meine Daten und schreiben Sie mir nicht mehr.
Ich möchte keine weiteren E-Mails erhalten
Abmelden, danke
Отпишите меня от вашей рассылки и больше не пишите.
Удалите мой адрес из базы
Больше мне не пишите
Прекратите слать спам
Відпишіть мене
Désinscrivez-moi
Merci de me retirer de votre liste
Ne m'écrivez plus
Je ne souhaite plus recevoir vos messages
Por favor, denme de baja
No quiero recibir más correos
Dejen de enviarme correos
Cancellatemi dalla vostra lista
Non voglio più ricevere queste email
Non scrivetemi più
Por favor, remova-me da lista
Não quero mais receber emails
Parem de me enviar emails
Graag uitschrijven
Verwijder mij uit uw bestand
Ik wil geen mails meer ontvangen
Proszę mnie wypisać z listy
Proszę usunąć mój adres
Nie chcę otrzymywać więcej wiadomości
"""
STAY = """
Please do not unsubscribe me, I love these.
I don't want to stop
Don't remove me from the list
I never wanted to unsubscribe
No thanks, we already have a supplier.
What is your unsubscribe rate?
Can you stop by our office on Monday?
Interesting, send me more details
Please delete the second paragraph of the contract
Let's not stop here
We did not receive any more details
I will take the train and get off at the next stop
bitte rufen Sie mich morgen an
Bitte melden Sie mich nicht ab
Ich möchte mich nicht abmelden
Не отписывайте меня
Не удаляйте меня из рассылки
Пришлите ещё
Ne me désinscrivez pas
No me den de baja
Non cancellatemi
Não me removam
Niet uitschrijven alstublieft
Nie wypisujcie mnie
"""


@pytest.mark.parametrize("text", ASK.strip().split("\n"))
def test_a_wish_to_be_left_alone_is_heard(text: str) -> None:
    """In ten languages, short or as a sentence among others."""
    assert asks_to_leave(text)
    assert asks_to_leave(f"Hello Anna,\n\n{text}\n\nTom")


@pytest.mark.parametrize("text", STAY.strip().split("\n"))
def test_a_wish_to_stay_is_heard_too(text: str) -> None:
    """The words of leaving, denied or about something else, are no request."""
    assert not asks_to_leave(text)
    assert not asks_to_leave(f"Hello Anna,\n\n{text}\n\nTom")


def test_nothing_said_is_nothing_asked() -> None:
    """An empty answer keeps its writer."""
    assert not asks_to_leave("")
    assert not asks_to_leave(" \n\n ")
