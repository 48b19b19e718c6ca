"""The laws of the watch: who is judged by what, and what follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import structs

from outreachd.rules.health import Counts, Health, Measure, Mode
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing
from outreachd.rules.watch import (
    PERSON,
    Case,
    breaches,
    decide,
    figures_of,
    nearest,
    why,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ILL = Counts(sent=100, hard=14)
RESTING = Standing(
    health=Health.RESTING, since=NOW, until=NOW + timedelta(days=1), fell_at=NOW
)


def case(counts: Counts = ILL, **changes: Any) -> Case:
    """Make the case of a domain with the same counts in each window."""
    values: dict[str, Any] = {
        "kind": Kind.DOMAIN,
        "id": 1,
        "standing": Standing(since=NOW),
        "counts": dict.fromkeys((4, 24, 168), counts),
        "parent": {},
        "fleet": {},
    }
    return Case(**values | changes)


def test_a_fire_rests_a_domain_and_says_why() -> None:
    """The decision holds the rule and its figures."""
    standing, [decision] = decide(case(), RULES, NOW)
    assert standing.health is decision.brings is Health.RESTING
    assert decision.figures is not None
    assert (decision.figures.sent, decision.figures.events) == (100, 14)
    told = why(decision.rule, decision.figures)
    assert told.startswith("14 bounces for 100 letters in 4 h: surely more than 2.")
    assert told.endswith("(domain_bounces_hours)")
    assert decide(case(standing=standing), RULES, NOW) == (standing, [])


def test_who_may_only_observe_or_suggest_changes_nothing() -> None:
    """What it would have done is told."""
    for mode in (Mode.OBSERVE, Mode.SUGGEST):
        rules = [structs.replace(rule, mode=mode) for rule in RULES]
        mine = case()
        standing, noted = decide(mine, rules, NOW)
        assert standing is mine.standing
        assert {one.mode for one in noted} == {mode}
        assert noted[0].brings is Health.RESTING


def test_a_pause_that_is_gone_was_ended_by_a_person() -> None:
    """Windows start anew; as long as it is there, or once time is up, nobody has."""
    standing, [decision] = decide(
        case(standing=RESTING, is_paused=False), RULES, NOW + timedelta(hours=1)
    )
    assert (standing.health, standing.fresh_since) == (
        Health.WELL,
        NOW + timedelta(hours=1),
    )
    assert decision.author == PERSON
    assert decide(case(standing=RESTING), RULES, NOW) == (RESTING, [])
    later = NOW + timedelta(days=1)
    back, _ = decide(case(standing=RESTING, is_paused=False), RULES, later)
    assert (back.health, back.stage) == (Health.TIRED, 1)


def test_each_is_judged_by_the_rules_of_its_kind() -> None:
    """A mailbox has its domain's letters mixed in."""
    week = Counts(sent=40, hard=8)
    box = case(kind=Kind.MAILBOX, counts=week, parent={168: Counts(sent=900, hard=90)})
    assert [one.rule.name for one in breaches(box, RULES)] == ["mailbox_bounces_week"]
    assert list(breaches(structs.replace(box, kind=Kind.CLIENT), RULES)) == []


def test_silence_is_judged_by_the_fleet() -> None:
    """A deaf domain is slowed, and the sentence names what was due."""
    mine = case(
        Counts(sent=900), fleet={168: Counts(sent=9000, hard=180)}, deaf=0, mailboxes=3
    )
    [found] = breaches(mine, RULES)
    assert found.rule.measure is Measure.SILENCE
    assert "0 news for 900 letters in 168 h, where others would have had 18" in why(
        found.rule.name, figures_of(found)
    )
    standing, _ = decide(mine, RULES, NOW)
    assert standing.health is Health.TIRED


def test_the_nearest_rule_is_the_one_with_the_smallest_budget() -> None:
    """So many more bounces until it rests."""
    near = nearest(case(Counts(sent=100, hard=5)), RULES)
    assert near is not None
    rule, more = near
    assert (rule.name, more) == ("domain_bounces_day", 2)
    assert nearest(case(Counts(sent=3)), RULES) is None
