"""One row of a contact file: what makes a contact of it, or why it is refused.

``read_header`` names the columns as templates will name them; ``read_row`` makes a
``NewContact`` or raises RowError with a reason for people. Values are kept as the text
they are, formulas of spreadsheets too: only an export could wake those. Control
characters and line breaks are refused, since a value may become part of a header.
Blank values are dropped, so that a template's default can take their place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from outreachd.rules.address import BadAddressError, normalise
from outreachd.rules.calendar import UnknownZoneError, zone

MAX_VALUE = 4_000  # characters; a letter takes no longer value either

# Columns that are no variables.
EMAIL, TIMEZONE = "email", "timezone"
CONSENT = ("consent_basis", "consent_source", "consent_at")
# Names that each letter fills itself: a column of that name would never be seen.
OURS = frozenset(
    {"sender_name", "sender_address", "signature", "client_name", "unsubscribe_url"}
)

# C0, DEL, C1 with NEL, the separators that count as line breaks, lone surrogates.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_BREAKS = frozenset("\r\n\x0b\x0c\x85\u2028\u2029")


class HeaderError(ValueError):
    """The columns cannot be used."""


class RowError(ValueError):
    """A row is refused; the message says why."""


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


def read_header(names: Sequence[str]) -> list[str]:
    """Name the columns: ``First Name`` is ``first_name`` in templates."""
    header = [re.sub(r"[\s-]+", "_", name.strip()).lower() for name in names]
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


def read_row(header: Sequence[str], values: Sequence[str], line: int) -> NewContact:
    """Make a contact of a row, or raise RowError."""
    cells = {}
    for name, value in zip(header, values, strict=True):
        if text := _checked(name, value):
            cells[name] = text
    basis, source, at = (cells.pop(name, None) for name in CONSENT)
    return NewContact(
        line=line,
        email=_email(cells.pop(EMAIL, "")),
        timezone=_timezone(cells.pop(TIMEZONE, "")),
        variables=cells,
        consent_basis=basis,
        consent_source=source,
        consent_at=_instant(at) if at else None,
    )


def _checked(name: str, value: str) -> str:
    """Refuse what no letter could carry; blanks around a value mean nothing."""
    text = value.strip(" \t\u00a0")
    if len(text) > MAX_VALUE:
        raise RowError(f"{name} is longer than {MAX_VALUE} characters")
    if odd := _CONTROL.search(text):
        if odd[0] in _LINE_BREAKS:
            raise RowError(f"{name} contains a line break")
        raise RowError(f"{name} contains the control character U+{ord(odd[0]):04X}")
    return text


def _email(text: str) -> str:
    if not text:
        raise RowError("email is missing")
    try:
        return normalise(text)
    except BadAddressError as error:
        raise RowError(f"email: {error}") from None


def _timezone(name: str) -> str:
    if name:
        try:
            zone(name)
        except UnknownZoneError as error:
            raise RowError(str(error)) from None
    return name


def _instant(text: str) -> datetime:
    """Read an ISO date or time; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RowError(
            "consent_at must be a date or time such as 2026-03-01 or 2026-03-01T09:30Z"
        ) from None
