"""The laws of mails that are handed in."""

from __future__ import annotations

import pytest

from outreachd.clock import RealClock
from outreachd.flow.letterbox import MAILS_A_TURN, Letterbox
from outreachd.rules.records import LedgerAwayError, Received


class Kept:
    """What the database keeps."""

    def __init__(self, *mails: bytes) -> None:
        self.mails = dict(enumerate(mails))

    async def handed_in(self, at_most: int) -> list[tuple[int, bytes]]:
        """Read the oldest."""
        return list(self.mails.items())[:at_most]

    async def drop_handed_in(self, id: int) -> None:
        """Forget one."""
        del self.mails[id]


class Spool:
    """A directory in memory; what is None cannot be read."""

    def __init__(self, **mails: bytes | None) -> None:
        self.mails = mails
        self.reads = 0

    def waiting(self, at_most: int) -> list[str]:
        """Name them."""
        return list(self.mails)[:at_most]

    def read(self, name: str) -> bytes | None:
        """Read one."""
        self.reads += 1
        raw = self.mails[name]
        if raw is None:
            raise PermissionError(13, "Permission denied")
        return raw

    def put_away(self, name: str) -> None:
        """Forget one."""
        del self.mails[name]


class Taken:
    """An inbox that remembers, or is away."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.is_away = is_away
        self.mails: list[Received] = []

    async def __call__(self, received: Received) -> None:
        """Take a mail."""
        if self.is_away:
            raise LedgerAwayError
        self.mails.append(received)


async def test_both_ways_are_emptied_and_each_mail_says_which() -> None:
    """What was taken is gone; nobody's mailbox is named, so less is believed."""
    kept, spool, take = Kept(b"one"), Spool(a=b"two"), Taken()
    assert not await Letterbox(kept, spool, RealClock()).turn(take)
    assert [(m.raw, m.source, m.mailbox_id) for m in take.mails] == [
        (b"one", "pipe", None),
        (b"two", "maildir", None),
    ]
    assert not kept.mails
    assert not spool.mails


@pytest.mark.parametrize("ways", [(Kept(b"one"), Spool()), (Kept(), Spool(a=b"two"))])
async def test_what_was_not_stored_stays_where_it_is(ways: tuple[Kept, Spool]) -> None:
    """A database that is away loses no mail."""
    box = Letterbox(*ways, RealClock())
    with pytest.raises(LedgerAwayError):
        await box.turn(Taken(is_away=True))
    take = Taken()
    await box.turn(take)
    assert len(take.mails) == 1


async def test_a_file_that_cannot_be_read_is_tried_once_and_stops_no_other() -> None:
    """It is said, and not read again every few seconds."""
    spool, take = Spool(a=None, b=b"two"), Taken()
    box = Letterbox(Kept(), spool, RealClock())
    for _ in range(3):
        await box.turn(take)
    assert [m.raw for m in take.mails] == [b"two"]
    assert spool.reads == 2


async def test_many_come_in_turns() -> None:
    """A turn is bounded, and says that more waits."""
    kept = Kept(*[b"x"] * (MAILS_A_TURN + 1))
    box = Letterbox(kept, None, RealClock())
    assert await box.turn(Taken())
    assert not await box.turn(Taken())
    assert not kept.mails
