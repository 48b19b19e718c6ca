"""The laws of saying in one sentence why nothing is sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

import pytest

from outreachd.rules.standstill import (
    Cause,
    Left,
    Now,
    idle,
    not_due,
    standing,
)

NOW = datetime(2026, 8, 3, 12, 0, tzinfo=UTC)
SILENT = "account relay: its server has not answered for 40 s: 3 letters under way"


def closed(gate: str, wait_s: float | None, setting: str = "") -> dict[str, Any]:
    """Make a closed gate as it is explained; None = it does not open by itself."""
    opens_at = None if wait_s is None else NOW + timedelta(seconds=wait_s)
    told = {"gate": gate, "value": "so", "limit": "this much", "setting": setting}
    return told | {"open": False, "opens_at": opens_at}


def row(*gates: dict[str, Any], campaign: str = "spring") -> dict[str, Any]:
    """Make what is explained of a campaign's first send."""
    return {"campaign": campaign, "gates": [{"open": True}, *gates]}


def told(*rows: dict[str, Any], silent: tuple[str, ...] = (), ago: float = inf) -> Now:
    """Say what is going on."""
    return standing(rows, silent, accepted_s=ago, now=NOW)


@pytest.mark.parametrize(
    ("gate", "wait_s", "cause"),
    [
        ("client acme: paused", None, Cause.PAUSED),
        ("account relay: set back", 5.0, Cause.SERVER),
        ("campaign spring: calendar", 4000.0, Cause.HOURS),
        ("mailbox a@b.example: workday", 4000.0, Cause.HOURS),
        ("domain b.example: day", 4000.0, Cause.LIMIT),
        ("account relay: rate", 400.0, Cause.LIMIT),
        ("receiver google: wants no more of this domain", 900.0, Cause.RECEIVER),
        ("mailbox: in the fleet", None, Cause.FLEET),
    ],
)
def test_each_gate_has_a_cause_and_is_named(
    gate: str, wait_s: float | None, cause: Cause
) -> None:
    """An alert asks the cause, a person reads the gate and where it is set."""
    found = told(row(closed(gate, wait_s, "the.setting")))
    assert found.cause is cause
    assert f"{gate}, so (this much)" in found.sentence


def test_a_pause_tells_the_command_that_ends_it() -> None:
    """Whoever is woken types what it says."""
    gate = closed("client acme: paused", None, "outreachd resume client acme")
    found = told(row(gate)).sentence
    assert found.endswith("(this much): `outreachd resume client acme`")


def test_a_short_wait_is_part_of_sending() -> None:
    """Gaps and rates are closed most of the time."""
    found = told(row(closed("mailbox a@b.example: gap", 80.0)))
    assert found == Now(Cause.SENDING, "sending")


def test_a_silent_server_is_the_cause_though_all_gates_are_open() -> None:
    """What nobody else accepts meanwhile is not "sending"."""
    found = told(row(), silent=(SILENT,))
    assert found.cause is Cause.SERVER
    assert found.sentence.startswith(f"nothing is sent: {SILENT}")
    assert "`outreachd check`" in found.sentence


def test_a_rest_after_failures_is_told_in_the_words_of_the_failures() -> None:
    """The cause does not change with every rest and every try between them."""
    rest = closed("account relay: set back", 9.0)
    assert told(row(rest), silent=(SILENT,)) == told(row(), silent=(SILENT,))


def test_half_of_it_is_told_too() -> None:
    """Others send: the silent account and the campaigns that stand are listed."""
    gate = closed("client b: paused", None, "outreachd resume client b")
    found = told(row(), row(gate, campaign="may"), silent=(SILENT,), ago=1.0)
    assert found.cause is Cause.SENDING
    assert found.sentence == f"sending, but {SILENT}"
    assert found.also[0] == SILENT
    assert found.also[1].startswith("campaign may: client b: paused")


def test_what_was_put_off_by_refusals_says_so() -> None:
    """Nothing is due, because a server has refused all of it."""
    put_off = {"reason": "remote_error", "detail": "451 4.3.0 local problem"}
    found = not_due(put_off, NOW)
    assert found.cause is Cause.SERVER
    assert "put off as remote_error, 451 4.3.0 local problem" in found.sentence
    found = not_due({"reason": None, "detail": None}, NOW)
    expected = "nothing is due before 2026-08-03T12:00+00:00"
    assert found == Now(Cause.NOTHING, expected)


@pytest.mark.parametrize(
    ("left", "cause", "words"),
    [
        (Left({}, 0, 0), Cause.NOTHING, "`outreachd import` brings contacts"),
        (Left({"no_consent": 2}, 0, 3), Cause.HELD, "2 sends are held, by no_consent"),
        (
            Left({"a": 1, "b": 2}, 0, 0),
            Cause.HELD,
            "3 sends are held, most of them by b",
        ),
        (Left({}, 0, 1), Cause.FLEET, "1 send is of campaigns that have left"),
        (Left({}, 4, 0), Cause.HELD, "4 sends got no answer"),
    ],
)
def test_why_nothing_is_scheduled(left: Left, cause: Cause, words: str) -> None:
    """What waits for a person is said before anybody is asked to bring contacts."""
    found = idle(left)
    assert found.cause is cause
    assert words in found.sentence
