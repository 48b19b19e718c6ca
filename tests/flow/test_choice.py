"""The laws of the choice: who is picked, in which order, and how it is undone."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Any

import pytest

from outreachd.flow.agenda import Agenda
from outreachd.flow.choice import Choice
from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.rules.records import Facts, Queue
from outreachd.rules.share import FairShare
from tests.fakes import Dice
from tests.rosters import MONDAY, campaign, client, domain, mailbox, roster

QUEUE = Queue(1, "")


class Table:
    """Three lanes, one campaign, and what is due."""

    def __init__(
        self,
        due: dict[int | Queue, datetime | None],
        *rest: Any,
        part: float = 0.0,
    ) -> None:
        boxes = [mailbox(id) for id in (1, 2, 3)]
        spring = campaign(mailbox_ids=(1, 2, 3), first_touch_share=part)
        fleet = roster(*boxes, spring, *rest)
        self.pool = Pool(fleet, Facts(), Dice(), now=MONDAY, mono=1e6)
        agenda, share = Agenda(), FairShare()
        queues = [Queue(id, "") for id in fleet.campaigns]
        agenda.take_on(self.pool.lanes, fleet.campaigns, queues)
        agenda.learn(due)
        share.set_weights({1: 1.0}, dict.fromkeys(fleet.campaigns, (1, 1.0)))
        self.choice = Choice(self.pool, agenda, share)

    def picked(self, slots: int) -> list[tuple[int | Queue, int]]:
        """Pick, and tell sources and lanes."""
        picks, _ = self.choice.picks(slots, MONDAY, 1e6)
        return [(pick.source, pick.lane.id) for pick in picks]

    def sent(self, lane: Lane, nth: int) -> None:
        """Let a lane be ready again, behind the others."""
        lane.idle_since = 1e6 + nth
        self.pool.arm(lane, MONDAY, 1e6)


def test_follow_ups_are_picked_before_first_touches() -> None:
    """A lane with a due follow-up is kept for it; the others get first touches."""
    table = Table({2: MONDAY, QUEUE: MONDAY})
    assert table.picked(5) == [(2, 2), (QUEUE, 1), (QUEUE, 3)]


def test_no_more_is_picked_than_there_are_slots() -> None:
    """What was not picked is still there for the next round."""
    table = Table({QUEUE: MONDAY})
    assert [table.picked(2), table.picked(2)] == [
        [(QUEUE, 1), (QUEUE, 2)],
        [(QUEUE, 3)],
    ]


def test_a_day_that_is_nearly_full_gives_what_it_has_left() -> None:
    """The room of a round is spent pick by pick."""
    table = Table({QUEUE: MONDAY}, domain(daily_limit=2))
    assert len(table.picked(5)) == 2


@pytest.mark.parametrize("source", [2, QUEUE])
def test_a_pick_that_is_put_back_can_be_picked_again(source: int | Queue) -> None:
    """Whoever is picked and does not send stands where he stood."""
    table = Table({source: MONDAY})
    picks, _ = table.choice.picks(1, MONDAY, 1e6)
    table.choice.put_back(picks[0], MONDAY, 1e6)
    assert [(pick.source, pick.lane.id) for pick in picks] in (
        [(2, 2)],
        [(QUEUE, 1)],
    )
    assert sorted(lane for _, lane in table.picked(3)) == (
        [2] if source == 2 else [1, 2, 3]
    )


def test_without_due_rows_nobody_is_picked() -> None:
    """Nothing due anywhere: no lane is kept, and nothing says when to look again."""
    table = Table({})
    assert table.choice.picks(5, MONDAY, 1e6) == ([], inf)


@pytest.mark.parametrize(("part", "firsts"), [(0.0, 0), (0.25, 5), (1.0, 20)])
def test_first_touches_get_the_part_their_campaign_keeps(
    part: float, firsts: int
) -> None:
    """Of the letters of a lane for which both wait; one put back is not counted."""
    table = Table({1: MONDAY, 2: MONDAY, 3: MONDAY, QUEUE: MONDAY}, part=part)
    counts = {1: 0, 2: 0, 3: 0}
    for letter in range(60):
        [pick] = table.choice.picks(1, MONDAY, 1e6)[0]
        if letter % 7 == 3:
            table.choice.put_back(pick, MONDAY, 1e6)
            [again] = table.choice.picks(1, MONDAY, 1e6)[0]
            assert again == pick
        counts[pick.lane.id] += pick.campaign is not None
        table.sent(pick.lane, letter)
    assert list(counts.values()) == [firsts] * 3


def test_a_part_is_kept_only_while_first_touches_wait() -> None:
    """With none due, or with a client whose day is full, follow-ups go on."""
    table = Table({1: MONDAY}, part=1.0)
    assert table.picked(5) == [(1, 1)]
    full = Table({1: MONDAY, QUEUE: MONDAY}, client(daily_limit=0), part=1.0)
    assert full.picked(1) == [(1, 1)]


def test_a_part_kept_for_first_touches_is_shared_fairly() -> None:
    """Two campaigns that keep a part take turns; who keeps none gets none of it."""
    second, third = Queue(2, ""), Queue(3, "")
    due: dict[int | Queue, datetime | None] = {1: MONDAY, QUEUE: MONDAY}
    due |= {second: MONDAY, third: MONDAY}
    others = (
        campaign(2, (1,), first_touch_share=0.5),
        campaign(3, (1,), first_touch_share=0.0),
    )
    table = Table(due, *others, part=0.5)
    sources = []
    for letter in range(8):
        [pick] = table.choice.picks(1, MONDAY, 1e6)[0]
        sources.append(pick.source)
        table.sent(pick.lane, letter)
    assert [source for source in sources if source != 1] == [QUEUE, second] * 2
