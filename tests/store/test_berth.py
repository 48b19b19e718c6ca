"""The laws of the list of those who have worked in a state directory."""

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from outreachd.store.berth import FILE, REMEMBERED, sign_in
from outreachd.store.database import Database
from outreachd.store.journal import JournalError
from outreachd.store.lease import PgLeases


def test_each_start_is_told_of_all_before(tmp_path: Path) -> None:
    """Who was killed before the lease was theirs leaves the list as it was."""
    first, second, third = uuid4(), uuid4(), uuid4()

    assert sign_in(tmp_path, first) == ()
    assert sign_in(tmp_path, second) == (first,)
    assert sign_in(tmp_path, third) == (first, second)


def test_what_cannot_be_read_is_nobody(tmp_path: Path) -> None:
    """A torn or scribbled file costs the wait for the lease, and no more."""
    known = uuid4()
    (tmp_path / FILE).write_bytes(b"\xff\x00 nonsense\n%s\n1234-" % str(known).encode())

    assert sign_in(tmp_path, uuid4()) == (known,)


def test_the_list_does_not_grow_for_ever(tmp_path: Path) -> None:
    """A daemon that crashes at each start for a year fills no disk."""
    for _ in range(REMEMBERED + 5):
        before = sign_in(tmp_path, uuid4())

    assert len(before) == REMEMBERED


def test_a_directory_that_takes_nothing_is_said_in_a_sentence(tmp_path: Path) -> None:
    """The operator is told the file and what to mend."""
    (tmp_path / FILE).mkdir()

    with pytest.raises(JournalError, match=r"instances cannot be written .*: repair"):
        sign_in(tmp_path, uuid4())


async def test_the_lease_of_the_dead_is_free_and_of_others_is_not(db: Database) -> None:
    """A restart on the same host sends at once; a stranger waits for the end."""
    dead = uuid4()
    assert await PgLeases(db, dead).take(300.0) == 1

    assert await PgLeases(db, uuid4()).take(300.0) is None
    assert await PgLeases(db, uuid4(), [uuid4()]).take(300.0) is None
    heir = PgLeases(db, UUID(int=7), [uuid4(), dead])
    assert await heir.take(300.0) == 2
    assert await PgLeases(db, dead).renew(1, 300.0) is False
