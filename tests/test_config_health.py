"""The laws of the section of health: which rules hold, and how far."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from outreachd.config_health import Health
from outreachd.rules.health_rules import RULES

OWN = {
    "name": "many_soft",
    "kind": "account",
    "measure": "hard",
    "window_h": 12,
    "min_sent": 100,
    "min_events": 9,
    "limit": 0.03,
    "brings": "tired",
    "mode": "observe",
}


def test_rules_of_health_are_ours_as_the_settings_change_them() -> None:
    """One of ours by its name, one of your own, one that is off; a bound for all."""
    changes = [
        {"name": "domain_bounces_day", "limit": 0.04},
        {"name": "domain_silence_week", "mode": "off"},
        OWN,
    ]
    health = Health.model_validate({"mode": "suggest", "rule": changes})
    rules = {one.name: one for one in health.rules()}
    assert rules["domain_bounces_day"].limit == 0.04
    assert rules["domain_bounces_day"].mode == "suggest"
    assert rules["many_soft"].mode == "observe"
    assert "domain_silence_week" not in rules


def test_without_a_word_ours_hold_and_switched_off_none() -> None:
    """Nobody is unwell by a rule that nobody wants."""
    assert {one.name for one in Health().rules()} == {one.name for one in RULES}
    assert Health(enabled=False).rules() == ()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"name": "mine", "limit": 0.04}, "as one of your own it lacks kind"),
        (
            {"name": "mailbox_bounces_week", "measure": "complaint"},
            "complaints are judged of domains",
        ),
        (OWN | {"window_h": 721}, "less than or equal to 720"),
    ],
)
def test_what_is_no_rule_is_refused(rule: dict[str, object], said: str) -> None:
    """Half a rule, and complaints of a mailbox, before anything is judged."""
    with pytest.raises(ValidationError, match=said):
        Health.model_validate({"rule": [rule]})
