"""The laws of counting a day ahead: what went, what is late, and by which gate."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from outreachd.rules.admission import Gate
from outreachd.rules.model import Kind
from outreachd.rules.outlook import NO_TIME_LEFT, Blocked, Outlook, Reason, by_client
from outreachd.rules.records import Facts
from tests.rosters import account, calendar, campaign, client, domain, roster

NEW_YORK = ZoneInfo("America/New_York")
MONDAY, TUESDAY = date(2026, 8, 3), date(2026, 8, 4)
NOON = datetime(2026, 8, 3, 12, tzinfo=UTC)

ROSTER = roster(
    client(name="acme", timezone=NEW_YORK),
    account(name="relay", rate_per_second=1, max_connections=1),
    domain(name="d.example", daily_limit=9, rate_per_minute=1),
    campaign(
        name="spring",
        mailbox_ids=(),
        calendar=calendar(0, 1440, UTC),
        steps=(),
    ),
)


@pytest.fixture
def outlook() -> Outlook:
    """Give an empty outlook; two letters of the domain went before it began."""
    return Outlook(ROSTER, Facts(used={(Kind.DOMAIN, 1, MONDAY): 2}))


def test_late_is_what_was_due_by_the_end_of_the_day_and_waits(outlook: Outlook) -> None:
    """Yesterday's rest is late today too; what ended waits no longer."""
    outlook.came_due(1, NOON, 10)
    for step in (1, 1, 2):
        outlook.sent(1, step, NOON)
    outlook.ended(1, NOON)
    outlook.sent(1, 1, NOON + timedelta(days=1))

    [monday] = outlook.campaigns(MONDAY)
    [tuesday] = outlook.campaigns(TUESDAY)
    assert (monday.first_touches, monday.follow_ups, monday.late) == (2, 1, 6)
    assert (tuesday.sent, tuesday.late) == (1, 5)
    assert by_client([monday, monday]) == {"acme": (6, 12)}


def test_a_day_is_the_clients_and_a_domains_day_is_its_own(outlook: Outlook) -> None:
    """At three in the morning UTC it is still yesterday in New York."""
    night = datetime(2026, 8, 4, 3, tzinfo=UTC)
    outlook.came_due(1, night, 1)
    outlook.sent(1, 1, night)
    outlook.left(1, night, cap=9)
    assert [row.sent for row in outlook.campaigns(MONDAY)] == [1]
    assert [row.sent for row in outlook.domains(TUESDAY)] == [1]


def test_a_domain_tells_what_went_before_and_what_it_may(outlook: Outlook) -> None:
    """Sent before + to go can be held against the limit of that day."""
    outlook.left(1, NOON, cap=9)
    outlook.left(1, NOON, cap=9)
    [row] = outlook.domains(MONDAY)
    assert (row.domain, row.sent, row.before, row.limit) == ("d.example", 2, 2, 9)


def test_days_without_anything_are_empty(outlook: Outlook) -> None:
    """Nothing due, nothing sent, nothing told."""
    assert list(outlook.campaigns(MONDAY)) == []
    assert list(outlook.domains(MONDAY)) == []


def test_the_gate_that_held_back_most_is_named_first(outlook: Outlook) -> None:
    """Weights decide, not the order in which gates were seen."""
    outlook.came_due(1, NOON, 10)
    outlook.held_back(1, NOON, Blocked("mailbox", "a@d.example", "hour full"), 1)
    outlook.held_back(1, NOON, Blocked("domain", "d.example", "day full"), 3)
    [row] = outlook.campaigns(MONDAY)
    assert row.why == (
        Reason("domain d.example: day full", 0.75),
        Reason("mailbox a@d.example: hour full", 0.25),
    )


def test_thirty_full_mailboxes_are_one_reason(outlook: Outlook) -> None:
    """Gates of a kind are told together, unless one of them is most of it."""
    outlook.came_due(1, NOON, 10)
    for n in range(30):
        outlook.held_back(1, NOON, Blocked("mailbox", f"m{n}", "day full"), 1)
    outlook.held_back(1, NOON, Blocked("domain", "d.example", "rate reached"), 20)
    outlook.held_back(1, NOON, Blocked("domain", "e.example", "rate reached"), 5)
    [row] = outlook.campaigns(MONDAY)
    assert [why.gate for why in row.why] == [
        "30 mailboxes: day full",
        "domain d.example and 1 more: rate reached",
    ]


def test_what_came_due_at_the_last_minute_has_a_reason_too(outlook: Outlook) -> None:
    """Nothing is late without a word."""
    outlook.came_due(1, NOON, 1)
    [row] = outlook.campaigns(MONDAY)
    assert row.why == (Reason(NO_TIME_LEFT, 1.0),)


def test_only_as_many_as_are_late_count_at_each_moment(outlook: Outlook) -> None:
    """What held back the many who went in the end is not why the few are late."""
    outlook.came_due(1, NOON, 100)
    for _ in range(98):
        outlook.sent(1, 1, NOON)
    hour = Blocked("mailbox", "m", "hour full")
    full = Blocked("mailbox", "m", "day full")
    outlook.held_back(1, NOON, hour, 100)
    for minutes in (15, 30):
        outlook.held_back(1, NOON + timedelta(minutes=minutes), full, 2)
    [row] = outlook.campaigns(MONDAY)
    assert [why.gate for why in row.why] == [
        "mailbox m: day full",
        "mailbox m: hour full",
    ]


@pytest.mark.parametrize(
    ("name", "value", "blocked"),
    [
        ("domain d.example: day", "9", Blocked("domain", "d.example", "day full")),
        (
            "account a: b: rate",
            "0.1 in hand",
            Blocked("account", "a: b", "rate reached"),
        ),
        (
            "client acme: paused",
            "looks odd",
            Blocked("client", "acme", "paused (looks odd)"),
        ),
    ],
)
def test_a_gates_name_is_read_as_who_and_what(
    name: str, value: str, blocked: Blocked
) -> None:
    """The reason in a plan is the gate that explain shows, in short."""
    assert Blocked.by(Gate(name, value, "", "", 1.0)) == blocked
