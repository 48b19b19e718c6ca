"""The laws of admitting: what may not go says why in one word and costs no token."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from outreachd.flow.admit import Admitter
from outreachd.flow.agenda import Agenda
from outreachd.flow.pool import Permit, Pool
from outreachd.rules.model import Campaign, State
from outreachd.rules.records import GiveBack
from tests.flow.desk import claim
from tests.flow.pools import HOUR_S, pool_of
from tests.rosters import MONDAY, calendar, campaign, domain, mailbox, roster

NINE_TO_SIX = calendar(9 * 60, 18 * 60)


def made(
    wanted: Campaign | None = None, *, wait_s: float = 0.0
) -> tuple[Pool, Admitter]:
    """Make a pool of one mailbox, and who admits; receivers want to wait so long."""
    pool = pool_of(roster(domain(daily_limit=1), mailbox(), wanted or campaign()))
    shaping: Any = SimpleNamespace(wait_s=lambda *_, **__: wait_s)
    return pool, Admitter(pool, Agenda(), shaping, None)


def test_who_is_admitted_has_all_tokens_and_the_next_has_none() -> None:
    """The permit is the pool's; where its day is full the row comes again later."""
    pool, admitter = made()
    permit = admitter.admit(claim(), pool.lanes[1], MONDAY, 1e5)
    assert isinstance(permit, Permit)
    pool.release(permit, spent=True, now=MONDAY, mono=1e5)
    back = admitter.admit(claim(mailbox_id=1), pool.lanes[1], MONDAY, 1e5)
    assert isinstance(back, GiveBack)
    assert (back.state, back.reason) == (State.SCHEDULED, "no_room")


@pytest.mark.parametrize(
    ("wanted", "changes", "wait_s", "state", "reason"),
    [
        (None, {"campaign_id": 9}, 0.0, State.HELD, "campaign_retired"),
        (
            campaign(useful_for_s=60.0),
            {"first_due_at": MONDAY - timedelta(minutes=2)},
            0.0,
            State.EXPIRED,
            "too_late",
        ),
        (None, {"place": "Mars/Olympus"}, 0.0, State.HELD, "unknown_zone"),
        (
            campaign(calendar=NINE_TO_SIX),
            {"place": "America/New_York"},
            0.0,
            State.SCHEDULED,
            "window_closed",
        ),
        (None, {}, HOUR_S, State.SCHEDULED, "receiver_slows"),
    ],
)
def test_what_may_not_go_says_why_and_costs_nothing(
    wanted: Campaign | None,
    changes: dict[str, Any],
    wait_s: float,
    state: State,
    reason: str,
) -> None:
    """Afterwards the only letter of the domain's day can still be sent."""
    pool, admitter = made(wanted, wait_s=wait_s)
    back = admitter.admit(claim(**changes), pool.lanes[1], MONDAY, 1e5)
    assert isinstance(back, GiveBack)
    assert (back.state, back.reason) == (state, reason)
    assert not pool.lanes[1].is_busy
    day = pool.domains[1].standing.day
    assert day is not None
    assert day.left(MONDAY) == 1
