"""The laws of the tables of a campaign: keys, types, defaults and bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.rules.model import DelayUnit, Kind, OnUncertain
from outreachd.rules.wanted import Pool, WantedCampaign, WantedStep, WrittenCalendar
from tests.fleet.writing import GOOD, mistake, write

CAMPAIGN = 'direction = "sales"'


def test_what_is_not_written_has_the_documented_default(tmp_path: Path) -> None:
    """Weekdays from nine to six of the recipient, hold what is uncertain."""
    assert load(write(tmp_path, GOOD)).of(Kind.CAMPAIGN) == {
        "spring": WantedCampaign(
            name="spring",
            client="acme",
            direction="sales",
            share=1.0,
            pool=Pool(tags=("acme",)),
            calendar=WrittenCalendar(
                days="mon-fri",
                hours="09:00-18:00",
                timezone="recipient",
                holidays="",
            ),
            on_uncertain=OnUncertain.HOLD,
            useful_for_s=None,
            mailboxes=frozenset({"ann@mail.acme.example"}),
            steps=(
                WantedStep(
                    subject="Hello {{ first_name }}",
                    text="Hi",
                    html=None,
                    delay=0,
                    delay_unit=DelayUnit.MINUTES,
                ),
            ),
        )
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('on_uncertain = "drop"', "on_uncertain must be one of"),
        ('useful_for = "7"', "useful_for must be a time such as"),
        ("calendar = { days = 'x' }", "days must be days such as"),
        ("calendar = { hours = '9-18' }", "hours must be hours of one day"),
        ("calendar = { timezone = 'Mars' }", "timezone: time zone 'Mars'"),
        ("calendar = { holidays = 'germany' }", "holidays "),
    ],
)
def test_a_key_says_what_is_allowed(tmp_path: Path, line: str, said: str) -> None:
    """Fault 70 and 74: words that are none of the known; each at its own line."""
    found = mistake(tmp_path, CAMPAIGN, f"{CAMPAIGN}\n{line}")
    number = GOOD[: GOOD.index(CAMPAIGN)].count("\n") + 2
    assert found.startswith(f"fleet.toml:{number}: {said}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'subject = "Hello {{ first_name }}"',
            'subject = "a\\r\\nb"',
            "subject must be",
        ),
        ('text = "Hi"', 'text = ""', "text must be at least 1 characters long"),
    ],
)
def test_a_value_says_what_is_allowed(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """What would break a header, a dialogue or the schema stops here."""
    found = mistake(tmp_path, old, new)
    number = GOOD[: GOOD.index(old)].count("\n") + 1
    assert found.startswith(f"fleet.toml:{number}: {said}")
