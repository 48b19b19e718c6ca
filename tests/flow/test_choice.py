"""The laws of the choice: who is picked, in which order, and how it is undone."""

from __future__ import annotations

from datetime import datetime
from math import inf
from typing import Any

import pytest

from outreachd.flow.agenda import Agenda
from outreachd.flow.choice import Choice
from outreachd.flow.pool import Pool
from outreachd.rules.records import Facts, Queue
from outreachd.rules.share import FairShare
from tests.fakes import Dice
from tests.rosters import MONDAY, campaign, domain, mailbox, roster

QUEUE = Queue(1, "")


class Table:
    """Three lanes, one campaign, and what is due."""

    def __init__(self, due: dict[int | Queue, datetime | None], *rest: Any) -> None:
        boxes = [mailbox(id) for id in (1, 2, 3)]
        fleet = roster(*boxes, campaign(mailbox_ids=(1, 2, 3)), *rest)
        self.pool = Pool(fleet, Facts(), Dice(), now=MONDAY, mono=1e6)
        agenda, share = Agenda(), FairShare()
        agenda.take_on(self.pool.lanes, fleet.campaigns, [QUEUE])
        agenda.learn(due)
        share.set_weights({1: 1.0}, {1: (1, 1.0)})
        self.choice = Choice(self.pool, agenda, share)

    def picked(self, slots: int) -> list[tuple[int | Queue, int]]:
        """Pick, and tell sources and lanes."""
        picks, _ = self.choice.picks(slots, MONDAY, 1e6)
        return [(pick.source, pick.lane.id) for pick in picks]


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
