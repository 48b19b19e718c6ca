"""In which language we speak to a recipient: on our pages and below our letters.

What is known of the contact goes first (language, then country), then what the browser
asks for, then English. Only the languages that we have words in are answered.
Sources: RFC 5646 (language tags), RFC 9110 section 12.5.4 (Accept-Language), ISO 3166.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

MAX_ACCEPTED = 300  # characters of an Accept-Language header that are read

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8})[A-Za-z0-9-]*\s*(?:;\s*q=([01](?:\.\d{0,3})?))?"
)


class Language(StrEnum):
    """A language that we have words in."""

    ENGLISH = "en"
    GERMAN = "de"
    RUSSIAN = "ru"
    FRENCH = "fr"
    SPANISH = "es"


# Countries where most people read one of ours; of several languages none is guessed.
_COUNTRIES = {
    Language.ENGLISH: "US GB IE AU NZ",
    Language.GERMAN: "DE AT LI",
    Language.RUSSIAN: "RU BY",
    Language.FRENCH: "FR MC",
    Language.SPANISH: "ES MX AR CO CL PE VE EC GT CU BO DO HN SV NI CR PA UY",
}
_OF_TAG: dict[str, Language] = {language.value: language for language in Language}
_OF_COUNTRY = {
    country: language
    for language, countries in _COUNTRIES.items()
    for country in countries.split()
}


@lru_cache(maxsize=1024)
def language_of(language: str, country: str, accepted: str = "") -> Language:
    """Choose by a contact's language and country ("" = unknown), then a browser's."""
    return (
        _known(language)
        or _OF_COUNTRY.get(country.strip().upper())
        or _accepted(accepted[:MAX_ACCEPTED])
        or Language.ENGLISH
    )


def _known(tag: str) -> Language | None:
    primary = re.split("[-_]", tag.strip().lower(), maxsplit=1)[0]
    return _OF_TAG.get(primary)


def _accepted(header: str) -> Language | None:
    """Find the one of ours that a browser likes best; of equals the first."""
    liked: list[tuple[float, Language]] = []
    for part in header.split(","):
        found = _RANGE.fullmatch(part.rstrip())
        language = _known(found[1]) if found else None
        if found and language and float(found[2] or 1) > 0:
            liked.append((float(found[2] or 1), language))
    return max(liked, key=lambda one: one[0])[1] if liked else None
