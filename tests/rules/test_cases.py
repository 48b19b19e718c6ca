"""The laws of adding counts up for everybody who can fall ill."""

from __future__ import annotations

import gc
from datetime import UTC, datetime
from typing import Any

from outreachd.rules.cases import Book, Fresh, Row, Stood, cases
from outreachd.rules.health import Counts, Health
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing
from outreachd.rules.watch import Case

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
DOMAIN_OF = {1: 1, 2: 1, 3: 2}
OTHERS = [(Kind.DOMAIN, 1), (Kind.DOMAIN, 2), (Kind.ACCOUNT, 1), (Kind.CLIENT, 7)]
ROWS = [
    Row(1, 1, 7, 24, Counts(sent=10, hard=1)),
    Row(2, 1, 7, 24, Counts(sent=20)),
    Row(2, 1, 7, 168, Counts(sent=100, complaint=1)),
    Row(3, 1, 8, 168, Counts(sent=5)),
    Row(9, 1, 7, 24, Counts(sent=1)),  # has left the fleet
]


def book(**changes: Any) -> Book:
    """Make what the watch is told."""
    values: dict[str, Any] = {
        "windows_h": [168, 24],
        "rows": ROWS,
        "fresh": {},
        "stood": {},
        "deaf": frozenset(),
    }
    return Book(**values | changes)


def found(book: Book) -> dict[tuple[Kind, int], Case]:
    """Make all cases, by who they are of."""
    return {(case.kind, case.id): case for case in cases(book, DOMAIN_OF, OTHERS, NOW)}


def test_a_larger_window_holds_the_smaller_one() -> None:
    """Each letter was counted once, in the smallest."""
    domain = found(book())[Kind.DOMAIN, 1]
    assert domain.counts == {
        24: Counts(sent=30, hard=1),
        168: Counts(sent=130, hard=1, complaint=1),
    }


def test_everybody_is_judged_by_what_went_through_them() -> None:
    """Accounts and clients have the letters of mailboxes that have left, too."""
    everybody = found(book())
    assert everybody[Kind.CLIENT, 7].counts[168].sent == 131
    assert everybody[Kind.ACCOUNT, 1].counts[168].sent == 136
    assert everybody[Kind.MAILBOX, 1].counts[24] == Counts(sent=10, hard=1)
    assert everybody[Kind.MAILBOX, 1].parent == everybody[Kind.DOMAIN, 1].counts
    assert everybody[Kind.MAILBOX, 1].fleet[168].sent == 136
    assert everybody[Kind.DOMAIN, 2].standing.health is Health.WELL


def test_who_began_anew_has_only_what_came_since() -> None:
    """Old letters stay in the others' counts."""
    key = (Kind.DOMAIN, 1)
    standing = Standing(health=Health.TIRED, stage=2, since=NOW, fresh_since=NOW)
    fresh = [Fresh(24, 4, Counts(sent=6)), Fresh(None, 1, Counts(sent=50))]
    everybody = found(book(stood={key: Stood(standing, True)}, fresh={key: fresh}))
    assert everybody[key].counts == {24: Counts(sent=6), 168: Counts(sent=6)}
    assert (everybody[key].sent_in_stage, everybody[key].is_paused) == (5, True)
    assert everybody[Kind.MAILBOX, 2].counts[168].sent == 120
    nothing = found(book(stood={key: Stood(standing, True)}))
    assert nothing[key].counts[168] == Counts()


def test_deaf_mailboxes_are_counted_for_their_domain() -> None:
    """Two of two, none of one."""
    everybody = found(book(deaf=frozenset({1, 2})))
    assert (everybody[Kind.DOMAIN, 1].deaf, everybody[Kind.DOMAIN, 1].mailboxes) == (
        2,
        2,
    )
    assert (everybody[Kind.DOMAIN, 2].deaf, everybody[Kind.DOMAIN, 2].mailboxes) == (
        0,
        1,
    )


def test_a_case_without_letters_is_a_case() -> None:
    """Who rests must come back although nothing is sent."""
    everybody = found(book(rows=[]))
    assert len(everybody) == len(DOMAIN_OF) + len(OTHERS)
    assert everybody[Kind.DOMAIN, 1].counts == {}


def test_what_there_are_many_of_is_no_work_for_the_collector() -> None:
    """The loop stood still for a tenth of a second while it went through them."""
    counts = Counts(1)
    many = (counts, Row(1, 1, 1, 24, counts), Fresh(24, 1, counts))
    assert not any(map(gc.is_tracked, many))
