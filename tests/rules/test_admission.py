"""The laws of admission: the longest gate decides, and every gate can be shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

import pytest

from outreachd.rules.admission import (
    Gate,
    MailboxStanding,
    Setback,
    Standing,
    gap_s,
    pause_wait_s,
)
from outreachd.rules.bucket import TokenBucket
from outreachd.rules.calendar import workday_closing, workday_opening
from outreachd.rules.meter import DayMeter, Hours
from outreachd.rules.model import Kind, Pause
from outreachd.rules.window import RecentLog
from tests.rosters import mailbox

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BOX = mailbox(workday_start_min=540, workday_end_min=1080, min_gap_s=90.0, jitter=0.5)


def pause(seconds: float | None) -> Pause:
    until = None if seconds is None else NOW + timedelta(seconds=seconds)
    return Pause(kind=Kind.DOMAIN, target_id=1, reason="rest", until=until)


def domain_standing(limit: int = 10) -> Standing:
    return Standing(
        Kind.DOMAIN,
        "mail.acme.example",
        day=DayMeter(limit, None, UTC, now=NOW),
        bucket=TokenBucket(rate=1.0, capacity=3, tokens=2.5, updated=0.0),
        rate="60 a minute",
        rate_setting="rate_per_minute",
    )


def box_standing(free_at: float = 0.0) -> MailboxStanding:
    return MailboxStanding(
        box=BOX,
        day=DayMeter(10, None, UTC, now=NOW),
        hours=Hours(
            lambda at: workday_opening(at, 540, 1080, UTC),
            lambda at: workday_closing(at, 540, 1080, UTC),
            NOW,
        ),
        hour=RecentLog(2, 3600.0),
        free_at=free_at,
    )


def test_an_open_standing_has_room_for_whole_tokens() -> None:
    """The least of day and bucket, and no fraction of a letter."""
    assert domain_standing().wait_s(NOW, 0.0) == 0
    assert domain_standing().room(NOW, 0.0) == 2
    assert domain_standing(1).room(NOW, 0.0) == 1
    assert Standing(Kind.CAMPAIGN, "spring").room(NOW, 0.0) > 1e9


def test_the_longest_wait_decides() -> None:
    """Pause, setback, day and rate: each can close alone, the longest counts."""
    standing = domain_standing()
    standing.bucket = TokenBucket(rate=1.0, capacity=3, tokens=0.0, updated=0.0)
    assert standing.wait_s(NOW, 0.0) == 1
    standing.setback = Setback(20.0, 2, "refused")
    assert standing.wait_s(NOW, 0.0) == 20
    assert standing.room(NOW, 0.0) == 0
    standing.pause = pause(60)
    assert standing.wait_s(NOW, 0.0) == 60
    standing.day = DayMeter(0, None, UTC, now=NOW)
    assert standing.wait_s(NOW, 0.0) == 12 * 3600
    standing.pause = pause(None)
    assert standing.wait_s(NOW, 0.0) == inf
    assert standing.room(NOW, 0.0) == 0


def test_what_is_over_closes_nothing() -> None:
    """A pause and a setback end by themselves, to the second."""
    standing = domain_standing()
    standing.pause, standing.setback = pause(60), Setback(60.0, 1, "x")
    later = NOW + timedelta(seconds=60)
    assert standing.wait_s(later, 60.0) == 0
    assert standing.room(later, 60.0) > 0
    assert pause_wait_s(pause(-5), NOW) == 0


@pytest.mark.parametrize(
    ("change", "wait_s"),
    [
        ({"free_at": 30.0}, 30),
        ({"pause": pause(45)}, 45),
        ({"setback": Setback(50.0, 1, "x")}, 50),
        ({"day": DayMeter(0, None, UTC, now=NOW)}, 12 * 3600),
    ],
)
def test_each_gate_of_a_mailbox_closes_it(
    change: dict[str, object], wait_s: float
) -> None:
    """Gap, pause, setback and day, one by one."""
    standing = box_standing()
    assert standing.wait_s(NOW, 0.0) == 0
    for field, value in change.items():
        setattr(standing, field, value)
    assert standing.wait_s(NOW, 0.0) == wait_s


def test_the_hour_and_the_workday_close_a_mailbox() -> None:
    """Two letters an hour are two; after work comes tomorrow."""
    standing = box_standing()
    standing.hour.load([-3000.0, -10.0])
    assert standing.wait_s(NOW, 0.0) == 600
    evening = NOW + timedelta(hours=6)
    assert standing.wait_s(evening, 21_600.0) == 15 * 3600


@pytest.mark.parametrize("dice", [0.0, 0.5, 0.999])
def test_a_gap_is_never_shorter_than_its_minimum(dice: float) -> None:
    """Chance only adds."""
    assert gap_s(BOX, dice) == 90 * (1 + 0.5 * dice)


def test_every_gate_is_shown_with_its_setting() -> None:
    """Promise 9: value, limit, setting; the longest of them is what decides."""
    standing = domain_standing(1)
    standing.day = DayMeter(0, None, UTC, now=NOW)
    standing.pause, standing.setback = pause(60), Setback(20.0, 2, "refused")
    gates = list(standing.gates(NOW, 0.0))
    names = [gate.name.removeprefix("domain mail.acme.example: ") for gate in gates]
    assert names == ["paused", "set back", "day", "rate"]
    assert max(gate.wait_s for gate in gates) == standing.wait_s(NOW, 0.0)
    assert gates[0].setting == "outreachd resume domain mail.acme.example"
    assert gates[0].limit == "until 2026-03-02T12:01+00:00"
    assert gates[2] == Gate(
        "domain mail.acme.example: day",
        "0",
        "0 on 2026-03-02",
        "domain.daily_limit",
        12 * 3600,
    )
    assert gates[3].value == "2.5 in hand"


def test_open_gates_of_a_mailbox_are_shown_too() -> None:
    """Workday, day, hour and gap are always told; what does not hold is not."""
    standing = box_standing(free_at=30.0)
    gates = {g.name.split(": ")[1]: g for g in standing.gates(NOW, 0.0)}
    assert list(gates) == ["workday", "day", "hour", "gap"]
    assert gates["workday"].limit == "09:00-18:00 UTC"
    assert gates["gap"].value == "30 s to go"
    assert gates["gap"].opens_at(NOW) == NOW + timedelta(seconds=30)
    standing.pause = pause(None)
    paused = next(standing.gates(NOW, 0.0))
    assert paused.limit == "until resumed"
    assert paused.opens_at(NOW) is None
