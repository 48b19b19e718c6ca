"""The laws of figures and their rates."""

from __future__ import annotations

from csv import DictReader
from io import StringIO
from typing import Any

from outreachd.rules.figures import COUNTS, Figure, csv_of, rates, rows, total


def figure(name: str = "spring", **counts: Any) -> Figure:
    """Make a figure."""
    return Figure(name=name, **dict.fromkeys(COUNTS, 0) | counts)


def test_rates_are_parts_of_what_was_sent_or_tried() -> None:
    """Refusals are parts of what was tried, the rest of what was taken."""
    found = rates(figure(sent=90, refused=10, answered=9))
    assert (found["refused"].rate, found["answered"].rate) == (0.1, 0.1)
    assert found["answered"].low < 0.1 < found["answered"].high
    nothing = rates(figure())["answered"]
    assert (nothing.rate, nothing.low, nothing.high) == (0.0, 0.0, 1.0)


def test_a_total_adds_up() -> None:
    """Count by count."""
    both = total([figure(sent=1, answered=1), figure(sent=2)])
    assert (both.name, both.sent, both.answered, both.refused) == ("all", 3, 1, 0)


def test_rows_have_counts_rates_and_intervals() -> None:
    """Flat, for scripts and spreadsheets."""
    [row] = rows([figure(sent=4, complained=1)])
    assert row["complained"] == 1
    assert row["complained_rate"] == 0.25
    assert row["complained_low"] < 0.25 < row["complained_high"]  # type: ignore[operator]


def test_a_spreadsheet_computes_nothing_of_ours() -> None:
    """A campaign's name that looks like a formula is text; every row is there."""
    text = csv_of([figure("=1+1", sent=3), figure("autumn", sent=5)])
    found = list(DictReader(StringIO(text)))
    assert [row["name"] for row in found] == ["'=1+1", "autumn"]
    assert [row["sent"] for row in found] == ["3", "5"]
    assert csv_of([]) == ""
