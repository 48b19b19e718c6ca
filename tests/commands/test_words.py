"""The laws of times as people write and read them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from outreachd.commands.base import MisusedError
from outreachd.commands.words import coming, end_of, one_line, shown, spoken

NOW = datetime(2026, 8, 3, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the machine stand in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text", ["", " ", "a\nb", "a\x1b[2Jb", "a\x9b2J", "\u202eb", "\udcff", "x" * 501]
)
def test_a_reason_is_one_line_of_text(text: str) -> None:
    """It is printed on terminals for as long as it stands, by whoever asks."""
    verb = click.Command("verb", params=[click.Option(["--reason"], callback=one_line)])
    result = CliRunner().invoke(verb, ["--reason", text])
    assert result.exit_code == 2
    assert "one line" in result.output


def test_a_time_beyond_the_calendar_is_told() -> None:
    """The last hours of the last year are past it in another zone."""
    with pytest.raises(MisusedError, match="beyond"):
        end_of("9999-12-31T23:59-14:00", None, NOW)


def test_a_time_without_a_zone_is_the_machines_own() -> None:
    """Who types 15:00 means the clock on the wall."""
    assert end_of("2026-08-03 15:00", None, NOW) == NOW + timedelta(hours=3)
    assert end_of("2026-08-03T15:00+00:00", None, NOW) == NOW + timedelta(hours=5)


def test_a_length_counts_from_now() -> None:
    """Two hours are two hours from now; nothing given is without an end."""
    assert end_of(None, "2 hours", NOW) == NOW + timedelta(hours=2)
    assert end_of(None, None, NOW) is None


@pytest.mark.parametrize(
    ("until", "lasting", "words"),
    [
        ("tomorrow", None, "--until must be a time such as"),
        ("2026-08-03 11:59", None, "is past"),
        (None, "two hours", "--for must be a time such as"),
        ("2026-08-04 09:00", "2 hours", "give one of them"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_an_example(
    until: str | None, lasting: str | None, words: str
) -> None:
    """A slip of the hand never becomes a pause that ends at once or never."""
    with pytest.raises(MisusedError, match=words):
        end_of(until, lasting, NOW)


def test_instants_are_shown_as_short_as_they_are_clear() -> None:
    """Today by the hour, other days by the day, other years by the year, with zone."""
    assert shown(NOW, NOW) == "12:00 CEST"
    assert shown(NOW + timedelta(days=1), NOW) == "Tue 4 Aug 12:00 CEST"
    assert shown(datetime(2027, 1, 4, 8, tzinfo=UTC), NOW) == "Mon 4 Jan 2027 09:00 CET"


def test_what_comes_soon_is_told_in_seconds() -> None:
    """A gap of seconds is not shown as the present minute, and never as too short."""
    assert coming(NOW, NOW) == "now, in its turn"
    assert coming(NOW + timedelta(seconds=3.2), NOW) == "in 4 s"
    assert coming(NOW + timedelta(hours=1), NOW) == "13:00 CEST"


def test_durations_and_numbers_read_as_people_say_them() -> None:
    """The largest unit is enough."""
    said = [spoken(s) for s in (8, 90, 7200, 200_000)]
    assert said == ["8 s", "2 min", "2 h", "2 d"]
