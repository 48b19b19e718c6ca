"""The laws of reading times as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outreachd.rules.model import DelayUnit
from outreachd.rules.written import (
    counted,
    duration_text,
    parse_days,
    parse_delay,
    parse_duration_s,
    parse_hours,
    parse_instant,
    parse_number,
    parse_since,
    time_text,
)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("mon,wed,fri", {0, 2, 4}),
        ("sun", {6}),
        ("fri-mon", {4, 5, 6, 0}),
        ("mon-sun", {0, 1, 2, 3, 4, 5, 6}),
        ("Mon-Tue, sat", {0, 1, 5}),
    ],
)
def test_days_are_ranges_and_lists(text: str, days: set[int]) -> None:
    """A range may go over the weekend; 0 is Monday."""
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "-mon", "mon-fri-sun", "mon,"])
def test_other_days_are_refused(text: str) -> None:
    """What is not understood is not guessed at."""
    with pytest.raises(ValueError, match="must be days such as"):
        parse_days(text)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("09:00-18:00", (540, 1080)),
        ("00:00-24:00", (0, 1440)),
        ("23:59-24:00", (1439, 1440)),
    ],
)
def test_hours_are_minutes_of_one_day(text: str, minutes: tuple[int, int]) -> None:
    """24:00 is the midnight that ends the day."""
    assert parse_hours(text) == minutes


@pytest.mark.parametrize(
    "text",
    ["", "9:00-18:00", "18:00-09:00", "09:00-09:00", "09:00-24:01", "09:60-10:00", "x"],
)
def test_other_hours_are_refused(text: str) -> None:
    """A window over midnight would belong to two days."""
    with pytest.raises(ValueError, match="must be hours of one day"):
        parse_hours(text)


@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("3 workdays", (3, DelayUnit.WORKDAYS)),
        ("1 workday", (1, DelayUnit.WORKDAYS)),
        ("2 days", (2, DelayUnit.DAYS)),
        ("5 hours", (5, DelayUnit.HOURS)),
        ("30 Minutes", (30, DelayUnit.MINUTES)),
        ("0 minutes", (0, DelayUnit.MINUTES)),
    ],
)
def test_a_delay_has_an_amount_and_a_unit(
    text: str, delay: tuple[int, DelayUnit]
) -> None:
    """Singular and plural mean the same."""
    assert parse_delay(text) == delay


@pytest.mark.parametrize(
    "text", ["", "3", "days", "3 weeks", "-1 days", "1.5 days", "\u0663 days"]
)
def test_other_delays_are_refused(text: str) -> None:
    """A unit is never assumed."""
    with pytest.raises(ValueError, match="must be a delay such as"):
        parse_delay(text)


@pytest.mark.parametrize("unit", ["days", "workdays"])
def test_a_delay_of_many_years_is_refused(unit: str) -> None:
    """Its days, and the holidays of its years, would be counted for each letter."""
    assert parse_delay(f"1000 {unit}")[0] == 1000
    with pytest.raises(ValueError, match='must be a delay of at most "1000 days"'):
        parse_delay(f"1001 {unit}")


def test_a_duration_is_seconds() -> None:
    """Days of 24 hours: a duration is no calendar."""
    assert parse_duration_s("7 days") == 7 * 86_400
    assert parse_duration_s("5 hours") == 18_000
    assert parse_duration_s("30 minutes") == 1800


@pytest.mark.parametrize("text", ["", "0 days", "3 workdays", "x"])
def test_other_durations_are_refused(text: str) -> None:
    """Workdays have no length, and nothing is useful for no time."""
    with pytest.raises(ValueError, match="must be a time such as"):
        parse_duration_s(text)


@pytest.mark.parametrize(
    ("text", "hour"),
    [("2026-03-01T09:30Z", 9), ("2026-03-01 09:30", 9), ("2026-03-01T09:30+02:00", 7)],
)
def test_an_instant_is_utc(text: str, hour: int) -> None:
    """Without a zone it is UTC, with one it is converted."""
    assert parse_instant(text) == datetime(2026, 3, 1, hour, 30, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "today", "1.3.2026", "\u0662026-03-01"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    """A day is written in one way only."""
    with pytest.raises(ValueError, match="must be a date or time such as"):
        parse_instant(text)


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01",
        "0001-01-01T00:00+02:00",
        "1969-12-31",
        "3000-01-01",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59-14:00",
    ],
)
def test_a_time_that_no_clock_can_reckon_with_is_refused(text: str) -> None:
    """In another zone, or a day later, it would be beyond every calendar."""
    with pytest.raises(ValueError, match="must be between 1970 and 2999"):
        parse_instant(text)
    with pytest.raises(ValueError, match="must be between 1970 and 2999"):
        parse_since(text, datetime(2026, 3, 31, tzinfo=UTC))


def test_a_number_is_plain_digits() -> None:
    """What Python would take too, and what no column holds, is refused."""
    assert parse_number("0017") == 17
    for text in ("", "-1", "+1", "1_0", " 1", "1.0", "\u0665", "9" * 19, "9" * 5000):
        with pytest.raises(ValueError, match="must be a number of at most 18 digits"):
            parse_number(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("14 days", 14 * 86_400),
        ("1 day", 86_400),
        ("5 hours", 18_000),
        ("90 minutes", 5_400),
        ("1 minute", 60),
        ("2.5 s", 2.5),
    ],
)
def test_a_duration_is_written_as_it_is_read(text: str, seconds: float) -> None:
    """In the largest unit that leaves no rest; below minutes as seconds."""
    assert duration_text(seconds) == text
    if seconds >= 60:
        assert parse_duration_s(text) == seconds


def test_a_time_of_day_is_written_as_it_is_read() -> None:
    """The midnight that ends a day is 24:00."""
    assert (time_text(0), time_text(570), time_text(1440)) == (
        "00:00",
        "09:30",
        "24:00",
    )
    assert parse_hours(f"{time_text(0)}-{time_text(1440)}") == (0, 1440)


def test_since_is_an_age_or_an_instant() -> None:
    """Both ways to write an age mean the same."""
    now = datetime(2026, 3, 31, tzinfo=UTC)
    for text in ("30d", "30 days", "2026-03-01"):
        assert parse_since(text, now) == now - timedelta(days=30)
    with pytest.raises(ValueError, match="must be a time such as"):
        parse_since("soon", now)


def test_a_number_agrees_with_its_noun() -> None:
    """One is not many, and none is."""
    told = [counted(n, "send") for n in (0, 1, 2)]
    assert told == ["0 sends", "1 send", "2 sends"]
