"""The laws of what stops what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outreachd.rules.stops import (
    LONGEST_ABSENCE,
    PILED_UP,
    STOPS,
    USUAL_ABSENCE,
    Happening,
    away_until,
    company_of,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_everything_that_can_happen_has_its_rule() -> None:
    """And all but an auto-reply end what waits for the person."""
    assert set(STOPS) == set(Happening)
    patient = {what for what, stop in STOPS.items() if not stop.person}
    assert patient == {Happening.AUTO_REPLIED}


@pytest.mark.parametrize("what", [Happening.BOUNCED, Happening.LEFT_COMPANY])
def test_what_is_about_an_address_says_nothing_of_the_company(what: Happening) -> None:
    """A dead address or somebody's leaving stops no colleague's letter."""
    assert not STOPS[what].company


@pytest.mark.parametrize(
    ("address", "company"),
    [
        ("ann@corp.example", "corp.example"),
        ("ann@gmail.com", None),
        ("ann@mailinator.com", None),
    ],
)
def test_a_free_mail_domain_is_no_company(address: str, company: str | None) -> None:
    """What one stranger says stops no letter to another."""
    assert company_of(address) == company


@pytest.mark.parametrize(
    ("told", "until"),
    [
        (None, NOW + USUAL_ABSENCE),
        (NOW + 10 * DAY, NOW + 10 * DAY + PILED_UP),
        (NOW - 3 * DAY, NOW + PILED_UP),
        (NOW + 4000 * DAY, NOW + LONGEST_ABSENCE),
    ],
)
def test_an_absence_has_a_sensible_end(told: datetime | None, until: datetime) -> None:
    """Unknown, known, past already, and a misread year."""
    assert away_until(told, NOW) == until
