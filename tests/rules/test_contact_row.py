"""The laws of taking a row of a contact file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreachd.rules.contact_row import (
    CONSENT,
    EMAIL,
    TIMEZONE,
    HeaderError,
    NewContact,
    RowError,
    read_header,
    read_row,
)


def row(**cells: str) -> NewContact:
    cells = {"email": "a@x.example"} | cells
    return read_row(list(cells), list(cells.values()), 7)


def test_columns_are_named_as_templates_name_them() -> None:
    """Blanks and capitals of a spreadsheet do not stand in the way."""
    names = ["Email", " First Name ", "job-title", "город"]
    assert read_header(names) == ["email", "first_name", "job_title", "город"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["name"], 'needs a column "email"'),
        (["email", ""], "column 2 has no name"),
        (["email", "Email"], 'column "Email" is there twice'),
        (["email", "a b", "A-B"], 'column "A-B" is there twice'),
        (["email", "2nd"], 'column "2nd" cannot be a variable'),
        (["email", "=cmd()"], "cannot be a variable"),
        (["email", "signature"], "fills itself"),
    ],
)
def test_columns_that_could_not_be_used_are_refused(
    names: list[str], said: str
) -> None:
    """No column is dropped in silence."""
    with pytest.raises(HeaderError, match=said):
        read_header(names)


def test_a_row_becomes_a_contact() -> None:
    """Address normalised, blanks dropped, consent and zone taken apart."""
    found = row(
        email=" Ann@X.Example ",
        first_name=" Ann ",
        company="  ",
        timezone="Europe/Berlin",
        consent_basis="asked",
        consent_source="fair",
        consent_at="2026-03-01",
    )
    assert found == NewContact(
        line=7,
        email="ann@x.example",
        timezone="Europe/Berlin",
        variables={"first_name": "Ann"},
        consent_basis="asked",
        consent_source="fair",
        consent_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert {EMAIL, TIMEZONE, *CONSENT}.isdisjoint(found.variables)


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-x", "@all", "'=1", '5" pipe'])
def test_formulas_are_kept_as_the_text_they_are(text: str) -> None:
    """Fault 75: nothing is evaluated and nothing is altered."""
    assert row(note=text).variables == {"note": text}


@pytest.mark.parametrize(
    "odd", ["\r", "\n", "\r\n", "\x0b", "\x85", "\u2028", "\u2029"]
)
def test_a_line_break_in_a_value_is_refused(odd: str) -> None:
    """Fault 75: a name with a line break could begin a header of its own."""
    with pytest.raises(RowError, match="first_name contains a line break"):
        row(first_name=f"Ann{odd}Bcc: x@y.example")


@pytest.mark.parametrize("odd", ["\0", "\t", "\x1b", "\x7f", "\x80", "\ud800"])
def test_a_control_character_is_refused_by_its_code(odd: str) -> None:
    """Even an invisible one can be found by what the reason says."""
    with pytest.raises(RowError, match=f"U\\+{ord(odd):04X}"):
        row(first_name=f"A{odd}B")


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"email": ""}, "email is missing"),
        ({"email": "ann"}, "email: an address has exactly one @"),
        ({"email": "a@b@c.example"}, "email: "),
        ({"email": "a@x.example\nb"}, "email contains a line break"),
        ({"timezone": "Mars/Base"}, "time zone 'Mars/Base' is unknown"),
        ({"timezone": "berlin"}, "is unknown"),
        ({"consent_at": "yesterday"}, "consent_at must be a date or time"),
        ({"consent_at": "0001-01-01T00:00+23:00"}, "consent_at must be"),
        ({"note": "x" * 4001}, "note is longer than 4000 characters"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason(cells: dict[str, str], said: str) -> None:
    """Fault 70 and 75: no zone is silently UTC, no address is mended by guessing."""
    with pytest.raises(RowError) as caught:
        row(**cells)
    assert str(caught.value).startswith(said) or said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-03-01T09:30Z", 9), ("2026-03-01 09:30", 9), ("2026-03-01T09:30+02:00", 7)],
)
def test_an_instant_of_consent_is_utc(text: str, hour: int) -> None:
    """Without a zone it is UTC, with one it is converted."""
    assert row(consent_at=text).consent_at == datetime(2026, 3, 1, hour, 30, tzinfo=UTC)


def test_look_alike_domains_stay_apart() -> None:
    """Fault 75: a Cyrillic letter is written out, so that two names never look one."""
    assert row(email="a@ex\u0430mple.example").email == "a@xn--exmple-4nf.example"
