"""Lint over a whole sequence: every wording of every step, with its place.

The same for steps as they stand in a fleet file and as a daemon reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from outreachd.rules.lint import Finding, lint_wording
from outreachd.rules.model import Step
from outreachd.rules.wanted import WantedStep
from outreachd.rules.wording import Wording


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was found."""

    campaign: str
    step: int | None = None
    variant: str | None = None

    def __str__(self) -> str:
        shown = self.campaign + (f", step {self.step}" if self.step else "")
        return shown + (f", variant {self.variant}" if self.variant else "")


def lint_steps(
    campaign: str, steps: Iterable[Step | WantedStep]
) -> Iterator[tuple[Place, Finding]]:
    """Judge the wordings of a sequence; where there are variants, these."""
    for number, step in enumerate(steps, 1):
        wordings: dict[str | None, Wording] = {
            one.name: Wording(one.subject, one.text, one.html) for one in step.variants
        }
        if not wordings:
            wordings[None] = Wording(step.subject, step.text, step.html)
        for variant, wording in wordings.items():
            for finding in lint_wording(wording, is_first=number == 1):
                yield Place(campaign, number, variant), finding
