"""The laws of a ledger in memory: nothing is lost, nothing comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from outreachd.flow.stock import Stock
from outreachd.rules.model import Roster, State
from outreachd.rules.outlook import Outlook, Waiting
from outreachd.rules.records import Facts, GiveBack, Queue, Want
from tests.rules.test_outlook import ROSTER

NOW = datetime(2026, 8, 3, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
QUEUE = Queue(1, "")
PILE = Waiting(campaign_id=1, place="", mailbox_id=None, step_number=1, due_at=NOW, n=5)


@pytest.fixture
def outlook() -> Outlook:
    """Give an empty outlook."""
    return Outlook(ROSTER, Facts())


@pytest.fixture
def stock(outlook: Outlook) -> Stock:
    """Give a stock of five first touches due now, and one bound row due later."""
    stock = Stock(ROSTER, outlook)
    stock.add(PILE, NOW)
    stock.add(replace(PILE, mailbox_id=7, step_number=2, due_at=LATER, n=1), NOW)
    return stock


async def test_a_claim_takes_what_is_due_and_no_more(stock: Stock) -> None:
    """Each row is given out once; what is not due stays."""
    wants = [Want(QUEUE, 3), Want(7, 1)]
    first = await stock.claim(wants, term=1, now=NOW)
    second = await stock.claim(wants, term=1, now=NOW)
    assert [source for source, _ in (*first, *second)] == [QUEUE] * 5
    assert len({claim.send_id for _, claim in (*first, *second)}) == 5
    [(source, claim)] = await stock.claim(wants, term=1, now=LATER)
    assert (source, claim.mailbox_id, claim.step_number) == (7, 7, 2)


async def test_the_next_due_time_of_each_source_is_known(stock: Stock) -> None:
    """Sources without rows say so."""
    found = await stock.next_due([QUEUE, 7, 8])
    assert found == {QUEUE: NOW, 7: LATER, 8: None}
    assert await stock.queues() == [QUEUE]


async def test_a_row_given_back_comes_again_when_it_is_due(stock: Stock) -> None:
    """Given back with a later due time, it waits for that and no longer."""
    [(_, claim)] = await stock.claim([Want(QUEUE, 1)], term=1, now=NOW)
    back = GiveBack(
        send_id=claim.send_id, state=State.SCHEDULED, due_at=LATER, reason="x"
    )
    await stock.give_back([back], term=1, now=NOW)
    assert stock.due(NOW) == {QUEUE: {(1, ""): 4}}
    assert stock.due(LATER) == {QUEUE: {(1, ""): 5}, 7: {(1, ""): 1}}


async def test_a_row_that_ended_does_not_come_again(
    stock: Stock, outlook: Outlook
) -> None:
    """Expired or held, it is not late either."""
    [(_, claim)] = await stock.claim([Want(QUEUE, 1)], term=1, now=NOW)
    back = GiveBack(send_id=claim.send_id, state=State.EXPIRED, due_at=None, reason="x")
    await stock.give_back([back], term=1, now=NOW)
    assert stock.due(NOW) == {QUEUE: {(1, ""): 4}}
    [day] = outlook.campaigns(date(2026, 8, 3))
    assert day.late == 5  # 4 first touches and the bound one


async def test_what_could_only_be_held_is_left_out(outlook: Outlook) -> None:
    """A campaign that left the fleet and a zone that nobody knows send nothing."""
    campaign = ROSTER.campaigns[1]
    calendar = replace(campaign.calendar, timezone=None)
    campaigns = {1: replace(campaign, calendar=calendar)}
    stock = Stock(replace(ROSTER, campaigns=campaigns), outlook)
    stock.add(replace(PILE, campaign_id=9), NOW)
    stock.add(replace(PILE, place="Mars/Olympus"), NOW)
    assert stock.due(LATER) == {}


def test_sends_count_as_due_when_their_window_opens(outlook: Outlook) -> None:
    """What was imported at night is not late before the morning."""
    campaign = ROSTER.campaigns[1]
    on_wednesdays = replace(campaign.calendar, weekdays=frozenset({2}))
    roster = Roster(
        clients=ROSTER.clients,
        accounts={},
        domains={},
        mailboxes={},
        campaigns={1: replace(campaign, calendar=on_wednesdays)},
    )
    Stock(roster, outlook).add(PILE, NOW)
    days = [list(outlook.campaigns(date(2026, 8, day))) for day in (3, 4)]
    # Wednesday begins in UTC while it is Tuesday in New York.
    assert [sum(row.late for row in day) for day in days] == [0, 5]


async def test_the_rest_of_a_ledger_has_nothing_to_do(stock: Stock) -> None:
    """Nothing gets lost in memory, so there is nothing to find again."""
    assert await stock.give_back_strays([1], term=1, now=NOW) == 0
    assert await stock.begin([], term=1) == []
    await stock.record([])
