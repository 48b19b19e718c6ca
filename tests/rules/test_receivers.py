"""The laws of the names that receivers go by."""

from __future__ import annotations

from outreachd.rules.receivers import (
    OTHERS,
    RECEIVERS,
    rate_of,
    rates_text,
    smallest_rate,
)
from tests.rosters import account


def test_others_is_each_that_is_not_named() -> None:
    """A named receiver has its own rate, and without others the rest have none."""
    rates = {"google": 60, OTHERS: 100}
    assert rate_of(rates, "google") == 60
    assert rate_of(rates, "firm.example") == 100
    assert rate_of({"google": 60}, "firm.example") is None


def test_rates_are_written_the_same_in_any_order() -> None:
    """By name, others last; none where there are none."""
    assert rates_text({}) == "none"
    one, other = {OTHERS: 9, "yahoo": 2, "google": 1}, {"google": 1, "yahoo": 2}
    assert rates_text(one) == "google 1, yahoo 2, others 9 a minute"
    assert rates_text(other | {OTHERS: 9}) == rates_text(one)


def test_no_receiver_is_called_others() -> None:
    """The word would mean two things."""
    assert OTHERS not in RECEIVERS.values()


def test_the_smallest_rate_is_of_any_account() -> None:
    """None where no account has any."""
    rates: tuple[dict[str, int], ...] = ({"google": 60, OTHERS: 9}, {"yahoo": 20}, {})
    assert smallest_rate(account(receiver_rates=one) for one in rates) == 9
    assert smallest_rate([account()]) is None
