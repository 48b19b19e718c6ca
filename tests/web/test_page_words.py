"""The words of the opt-out page: all of them, in every language we speak."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from outreachd.rules.language import Language
from outreachd.web.page_words import WORDS


@pytest.mark.parametrize("language", list(Language))
def test_every_language_has_every_word(language: Language) -> None:
    """Nothing is empty, and the sender is named where leaving is explained."""
    words = WORDS[language]
    assert all(astuple(words))
    assert words.effect.count("{client}") == 1


def test_no_language_borrows_from_another() -> None:
    """A line that was copied and not translated is found."""
    lines = [line for words in WORDS.values() for line in astuple(words)]
    assert len(set(lines)) == len(lines)
