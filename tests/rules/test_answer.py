"""The laws of cutting away what an answer quotes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.answer import own_words

OPENINGS = [
    "On Mon, Apr 2, 2012 at 6:26 PM, Megan One <xxx@gmail.com> wrote:",
    "On Monday, 2 November 2026,\nAnn Lee\n<ann@b.example> wrote:",
    "Am 12.10.2026 um 09:30 schrieb Anna Petrova <anna@b.example>:",
    "Am Montag, 12. Oktober schrieb Anna <anna@b.example>:",
    "Le lun. 12 oct. 2026 à 09:30, Anna <anna@b.example> a écrit :",
    "El lun, 12 oct 2026 a las 9:30, Anna (<anna@b.example>) escribió:",
    "Il giorno lun 12 ott 2026 alle ore 09:30 Anna <a@b.example> ha scritto:",
    "Em seg., 12 de out. de 2026 às 09:30, Anna <a@b.example> escreveu:",
    "Op ma 12 okt. 2026 om 09:30 schreef Anna <a@b.example>:",
    "pon., 12 paź 2026 o 09:30 Anna <a@b.example> napisał(a):",
    '12.10.2026, 09:30, "Анна Петрова" <anna@b.example> пишет:',
    "пн, 12 окт. 2026 г. в 09:30, Анна <anna@b.example>:\nнаписала <anna@b.example>:",
    "-----Original Message-----",
    "----- Ursprüngliche Nachricht -----",
    "---------- Forwarded message ---------",
    "-------- Исходное сообщение --------",
    "From: Anna Petrova\nSent: Monday, 12 October 2026 09:30\nTo: Tom",
    "Von: Anna Petrova\nGesendet: Montag, 12. Oktober 2026 09:30",
    "De : Anna Petrova\nEnvoyé : lundi 12 octobre 2026",
    "От: Анна Петрова\nОтправлено: 12 октября 2026 г.",
    "*From:* Anna Petrova\n*Date:* Monday",
    "________________________________\nFrom: Anna\nSent: today",
    "-- \nTom Grey\nunsubscribe specialist",
    "> Hello Tom,\n> to unsubscribe click here",
]


@pytest.mark.parametrize("opening", OPENINGS)
def test_what_is_quoted_is_cut(opening: str) -> None:
    """However a mail program opens the quotation, in many languages."""
    letter = "> unsubscribe here" if opening.startswith(">") else "unsubscribe here"
    if "escribió" in opening or "Анна <" in opening:
        letter = "> unsubscribe here"
    assert own_words(f"Call me.\nTom\n\n{opening}\n{letter}").startswith(
        "Call me.\nTom"
    )
    assert "unsubscribe here" not in own_words(f"Call me.\n\n{opening}\n{letter}")


@pytest.mark.parametrize(
    "text",
    [
        "From my point of view: yes.\nTo be honest: no.",
        "On Monday I wrote to you about this, did you see it?",
        "I read what Ann wrote: it is fine.",
        "Sales: 20\nDate of the offer: open",
        "A -- B",
    ],
)
def test_an_answer_is_not_cut_in_two(text: str) -> None:
    """Sentences that only resemble the opening of a quotation stay."""
    assert own_words(text) == text


def test_answers_between_the_lines_are_kept() -> None:
    """Who answers point by point has written all the points."""
    text = "> When?\nTomorrow.\n> Where?\nHere.\nSent from my iPhone"
    assert own_words(text) == "Tomorrow.\nHere."


@given(st.text(max_size=400))
def test_nothing_is_invented(text: str) -> None:
    """Each line that is left was a line of the text."""
    lines = {line.strip() for line in text.replace("\r\n", "\n").split("\n")} | {""}
    assert all(line.strip() in lines for line in own_words(text).split("\n"))
