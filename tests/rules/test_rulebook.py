"""The laws of changing rules by tables of keys."""

from __future__ import annotations

import pytest

from outreachd.rules.health import Health, Measure, Mode
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind
from outreachd.rules.rulebook import rule_of, rules_of

OURS = {rule.name: rule for rule in RULES}
MINE = {
    "name": "mine",
    "kind": "account",
    "measure": "block",
    "window_h": 6,
    "min_sent": 10,
    "min_events": 3,
    "limit": 0.1,
    "brings": "tired",
}


def test_without_tables_ours_hold() -> None:
    """As they are."""
    assert rules_of([], RULES, Mode.ENFORCE) == RULES


def test_no_rule_does_more_than_the_whole_may() -> None:
    """With observe for all nobody rests, with suggest nobody without a yes."""
    assert {rule.mode for rule in rules_of([], RULES, Mode.OBSERVE)} == {Mode.OBSERVE}
    assert Mode.ENFORCE not in {r.mode for r in rules_of([], RULES, Mode.SUGGEST)}


def test_a_table_changes_adds_or_removes_a_rule() -> None:
    """By its name; what it does not name stays."""
    changed = {"name": "domain_bounces_day", "limit": 0.5}
    off = {"name": "domain_blocked_day", "mode": "off"}
    found = {r.name: r for r in rules_of([changed, off, MINE], RULES, Mode.ENFORCE)}
    assert found["domain_bounces_day"].limit == 0.5
    assert found["domain_bounces_day"].window_h == OURS["domain_bounces_day"].window_h
    assert "domain_blocked_day" not in found
    mine = found["mine"]
    assert (mine.kind, mine.measure, mine.brings) == (
        Kind.ACCOUNT,
        Measure.BLOCK,
        Health.TIRED,
    )


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"name": "mine", "limit": 1}, "it lacks kind, measure"),
        (
            MINE | {"kind": "mailbox", "measure": "complaint"},
            "complaints are judged of",
        ),
        (MINE | {"measure": "silence"}, "silence of domains"),
    ],
)
def test_what_is_no_rule_is_told(table: dict[str, object], sentence: str) -> None:
    """Half of one, or one that would judge what cannot be judged."""
    with pytest.raises(ValueError, match=sentence):
        rule_of(table, OURS)
