"""The section [health] of the settings: the rules that slow and rest who is unwell.

Ours hold as they stand, as they are changed by name, or beside some of your own; one
mode bounds what all of them may do. Windows are hours (``_h``), counts are letters and
events, rates are shares of one. What is no whole rule is refused here.
Errors: pydantic's, turned into sentences by ``mistakes.from_pydantic``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from outreachd.config_forms import SECTION
from outreachd.rules.health import Mode, Rule
from outreachd.rules.health_rules import RULES
from outreachd.rules.rulebook import rule_of, rules_of


class _Section(BaseModel):
    model_config = SECTION


class HealthRule(_Section):
    """A rule of health: one of ours by its name, changed, or one of your own.

    What is left out stays as it is in ours; one of your own needs all but mode and z.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,62}$")]
    kind: Literal["mailbox", "domain", "account", "client"] | None = None
    measure: Literal["hard", "block", "complaint", "silence"] | None = None
    window_h: Annotated[int, Field(ge=1, le=720)] | None = None
    min_sent: Annotated[int, Field(ge=1, le=1_000_000)] | None = None  # letters
    min_events: Annotated[int, Field(ge=0, le=100_000)] | None = None
    # A rate, 0.025 = 2.5 %; of silence the events that others would have had.
    limit: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    brings: Literal["tired", "resting"] | None = None
    mode: Literal["observe", "suggest", "enforce", "off"] | None = None
    # How sure: standard deviations, 2.33 = one time in a hundred it is chance.
    z: Annotated[float, Field(ge=0, le=6, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> HealthRule:
        """Refuse what is no rule at once, not when it is first judged by."""
        given = self.model_dump(exclude_none=True)
        rule_of(given, {rule.name: rule for rule in RULES})
        return self


class Health(_Section):
    """Who is slowed and who rests when much comes back."""

    enabled: bool = True
    # What all rules may do at most: note, wait for a yes, act.
    mode: Literal["observe", "suggest", "enforce"] = "enforce"
    rule: Annotated[tuple[HealthRule, ...], Field(strict=False)] = ()

    def rules(self) -> tuple[Rule, ...]:
        """Give the rules that hold: ours as changed, then those of your own."""
        if not self.enabled:
            return ()
        given = [one.model_dump(exclude_none=True) for one in self.rule]
        return rules_of(given, RULES, Mode(self.mode))
