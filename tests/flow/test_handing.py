"""The laws of handing a mail to the inbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from outreachd.flow.handing import hand_over
from outreachd.rules.records import LedgerAwayError, Received

MAIL = Received(
    raw=b"x", source="imap", mailbox_id=1, at=datetime(2026, 8, 3, tzinfo=UTC)
)


async def test_a_mail_that_meets_a_bug_is_passed() -> None:
    """It is said in the log; its mailbox is read on."""

    async def broken(received: Received) -> None:
        raise ZeroDivisionError

    await hand_over(MAIL, broken)


async def test_a_database_that_is_away_keeps_the_mail_where_it_is() -> None:
    """Whoever hands it in hears of it."""

    async def away(received: Received) -> None:
        raise LedgerAwayError

    with pytest.raises(LedgerAwayError):
        await hand_over(MAIL, away)
