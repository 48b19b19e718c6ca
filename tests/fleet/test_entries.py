"""The laws of the mailbox CSV, and of finding places again."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.entries import Entry, Findings, csv_mailboxes
from outreachd.fleet.sender_tables import MailboxTable, WarmupTable


def read(folder: Path, text: str) -> tuple[list[Entry[MailboxTable]], list[str]]:
    path = folder / "m.csv"
    path.write_text(text)
    findings = Findings()
    entries = list(csv_mailboxes(path, findings))
    return entries, [str(m).replace(f"{folder}/", "") for m in findings.mistakes]


def test_columns_are_the_keys_of_a_mailbox(tmp_path: Path) -> None:
    """Numbers, tags and ramps in cells; an empty cell is the default."""
    entries, said = read(
        tmp_path,
        "address;name;daily_limit;jitter;workday;warmup;tags;signature\n"
        "Ann@x.example;Ann Lee;30;0.5;08:00-12:00;5-30/28;a|b;Bye\n"
        "bob@x.example;Bob;;;;false; a , b ;\n",
    )
    ann, bob = (entry.table for entry in entries)
    assert said == []
    assert (ann.address, ann.daily_limit, ann.jitter) == ("ann@x.example", 30, 0.5)
    assert ann.warmup == WarmupTable.model_validate({"from": 5, "to": 30, "days": 28})
    assert ann.tags == ["a", "b"]
    assert (bob.daily_limit, bob.workday, bob.warmup) == (40, "09:00-18:00", None)
    assert bob.tags == ["a , b"]


def test_tags_are_parted_by_semicolons_where_commas_part_columns(
    tmp_path: Path,
) -> None:
    """Either way of writing them means the same."""
    entries, _ = read(tmp_path, "address,name,tags\na@x.example,A,x; y;;z\n")
    assert entries[0].table.tags == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("address", 'm.csv:1: column "name" is missing'),
        ("name", 'm.csv:1: column "address" is missing'),
        ("address,name,tag", 'm.csv:1: unknown column "tag": did you mean "tags"?'),
        ("address,name,name", 'm.csv:1: column "name" is there twice'),
    ],
)
def test_a_wrong_header_is_a_mistake(tmp_path: Path, header: str, said: str) -> None:
    """No column is passed over in silence, and no row is then read."""
    entries, found = read(tmp_path, f"{header}\n1,2,3\n")
    assert entries == []
    assert said in found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ann@x.example,Ann,forty", "daily_limit must be a whole number"),
        ("ann@x.example,Ann,-1", "daily_limit must be at least 0"),
        ("ann@x.example,,1", "name is missing, and it has no default"),
        ("ann,Ann,1", "address: an address has exactly one @"),
        ("ann@x.example,Ann", "the row has 2 values where the header has 3"),
        ('ann@x.example,"Ann,1', "the row has a quote that is not closed properly"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_the_rest_is_read(
    tmp_path: Path, row: str, said: str
) -> None:
    """Fault 74: a thousand mailboxes are mended in one go."""
    text = f"address,name,daily_limit\n{row}\nbob@x.example,Bob,2\n"
    entries, found = read(tmp_path, text)
    assert [entry.table.name for entry in entries] == ["Bob"]
    assert found[0].startswith(f"m.csv:2: {said}")


def test_an_entry_knows_where_it_stands(tmp_path: Path) -> None:
    """A later mistake about it, and one that clashes with it, name its line."""
    (entry, *_), _ = read(tmp_path, "address,name\n\na@x.example,A\n")
    assert entry.where() == "m.csv:3"
    assert entry.place(("tags",)) == (tmp_path / "m.csv", 3)
