"""The laws of a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreachd.rules.fleet_plan import Change, Sign, plan
from outreachd.rules.model import Kind, Ramp
from outreachd.rules.wanted import (
    UNREADABLE,
    Fleet,
    Pool,
    Thing,
    WantedCampaign,
    WrittenCalendar,
)
from tests.fleets import (
    ACME,
    ANN,
    BEN,
    DOMAIN,
    FIRST,
    RELAY,
    SECOND,
    SPARE,
    SPRING,
    WHOLE,
    fleet,
    with_pool,
)

EMPTY = fleet()


def changed(old: Thing, new: Thing) -> str:
    """Tell the plan's line about one thing that differs."""
    [change] = plan(fleet(new), fleet(old))
    assert change.sign is Sign.CHANGE
    return str(change).partition("\n    ")[2]


def test_times_are_shown_as_the_file_writes_them() -> None:
    """Not minutes and seconds, which only the database counts in."""
    early = replace(ANN, workday_start_min=450)
    assert changed(ANN, early) == "workday from: 09:00 -> 07:30"
    brief = replace(SPRING, useful_for_s=5 * 3600.0)
    assert changed(SPRING, brief).endswith("-> 5 hours")


def test_the_same_fleet_needs_no_change() -> None:
    """Nothing to do is an empty plan."""
    assert plan(fleet(*WHOLE), fleet(*WHOLE)) == []
    assert plan(EMPTY, EMPTY) == []


def test_what_others_need_is_added_first_and_retired_last() -> None:
    """Clients, accounts, domains, mailboxes, campaigns; and back again."""
    order = [Kind.CLIENT, Kind.ACCOUNT, Kind.DOMAIN, Kind.MAILBOX, Kind.CAMPAIGN]
    added = plan(fleet(*WHOLE), EMPTY)
    retired = plan(EMPTY, fleet(*WHOLE))
    assert list(dict.fromkeys(c.kind for c in added)) == order
    assert list(dict.fromkeys(c.kind for c in retired)) == order[::-1]
    assert {c.sign for c in added} == {Sign.ADD}
    assert {c.sign for c in retired} == {Sign.RETIRE}


def test_what_was_retired_returns() -> None:
    """Its old id waits for it, and the plan says so."""
    present = Fleet(EMPTY.things, retired=frozenset({(Kind.CLIENT, "acme")}))
    assert plan(fleet(ACME), present) == [
        Change(Sign.ADD, Kind.CLIENT, "acme", returns=True)
    ]
    assert str(plan(fleet(ACME), present)[0]) == "+ client acme (returns)"


def days(days: str) -> WantedCampaign:
    """Give the campaign a calendar of few words."""
    calendar = WrittenCalendar(days=days, hours="", timezone="", holidays="DE")
    return replace(SPRING, calendar=calendar)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (ACME, replace(ACME, share=2.5), "share: 1 -> 2.5"),
        (ACME, replace(ACME, daily_limit=0), "daily_limit: none -> 0"),
        (
            DOMAIN,
            replace(DOMAIN, accounts=("relay",)),
            "accounts: spare, relay -> relay",
        ),
        (DOMAIN, replace(DOMAIN, warmup=None), "warmup: 15 to 400 in 28 days -> none"),
        (
            ANN,
            replace(ANN, warmup=Ramp(start=1, end=2, days=3)),
            "warmup: none -> 1 to 2 in 3 days",
        ),
        (ANN, replace(ANN, signature=""), "signature: Ann Acme -> none"),
        (
            ANN,
            replace(ANN, signature="x" * 99),
            f"signature: Ann Acme -> {'x' * 57}...",
        ),
        (SPRING, with_pool(ANN), "mailboxes: 2 -> 1 (0 more, 1 fewer)"),
        (
            SPRING,
            replace(SPRING, pool=Pool(domains=("a", "b"))),
            "pool: tags acme -> domains a, b",
        ),
        (
            days("mon-fri"),
            days("mon"),
            "calendar: days mon-fri; holidays DE -> days mon; holidays DE",
        ),
        (SPRING, replace(SPRING, steps=(FIRST,)), "steps: 2 -> 1"),
        (
            SPRING,
            replace(SPRING, steps=(FIRST, replace(SECOND, text="x"), SECOND)),
            "steps: 2 -> 3 (edited: 2)",
        ),
    ],
)
def test_a_change_says_what_was_and_what_will_be(
    old: Thing, new: Thing, line: str
) -> None:
    """In words that fit on a line, whatever the value."""
    assert changed(old, new) == line


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("hunter2", "hunter3", "password: set -> a new one"),
        (None, "hunter3", "password: none -> a new one"),
        ("hunter2", None, "password: set -> none"),
        (UNREADABLE, "hunter3", "password: unreadable -> a new one"),
        (UNREADABLE, None, "password: unreadable -> none"),
    ],
)
def test_a_password_counts_and_is_never_shown(
    old: str | None, new: str | None, line: str
) -> None:
    """The plan is printed, audited and logged: no secret is in it or in a repr."""
    before, after = replace(RELAY, password=old), replace(RELAY, password=new)
    assert changed(before, after) == line
    told = repr(plan(fleet(after), fleet(before))) + repr(before) + repr(after)
    assert "hunter" not in told


def test_an_unreadable_password_is_never_the_wanted_one() -> None:
    """Whatever the file says, it is written again."""
    assert plan(fleet(BEN), fleet(replace(BEN, password=UNREADABLE)))


def test_an_added_thing_is_written_whole() -> None:
    """Only a change may leave a field alone."""
    added = Change(Sign.ADD, Kind.ACCOUNT, "x")
    edited = Change(Sign.CHANGE, Kind.ACCOUNT, "x", fields=(("host", "a", "b"),))
    assert added.touches("password")
    assert edited.touches("host")
    assert not edited.touches("password")


def test_a_plan_does_not_hang_on_the_order_of_the_present() -> None:
    """Two readings of one database give equal plans: consent can be compared."""
    one, two = fleet(*WHOLE), fleet(*reversed(WHOLE))
    assert plan(fleet(ACME, SPARE), one) == plan(fleet(ACME, SPARE), two)
