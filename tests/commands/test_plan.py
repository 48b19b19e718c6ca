"""The laws of planning from the command line."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from outreachd.clock import RealClock
from outreachd.commands.base import MisusedError
from outreachd.commands.plan import SHOWN, days_asked, end_of_day, page, plan, report
from outreachd.rules.holiday import Holidays
from outreachd.rules.outlook import Blocked, Outlook
from outreachd.rules.records import Facts
from outreachd.store.database import Database
from tests.commands.conftest import PutSends
from tests.rules.test_outlook import MONDAY, NOON, ROSTER


def today() -> date:
    """Tell the day it is here."""
    return RealClock().now().astimezone().date()


def written(outlook: Outlook, day: date) -> str:
    """Show a day as on a terminal of 80 columns."""
    out = io.StringIO()
    page(outlook, day, Console(file=out, width=80, highlight=False))
    return out.getvalue()


async def test_a_plan_tells_by_client_campaign_and_domain(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """What goes, what is late and why: the domain's three a day are full."""
    await put_sends(8)
    await plan(config, None, 2, True)
    [first, second] = json.loads(capsys.readouterr().out)["days"]
    assert first["date"] == today().isoformat()
    sent = first["sent"] + second["sent"]
    # Three a day; that of today may be over for the domain while it is not for us.
    assert 3 <= first["sent"] <= 6
    assert second["late"] == 8 - sent
    [campaign] = first["campaigns"]
    assert campaign["client"] == "acme"
    assert campaign["why"][0]["gate"] == "domain mail.acme.example: day full"
    assert first["domains"][0]["limit"] == 3


@pytest.mark.parametrize("name", ["[/b]", "[de] spring"])
async def test_a_campaign_is_shown_by_its_name_whatever_that_is(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """Brackets in a name are no markup: neither a traceback nor a name without them."""
    await put_sends(2)
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET name = $1", name)
    await plan(config, None, 2, False)
    assert name in capsys.readouterr().out


async def test_a_plan_changes_nothing(config: Path, put_sends: PutSends) -> None:
    """The same question has the same answer: nothing was leased or counted."""
    await put_sends(2)
    await plan(config, None, None, False)
    await plan(config, today().isoformat(), None, False)


async def test_a_fleet_with_rates_by_receiver_is_planned(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What waits is counted by receiver, and nothing of it is lost on the way."""
    await put_sends(8)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE account SET receiver_rates = '{\"others\": 1}'"
        )
    await plan(config, None, 2, True)
    first, second = json.loads(capsys.readouterr().out)["days"]
    assert first["sent"] >= 3
    assert second["late"] == 8 - first["sent"] - second["sent"]


async def test_nothing_due_is_said(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """An empty day is an answer."""
    await plan(config, None, None, False)
    assert "Nothing is due that day." in capsys.readouterr().out


def test_a_holiday_of_the_recipients_is_named() -> None:
    """Who waits, for what, and until when there."""
    outlook = Outlook(ROSTER, Facts())
    campaign = ROSTER.campaigns[1]
    there = replace(campaign.calendar, timezone=ZoneInfo("Europe/Berlin"))
    calendar = replace(there, holidays=Holidays("DE-BY"))
    epiphany = datetime(2026, 1, 6, 9, tzinfo=UTC)
    opens = datetime(2026, 1, 7, 8, tzinfo=UTC)
    outlook.closures.note(1, calendar, due=epiphany, opens=opens, n=12)
    text = " ".join(written(outlook, epiphany.date()).split())
    line = "Epiphany (DE-BY), 12 wait until Wed 2026-01-07 09:00 Europe/Berlin"
    assert f"{campaign.name}: {line}" in text
    assert report(outlook, epiphany.date())["holidays"][0]["waiting"] == 12


@pytest.mark.parametrize("day", ["2020-01-01", "2999-01-01", "monday"])
async def test_a_day_that_cannot_be_planned_is_refused(config: Path, day: str) -> None:
    """The past is past, and the far future is guesswork."""
    with pytest.raises(MisusedError, match="--date must be"):
        await plan(config, day, None, False)


async def test_a_day_and_a_number_of_days_exclude_each_other(config: Path) -> None:
    """It would not be clear what is asked."""
    with pytest.raises(MisusedError, match="one of them"):
        await plan(config, "2026-08-20", 2, False)


def test_days_count_from_today() -> None:
    """Without an option it is today; one named day is only that."""
    now = datetime.fromisoformat(
        "2026-08-03 12:00"
    ).astimezone()  # noon wherever we are
    assert days_asked(None, None, now) == [date(2026, 8, 3)]
    assert days_asked(None, 3, now)[-1] == date(2026, 8, 5)
    assert days_asked("2026-08-20", None, now) == [date(2026, 8, 20)]


def test_a_day_ends_when_it_is_over_for_the_last_client() -> None:
    """Midnight in New York is four in the morning UTC."""
    end = datetime(2026, 8, 4, 4, tzinfo=UTC)
    assert end_of_day(ROSTER, NOON, MONDAY) == end
    late = end + timedelta(hours=1)
    assert end_of_day(ROSTER, late, MONDAY) == late  # never before now


def test_a_page_fits_a_terminal_and_names_the_gates() -> None:
    """What is late is told with its strongest reasons, in shares."""
    outlook = Outlook(ROSTER, Facts())
    outlook.came_due(1, NOON, 10)
    outlook.sent(1, 1, NOON)
    outlook.left(1, NOON, cap=9)
    outlook.held_back(1, NOON, Blocked("domain", "d.example", "day full"), 3)
    outlook.held_back(1, NOON, Blocked("mailbox", "m@d.example", "hour full"), 1)
    told = written(outlook, MONDAY)
    assert "Monday 3 August 2026: 1 to go out, 9 late" in told
    assert "spring: 9 late: domain d.example: day full (75%)" in told
    assert max(map(len, told.splitlines())) <= 80


def test_long_lists_are_cut() -> None:
    """A thousand domains do not push the summary off the screen."""
    domains = {
        id: replace(ROSTER.domains[1], id=id, name=f"d{id}.example")
        for id in range(1, SHOWN + 5)
    }
    roster = replace(ROSTER, domains=domains)
    outlook = Outlook(roster, Facts())
    for id in domains:
        outlook.came_due(1, NOON, 1)
        outlook.sent(1, 1, NOON)
        outlook.left(id, NOON, cap=9)
    assert "... 4 more" in written(outlook, MONDAY)
