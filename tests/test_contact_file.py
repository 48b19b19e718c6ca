"""The laws of reading contact files and of reporting what stays out."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from outreachd.contact_file import read_contacts, report_to, sheet_at
from outreachd.mistakes import ConfigError
from outreachd.rules.contact_row import NewContact, RowResult, consent


def read(folder: Path, text: str) -> list[NewContact | RowResult]:
    path = folder / "c.csv"
    path.write_text(text)
    return list(read_contacts(path))


def test_every_row_comes_out_as_a_contact_or_a_refusal(tmp_path: Path) -> None:
    """Fault 75: nothing is lost in silence; each refusal has line, address, reason."""
    rows = read(
        tmp_path,
        "email,first_name\n"
        "ann@x.example,Ann\n"
        "bad,B\n"
        "c@x.example\n"
        "ANN@x.example,Ann again\n"
        'd@x.example,"D\n d"\n'
        "e@x.example,=1+1\n",
    )
    lines = [(row.line, type(row).__name__) for row in rows]
    kinds = ["NewContact", *["RowResult"] * 4, "NewContact"]
    assert lines == list(zip((2, 3, 4, 5, 6, 8), kinds, strict=True))
    refusals = [row for row in rows if isinstance(row, RowResult)]
    assert [(r.email, r.word, r.reason[:25]) for r in refusals] == [
        ("bad", "refused", "email: an address has exa"),
        ("", "refused", "the row has 1 values wher"),
        ("ann@x.example", "duplicate", "is in this file more than"),
        ("d@x.example", "refused", "first_name contains a lin"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nAnn\n", 'c.csv:1: needs a column "email"'),
        ("email,signature\n", 'c.csv:1: column "signature" is a name each letter'),
        ("", "c.csv:1: is empty"),
    ],
)
def test_a_file_without_usable_columns_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    """Before any row is read, so nothing goes in."""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """One sentence with the system's reason."""
    with pytest.raises(ConfigError, match="cannot be read: no such file or directory"):
        list(read_contacts(tmp_path / "gone.csv"))


def test_a_wrong_encoding_stops_before_the_first_row(tmp_path: Path) -> None:
    """Fault 75: no half of a file goes in because its first half was ASCII."""
    path = tmp_path / "c.csv"
    path.write_bytes(b"email\n" + b"a@x.example\n" * 5000 + b"\xe9@x.example\n")
    with pytest.raises(ConfigError, match=r"c\.csv:5002: is not UTF-8"):
        next(read_contacts(path))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\uff1d"])
def test_a_report_does_nothing_when_a_spreadsheet_opens_it(
    tmp_path: Path, start: str
) -> None:
    """A refused cell may be a formula; in the report it is text."""
    path = tmp_path / "report.csv"
    with report_to(path) as write:
        write(RowResult(7, f"{start}cmd()", "skipped", "why", (), "no_mx"))
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["line", "email", "result", "reason", "why"],
            ["7", f"'{start}cmd()", "skipped", "why", "no_mx"],
        ]


def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    """Beside the rows that went in; what fails in the caller keeps its own name."""
    with pytest.raises(ConfigError, match="/dev/full: cannot be written: no space"):
        with sheet_at(Path("/dev/full")) as write:
            write(["a"])
    with pytest.raises(TimeoutError), sheet_at(tmp_path / "a.csv"):
        raise TimeoutError


def test_a_list_can_go_down_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A dash is standard output, not a file of that name."""
    with sheet_at(Path("-")) as write:
        write(["a", "=b"])
    assert capsys.readouterr().out.splitlines() == ['"a","\'=b"']


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Before the import begins."""
    with pytest.raises(ConfigError, match="cannot be written: no such file"):
        with report_to(tmp_path / "gone" / "report.csv"):
            pass


def test_a_named_encoding_is_believed(tmp_path: Path) -> None:
    """Fault 75: who cannot save as UTF-8 says what his file is."""
    path = tmp_path / "c.csv"
    path.write_bytes("email;имя\na@x.example;Жюль\n".encode("cp1251"))
    [row] = read_contacts(path, "cp1251")
    assert isinstance(row, NewContact)
    assert row.variables == {"имя": "Жюль"}
    with pytest.raises(ConfigError, match="--encoding cp1251"):
        next(read_contacts(path))


def test_a_consent_for_the_file_is_that_of_its_rows(tmp_path: Path) -> None:
    """Where they say nothing themselves."""
    path = tmp_path / "c.csv"
    path.write_text("email,consent_basis\na@x.example,\nb@x.example,customer\n")
    rows = list(read_contacts(path, usual=consent("opt-in", "fair", None)))
    found = [r.consent_basis for r in rows if isinstance(r, NewContact)]
    assert found == ["opt_in", "customer"]
