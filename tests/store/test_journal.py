"""What survives in the journal: all it promised, nothing it did not."""

from __future__ import annotations

import asyncio
import errno
import os
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from outreachd.rules.model import State
from outreachd.rules.records import NextStep, Outcome
from outreachd.store.journal import Journal, JournalError

NOW = datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC)


def outcome(send_id: int) -> Outcome:
    """Make an outcome with every field in use."""
    return Outcome(
        send_id=send_id,
        attempt_id=UUID(int=send_id),
        state=State.SENT,
        at=NOW,
        due_at=None,
        phase="dot",
        code=250,
        text="2.0.0 принято\nq",
        reason="accepted",
        suppress=False,
        next_step=NextStep(
            step_number=2, due_at=NOW, thread="<a@b.example>", thread_subject="Hi"
        ),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outcomes.journal"


@pytest.fixture
def journal(file: Path) -> Iterator[Journal]:
    journal = Journal(file)
    yield journal
    journal.close()


async def test_outcomes_come_back_whole_and_in_order(file: Path) -> None:
    """Every field survives, over a change of owner."""
    journal = Journal(file)
    await journal.append([outcome(1), outcome(2)])
    await journal.append([outcome(3)])
    journal.close()
    heir = Journal(file)
    assert await heir.replay() == [outcome(1), outcome(2), outcome(3)]
    assert heir.damaged == ()
    heir.close()


async def test_forgotten_outcomes_are_gone(file: Path, journal: Journal) -> None:
    """What the database has is not replayed; the journal goes on from there."""
    await journal.append([outcome(1)])
    await journal.forget([UUID(int=1), UUID(int=9)])
    assert file.stat().st_size == 0
    await journal.append([outcome(2)])
    assert await journal.replay() == [outcome(2)]


async def test_what_one_forgets_another_may_still_need(journal: Journal) -> None:
    """Two shifts write here at a time: nothing goes that only one of them has told."""
    await journal.append([outcome(1)])
    await asyncio.gather(
        journal.append([outcome(2)]),
        journal.forget([UUID(int=1)]),
        journal.append([outcome(2), outcome(3)]),
    )
    assert [one.send_id for one in await journal.replay()] == [1, 2, 3]
    await journal.forget([UUID(int=3)])
    assert len(await journal.replay()) == 3
    await journal.forget([UUID(int=2)])
    assert await journal.replay() == []


async def test_an_heir_forgets_what_it_found(file: Path) -> None:
    """What the last owner left is kept until it is told, beside what is new."""
    first = Journal(file)
    await first.append([outcome(1)])
    first.close()
    heir = Journal(file)
    await heir.append([outcome(2)])
    await heir.forget([UUID(int=2)])
    assert await heir.replay() == [outcome(1), outcome(2)]
    await heir.forget([UUID(int=1)])
    assert await heir.replay() == []
    heir.close()


@pytest.mark.parametrize("cut", [1, 20, 200])
async def test_a_torn_tail_is_cut(file: Path, cut: int) -> None:
    """65: a line whose writing was cut off goes; new ones are not glued to it."""
    first = Journal(file)
    await first.append([outcome(1), outcome(2)])
    first.close()
    os.truncate(file, file.stat().st_size - cut)
    heir = Journal(file)
    await heir.append([outcome(3)])
    assert await heir.replay() == [outcome(1), outcome(3)]
    assert heir.damaged == ()
    heir.close()


async def test_damage_in_the_middle_is_reported(file: Path, journal: Journal) -> None:
    """65: a flipped byte costs its own line only, and that line is named."""
    await journal.append([outcome(n) for n in (1, 2, 3)])
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert await journal.replay() == [outcome(1), outcome(3)]
    assert journal.damaged == (2,)


def test_a_second_owner_is_refused(file: Path, journal: Journal) -> None:
    """81: two daemons on one state directory fail at the start, with a way out."""
    with pytest.raises(JournalError, match="another outreachd works in"):
        Journal(file)


async def test_a_full_disk_raises_and_leaves_no_half_line(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """65: the caller learns it at once; when there is room again, all goes on."""

    def full(descriptor: int, data: bytes) -> int:
        real_write(descriptor, data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    real_write = os.write
    await journal.append([outcome(1)])
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalError, match=r"No space left.*nothing is sent"):
        await journal.append([outcome(2)])
    monkeypatch.undo()
    await journal.append([outcome(3)])
    assert await journal.replay() == [outcome(1), outcome(3)]


async def test_a_short_write_counts_as_failed(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that takes only a part of a line has not taken the line."""
    monkeypatch.setattr(os, "write", lambda _descriptor, _data: 5)
    with pytest.raises(JournalError, match="only 5 of"):
        await journal.append([outcome(1)])


async def test_another_versions_outcomes_are_not_thrown_away(file: Path) -> None:
    """A sound line of an unknown shape stops the start instead of being lost."""
    file.write_bytes(b"%08x {}\n" % zlib.crc32(b"{}"))
    with pytest.raises(JournalError, match="written by another version"):
        Journal(file)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    """The error tells which file could not be opened and why."""
    with pytest.raises(JournalError, match="cannot be opened: No such file"):
        Journal(tmp_path / "none" / "outcomes.journal")
