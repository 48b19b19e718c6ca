"""The laws of taking a row of a contact file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.contact_row import (
    CONSENT,
    EMAIL,
    TIMEZONE,
    HeaderError,
    NewContact,
    RowError,
    RowResult,
    consent,
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


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-x", "@all", "'tis", '5" pipe'])
def test_formulas_are_kept_as_the_text_they_are(text: str) -> None:
    """Fault 75: nothing is evaluated and nothing is altered; the report says so."""
    found = row(note=text)
    assert found.variables == {"note": text}
    said = ("note begins like a spreadsheet formula and is kept as plain text",)
    assert found.notes == (() if text[0] in "'5" else said)


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
        ({"country": "Germany"}, "country must be the two letters of ISO 3166"),
        ({"country": "1"}, "country must be"),
        ({"language": "Deutsch, Englisch"}, "language must be a code"),
        ({"region": "x" * 101}, "region is longer than 100 characters"),
        ({"consent_basis": "x" * 101}, "consent_basis is longer than 100"),
        ({"note": '=HYPERLINK("http://x","y")'}, "note holds a spreadsheet formula"),
        ({"note": "@SUM(1+9)*cmd|' /C calc'!A0"}, "note holds a spreadsheet formula"),
        ({"note": "+cmd|' /C calc'!A0"}, "note holds a spreadsheet formula"),
        ({"note": "-2+3+cmd|'/C calc'!A0"}, "note holds a spreadsheet formula"),
        ({"note": '\uff1dIMPORTXML("x")'}, "note holds a spreadsheet formula"),
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


@pytest.mark.parametrize(
    ("cells", "zone"),
    [
        ({"country": "de"}, "Europe/Berlin"),
        ({"country": "UK"}, "Europe/London"),
        ({"country": "US", "region": "CA"}, "America/Los_Angeles"),
        ({"country": "US", "region": "Texas"}, "America/Chicago"),
        ({"country": "US"}, ""),
        ({"country": "ZZ"}, ""),
        ({"country": "DE", "timezone": "Asia/Tokyo"}, "Asia/Tokyo"),
        ({}, ""),
    ],
)
def test_a_place_tells_the_zone_where_none_is_given(
    cells: dict[str, str], zone: str
) -> None:
    """What is written wins; what cannot be told stays unknown."""
    assert row(**cells).timezone == zone


def test_place_and_language_are_kept_and_are_variables_too() -> None:
    """In one spelling for us, as written for the letter."""
    found = row(country="uk", region="ENG", language="EN_gb")
    kept = (found.country, found.region, found.language)
    assert kept == ("GB", "ENG", "en-gb")
    assert found.variables == {"country": "uk", "region": "ENG", "language": "EN_gb"}


@pytest.mark.parametrize("name", ["E-Mail", "Email Address", "e mail address"])
def test_the_column_of_addresses_may_be_called_as_people_do(name: str) -> None:
    """Only where no column is called email itself."""
    assert read_header([name, "x"]) == ["email", "x"]
    assert read_header([name, "email"])[1] == "email"


def test_a_ground_of_consent_has_one_spelling() -> None:
    """Lower case with underscores: so a campaign's list of grounds compares."""
    assert row(consent_basis=" Legitimate-Interest ").consent_basis == (
        "legitimate_interest"
    )


def test_a_consent_for_the_whole_file_fills_what_a_row_leaves_out() -> None:
    """What the row says itself wins, each part for itself."""
    usual = consent("Opt In", "fair 2026", "2026-03-01")
    cells = {"email": "a@x.example", "consent_source": "phone"}
    found = read_row(list(cells), list(cells.values()), 7, usual)
    assert (found.consent_basis, found.consent_source) == ("opt_in", "phone")
    assert found.consent_at == datetime(2026, 3, 1, tzinfo=UTC)


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_comes_is_a_contact_or_a_sentence(email: str, note: str) -> None:
    """No text of a cell raises anything else, and no sentence is longer than a few."""
    said = ""
    try:
        found = row(email=email, note=note)
    except RowError as error:
        said = str(error)
    else:
        assert found.email == found.email.strip()
        assert all(value for value in found.variables.values())
    assert said.isprintable()
    assert len(said) < 400


@pytest.mark.parametrize("address", ["a@x.example", "\u202ea@x", "\x1b[2Ja@x"])
def test_an_address_on_a_terminal_is_harmless(address: str) -> None:
    """Escape codes and marks of direction in a refused address stay off the screen."""
    assert RowResult(1, address, "refused", "").whom.isprintable()
    assert RowResult(1, "", "refused", "").whom == ""


def test_a_cell_that_was_made_harmless_is_itself_again() -> None:
    """What our lists write with an apostrophe before it comes back as it was."""
    found = row(email="'+a@x.example", phone="'+49 30")
    assert (found.email, found.variables) == ("+a@x.example", {"phone": "+49 30"})
