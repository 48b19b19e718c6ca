"""When somebody who is away comes back: the date an automatic answer names.

The last date that stands after a word of return ("until", "bis", "вернусь ...") counts,
else the end of a span ("12.10.-19.10."), else the only date there is. A date without a
year is the next one not before the day it was written; one that lies before that day,
or more than two years after it, is none. ``written`` is the mail's own date where it is
credible, else today: both are told, no clock is read. 03/04/2026 is read day first
unless only month first can be, or the words around are American.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

MAX_TEXT = 4000  # characters that are looked at
FURTHEST = timedelta(days=730)

_MONTHS = (
    "jan|янв|ene|sty|gen|oca|січ|tammi|led,feb|фев|fév|fev|fèv|lut|şub|лют|helmi|febb|úno,"
    "mar|мар|mär|mrz|maa|bře|mrt|бер,apr|апр|avr|abr|kwi|nis|кві|huhti|dub,"
    "may|май|мая|mai|maj|mag|mei|трав|touko|kvě|máj,"
    "jun|июн|juin|cze|giu|haz|черв|kesä|čvn|júni|iun,"
    "jul|июл|juil|lip|lug|tem|лип|heinä|čvc|júli|iul,"
    "aug|авг|aoû|aou|ago|sie|ağu|серп|elo|srp,sep|сен|set|wrz|eyl|вер|syys|zář|szept,"
    "oct|окт|okt|out|paź|ott|eki|жов|loka|říj,nov|ноя|lis|kas|лис|marras|noi,"
    "dec|дек|déc|dez|dic|gru|ara|гру|joulu|pro|des"
)
_MONTH = {
    stem: number
    for number, stems in enumerate(_MONTHS.split(","), 1)
    for stem in stems.split("|")
}
_NAME = "|".join(sorted(_MONTH, key=len, reverse=True))
_YEAR = r"(?:,?\s*(?:de |del |of )?'?(?P<y>20\d\d)\b)?"
_NTH = "st|nd|rd|th"
_DAY = r"\b(?P<d>\d{1,2})"
_WORD = rf"(?P<n>{_NAME})[^\W\d_]{{0,9}}"  # October, октября, marraskuuta
_FORMS = tuple(
    re.compile(form)
    for form in (
        r"\b(?P<y>20\d\d)[-./](?P<m>\d{1,2})[-./](?P<d>\d{1,2})\b",
        r"(?:(?P<y>20\d\d)\s*[年년]\s*)?(?P<m>\d{1,2})\s*[月월]\s*(?P<d>\d{1,2})\s*[日일号]",
        r"(?<![\d.])(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.(?:\s?(?P<y>20\d\d|\d\d)\b)?(?!\d)",
        r"(?<![\d.])(?P<d>\d{1,2})\.(?P<m>\d{1,2})\b(?![.:]?\d)(?P<y>)",
        r"\b(?P<d>\d{1,2})[/-](?P<m>\d{1,2})(?:[/-](?P<y>20\d\d|\d\d))?\b",
        rf"{_DAY}(?:{_NTH}|er|º|ª|\.|-го|-е)?\s*(?:de |of |d')?{_WORD}\.?{_YEAR}",
        rf"\b{_WORD}\.?\s+(?:the )?{_DAY}(?:{_NTH})?\b(?!\s*[:.]\d){_YEAR}",
        rf"\b{_WORD}\s*(?:of |de )?(?P<y>20\d\d)\b(?P<d>)",
    )
)
_AMERICAN = re.compile(r"\b(?:am|pm|pto|est|pst|cst|edt|pdt)\b")
_RETURN = re.compile(
    r"until|till?\b|through|thru|return\w*|back\b|again|resume|reachable|available|"
    r"\bbis\b|wieder|zurück|erreichbar|\bab\b|jusqu|retour|revien|serai|"
    r"hasta|regres|vuelv|volver|fino|rientr|torn|até|retorn|volt|\btot\b|terug|vanaf|"
    r"\bdo\b|wrac|wróc|powr|по\b|до\b|верн|выйд|выхо|поверн|"
    r"tarihine|kadar|dön|tillbaka|tilbage|tilbake|\btill\b|\btil\b|\bto\b|\bal\b|"
    r"takaisin|vissza|-ig\b|revin|戻|まで|返|回|까지|복귀|\bau\b|\ba\b|\bt/m\b"
)
_NEAR = 60  # characters between a word of return and its date


def return_date(text: str, *, written: date) -> date | None:
    """Tell when its writer is back, None if the text does not say."""
    text = text[:MAX_TEXT].lower()
    american = bool(_AMERICAN.search(text))
    found = [
        (where, day)
        for where, end, day in _dates(text, written, american)
        if written <= day <= written + FURTHEST
    ]
    if not found:
        return None
    promised = [day for where, day in found if _is_return(text, where)]
    return promised[-1] if promised else max(day for _, day in found)


def _is_return(text: str, where: int) -> bool:
    line = text[max(0, where - _NEAR) : where]
    return bool(_RETURN.search(line))


def _dates(text: str, written: date, american: bool) -> Iterator[tuple[int, int, date]]:
    """Find dates, in the order in which they stand; overlapping forms count once."""
    taken: list[tuple[int, int, date]] = []
    for form in _FORMS:
        for found in form.finditer(text):
            start, end = found.span()
            if any(start < other_end and end > other for other, other_end, _ in taken):
                continue
            if day := _day(found.groupdict(), written, american):
                taken.append((start, end, day))
    yield from sorted(taken)


def _day(part: dict[str, str | None], written: date, american: bool) -> date | None:
    year = int(part["y"] or 0)
    year += 2000 if 0 < year < 100 else 0
    day = int(part["d"] or 1)
    if part.get("n"):
        return _made(year, _MONTH[str(part["n"])], day, written)
    month = int(part["m"] or 0)
    if month > 12 >= day or (american and day <= 12):
        month, day = day, month
    return _made(year, month, day, written)


def _made(year: int, month: int, day: int, written: date) -> date | None:
    for candidate in (year,) if year else (written.year, written.year + 1):
        try:
            made = date(candidate, month, day)
        except ValueError:
            continue
        if year or made >= written:
            return made
    return None
