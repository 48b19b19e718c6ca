"""The laws of choosing held sends on the command line."""

from __future__ import annotations

from datetime import timedelta

import click
import pytest

from outreachd.clock import RealClock
from outreachd.commands.held import choice_of
from outreachd.store.holds import Choice


def test_no_option_chooses_all() -> None:
    """What is not said does not matter."""
    assert choice_of(None, None, (), None) == Choice()


def test_numbers_come_one_by_one_or_in_a_row() -> None:
    """Both ways of writing mean the same."""
    wanted = Choice(campaign="spring", reason="bug", ids=[1, 2, 3])
    assert choice_of("spring", "bug", ("1", "2,3"), None) == wanted
    assert choice_of("spring", "bug", ("1,2, 3",), None) == wanted


def test_an_age_becomes_an_instant() -> None:
    """Older than two days is before the day before yesterday's now."""
    before = choice_of(None, None, (), "2 days").before
    assert before is not None
    age = RealClock().now() - before
    assert timedelta(days=2) <= age < timedelta(days=2, minutes=1)


@pytest.mark.parametrize(
    ("ids", "older_than"),
    [(("x",), None), (("1,-2",), None), (("9" * 5000,), None), ((), "soon")],
)
def test_what_cannot_be_read_is_wrong_usage(
    ids: tuple[str, ...], older_than: str | None
) -> None:
    """The sentence names the option."""
    with pytest.raises(click.UsageError, match=r"--ids|--older-than"):
        choice_of(None, None, ids, older_than)
