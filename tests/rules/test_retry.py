"""The laws of trying again: later each time, never all at once, and with an end."""

from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest

from outreachd.rules.model import Permanence, Scope, Verdict
from outreachd.rules.retry import WAITS, retry_at

NOW = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)


def temporary(reason: str) -> Verdict:
    return Verdict(Scope.MESSAGE, Permanence.TEMPORARY, reason)


def waits_min(reason: str, dice: float) -> list[float]:
    """Collect the waits between tries until the letter is given up, in minutes."""
    waits: list[float] = []
    for attempts in count(1):
        at = retry_at(temporary(reason), attempts, NOW, dice)
        if at is None:
            return waits
        waits.append((at - NOW) / timedelta(minutes=1))
    raise AssertionError


@pytest.mark.parametrize(
    "permanence", [Permanence.ACCEPTED, Permanence.PERMANENT, Permanence.UNKNOWN]
)
def test_only_a_temporary_answer_is_tried_again(permanence: Permanence) -> None:
    """What was accepted, refused for good or left without an answer stays as it is."""
    verdict = Verdict(Scope.MESSAGE, permanence, "soft_network")
    assert retry_at(verdict, 1, NOW, 0.5) is None


@pytest.mark.parametrize("reason", [*WAITS, "new"])
def test_every_reason_waits_longer_each_time_and_ends(reason: str) -> None:
    """No wait is under five minutes or under the one before; all end in 8 days."""
    waits = waits_min(reason, 0.0)
    assert waits[0] >= 5
    assert all(a <= b for a, b in pairwise(waits))
    assert sum(waits) <= 8 * 24 * 60


def test_a_greylist_is_tried_again_in_its_window() -> None:
    """SMTP 9: a first wait of 5-15 minutes, then 30 minutes, then 2 hours."""
    assert waits_min("soft_greylist", 0.0)[:3] == [5, 30, 120]
    assert waits_min("soft_greylist", 0.999)[0] == pytest.approx(15, abs=0.1)


def test_a_full_mailbox_gets_three_more_tries() -> None:
    """SMTP 10: four hours, a day, three days; then the letter has failed."""
    assert waits_min("soft_mailbox_full", 0.0) == [240, 1440, 4320]


def test_a_network_is_given_two_days() -> None:
    """SMTP 1: five minutes, doubling, until about 48 hours are over."""
    waits = waits_min("soft_network", 0.0)
    assert waits[:4] == [5, 10, 20, 40]
    assert 36 * 60 <= sum(waits) <= 48 * 60


def test_chance_spreads_what_failed_together() -> None:
    """Dice add to a wait and never take from it."""
    assert waits_min("rate_limit", 0.5)[0] == pytest.approx(15 * 1.1)
