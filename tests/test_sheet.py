"""The laws of reading CSV files from anywhere."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.mistakes import ConfigError
from outreachd.sheet import MAX_RECORD, BadRow, Row, Sheet

PATH = Path("x.csv")


def read(content: bytes | str) -> tuple[list[str], list[Row | BadRow]]:
    raw = content.encode() if isinstance(content, str) else content
    sheet = Sheet(PATH, io.BytesIO(raw))
    return sheet.header, list(sheet)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_any_common_csv_is_read(mark: str, end: str, bom: str) -> None:
    """Fault 75: delimiters, line ends, BOM, quotes, blank lines; line numbers right."""
    lines = [
        f"email{mark}name",
        f'a@x{mark}"O""Neil{mark} Jr"',
        "",
        mark,
        f"b@x{mark}B",
    ]
    header, rows = read(bom + end.join(lines))
    assert header == ["email", "name"]
    assert rows == [
        Row(2, ["a@x", f'O"Neil{mark} Jr']),
        Row(5, ["b@x", "B"]),
    ]


def test_a_quoted_value_may_span_lines() -> None:
    """The row has the line it begins on, and so has the next."""
    _, rows = read('a,b\n"x\ny\n",1\n2,3\n')
    assert rows == [Row(2, ["x\ny\n", "1"]), Row(5, ["2", "3"])]


@pytest.mark.parametrize("row", ["1", "1,2,3", '"1"'])
def test_a_row_of_another_width_is_bad_and_the_rest_is_read(row: str) -> None:
    """Fault 75: a shifted row is never taken for a good one."""
    _, rows = read(f"a,b\n{row}\n4,5\n")
    assert isinstance(rows[0], BadRow)
    assert "values where the header has 2" in rows[0].reason
    assert rows[1] == Row(3, ["4", "5"])


def test_a_stray_quote_costs_its_own_row_only() -> None:
    """Fault 75: a quote never closed does not swallow the file after it."""
    good = [Row(n, [str(n), "x" * 50]) for n in range(3, 4000)]
    text = 'a,b\n1,"x\n' + "".join(f"{r.values[0]},{r.values[1]}\n" for r in good)
    _, rows = read(text)
    assert rows == [BadRow(2, "has a quote that is not closed properly"), *good]


def test_a_stray_quote_near_the_end_costs_its_own_row_only() -> None:
    """The end of the file inside quotes is no different."""
    _, rows = read('a,b\n1,"x\n2,3\n')
    assert rows == [
        BadRow(2, "has a quote that is not closed properly"),
        Row(3, ["2", "3"]),
    ]


def test_a_quote_inside_a_quoted_value_is_bad() -> None:
    """What is not quoted as RFC 4180 says is not guessed at."""
    _, rows = read('a,b\n"x"y,1\n2,3\n')
    assert rows == [
        BadRow(2, "has a quote that is not closed properly"),
        Row(3, ["2", "3"]),
    ]


class _Endless(io.RawIOBase):
    """A file of one line of a gigabyte between two good ones."""

    def __init__(self) -> None:
        self._start = io.BytesIO(b"a,b\n1,2\n")
        self._left = 1 << 30
        self._end = io.BytesIO(b"\n3,4\n")

    def readline(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert size > 0, "never without a limit"
        if line := self._start.readline(size):
            return line
        if self._left:
            piece = min(size, self._left)
            self._left -= piece
            ends = self._left == 0
            return b"x" * piece + (
                self._end.readline() if ends and piece < size else b""
            )
        return self._end.readline(size)


def test_a_line_of_a_gigabyte_is_passed_over_in_little_memory() -> None:
    """Fault 75: such a line is a bad row; the next is read; memory stays small."""
    tracemalloc.start()
    try:
        rows = list(Sheet(PATH, cast(BinaryIO, _Endless())))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rows == [
        Row(2, ["1", "2"]),
        BadRow(3, "is longer than 64 kB"),
        Row(4, ["3", "4"]),
    ]
    assert peak < 20 * 2**20


@pytest.mark.parametrize("over", [0, 1])
def test_a_record_may_be_as_long_as_the_cap(over: int) -> None:
    """The cap counts the whole line, and only what is beyond it is bad."""
    value = "x" * (MAX_RECORD - len("1,\n") + over)
    _, rows = read(f"a,b\n1,{value}\n2,3\n")
    assert isinstance(rows[0], BadRow if over else Row)
    assert rows[1] == Row(3, ["2", "3"])


def test_a_lone_carriage_return_is_bad() -> None:
    """A value that would break a line in a letter's header does not come in."""
    _, rows = read("a,b\n1,x\ry\n2,3\n")
    assert isinstance(rows[0], BadRow)
    assert rows[1] == Row(3, ["2", "3"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "cp1251"])
def test_any_encoding_comes_out_as_text(encoding: str) -> None:
    """Longer than a buffer, so that characters stand across two reads."""
    rows = [Row(n, [str(n), "Жюль" * 20]) for n in range(2, 500)]
    lines = ["a,b", *(",".join(row.values) for row in rows)]
    file = io.BytesIO("\n".join(lines).encode(encoding))
    sheet = Sheet(PATH, file, encoding)
    assert (sheet.header, list(sheet)) == (["a", "b"], rows)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_line_may_name_the_delimiter(mark: str) -> None:
    """Spreadsheets put "sep=;" before the header; lines still count from 1."""
    header, rows = read(f'sep={mark}\r\n"a,;b"{mark}c\r\n1{mark}2\r\n')
    assert (header, rows) == (["a,;b", "c"], [Row(3, ["1", "2"])])


def test_a_delimiter_inside_quotes_is_no_delimiter() -> None:
    """A header such as "Name, first, last";email is parted where it means to be."""
    header, rows = read('"Name, first, last";email\nA;b\n')
    assert (header, rows) == (["Name, first, last", "email"], [Row(2, ["A", "b"])])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "x.csv:1: is empty"),
        ('"a', "x.csv:1: the header has a quote"),
        (",".join("a" * 201), "x.csv:1: has more than 200 columns"),
        ("a" * 99_999, "x.csv:1: the header is longer than 64 kB"),
    ],
)
def test_a_file_without_a_usable_header_is_refused(content: str, said: str) -> None:
    """Without names for its columns nothing in a file can be trusted."""
    with pytest.raises(ConfigError) as caught:
        read(content)
    assert str(caught.value).startswith(said)


_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.lists(_VALUES, min_size=2, max_size=2), max_size=5))
def test_what_the_standard_library_writes_is_read_back(rows: list[list[str]]) -> None:
    """Any values, quotes and line breaks among them, survive."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    _, found = read(out.getvalue())
    kept = [row for row in rows if any(map(str.strip, row))]
    assert [row.values for row in found if isinstance(row, Row)] == kept


def test_the_line_ends_of_old_macs_are_named(tmp_path: Path) -> None:
    """Nobody looks for a quote that is not there."""
    path = tmp_path / "mac.csv"
    path.write_bytes(b"email,name\ra@x.example,A\r")
    with path.open("rb") as file, pytest.raises(ConfigError, match="has a lone CR"):
        Sheet(path, file)
