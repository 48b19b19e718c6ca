"""The laws of noticing that letters stop, and of saying so once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from outreachd.clock import RealClock
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.standstill import Cause, Now
from outreachd.telemetry import Metrics
from outreachd.watchman import Watchman

GOING = Now(Cause.SENDING, "sending")
DOWN = Now(Cause.SERVER, "nothing is sent: bob@buyer.example: go away")
NIGHT = Now(Cause.HOURS, "nothing may be sent before nine")


class Hasty(RealClock):
    """A clock on which no wait takes any time."""

    async def sleep(self, seconds: float) -> None:
        """Return at once."""


class EndError(Exception):
    """There is nothing more to see."""


def watching(
    *seen: Now | Exception, silent: Callable[[], dict[str, tuple[float, str]]] = dict
) -> tuple[Watchman, Metrics]:
    """Make a watchman that will see these, one after the other, and then end."""
    views = iter(seen)

    async def look() -> Now:
        view = next(views, EndError())
        if isinstance(view, Exception):
            raise view
        return view

    metrics = Metrics()
    return Watchman(look, silent, metrics, Hasty()), metrics


async def lines(watchman: Watchman) -> list[tuple[str, str]]:
    """Let it watch to the end; give the events and levels it logged."""
    with capture_logs() as logged, pytest.raises((EndError, LedgerAwayError)):
        await watchman.watch()
    return [(line["event"], line["log_level"]) for line in logged]


async def test_a_standstill_is_said_once_and_its_end_too() -> None:
    """However often it is looked at: on call one line is enough."""
    watchman, _ = watching(GOING, DOWN, DOWN, DOWN, GOING, GOING)
    assert await lines(watchman) == [
        ("sending.stopped", "warning"),
        ("sending.resumed", "info"),
    ]


async def test_another_cause_is_news_and_the_night_is_no_warning() -> None:
    """Hours and pauses are as somebody wished."""
    watchman, _ = watching(DOWN, NIGHT, Now(Cause.NOTHING, ""), NIGHT)
    assert await lines(watchman) == [
        ("sending.stopped", "warning"),
        ("sending.stopped", "info"),
    ]


async def test_the_metric_shows_the_present_cause_only() -> None:
    """So that an alert can ask for one cause for five minutes."""
    watchman, metrics = watching(GOING, DOWN)
    await lines(watchman)
    show = metrics.registry.get_sample_value
    assert show("outreachd_now", {"cause": "server"}) == 1
    assert show("outreachd_now", {"cause": "sending"}) == 0


async def test_the_reason_shows_no_address() -> None:
    """/readyz needs no token; what is well or idle has no reason."""
    watchman, _ = watching(DOWN)
    assert watchman.reason() is None
    await lines(watchman)
    assert watchman.reason() == "nothing is sent: ***@buyer.example: go away"


async def test_a_database_that_is_away_is_seen_and_said_by_who_found_it() -> None:
    """Its own event is the one; here only the metric turns."""
    watchman, metrics = watching(GOING, LedgerAwayError("gone"))
    assert await lines(watchman) == []
    show = metrics.registry.get_sample_value
    assert show("outreachd_now", {"cause": "database"}) == 1


async def test_a_silent_account_is_said_once_though_others_send() -> None:
    """Half of the letters stand: that is no standstill, and must be known."""
    found = iter([{"relay": (20.0, "so")}, {"relay": (35.0, "so")}, {}])
    watchman, metrics = watching(GOING, GOING, GOING, silent=lambda: next(found))
    assert await lines(watchman) == [
        ("account.silent", "warning"),
        ("account.answers", "info"),
    ]
    show = metrics.registry.get_sample_value
    assert show("outreachd_account_silent_seconds", {"account": "relay"}) == 0
