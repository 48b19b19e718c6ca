"""One row of a contact file: what makes a contact of it, or why it is refused.

``read_header`` names the columns as templates will name them; ``read_row`` makes a
``NewContact`` or raises RowError with a reason for people. Values are kept as the text
they are; one that a spreadsheet would run as a program is refused, one that only begins
like a formula is noted. Control characters and line breaks are refused, since a value
may become part of a header. Blank values are dropped, so that a template's default can
take their place. Without a time zone the country and its part tell it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from outreachd.rules.address import BadAddressError, normalise_recipient
from outreachd.rules.calendar import UnknownZoneError, zone
from outreachd.rules.place_table import ALSO
from outreachd.rules.places import zone_of
from outreachd.rules.written import parse_instant

MAX_VALUE = 4_000  # characters; a letter takes no longer value either
MAX_WORD = 100  # characters of a ground of consent and of a part of a country

# Columns that are no variables.
EMAIL, TIMEZONE = "email", "timezone"
CONSENT = ("consent_basis", "consent_source", "consent_at")
# Columns that are variables and more.
COUNTRY, REGION, LANGUAGE = "country", "region", "language"
# What people also call the column of addresses.
ALSO_EMAIL = ("e_mail", "email_address", "e_mail_address")
# Names that each letter fills itself: a column of that name would never be seen.
OURS = frozenset(
    {"sender_name", "sender_address", "signature", "client_name", "unsubscribe_url"}
)

# C0, DEL, C1 with NEL, the separators that count as line breaks, lone surrogates.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_BREAKS = frozenset("\r\n\x0b\x0c\x85\u2028\u2029")
# What spreadsheets take for the beginning of a formula, in wide letters too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")  # noqa: RUF001
# A call of a function or of another program: =HYPERLINK(, @SUM(, +cmd|'/C calc'!A0
_RUNS = re.compile(r"[A-Za-z]\(|\|\s*'")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")


class HeaderError(ValueError):
    """The columns cannot be used."""


class RowError(ValueError):
    """A row is refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Consent:
    """On what ground somebody may be written to, from where it is, since when."""

    basis: str | None = None
    source: str | None = None
    at: datetime | None = None


NO_CONSENT = Consent()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewContact:
    """A person to be written to, as imported."""

    line: int
    email: str
    timezone: str  # "" = unknown
    variables: Mapping[str, str]
    consent_basis: str | None
    consent_source: str | None
    consent_at: datetime | None
    country: str = ""  # ISO 3166, "" = unknown
    region: str = ""
    language: str = ""  # such as de or pt-BR
    marks: tuple[str, ...] = ()
    hold: str = ""  # why the first letter waits for a person, one word
    detail: str = ""  # the same for people
    notes: tuple[str, ...] = ()  # what is odd and was taken all the same


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row. ``word`` is counted, ``reason`` is for people."""

    line: int
    email: str
    # new, added (known to the client, new to the campaign), known (to both), held,
    # skipped, suppressed, duplicate or refused
    word: str
    reason: str
    marks: tuple[str, ...] = ()  # what is odd about the address
    why: str = ""  # it waits or was left out, in one word: no_mx, role_address

    @property
    def result(self) -> str:
        """Tell the word of the report, where some go together."""
        return {"suppressed": "skipped", "added": "known"}.get(self.word, self.word)

    @property
    def whom(self) -> str:
        """Tell the address as far as it can be shown on a terminal."""
        shown = "".join(c for c in self.email[:254] if c.isprintable())
        return f" ({shown})" if shown else ""


def read_header(names: Sequence[str]) -> list[str]:
    """Name the columns: ``First Name`` is ``first_name`` in templates."""
    header = [re.sub(r"[\s-]+", "_", name.strip()).lower() for name in names]
    if EMAIL not in header:
        header = [EMAIL if name in ALSO_EMAIL else name for name in header]
    if EMAIL not in header:
        raise HeaderError(
            'needs a column "email"; the first line must name the columns, in UTF-8'
        )
    for place, (name, written) in enumerate(zip(header, names, strict=True), 1):
        if not name:
            raise HeaderError(f"column {place} has no name: name it or take it out")
        if not name.isidentifier():
            raise HeaderError(
                f'column "{written}" cannot be a variable: use letters, digits and _'
            )
        if name in OURS:
            raise HeaderError(f'column "{written}" is a name each letter fills itself')
        if header.index(name) != place - 1:
            raise HeaderError(f'column "{written}" is there twice')
    return header


def read_row(
    header: Sequence[str],
    values: Sequence[str],
    line: int,
    usual: Consent = NO_CONSENT,
) -> NewContact:
    """Make a contact of a row, or raise RowError. ``usual``: where it says nothing."""
    cells = {}
    for name, value in zip(header, values, strict=True):
        if text := _checked(name, value):
            cells[name] = text
    own = consent(*(cells.pop(name, None) for name in CONSENT))
    country = _country(cells.get(COUNTRY, ""))
    region = _word(REGION, cells.get(REGION, ""))
    return NewContact(
        line=line,
        email=_email(cells.pop(EMAIL, "")),
        timezone=_timezone(cells.pop(TIMEZONE, "")) or zone_of(country, region),
        variables=cells,
        consent_basis=own.basis or usual.basis,
        consent_source=own.source or usual.source,
        consent_at=own.at or usual.at,
        country=country,
        region=region,
        language=_language(cells.get(LANGUAGE, "")),
        notes=tuple(
            f"{name} begins like a spreadsheet formula and is kept as plain text"
            for name, text in cells.items()
            if text.startswith(FORMULA_STARTS)
        ),
    )


def consent(basis: str | None, source: str | None, at: str | None) -> Consent:
    """Read a consent as people write it, or raise RowError."""
    word = re.sub(r"[\s-]+", "_", basis.strip().lower()) if basis else ""
    return Consent(
        _word(CONSENT[0], word) or None,
        source or None,
        _instant(at) if at else None,
    )


def _checked(name: str, value: str) -> str:
    """Refuse what no letter could carry; blanks around a value mean nothing."""
    text = value.strip(" \t\u00a0")
    if text.startswith("'") and text[1:].startswith(FORMULA_STARTS):
        text = text[1:]  # as our own lists, and others, keep formulas from running
    if len(text) > MAX_VALUE:
        raise RowError(f"{name} is longer than {MAX_VALUE} characters")
    if odd := _CONTROL.search(text):
        if odd[0] in _LINE_BREAKS:
            raise RowError(f"{name} contains a line break")
        raise RowError(f"{name} contains the control character U+{ord(odd[0]):04X}")
    if text.startswith(FORMULA_STARTS) and name != EMAIL and _RUNS.search(text):
        raise RowError(
            f"{name} holds a spreadsheet formula: put in what it shows, as plain text"
        )
    return text


def _email(text: str) -> str:
    if not text:
        raise RowError("email is missing")
    try:
        return normalise_recipient(text)
    except BadAddressError as error:
        raise RowError(f"email: {error}") from None


def _timezone(name: str) -> str:
    if name:
        try:
            zone(name)
        except UnknownZoneError as error:
            raise RowError(str(error)) from None
    return name


def _country(text: str) -> str:
    if text and not _COUNTRY.fullmatch(text):
        raise RowError(
            "country must be the two letters of ISO 3166, such as DE or GB; put a "
            "name into another column, such as country_name"
        )
    return ALSO.get(text.upper(), text.upper())


def _language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text):
        raise RowError(
            "language must be a code such as de, en or pt-BR; put a name into another "
            "column, such as language_name"
        )
    first, dash, rest = text.replace("_", "-").partition("-")
    return f"{first.lower()}{dash}{rest}"


def _word(name: str, text: str) -> str:
    if len(text) > MAX_WORD:
        raise RowError(f"{name} is longer than {MAX_WORD} characters")
    return text


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise RowError(f"consent_at {error}") from None
