"""The laws of the rules that hold by default."""

from __future__ import annotations

from outreachd.rules.health import Health, Measure
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind


def test_their_names_are_their_own() -> None:
    """Settings change one by its name."""
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_complaints_are_never_judged_of_a_mailbox() -> None:
    """A mailbox has too few letters to tell an unlucky one from an ill one."""
    of_boxes = {rule.measure for rule in RULES if rule.kind is Kind.MAILBOX}
    assert of_boxes == {Measure.HARD, Measure.BLOCK}


def test_only_clients_wait_for_a_person_by_default() -> None:
    """Whose lists are bad is told; who burns a domain is stopped."""
    assert {rule.kind for rule in RULES if rule.mode != "enforce"} == {Kind.CLIENT}
    assert {rule.brings for rule in RULES} == {Health.TIRED, Health.RESTING}
