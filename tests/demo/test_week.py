"""The laws of the week: a small one is faultless, its referee sees what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from tests.bench.week import live, report
from tests.bench.week_leavers import Left
from tests.bench.week_plan import Person, Plan, make_plan
from tests.bench.week_referee import breaches
from tests.bench.week_shares import shares
from tests.bench.week_sink import Line

BERLIN = "Europe/Berlin"
PLAN = make_plan(1500)
# Somebody in Berlin whom an office campaign writes to, and a mailbox that works then.
SOMEBODY = next(
    p for p in PLAN.people if p.home.zone == BERLIN and p.campaign.name == "ada-1"
)
SENDER = next(box for box in PLAN.mailboxes.values() if box.zone == BERLIN)


def at(day: int, hour: int, minute: int = 0) -> float:
    """Tell an instant of October 2026, UTC."""
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC).timestamp()


def letter(number: int, when: float, person: Person = SOMEBODY) -> Line:
    """Make a letter of a thread that is as it should be."""
    first = "" if number == 1 else "<1@x>"
    return Line(
        at=when,
        real=when,
        sender=SENDER.address,
        recipient=person.email,
        message_id=f"<{number}@x>",
        in_reply_to=first,
        references=first,
        leave="/u/x",
        campaign=person.campaign.name,
        step=number,
    )


# Friday; two workdays on, over the change of the clocks; one more.
GOOD = [letter(1, at(23, 9)), letter(2, at(27, 10)), letter(3, at(28, 10))]


def laws(
    lines: Sequence[Line], left: Sequence[Left] = (), plan: Plan = PLAN
) -> set[str]:
    """Name the laws that a log breaks."""
    return {one.law for one in breaches(plan, lines, left)}


def test_a_log_as_it_should_be_breaks_no_law() -> None:
    """Also from Friday to Tuesday while the clocks go back: to the local minute."""
    assert laws(GOOD) == set()


@pytest.mark.parametrize(
    ("number", "change", "law"),
    [
        (1, {"at": at(23, 15, 1)}, "hours"),  # 17:01 in Berlin, in summer
        (3, {"at": at(28, 16, 1)}, "hours"),  # 17:01, in winter
        (1, {"at": at(23, 5)}, "workday"),
        (1, {"at": at(24, 9)}, "weekday"),
        (2, {"at": at(27, 9, 59)}, "delay"),  # 10:59; the first went at 11:00
        (3, {"at": at(27, 11)}, "delay"),
        (2, {"in_reply_to": "<2@x>"}, "thread"),
        (3, {"references": "<2@x>"}, "thread"),
        (1, {"in_reply_to": "<0@x>"}, "thread"),
        (2, {"sender": list(PLAN.mailboxes)[1]}, "mailbox"),
        (2, {"sender": "eve@else.example"}, "stranger"),
        (2, {"recipient": "nobody@else.example"}, "stranger"),
        (3, {"step": 2}, "steps"),
        (2, {"message_id": "<1@x>"}, "twice"),
    ],
)
def test_the_referee_sees(number: int, change: dict[str, object], law: str) -> None:
    """One letter changed is the law that it breaks."""
    lines = [
        msgspec.structs.replace(line, **change) if line.step == number else line
        for line in GOOD
    ]
    assert law in laws(lines)


def test_the_referee_knows_holidays_of_a_country() -> None:
    """Monday 26 October is one in Austria, and no day between two letters there."""
    viennese = next(
        p
        for p in PLAN.people
        if p.home.zone == "Europe/Vienna" and p.campaign.name == "ada-1"
    )
    assert laws([letter(1, at(26, 10), viennese)]) == {"holiday"}
    lines = [letter(1, at(23, 9), viennese), letter(2, at(27, 10), viennese)]
    assert laws(lines) == {"delay"}


def test_the_referee_sees_a_letter_after_leaving() -> None:
    """Of any campaign of that client; one under way at that instant may end."""
    left = Left(SOMEBODY.email, SOMEBODY.campaign.client, at(27, 10), at(27, 10))
    crossing = msgspec.structs.replace(GOOD[1], real=left.real + 0.5)
    assert laws([GOOD[0], crossing], [left]) == set()
    assert laws(GOOD, [left]) == {"after leaving"}
    late = msgspec.structs.replace(GOOD[1], real=left.real + 1.5)
    assert laws([GOOD[0], late], [left]) == {"after leaving"}


def test_shares_are_judged_while_all_have_work() -> None:
    """Letters dealt by weight are fair, and one client's in another's place are not."""
    when, lines = at(23, 9), []
    for n, person in enumerate(PLAN.people):
        if person.home.zone == BERLIN:
            line = msgspec.structs.replace(letter(1, when, person), message_id=f"<{n}>")
            lines.append(line)
    judged = shares(PLAN, lines, [])
    assert judged.clients.got.total() == len(lines)
    assert judged.clients.is_fair
    eulers = [line for line in lines if line.campaign.startswith("euler")]
    assert not shares(PLAN, eulers, []).clients.is_fair


@pytest.mark.slow
async def test_a_weekend_over_a_change_of_the_clocks_is_faultless() -> None:
    """No letter outside its hours, none after leaving, threads and delays kept."""
    begins = datetime(2026, 10, 24, 5, tzinfo=UTC)
    week = await live(1500, begins, datetime(2026, 10, 26, 15, tzinfo=UTC))
    assert not week.breaches, report(week)
    assert week.left
    steps = Counter(line.step for line in week.letters)
    assert steps[1] > 600, report(week)
    assert steps[2] > 50, report(week)
