"""The laws of lines in a forecast: what the real feed does, in fewer steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from outreachd.flow.lines import ALIKE, NamedReceivers
from outreachd.flow.pool import Pool
from outreachd.forecast import forecast
from outreachd.rules.model import Roster
from outreachd.rules.outlook import CampaignDay, Outlook, Waiting
from outreachd.rules.receivers import SHORT_NAMES
from outreachd.rules.records import Facts
from tests.flow.world import World
from tests.rosters import MONDAY, account, campaign, domain, mailbox, roster

# Of what the real feed sends in hours: a minute's letters, and the gaps of a stride.
TOLERANCE = 0.04
HOSTS = {
    "google": "big.example",
    "outlook": "outlook.example",
    "x.example": "x.example",
}


def fleet(*others: object, boxes: int = 20, limit: int = 10_000) -> Roster:
    """Make mailboxes by one account with rates to Google, Outlook and each other."""
    ids = tuple(range(1, boxes + 1))
    rates = {"google": 12, "outlook": 6, "others": 4}
    return roster(
        account(receiver_rates=rates),
        *(mailbox(id, min_gap_s=30.0, daily_limit=limit) for id in ids),
        campaign(mailbox_ids=ids),
        *others,  # type: ignore[arg-type]
    )


async def planned(
    roster: Roster, crowds: Mapping[tuple[int, str], int], hours: float
) -> Outlook:
    """Plan so many letters by campaign and receiver, due now."""
    piles = [
        Waiting(
            campaign_id=id,
            place="",
            mailbox_id=None,
            step_number=1,
            due_at=MONDAY,
            n=n,
            receiver=receiver,
        )
        for (id, receiver), n in crowds.items()
    ]
    until = MONDAY + timedelta(hours=hours)
    return await forecast(roster, Facts(), (), piles, now=MONDAY, until=until)


async def really_sent(
    roster: Roster, crowds: Mapping[tuple[int, str], int], hours: float
) -> Counter[int]:
    """Let the real feed send them; count by campaign."""
    world = World(roster)
    world.slows.receivers["outlook.example"] = "outlook"
    campaigns: dict[str, int] = {}
    rows = [(id, HOSTS[to], i) for (id, to), n in crowds.items() for i in range(n)]
    for id, host, i in sorted(rows, key=lambda row: row[2]):
        email = f"c{id}p{i}@{host}"
        campaigns[email] = id
        world.ledger.add(email, MONDAY, campaign_id=id)
    await world.run_for(hours=hours)
    return Counter(campaigns[one.recipient] for one in world.carrier.delivered)


def days(outlook: Outlook, on: datetime = MONDAY) -> dict[str, CampaignDay]:
    """Take each campaign's day."""
    return {row.campaign: row for row in outlook.campaigns(on.date())}


async def test_a_plan_says_what_the_real_feed_sends() -> None:
    """Hundreds wait, one account has rates: within four in a hundred of the feed."""
    crowds = {(1, "google"): 400, (1, "outlook"): 200, (1, "x.example"): 25}
    real = (await really_sent(fleet(), crowds, 0.5)).total()
    row = days(await planned(fleet(), crowds, 0.5))["campaign1"]
    assert row.sent == pytest.approx(real, rel=TOLERANCE)
    assert row.sent + row.late == 625
    assert 30 * 16 < real < 30 * 18 + 25
    assert [reason.gate for reason in row.why[:2]] == [
        "account relay1: rate to google",
        "account relay1: rate to outlook",
    ]


async def test_campaigns_share_a_line_as_they_really_do() -> None:
    """Two campaigns write to Google by the same mailboxes: each has its part."""
    two = campaign(2, tuple(range(1, 21)))
    crowds = {(1, "google"): 600, (2, "google"): 600}
    real = await really_sent(fleet(two), crowds, 0.5)
    rows = days(await planned(fleet(two), crowds, 0.5))
    for id in (1, 2):
        told = rows[f"campaign{id}"].sent
        assert told == pytest.approx(real[id], abs=ALIKE)


async def test_the_mailboxes_are_named_where_they_hold_back() -> None:
    """A rate that would let all of it go is not the reason."""
    few = fleet(boxes=2, limit=30)
    row = days(await planned(few, {(1, "google"): 300}, 10))["campaign1"]
    assert (row.sent, row.late) == (60, 240)
    assert row.why[0].gate.endswith(" and 1 more: day full")


async def test_what_waits_in_small_numbers_passes() -> None:
    """Letters whose receiver is not told apart are held back by no rate."""
    row = days(await planned(fleet(), {(1, ""): 400}, 1))["campaign1"]
    assert (row.sent, row.late) == (400, 0)


async def test_follow_ups_go_at_the_rate_too() -> None:
    """A step that comes due in the plan has the receiver of the one before."""
    plain = fleet()
    first = plain.campaigns[1].steps[0]
    second = replace(first, number=2, subject=None, delay=1)
    both = campaign(mailbox_ids=tuple(range(1, 21)), steps=(first, second))
    row = days(await planned(fleet(both), {(1, "google"): 3000}, 3))["campaign1"]
    assert row.follow_ups > 0
    assert row.sent == pytest.approx(3 * 60 * 11.4, rel=TOLERANCE)


async def test_a_way_without_rates_is_open() -> None:
    """Another account of the fleet has none: what leaves by it is counted freely."""
    free = (
        account(2),
        domain(2, account_ids=(2,)),
        mailbox(50, 2),
        campaign(2, (50,)),
    )
    crowds = {(1, "google"): 500, (2, "google"): 200}
    rows = days(await planned(fleet(*free), crowds, 1))
    assert rows["campaign2"].sent == 200
    assert rows["campaign1"].sent <= 60 * 12


async def test_receivers_go_by_their_names_and_nobody_is_asked() -> None:
    """What is planned is an address no more."""
    receivers = NamedReceivers(
        Pool(fleet(), Facts(), lambda: 0.5, now=MONDAY, mono=0.0)
    )
    await receivers.learn(["@google"], 0.0)
    assert receivers.of("@google") in SHORT_NAMES
