"""The laws of telling people who is ill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outreachd.rules.cases import Book, Key, Row, Stood
from outreachd.rules.health import Counts, Health
from outreachd.rules.health_rules import RULES
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing
from outreachd.rules.roll import Line, Member, roll

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MEMBERS = [
    Member(Kind.MAILBOX, 1, "ann@a.example", 1),
    Member(Kind.MAILBOX, 2, "bob@b.example", 2),
    Member(Kind.DOMAIN, 1, "a.example"),
    Member(Kind.DOMAIN, 2, "b.example"),
]
HOURS = sorted({rule.window_h for rule in RULES})


def lines(stood: dict[Key, Stood], *rows: Row) -> list[Line]:
    """List everybody."""
    book = Book(windows_h=HOURS, rows=rows, fresh={}, stood=stood, deaf=frozenset())
    return roll(MEMBERS, book, RULES, NOW)


def test_the_budget_is_said_in_words() -> None:
    """So many more bounces until it rests."""
    found = {one.name: one for one in lines({}, Row(1, 1, 1, 24, Counts(100, hard=4)))}
    one = found["a.example"]
    assert (one.health, one.budget, one.sent) == (Health.WELL, 3, 100)
    assert one.sentence == "well; 3 more bounces until it rests (domain_bounces_day)"
    assert found["b.example"].sentence == "well"
    assert found["b.example"].since is None


def test_the_ill_stand_first() -> None:
    """Retired, resting, tired, then those near a limit."""

    def stood(health: Health, stage: int = 0) -> Stood:
        until = NOW + timedelta(days=1) if health is Health.RESTING else None
        standing = Standing(health=health, since=NOW, until=until, stage=stage)
        return Stood(standing, True)

    found = lines(
        {
            (Kind.MAILBOX, 1): stood(Health.RETIRED),
            (Kind.DOMAIN, 2): stood(Health.RESTING),
            (Kind.DOMAIN, 1): stood(Health.TIRED, 2),
        }
    )
    assert [(one.name, one.sentence) for one in found] == [
        ("ann@a.example", "retired until a person resumes it"),
        ("b.example", "rests, and comes back in stages"),
        ("a.example", "comes back, stage 2 of 3"),
        ("bob@b.example", "well"),
    ]
    assert [one.share for one in found] == [0.0, 0.0, 0.5, 1.0]
