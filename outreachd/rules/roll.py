"""Everybody's health on one list, for people: state, what for, what is left.

A line says how somebody stands, by which rule and until when, and the budget: how many
more events make the nearest rule hold. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from outreachd.rules.cases import Book, cases
from outreachd.rules.health import Health, Rule
from outreachd.rules.model import Kind
from outreachd.rules.recovery import STAGES, share
from outreachd.rules.watch import WORDS, Case, nearest

NEAR = 5  # events until a rule holds: worth a line where there is little room


class Member(Struct, frozen=True):
    """Somebody of the fleet who can fall ill."""

    kind: Kind
    id: int
    name: str
    domain_id: int | None = None  # of a mailbox


class Line(Struct, frozen=True, kw_only=True):
    """How one stands."""

    kind: Kind
    name: str
    health: Health
    share: float  # of the day's allowance
    stage: int  # of coming back; 0 = not
    since: datetime | None  # None = was never ill
    until: datetime | None
    rule: str
    sent: int  # in the longest window
    budget: int | None  # events until the nearest rule holds; None = far, or too early
    budget_rule: str
    sentence: str


def roll(
    members: Sequence[Member], book: Book, rules: Sequence[Rule], now: datetime
) -> list[Line]:
    """List everybody, the ill first."""
    domain_of = {m.id: m.domain_id for m in members if m.domain_id is not None}
    others = [(m.kind, m.id) for m in members if m.kind is not Kind.MAILBOX]
    names = {(m.kind, m.id): m.name for m in members}
    return ill_first(
        line(
            case,
            names[case.kind, case.id],
            rules,
            was_ill=(case.kind, case.id) in book.stood,
        )
        for case in cases(book, domain_of, others, now)
    )


def line(case: Case, name: str, rules: Sequence[Rule], *, was_ill: bool) -> Line:
    """Tell how one stands."""
    standing, near = case.standing, nearest(case, rules)
    longest = max(case.counts, default=0)
    return Line(
        kind=case.kind,
        name=name,
        health=standing.health,
        share=share(standing),
        stage=standing.stage,
        since=standing.since if was_ill else None,
        until=standing.until,
        rule=standing.rule,
        sent=case.counts[longest].sent if longest else 0,
        budget=near[1] if near else None,
        budget_rule=near[0].name if near else "",
        sentence=_sentence(standing.health, standing.stage, near),
    )


def is_of_interest(line: Line) -> bool:
    """Tell whether somebody is ill, or near it."""
    is_near = line.budget is not None and line.budget <= NEAR
    return is_near or line.health is not Health.WELL


def _sentence(health: Health, stage: int, near: tuple[Rule, int] | None) -> str:
    if health is Health.RETIRED:
        return "retired until a person resumes it"
    if health is Health.RESTING:
        return "rests, and comes back in stages"
    if stage:
        coming = f"comes back, stage {stage} of {len(STAGES)}"
    else:
        coming = "slowed" if health is Health.TIRED else "well"
    if near is None:
        return coming
    rule, more = near
    ends = "rests" if rule.brings is Health.RESTING else "is slowed"
    what = WORDS[rule.measure]
    left = f"{more} more {what[:-1] if more == 1 else what} until it {ends}"
    return f"{coming}; {left} ({rule.name})"


_ORDER = (Health.RETIRED, Health.RESTING, Health.TIRED, Health.WELL)
_KINDS = (Kind.CLIENT, Kind.ACCOUNT, Kind.DOMAIN, Kind.MAILBOX)


def ill_first(lines: Iterable[Line]) -> list[Line]:
    """Put the ill first, then those near it."""
    return sorted(
        lines,
        key=lambda line: (
            _ORDER.index(line.health),
            _KINDS.index(line.kind),
            line.budget is None,
            line.budget or 0,
            line.name,
        ),
    )
