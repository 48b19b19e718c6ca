"""The laws of the clock shared between two processes."""

from pathlib import Path

import pytest

from outreachd.demo.clockfile import ClockFile


def test_both_sides_see_the_same_instant(tmp_path: Path) -> None:
    """What one side tells the other reads, without asking the disk."""
    teller = ClockFile.create(tmp_path / "clock", 1_790_000_000.25)
    reader = ClockFile(tmp_path / "clock")
    assert reader.read() == 1_790_000_000.25
    teller.tell(1_790_000_001.5)
    assert reader.read() == 1_790_000_001.5
    teller.close()
    reader.close()


def test_a_file_that_is_no_clock_is_refused(tmp_path: Path) -> None:
    """An empty file is a mistake told at start, not a date in 1970."""
    (tmp_path / "clock").write_bytes(b"")
    with pytest.raises(ValueError, match="mmap"):
        ClockFile(tmp_path / "clock")
