"""The laws of linting a sequence: each wording once, at its place."""

from __future__ import annotations

from dataclasses import replace

from outreachd.rules.lint_steps import Place, lint_steps
from outreachd.rules.model import Variant
from tests.rules.test_letter import STEP


def test_each_step_is_judged_at_its_place() -> None:
    """Only the first must not pretend to answer."""
    steps = [replace(STEP, subject="Re: x"), replace(STEP, subject="Re: x", text="")]
    found = [(place, finding.word) for place, finding in lint_steps("spring", steps)]
    assert found == [
        (Place("spring", 1), "false_reply"),
        (Place("spring", 2), "empty_text"),
    ]


def test_where_there_are_variants_they_are_judged() -> None:
    """The step's own wording is nobody's then."""
    good = Variant(name="a", weight=1, subject="x", text="y", html=None)
    step = replace(STEP, text="", variants=(good, replace(good, name="b", text="")))
    [(place, finding)] = lint_steps("spring", [step])
    assert (str(place), finding.word) == (
        "spring, step 1, variant b",
        "empty_text",
    )
