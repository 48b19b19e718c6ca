"""The laws of resting at a receiver."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outreachd.rules.model import Kind
from outreachd.rules.shaping import CLEAN, LONGEST, SHAPED, Slow, slowed

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def again(before: Slow | None, reason: str = "rate_limit", at: datetime = NOW) -> Slow:
    """Hear another word."""
    return slowed(before, reason, 1, "google", at)


@pytest.mark.parametrize("reason", sorted(SHAPED))
def test_a_word_rests_the_one_it_is_about(reason: str) -> None:
    """Rate and lists are the account's, reputation and content the domain's."""
    found = again(None, reason)
    kind, first = SHAPED[reason]
    assert (found.kind, found.until, found.rounds) == (kind, NOW + first, 1)
    assert kind in (Kind.ACCOUNT, Kind.DOMAIN)


def test_rests_double_while_it_goes_on_and_have_an_end() -> None:
    """15, 30, 60 minutes ... up to two days."""
    found, at = again(None), NOW
    for rounds in range(2, 12):
        at = found.until + timedelta(minutes=1)
        found = again(found, at=at)
        rest = min(timedelta(minutes=15) * 2 ** (rounds - 1), LONGEST)
        assert (found.rounds, found.until - at) == (rounds, rest)
    assert found.until - at == LONGEST


def test_what_was_under_way_makes_a_rest_no_longer() -> None:
    """Ten bounces of the same minute are one word."""
    first = again(None)
    assert again(first, at=NOW + timedelta(minutes=5)) is first


def test_a_clean_day_forgets() -> None:
    """The next word is a first one again."""
    first = again(again(None), at=NOW + timedelta(minutes=20))
    assert first.rounds == 2
    later = again(first, at=first.until + CLEAN + timedelta(seconds=1))
    assert later.rounds == 1


def test_what_shapes_nothing_is_a_bug_here() -> None:
    """An unknown user is no word about us."""
    with pytest.raises(KeyError):
        again(None, "hard_no_user")
