"""The laws of going back: uncounted, with a reason and the right time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest
from msgspec import structs

from outreachd.rules.model import Claim, State
from outreachd.rules.records import GiveBack
from outreachd.rules.returns import (
    AGAIN_S,
    FREE_AGAIN_S,
    broken,
    expired,
    not_now,
    uncounted,
    unknown_campaign,
    unknown_zone,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CLAIM = Claim(
    send_id=7,
    campaign_id=1,
    step_number=1,
    enrolment_id=1,
    contact_id=1,
    email="a@x.example",
    variables=b"{}",
    place="Mars/Olympus",
    mailbox_id=None,
    due_at=NOW,
    first_due_at=NOW,
    attempts=0,
    message_id=None,
    dated_at=None,
    letter_sha256=None,
    thread=None,
    thread_subject=None,
)


def test_nothing_that_was_not_tried_counts() -> None:
    """No return of this file counts an attempt, binds a mailbox or suppresses."""
    rows: list[GiveBack] = [
        not_now(CLAIM, NOW, 60.0, "no_room"),
        expired(CLAIM, NOW),
        unknown_campaign(CLAIM),
        unknown_zone(CLAIM),
        uncounted(CLAIM, NOW),
        broken(CLAIM, RuntimeError("secret")),
    ]
    for row in rows:
        assert (row.send_id, row.tried, row.mailbox_id, row.suppress) == (
            7,
            False,
            None,
            False,
        )
        assert row.reason
        assert (row.due_at is not None) == (row.state is State.SCHEDULED)


def test_a_closed_window_is_waited_for_to_its_end() -> None:
    """Its opening is known, so the row is due exactly then."""
    row = not_now(CLAIM, NOW, 3 * 86_400.0, "window_closed")
    assert row.due_at == NOW + timedelta(days=3)


@pytest.mark.parametrize(("mailbox_id", "most_s"), [(None, FREE_AGAIN_S), (3, AGAIN_S)])
@pytest.mark.parametrize("wait_s", [5.0, 5000.0, inf])
def test_no_room_is_looked_at_again_soon(
    wait_s: float, mailbox_id: int | None, most_s: float
) -> None:
    """What waits for a person's word may be resumed; a free row finds another way."""
    claim = structs.replace(CLAIM, mailbox_id=mailbox_id)
    row = not_now(claim, NOW, wait_s, "no_room")
    assert row.due_at == NOW + timedelta(seconds=min(wait_s, most_s))


def test_who_is_held_or_ended_learns_why() -> None:
    """People read a sentence, and no text of an exception."""
    assert "2026-03-02T09:00+00:00" in expired(CLAIM, NOW).detail
    assert "Mars/Olympus" in unknown_zone(CLAIM).detail
    assert "apply it again" in unknown_campaign(CLAIM).detail
    bug = broken(CLAIM, RuntimeError("secret"))
    assert "RuntimeError" in bug.detail
    assert "secret" not in bug.detail
    assert {r.state for r in (bug, unknown_zone(CLAIM), unknown_campaign(CLAIM))} == {
        State.HELD
    }
