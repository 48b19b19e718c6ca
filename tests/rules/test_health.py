"""The laws of judging who is ill: chance closes nothing, a fire closes fast."""

from __future__ import annotations

from random import Random

import pytest

from outreachd.rules.health import Counts, Rule, added, budget, judge
from outreachd.rules.health_rules import RULES

BY_NAME = {rule.name: rule for rule in RULES}
DAY = BY_NAME["domain_bounces_day"]
BOX = BY_NAME["mailbox_bounces_week"]


@pytest.mark.parametrize(
    ("sent", "hard", "holds"),
    [
        (49, 20, False),
        (60, 6, False),
        (60, 7, True),
        (2000, 20, False),
        (400, 4, False),
    ],
)
def test_a_rule_needs_letters_and_events_and_a_sure_rate(
    sent: int, hard: int, *, holds: bool
) -> None:
    """Too few of either say nothing; one in a hundred of many is no illness."""
    assert (judge(DAY, Counts(sent=sent, hard=hard)) is not None) is holds


def test_one_complaint_in_forty_closes_nothing() -> None:
    """2.5 % of forty letters is one person; no rule of ours acts on it."""
    counts = Counts(sent=40, complaint=1)
    assert not any(judge(rule, counts) for rule in RULES)


def test_a_mailbox_borrows_the_experience_of_its_domain() -> None:
    """The same bounces weigh more where all of the domain bounces, less if nothing."""
    counts = Counts(sent=40, hard=8)
    well, ill = Counts(sent=2000, hard=10), Counts(sent=2000, hard=300)
    assert judge(BOX, counts, well) is None
    found = judge(BOX, counts, ill)
    assert found is not None
    assert (found.sent, found.events) == (40, 8)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.limit < 1])
def test_the_budget_is_what_makes_the_rule_hold(rule: Rule) -> None:
    """So many more events and it holds, one fewer and it does not."""
    counts = Counts(sent=max(rule.min_sent, 300))
    left = budget(rule, counts)
    assert left is not None

    def with_events(n: int) -> Counts:
        return added([counts, Counts(**{rule.measure.value: n})])

    assert judge(rule, with_events(left)) is not None
    assert judge(rule, with_events(left - 1)) is None
    assert budget(rule, with_events(left)) == 0
    assert budget(rule, Counts(sent=rule.min_sent - 1)) is None


@pytest.mark.parametrize("seed", range(5))
def test_more_events_never_make_anybody_look_better(seed: int) -> None:
    """Whatever holds goes on holding when more comes back for the same letters."""
    dice = Random(seed)
    for _ in range(300):
        rule = dice.choice([one for one in RULES if one.limit < 1])
        sent = dice.randrange(1, 3000)
        events = dice.randrange(0, max(sent // 4, 1))
        fewer = Counts(sent=sent, **{rule.measure.value: events})
        more = Counts(sent=sent, **{rule.measure.value: min(events + 1, sent)})
        if judge(rule, fewer):
            assert judge(rule, more)


def test_bounces_never_exceed_letters_in_judging() -> None:
    """What came back for letters older than the window does not break the figures."""
    assert judge(DAY, Counts(sent=50, hard=80)) is not None
