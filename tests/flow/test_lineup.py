"""The laws of the line-up: who is ready stands longest idle first, and nobody twice."""

from __future__ import annotations

import gc
from math import inf

from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.flow.room import Room
from outreachd.rules.records import Facts
from tests.fakes import Dice
from tests.rosters import MONDAY, campaign, domain, mailbox, roster

MONO = 1e6


def pool_of_four() -> Pool:
    """Make two domains with two mailboxes each; campaign 2 may use the first domain."""
    boxes = [mailbox(1, 1), mailbox(2, 1), mailbox(3, 2), mailbox(4, 2)]
    every, some = campaign(1, (1, 2, 3, 4)), campaign(2, (1, 2))
    fleet = roster(*boxes, domain(1), domain(2), every, some)
    pool = Pool(fleet, Facts(), Dice(), now=MONDAY, mono=MONO)
    for id, lane in pool.lanes.items():
        lane.idle_since = 10.0 - id  # the fourth has been idle for longest
    pool.rearm(MONDAY, MONO)
    return pool


def taken(pool: Pool, campaign_id: int, mono: float = MONO) -> list[int]:
    """Take lanes for a campaign until there are no more."""
    room = Room(pool.accounts, MONDAY, mono)
    found = []
    while lane := pool.longest_idle(campaign_id, room, MONDAY, mono):
        found.append(lane.id)
    return found


def test_the_longest_idle_of_all_cells_comes_first() -> None:
    """Across domains, and only among the mailboxes of the campaign."""
    assert taken(pool_of_four(), 1) == [4, 3, 2, 1]
    assert taken(pool_of_four(), 2) == [2, 1]


def test_a_lane_is_given_out_once_though_two_campaigns_may_use_it() -> None:
    """What one campaign took is no more there for the other, in the same round."""
    pool = pool_of_four()
    room = Room(pool.accounts, MONDAY, MONO)
    first = pool.longest_idle(2, room, MONDAY, MONO)
    assert first is pool.lanes[2]
    assert taken(pool, 1) == [4, 3, 1]
    assert taken(pool, 2) == []


def test_a_lane_in_its_gap_waits_and_comes_back_by_itself() -> None:
    """Its instant is known; before it nobody is asked, at it the lane is ready."""
    pool = pool_of_four()
    lane = pool.lanes[4]
    lane.standing.free_at = MONO + 30
    assert not pool.arm(lane, MONDAY, MONO)
    assert taken(pool, 1) == [3, 2, 1]
    assert pool.next_wait_s(MONO) == 30
    assert pool.advance(MONDAY, MONO + 29) == []
    assert pool.advance(MONDAY, MONO + 30) == [lane]
    assert taken(pool, 1, MONO + 30) == [4]
    assert pool.next_wait_s(MONO + 30) == inf


def test_an_entry_that_is_out_of_date_is_passed_over() -> None:
    """A lane armed twice stands in its heap twice and is found once."""
    pool = pool_of_four()
    for _ in range(3):
        pool.arm(pool.lanes[1], MONDAY, MONO)
    assert taken(pool, 2) == [2, 1]


def test_lanes_that_send_only_follow_ups_take_no_memory() -> None:
    """Nobody looks into a heap of ready lanes while there are no first touches."""
    pool = pool_of_four()
    cell = pool.lanes[1].cell
    assert cell is not None
    for _ in range(1000):
        pool.keep(pool.lanes[1])
        pool.arm(pool.lanes[1], MONDAY, MONO)
    assert len(cell.ready) <= 8
    assert taken(pool, 1) == [4, 3, 2, 1]


def test_a_lane_that_left_the_fleet_is_forgotten() -> None:
    """Without the collector, which a shift keeps away from all that it has."""
    pool = pool_of_four()
    gc.disable()
    try:
        before = sum(isinstance(one, Lane) for one in gc.get_objects())
        pool.apply(roster(mailbox(1, 1)), Facts(), now=MONDAY, mono=MONO)
        after = sum(isinstance(one, Lane) for one in gc.get_objects())
    finally:
        gc.enable()
    assert before - after == 3


def test_a_lane_that_left_the_fleet_is_not_held() -> None:
    """A roster without a mailbox ends its lane, whoever still has it in hand."""
    pool = pool_of_four()
    gone = pool.lanes[4]
    pool.apply(roster(mailbox(1, 1)), Facts(), now=MONDAY, mono=MONO)
    assert not pool.holds(gone)
    assert not pool.is_ready(gone, MONDAY, MONO)
    assert pool.is_ready(pool.lanes[1], MONDAY, MONO)
