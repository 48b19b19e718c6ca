"""The watch over everybody's health: who is judged by which rules, and what follows.

Counts come by window; a mailbox is judged with its domain's mixed in. Rules that may
act move the standing (``rules/recovery``), those that may only observe or suggest are
noted beside it. Who rests by our pause and is not paused any more was resumed by a
person: their windows start anew. The daemon and `replay` ask the same. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from outreachd.rules.health import (
    NOTHING,
    Breach,
    Counts,
    Health,
    Measure,
    Mode,
    Rule,
    budget,
    judge,
)
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing, after, resumed
from outreachd.rules.silence import judge_silence

ByWindow: TypeAlias = Mapping[int, Counts]  # hours: counts
ILL = frozenset({Health.RESTING, Health.RETIRED})
NOTED_AGAIN = timedelta(days=1)  # what only observes says the same once a day
PERSON = "a person"
DAEMON = "outreachd"

WORDS = {
    Measure.HARD: "bounces",
    Measure.BLOCK: "refusals",
    Measure.COMPLAINT: "complaints",
    Measure.SILENCE: "news",
}


class Case(Struct, frozen=True, kw_only=True):
    """Somebody to be judged, with all that counts."""

    kind: Kind
    id: int
    standing: Standing
    counts: ByWindow
    parent: ByWindow  # of a mailbox's domain; empty for all others
    fleet: ByWindow
    sent_in_stage: int = 0
    deaf: int = 0  # of a domain's mailboxes
    mailboxes: int = 0
    is_paused: bool = True  # whether a pause is on it, if it rests


class Figures(Struct, frozen=True, kw_only=True):
    """What a decision rests on."""

    measure: Measure
    window_h: int
    sent: int
    events: int
    low: float  # the least rate that fits
    limit: float


class Decision(Struct, frozen=True, kw_only=True):
    """A change of health, or what a rule would have changed that may not."""

    kind: Kind
    id: int
    before: Standing
    after: Standing
    brings: Health
    rule: str = ""  # "" = time passed, or a person's word
    mode: Mode = Mode.ENFORCE
    figures: Figures | None = None
    author: str = DAEMON


def decide(
    case: Case, rules: Sequence[Rule], now: datetime
) -> tuple[Standing, list[Decision]]:
    """Tell how somebody stands now, and what was decided on the way."""
    before = case.standing
    if _is_resumed(case, now):
        standing = resumed(now)
        return standing, [_decision(case, standing, author=PERSON)]
    found = [] if before.health in ILL else list(breaches(case, rules))
    acting = [one for one in found if one.rule.mode is Mode.ENFORCE]
    standing = after(before, acting, sent=case.sent_in_stage, now=now)
    noted = [_noted(case, one) for one in found if one.rule.mode is not Mode.ENFORCE]
    if (standing.health, standing.stage) == (before.health, before.stage):
        return standing, noted
    cause = next((one for one in acting if one.rule.name == standing.rule), None)
    return standing, [_decision(case, standing, cause), *noted]


def breaches(case: Case, rules: Sequence[Rule]) -> Iterator[Breach]:
    """Find the rules that hold for somebody."""
    for rule in rules:
        if rule.kind is not case.kind:
            continue
        counts = case.counts.get(rule.window_h, NOTHING)
        if rule.measure is Measure.SILENCE:
            fleet = case.fleet.get(rule.window_h, NOTHING)
            found = judge_silence(
                rule, counts, fleet, deaf=case.deaf, mailboxes=case.mailboxes
            )
        else:
            found = judge(rule, counts, case.parent.get(rule.window_h, NOTHING))
        if found:
            yield found


def nearest(case: Case, rules: Sequence[Rule]) -> tuple[Rule, int] | None:
    """Tell which rule is closest, and how many more events make it hold."""
    left = [
        (more, rule)
        for rule in rules
        if rule.kind is case.kind and rule.measure is not Measure.SILENCE
        if (more := _budget(case, rule)) is not None
    ]
    if not left:
        return None
    more, rule = min(left, key=lambda one: one[0])
    return rule, more


def why(rule: str, figures: Figures | None) -> str:
    """Say in a sentence what a decision rests on."""
    if figures is None:
        return rule
    what = WORDS[figures.measure]
    seen = f"{figures.events} {what} for {figures.sent} letters in {figures.window_h} h"
    if figures.measure is Measure.SILENCE:
        return f"{seen}, where others would have had {figures.low:.0f} ({rule})"
    return (
        f"{seen}: surely more than {figures.limit:.2%}, "
        f"at least {figures.low:.2%} ({rule})"
    )


def figures_of(breach: Breach) -> Figures:
    """Take down what a breach rests on."""
    return Figures(
        measure=breach.rule.measure,
        window_h=breach.rule.window_h,
        sent=breach.sent,
        events=breach.events,
        low=round(breach.low, 6),
        limit=breach.rule.limit,
    )


def _is_resumed(case: Case, now: datetime) -> bool:
    standing = case.standing
    if standing.health not in ILL or case.is_paused:
        return False
    return standing.until is None or now < standing.until


def _budget(case: Case, rule: Rule) -> int | None:
    counts = case.counts.get(rule.window_h, NOTHING)
    return budget(rule, counts, case.parent.get(rule.window_h, NOTHING))


def _decision(
    case: Case,
    standing: Standing,
    cause: Breach | None = None,
    author: str = DAEMON,
) -> Decision:
    return Decision(
        kind=case.kind,
        id=case.id,
        before=case.standing,
        after=standing,
        brings=standing.health,
        rule=cause.rule.name if cause else "",
        figures=figures_of(cause) if cause else None,
        author=author,
    )


def _noted(case: Case, breach: Breach) -> Decision:
    return Decision(
        kind=case.kind,
        id=case.id,
        before=case.standing,
        after=case.standing,
        brings=breach.rule.brings,
        rule=breach.rule.name,
        mode=breach.rule.mode,
        figures=figures_of(breach),
    )
