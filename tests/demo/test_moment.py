"""The laws of a moment of the demo's day."""

from datetime import UTC, datetime

from outreachd.demo.moment import Moment


def test_a_new_moment_has_counted_nothing() -> None:
    """Two days do not share their counters."""
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    Moment(now).by_client["acme"] += 1
    assert Moment(now) == Moment(now, letters=0, real_s=0.0)
