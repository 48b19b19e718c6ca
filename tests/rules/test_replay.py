"""The laws of judging the recorded past by other rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from outreachd.rules.cases import Tally
from outreachd.rules.health import Counts, Health, Mode
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind
from outreachd.rules.replay import replay, rested

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


def past(
    hours: int, *, domains: int = 1, receiver: str = "google", hard: int = 0
) -> list[Tally]:
    """Let each domain send ten letters a quarter, some of which bounce."""
    return [
        Tally(NOW + i * QUARTER, id, id, 1, 1, receiver, Counts(sent=10, hard=hard))
        for i in range(hours * 4)
        for id in range(1, domains + 1)
    ]


def test_a_fire_is_found_at_its_hour() -> None:
    """Two of ten bounce: the domain would have rested after the first hour or two."""
    found = replay(past(6, hard=2), RULES, NOW + 6 * HOUR)
    assert rested(found)[Kind.DOMAIN, 1] <= NOW + 2 * HOUR
    assert {one.mode for _, one in found} == {Mode.ENFORCE}


def test_good_letters_bring_nothing() -> None:
    """No decision, however many of them."""
    assert replay(past(30), RULES, NOW + 30 * HOUR) == []


def test_who_would_have_rested_comes_back() -> None:
    """After the rest in stages, by letters that were really sent later."""
    week = past(2, hard=2) + [
        Tally(NOW + 30 * HOUR + i * HOUR, 1, 1, 1, 1, "google", Counts(sent=10))
        for i in range(24 * 7)
    ]
    found = replay(week, RULES, NOW + 220 * HOUR)
    of_domain = [one.brings for _, one in found if one.kind is Kind.DOMAIN]
    assert of_domain[:2] == [Health.RESTING, Health.TIRED]
    assert of_domain[-1] is Health.WELL


def test_an_outage_rests_nobody_here_either() -> None:
    """All domains fail at one receiver; elsewhere they are well."""
    both = past(4, domains=8, receiver="outlook")
    both += past(4, domains=8, receiver="google", hard=8)
    both.sort(key=lambda tally: tally.quarter)
    assert rested(replay(both, RULES, NOW + 4 * HOUR)) == {}


def test_rules_that_only_observe_are_heard_too() -> None:
    """What they would have done is told, nobody rests."""
    rules = [replace(rule, mode=Mode.OBSERVE) for rule in RULES]
    found = replay(past(3, hard=2), rules, NOW + 3 * HOUR)
    assert found
    assert {one.mode for _, one in found} == {Mode.OBSERVE}
