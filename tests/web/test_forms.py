"""The laws of values in bodies and queries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from outreachd.web.forms import Cell, Instant

INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
CELL: TypeAdapter[str] = TypeAdapter(Cell)


def test_an_instant_is_utc_whatever_its_zone() -> None:
    """So whatever is reckoned from it later is reckoned in one zone."""
    at = INSTANT.validate_json('"2026-03-01T09:30:00+02:00"')
    assert (at, at.tzinfo) == (datetime(2026, 3, 1, 7, 30, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("json", "said"),
    [
        ("0", "such as"),
        ("true", "such as"),
        ("1e308", "such as"),
        ('"1893456000"', "such as"),
        ('""', "such as"),
        ('"2026-03-01T09:30:00"', "timezone"),
        ('"9999-12-31T23:59:59.999999Z"', "between 1970 and 2999"),
        ('"9999-12-31T23:59:59-14:00"', "between 1970 and 2999"),
        ('"0001-01-01T00:00:00+14:00"', "between 1970 and 2999"),
    ],
)
def test_what_is_no_instant_is_refused(json: str, said: str) -> None:
    """A number is none: nobody could tell seconds from thousandths of them."""
    with pytest.raises(ValidationError, match=said):
        INSTANT.validate_json(json)


@pytest.mark.parametrize(
    ("json", "cell"),
    [('"x"', "x"), ("null", ""), ("5", "5"), ("-0.5", "-0.5"), ("9" * 30, "9" * 30)],
)
def test_a_cell_is_text_as_in_a_file(json: str, cell: str) -> None:
    """Numbers are taken as they are written; null is an empty cell."""
    assert CELL.validate_json(json) == cell


@pytest.mark.parametrize("json", ["true", "NaN", "Infinity", "1e400", "[]", "{}"])
def test_what_no_letter_should_say_is_no_cell(json: str) -> None:
    """A letter that says "Dear inf" is one too many."""
    with pytest.raises(ValidationError, match="must be text"):
        CELL.validate_json(json)
