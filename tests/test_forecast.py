"""The laws of looking ahead: the rules that send, at work on a virtual clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from outreachd.forecast import forecast
from outreachd.rules.model import Calendar, DelayUnit, Kind, Pause, Ramp, Roster, Step
from outreachd.rules.outlook import CampaignDay, Outlook, Waiting
from outreachd.rules.records import Facts
from tests.rosters import account, campaign, client, domain, mailbox, roster

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 8, 3)
MORNING = datetime(2026, 8, 3, 4, tzinfo=UTC)  # 06:00 in Berlin
MIDNIGHT = datetime(2026, 8, 3, 22, tzinfo=UTC)

FIRST = Step(
    number=1, subject="s", text="t", html=None, delay=0, delay_unit=DelayUnit.DAYS
)
SECOND = replace(FIRST, number=2, subject=None, delay=1)
OFFICE = Calendar(
    weekdays=frozenset(range(5)),
    start_min=9 * 60,
    end_min=18 * 60,
    timezone=BERLIN,
    holidays=frozenset(),
)


def fleet(
    boxes: int,
    *,
    steps: tuple[Step, ...] = (FIRST,),
    domain_limit: int = 400,
    domain_rate: float = 20,
    **limits: Any,
) -> Roster:
    """Make one domain with so many mailboxes, all in the pool of one campaign."""
    usual: dict[str, Any] = {
        "daily_limit": 40,
        "hourly_limit": 10,
        "min_gap_s": 90,
        "jitter": 0.6,
        "workday_start_min": 9 * 60,
        "workday_end_min": 18 * 60,
        "timezone": BERLIN,
    }
    ids = range(1, boxes + 1)
    return roster(
        client(name="acme", timezone=BERLIN),
        account(rate_per_second=50, max_connections=1),
        domain(
            name="d.example",
            daily_limit=domain_limit,
            rate_per_minute=domain_rate,
            timezone=BERLIN,
        ),
        *(mailbox(id, address=f"m{id}@d.example", **(usual | limits)) for id in ids),
        campaign(mailbox_ids=tuple(ids), calendar=OFFICE, steps=steps),
    )


async def ahead(
    roster: Roster,
    n: int,
    *,
    days: int = 1,
    facts: Facts | None = None,
    pauses: Sequence[Pause] = (),
    mailbox_id: int | None = None,
) -> Outlook:
    """Look ahead with so many sends due in the morning."""
    pile = Waiting(
        campaign_id=1,
        place="",
        mailbox_id=mailbox_id,
        step_number=1 if mailbox_id is None else 2,
        due_at=MORNING,
        n=n,
    )
    until = MIDNIGHT + timedelta(days=days - 1)
    return await forecast(
        roster, facts or Facts(), pauses, [pile], now=MORNING, until=until
    )


def day(outlook: Outlook, later: int = 0) -> CampaignDay:
    """Take the campaign's figures of Monday, or of a later day."""
    [row] = outlook.campaigns(MONDAY + timedelta(days=later))
    return row


async def test_what_fits_goes_out_and_nothing_is_late() -> None:
    """Twenty letters by two mailboxes are no trouble for a working day."""
    outlook = await ahead(fleet(2), 20)
    assert (day(outlook).sent, day(outlook).late, day(outlook).why) == (20, 0, ())


async def test_full_mailboxes_are_named() -> None:
    """Three mailboxes of 40 a day send 120; the rest is late because they are full."""
    row = day(await ahead(fleet(3), 200))
    assert (row.sent, row.late) == (120, 80)
    assert row.why[0].gate == "3 mailboxes: day full"


async def test_a_full_domain_is_named() -> None:
    """The lowest limit wins, and it is the one that is told."""
    outlook = await ahead(fleet(3, domain_limit=50), 200)
    row = day(outlook)
    assert (row.sent, row.late) == (50, 150)
    assert row.why[0].gate == "domain d.example: day full"
    [domain] = outlook.domains(MONDAY)
    assert (domain.sent, domain.limit) == (50, 50)


async def test_a_slow_rate_is_named_and_kept_over_strides() -> None:
    """A letter each two minutes makes 270 in nine hours, whatever the strides."""
    row = day(await ahead(fleet(30, domain_rate=0.5), 1000))
    assert row.sent == pytest.approx(270, rel=0.06)  # a pace saves up part of it
    assert row.why[0].gate == "domain d.example: rate reached"


async def test_the_hour_and_the_gap_hold_as_they_do_when_sending() -> None:
    """A gap of ten minutes and a bit of chance: 42 letters in nine hours, no more."""
    row = day(await ahead(fleet(1, min_gap_s=600, daily_limit=99), 99))
    assert row.sent == pytest.approx(9 * 3600 / (600 * 1.3), abs=1)
    assert row.why[0].gate == "mailbox m1@d.example: gap between letters"


async def test_what_was_sent_already_counts() -> None:
    """A plan in the afternoon does not promise the morning's letters again."""
    facts = Facts(used={(Kind.MAILBOX, 1, MONDAY): 38, (Kind.DOMAIN, 1, MONDAY): 38})
    outlook = await ahead(fleet(1), 10, facts=facts)
    assert (day(outlook).sent, day(outlook).late) == (2, 8)
    assert [row.before for row in outlook.domains(MONDAY)] == [38]


async def test_ramps_grow_from_day_to_day() -> None:
    """Each day of sending lets the next one send more."""
    outlook = await ahead(fleet(1, ramp=Ramp(start=4, end=40, days=10)), 100, days=3)
    sent = [day(outlook, later).sent for later in range(3)]
    assert sent[0] == 4
    assert sent[0] < sent[1] < sent[2] < 40


async def test_follow_ups_of_the_letters_ahead_count() -> None:
    """A second step, due a day later, goes out by the same mailbox tomorrow."""
    outlook = await ahead(fleet(1, steps=(FIRST, SECOND)), 10, days=3)
    rows = [(day(outlook, n).first_touches, day(outlook, n).follow_ups) for n in (0, 1)]
    assert rows == [(10, 0), (0, 10)]
    assert list(outlook.campaigns(MONDAY + timedelta(days=2))) == []


async def test_bound_rows_stay_with_their_mailbox() -> None:
    """Follow-ups wait for the mailbox of the first touch, though others are free."""
    row = day(await ahead(fleet(3), 50, mailbox_id=2))
    assert (row.follow_ups, row.late) == (40, 10)
    assert row.why[0].gate == "mailbox m2@d.example: day full"


async def test_a_mailbox_that_left_the_fleet_is_named() -> None:
    """What is bound to it waits for a person, and the plan says so."""
    row = day(await ahead(fleet(1), 5, mailbox_id=9))
    assert (row.sent, row.late) == (0, 5)
    assert row.why[0].gate == "mailbox: not in the fleet any more"


async def test_a_pause_holds_until_its_end() -> None:
    """What is paused sends nothing, and its reason is shown."""
    forever = Pause(kind=Kind.CLIENT, target_id=1, reason="odd", until=None)
    row = day(await ahead(fleet(1), 5, pauses=[forever]))
    assert (row.sent, row.late) == (0, 5)
    assert row.why[0].gate == "client acme: paused (odd)"
    noon = replace(forever, until=datetime(2026, 8, 3, 10, tzinfo=UTC))
    assert day(await ahead(fleet(1), 5, pauses=[noon])).sent == 5


async def test_nothing_goes_out_at_the_weekend() -> None:
    """What is due on Friday evening waits for Monday, and is not late before."""
    roster = fleet(1)
    friday = datetime(2026, 8, 7, 17, tzinfo=UTC)
    pile = Waiting(
        campaign_id=1, place="", mailbox_id=None, step_number=1, due_at=friday, n=3
    )
    until = friday + timedelta(days=4)
    outlook = await forecast(roster, Facts(), (), [pile], now=friday, until=until)
    found = {d: list(outlook.campaigns(date(2026, 8, d))) for d in range(7, 11)}
    assert [d for d, rows in found.items() if rows] == [10]
    assert found[10][0].sent == 3


async def test_the_same_question_has_the_same_answer() -> None:
    """No dice are thrown: a plan can be compared with yesterday's."""
    first, second = await ahead(fleet(3), 200), await ahead(fleet(3), 200)
    assert day(first) == day(second)


async def test_a_fleet_without_anything_ends_at_once() -> None:
    """Nothing waits, nothing is sent, nothing hangs."""
    empty = Roster(clients={}, accounts={}, domains={}, mailboxes={}, campaigns={})
    outlook = await forecast(empty, Facts(), (), (), now=MORNING, until=MIDNIGHT)
    assert list(outlook.campaigns(MONDAY)) == []
