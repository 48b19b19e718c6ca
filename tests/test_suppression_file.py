"""The laws of suppression files: each row is read or told, and ours are read again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from outreachd.mistakes import ConfigError
from outreachd.suppression_file import (
    COLUMNS,
    ListedRow,
    RefusedRow,
    list_to,
    read_list,
    refusals_to,
)

AT = datetime(2026, 3, 2, tzinfo=UTC)


def rows_of(folder: Path, text: str) -> list[ListedRow | RefusedRow]:
    file = folder / "list.csv"
    file.write_text(text, encoding="utf-8")
    return list(read_list(file))


@pytest.mark.parametrize("column", ["target", "Email", "E-mail", "address"])
def test_lists_of_other_programs_are_read(tmp_path: Path, column: str) -> None:
    """A column of addresses is enough; what else it has means nothing."""
    [row] = rows_of(tmp_path, f"id;{column};note\n1;Ann@x.example;hm\n")
    assert isinstance(row, ListedRow)
    assert (row.line, row.target.text) == (2, "ann@x.example")
    assert (row.client, row.campaign, row.reason, row.source) == ("",) * 4
    assert row.at is None


def test_a_list_of_domains_needs_no_signs(tmp_path: Path) -> None:
    """What stands in a column "domain" is one; wildcards may stand there too."""
    rows = rows_of(tmp_path, "domain\nx.example\n@y.example\n*.z.example\n")
    texts = [row.target.text for row in rows if isinstance(row, ListedRow)]
    assert texts == ["@x.example", "@y.example", "*.z.example"]


def test_bad_rows_are_told_and_the_others_read(tmp_path: Path) -> None:
    """Each with its line and a sentence."""
    rows = rows_of(
        tmp_path,
        "email,at,reason\n"
        "ann@x.example,2026-03-02,asked\n"
        "nobody,,\n"
        "bob@x.example,yesterday,\n"
        f"cid@x.example,,{'r' * 501}\n"
        "dan@x.example\n"
        "'@x.example,2026-03-02T01:00+01:00,'=cmd\n",
    )
    told = [(row.line, row.reason) for row in rows if isinstance(row, RefusedRow)]
    assert [line for line, _ in told] == [3, 4, 5, 6]
    assert "exactly one @" in told[0][1]
    assert "2026-03-01T09:30Z" in told[1][1]
    assert "at most 500" in told[2][1]
    assert "1 values where the header has 3" in told[3][1]
    good = [row for row in rows if isinstance(row, ListedRow)]
    assert [(row.target.text, row.at, row.reason) for row in good] == [
        ("ann@x.example", AT, "asked"),
        ("@x.example", AT, "=cmd"),
    ]


def test_a_file_without_targets_is_refused_whole(tmp_path: Path) -> None:
    """Otherwise a wrong file would look like an empty one."""
    with pytest.raises(ConfigError, match='needs a column "target" or "email"'):
        rows_of(tmp_path, "name,phone\na,b\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        list(read_list(tmp_path / "none.csv"))
    with pytest.raises(ConfigError, match="cannot be written"):
        with list_to(tmp_path / "no" / "such"):
            pass


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    """Domains begin with a sign that spreadsheets run: disarmed, and read back."""
    file = tmp_path / "out.csv"
    row = dict.fromkeys(COLUMNS, None) | {
        "target": "@x.example",
        "client": "acme",
        "reason": "-1",
        "source": "phone",
        "at": AT,
    }
    with list_to(file) as write:
        write(row)
    assert '\n"\'@x.example",' in file.read_text()
    [read] = read_list(file)
    assert isinstance(read, ListedRow)
    assert (read.target.text, read.client, read.reason) == ("@x.example", "acme", "-1")
    assert (read.source, read.at) == ("phone", AT)


def test_the_report_of_refusals_is_safe_to_open(tmp_path: Path) -> None:
    """Line, text and reason; no cell runs."""
    file = tmp_path / "report.csv"
    with refusals_to(file) as write:
        write(RefusedRow(7, "=cmd|' /C calc'!A0", "bad"))
    assert file.read_text().splitlines() == [
        '"line","target","reason"',
        '"7","\'=cmd|\' /C calc\'!A0","bad"',
    ]
