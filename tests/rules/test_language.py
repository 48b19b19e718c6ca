"""The laws of choosing a language: what is known of the contact, then the browser's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.language import Language, language_of


@pytest.mark.parametrize(
    ("language", "country", "accepted", "chosen"),
    [
        ("de", "", "", "de"),
        ("DE-ch", "RU", "fr", "de"),
        ("pt_BR", "DE", "fr", "de"),
        ("", "at", "fr", "de"),
        ("", "CH", "fr-CH, fr;q=0.9", "fr"),
        ("tlh", "ZZ", "", "en"),
        ("", "", "de;q=0.3, ru;q=0.9, en;q=0.1", "ru"),
        ("", "", "de, ru", "de"),
        ("", "", "tr, de;q=0, es;q=0.1", "es"),
        ("", "", "*", "en"),
        ("", "", "de;q=9;x, \x00, ;;;,ru", "ru"),
        ("", "", "x" * 400 + ",de", "en"),
    ],
)
def test_the_nearest_known_language_is_chosen(
    language: str, country: str, accepted: str, chosen: str
) -> None:
    """Contact's language, contact's country, browser, English; nothing is guessed."""
    assert language_of(language, country, accepted) == chosen


@given(st.text(max_size=40), st.text(max_size=5), st.text(max_size=400))
def test_any_input_has_an_answer(language: str, country: str, accepted: str) -> None:
    """Headers and columns come from anywhere: there is always a language of ours."""
    assert language_of(language, country, accepted) in Language
