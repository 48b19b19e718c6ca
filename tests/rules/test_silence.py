"""The laws of silence: a deaf channel slows, and nobody rests by it."""

from __future__ import annotations

import pytest

from outreachd.rules.health import Counts, Health, Measure
from outreachd.rules.health_rules import RULES
from outreachd.rules.silence import judge_silence

[RULE] = [rule for rule in RULES if rule.measure is Measure.SILENCE]
FLEET = Counts(sent=10_000, hard=150, soft=50)  # two in a hundred bring something


@pytest.mark.parametrize(
    ("sent", "hard", "is_silent"),
    [(300, 0, False), (351, 0, True), (2000, 1, False), (49, 0, False)],
)
def test_nothing_at_all_is_suspicious_where_something_must_have_come(
    sent: int, hard: int, *, is_silent: bool
) -> None:
    """Seven were due and none came: one time in a thousand that is luck."""
    counts = Counts(sent=sent, hard=hard)
    found = judge_silence(RULE, counts, FLEET, deaf=0, mailboxes=30)
    assert (found is not None) is is_silent


@pytest.mark.parametrize(("deaf", "is_silent"), [(14, False), (15, True), (30, True)])
def test_mailboxes_that_cannot_be_read_are_silence(
    deaf: int, *, is_silent: bool
) -> None:
    """Half of a domain's; few letters are enough."""
    counts = Counts(sent=60, hard=1)
    found = judge_silence(RULE, counts, FLEET, deaf=deaf, mailboxes=30)
    assert (found is not None) is is_silent


def test_silence_slows_and_never_rests() -> None:
    """Nobody knows that it is ill."""
    assert RULE.brings is Health.TIRED


def test_a_fleet_that_hears_nothing_suspects_nobody() -> None:
    """There is nothing to compare with."""
    nothing = Counts(sent=10_000)
    assert judge_silence(RULE, nothing, nothing, deaf=0, mailboxes=1) is None
