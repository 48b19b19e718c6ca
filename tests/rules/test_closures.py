"""The laws of holidays in a plan: each day that keeps somebody waiting is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from outreachd.rules.calendar import opening
from outreachd.rules.closures import Closure, Closures
from outreachd.rules.holiday import Holidays
from outreachd.rules.model import Calendar

EASTER = Calendar(
    weekdays=frozenset(range(5)),
    start_min=540,
    end_min=1080,
    timezone=ZoneInfo("Europe/Berlin"),
    holidays=Holidays("DE"),
)


def test_each_holiday_on_the_way_is_named_and_counted() -> None:
    """Due on Good Friday, a letter waits for Tuesday: two holidays and a weekend."""
    closures = Closures()
    due = datetime(2026, 4, 3, 8, 0, tzinfo=UTC)
    for n in (3, 4):
        closures.note(1, EASTER, due=due, opens=opening(due, EASTER), n=n)
    opens = "Tue 2026-04-07 09:00 Europe/Berlin"
    friday = Closure(campaign_id=1, holiday="Good Friday (DE)", opens=opens)
    monday = Closure(campaign_id=1, holiday="Easter Monday (DE)", opens=opens)
    assert list(closures.on(date(2026, 4, 3))) == [(friday, 7)]
    assert list(closures.on(date(2026, 4, 4))) == []
    assert list(closures.on(date(2026, 4, 6))) == [(monday, 7)]
    assert list(closures.on(date(2026, 4, 7))) == []


def test_without_holidays_nothing_is_named() -> None:
    """A weekend needs no name."""
    closures, plain = Closures(), replace(EASTER, holidays=frozenset())
    due = datetime(2026, 4, 4, 8, 0, tzinfo=UTC)
    closures.note(1, plain, due=due, opens=opening(due, plain), n=1)
    assert [list(closures.on(date(2026, 4, day))) for day in (4, 5, 6)] == [[], [], []]
