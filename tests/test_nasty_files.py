"""Nasty contact files: nothing breaks, nothing is lost, each refusal is a sentence."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreachd.contact_file import read_contacts, report_to
from outreachd.mistakes import ConfigError
from outreachd.rules.contact_row import FORMULA_STARTS, NewContact, RowResult
from tests.nasty_files import (
    ADDRESSES,
    AFTER,
    BEFORE,
    COLUMNS,
    GOOD,
    HEAD,
    SHAPES,
    VALUES,
    WHOLE,
)

CASES = (WHOLE, ADDRESSES, VALUES, SHAPES, COLUMNS, GOOD)


def read(folder: Path, content: bytes | str) -> list[NewContact | RowResult]:
    path = folder / "c.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_contacts(path))


def only_bad(rows: list[NewContact | RowResult]) -> RowResult:
    """Give the one bad row; both good ones around it are there."""
    people = [row.email for row in rows if isinstance(row, NewContact)]
    assert people == ["ann@x.example", "zoe@x.example"]
    [bad] = [row for row in rows if isinstance(row, RowResult)]
    return bad


def is_sentence(text: str) -> bool:
    """Tell whether somebody can read it: one line, not long, no words of a machine."""
    odd = ("Traceback", "Error(", "None", "codec", "byte 0x", "UnicodeDecode")
    return text.isprintable() and len(text) < 400 and not any(o in text for o in odd)


def quoted(*cells: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerow(cells)
    return out.getvalue()


def test_there_are_more_than_two_hundred() -> None:
    """So many kinds of nonsense at least."""
    assert sum(len(cases) for cases in CASES) >= 200


@pytest.mark.parametrize(("content", "said"), WHOLE, ids=str(len(WHOLE)).format)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, content: bytes | str, said: str
) -> None:
    """Fault 75: before any row is taken, with the file's name and line."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, content)
    text = str(caught.value).removeprefix(f"{tmp_path}/")
    assert text.startswith("c.csv:")
    assert said in text
    assert is_sentence(text)


@pytest.mark.parametrize(("address", "said"), ADDRESSES)
def test_an_address_that_is_none_is_refused(
    tmp_path: Path, address: str, said: str
) -> None:
    """Fault 72: with its line and what is wrong; the rows around it go in."""
    bad = only_bad(read(tmp_path, HEAD + BEFORE + quoted(address, "B", "") + AFTER))
    assert (bad.line, bad.word) == (3, "refused")
    assert said in bad.reason
    assert is_sentence(bad.reason)
    assert bad.whom.isprintable()


@pytest.mark.parametrize(("value", "said"), VALUES)
def test_a_value_that_no_letter_could_carry_is_refused(
    tmp_path: Path, value: str, said: str
) -> None:
    """Fault 75: control characters, line breaks, formulas that run, and novels."""
    row = quoted("bob@x.example", "Bob", value)
    bad = only_bad(read(tmp_path, HEAD + BEFORE + row + AFTER))
    assert (bad.line, bad.email) == (3, "bob@x.example")
    assert bad.reason.startswith(said)
    assert is_sentence(bad.reason)


@pytest.mark.parametrize(("row", "said"), SHAPES)
def test_a_row_that_is_out_of_shape_costs_itself_only(
    tmp_path: Path, row: str, said: str
) -> None:
    """Fault 75: shifted, torn, endless or repeated; the row after it goes in."""
    bad = only_bad(read(tmp_path, HEAD + BEFORE + row + AFTER))
    assert bad.line == 3
    assert said in bad.reason
    assert is_sentence(bad.reason)


@pytest.mark.parametrize(("column", "value", "said"), COLUMNS)
def test_a_column_that_means_something_is_read_strictly(
    tmp_path: Path, column: str, value: str, said: str
) -> None:
    """Fault 70: no zone, country or date is guessed at."""
    rows = [("ann@x.example", ""), ("bob@x.example", value), ("zoe@x.example", "")]
    text = f"email,{column}\n" + "".join(quoted(*row) for row in rows)
    bad = only_bad(read(tmp_path, text))
    assert bad.reason.startswith(said)
    assert is_sentence(bad.reason)


@pytest.mark.parametrize(("content", "people"), GOOD)
def test_what_only_looks_nasty_goes_in(
    tmp_path: Path, content: bytes | str, people: int
) -> None:
    """Nobody is lost to a BOM, a delimiter, a script or a phone number."""
    rows = read(tmp_path, content)
    contacts = [row for row in rows if isinstance(row, NewContact)]
    assert len(contacts) == people
    left = [row.word for row in rows if isinstance(row, RowResult)]
    assert set(left) <= {"duplicate"}


CELLS = st.text(
    st.one_of(
        st.sampled_from("@.,;\t\"'=+-|\n\r\0\x1b\u2028\ufeffaжé"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)


@settings(
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=6), st.sampled_from(",;\t"))
def test_every_row_that_goes_in_comes_out(
    rows: list[tuple[str, str]], mark: str
) -> None:
    """Whatever is in the cells: a contact or a sentence for each, in order."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerows([("email", "note"), *rows])
    with tempfile.TemporaryDirectory() as folder:
        found = read(Path(folder), out.getvalue())
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    assert len(found) == len(kept)
    assert [row.line for row in found] == sorted(row.line for row in found)
    for row in found:
        if isinstance(row, RowResult):
            assert is_sentence(row.reason)
        else:
            assert row.email.isprintable()
            assert all(value.isprintable() or value for value in row.variables.values())


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_as_a_whole(content: bytes) -> None:
    """No file, however broken, ends in anything but rows or a sentence."""
    with tempfile.TemporaryDirectory() as folder:
        for start in (b"", b"email,x\n"):
            try:
                rows = read(Path(folder), start + content)
            except ConfigError as error:
                told = str(error)
            else:
                told = ""
                assert all(
                    is_sentence(r.reason) for r in rows if isinstance(r, RowResult)
                )
            assert told.isprintable()


@settings(deadline=None)
@given(st.lists(CELLS, max_size=5))
def test_no_cell_of_a_report_begins_a_formula(addresses: list[str]) -> None:
    """Whatever a file held: opened in a spreadsheet, its report is only text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.csv"
        with report_to(path) as write:
            for line, address in enumerate(addresses, 2):
                write(RowResult(line, address, "refused", address))
        with path.open(newline="", encoding="utf-8") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(FORMULA_STARTS)]
    assert len(cells) == 5 * (len(addresses) + 1)
