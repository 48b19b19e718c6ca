"""The words of the public pages, in every language we speak.

Plain sentences; ``{client}`` is for whom the letters were. Letters are called what
recipients call them: e-mails.
"""

# ruff: noqa: RUF001 - the letters of each language are meant

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from outreachd.rules.language import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language."""

    ask: str
    button: str
    done: str
    effect: str  # what leaving means
    confirm: str
    confirm_button: str
    confirmed: str
    confirm_effect: str  # what saying yes means
    nobody: str  # in the place of {client}, if it is not known
    by_mail: str  # before an address
    failed: str
    later: str
    unknown_link: str


WORDS: Final[Mapping[Language, Words]] = {
    Language.ENGLISH: Words(
        ask="Stop these e-mails?",
        button="Stop the e-mails",
        done="Done",
        effect="You will get no more e-mails from {client}.",
        confirm="Get these e-mails?",
        confirm_button="Yes, I want them",
        confirmed="Confirmed",
        confirm_effect="You will get e-mails from {client}.",
        nobody="this sender",
        by_mail="You can also write to",
        failed="This did not work",
        later="Please try again in a minute.",
        unknown_link="This link is not whole, or works no more: "
        "please open it again from the e-mail.",
    ),
    Language.GERMAN: Words(
        ask="Keine weiteren E-Mails?",
        button="Abmelden",
        done="Erledigt",
        effect="Sie erhalten keine weiteren E-Mails von {client}.",
        confirm="E-Mails erhalten?",
        confirm_button="Ja, ich möchte sie",
        confirmed="Bestätigt",
        confirm_effect="Sie erhalten E-Mails von {client}.",
        nobody="diesem Absender",
        by_mail="Sie können auch schreiben an",
        failed="Das hat nicht geklappt",
        later="Bitte versuchen Sie es in einer Minute noch einmal.",
        unknown_link="Dieser Link ist unvollständig oder gilt nicht mehr: "
        "Bitte öffnen Sie ihn noch einmal aus der E-Mail.",
    ),
    Language.RUSSIAN: Words(
        ask="Отписаться от этих писем?",
        button="Отписаться",
        done="Готово",
        effect="Вы больше не будете получать письма от {client}.",
        confirm="Получать эти письма?",
        confirm_button="Да, хочу получать",
        confirmed="Подтверждено",
        confirm_effect="Вы будете получать письма от {client}.",
        nobody="этого отправителя",
        by_mail="Можно также написать на адрес",
        failed="Не получилось",
        later="Пожалуйста, попробуйте ещё раз через минуту.",
        unknown_link="Ссылка неполная или больше не действует: "
        "пожалуйста, откройте её ещё раз из письма.",
    ),
    Language.FRENCH: Words(
        ask="Ne plus recevoir ces e-mails ?",
        button="Se désinscrire",
        done="C’est fait",
        effect="Vous ne recevrez plus d’e-mails de la part de {client}.",
        confirm="Recevoir ces e-mails ?",
        confirm_button="Oui, je le veux",
        confirmed="C’est confirmé",
        confirm_effect="Vous recevrez des e-mails de la part de {client}.",
        nobody="cet expéditeur",
        by_mail="Vous pouvez aussi écrire à",
        failed="Cela n’a pas fonctionné",
        later="Veuillez réessayer dans une minute.",
        unknown_link="Ce lien est incomplet ou n’est plus valable : "
        "veuillez l’ouvrir à nouveau depuis l’e-mail.",
    ),
    Language.SPANISH: Words(
        ask="¿Dejar de recibir estos correos?",
        button="Darse de baja",
        done="Hecho",
        effect="Ya no recibirá más correos de {client}.",
        confirm="¿Recibir estos correos?",
        confirm_button="Sí, quiero recibirlos",
        confirmed="Confirmado",
        confirm_effect="Recibirá correos de {client}.",
        nobody="este remitente",
        by_mail="También puede escribir a",
        failed="No ha funcionado",
        later="Inténtelo de nuevo dentro de un minuto.",
        unknown_link="Este enlace está incompleto o ya no es válido: "
        "ábralo de nuevo desde el correo.",
    ),
}
