"""The laws of knowing what is due: nothing is asked for before its time."""

from __future__ import annotations

from datetime import timedelta
from math import inf
from typing import Any

import pytest

from outreachd.flow.agenda import Agenda
from outreachd.flow.pool import Pool
from outreachd.rules.records import Facts, Queue
from tests.fakes import Dice
from tests.rosters import MONDAY, calendar, campaign, mailbox, roster

NEW_YORK = "America/New_York"
FIRST = Queue(1, "")
SECOND = timedelta(seconds=1)


def agenda_of(*queues: Queue, **changes: Any) -> tuple[Agenda, Pool]:
    """Make an agenda of two mailboxes and one campaign."""
    fleet = roster(mailbox(1), mailbox(2), campaign(mailbox_ids=(1, 2), **changes))
    pool = Pool(fleet, Facts(), Dice(), now=MONDAY, mono=0.0)
    agenda = Agenda()
    agenda.take_on(pool.lanes, fleet.campaigns, queues)
    return agenda, pool


def test_nothing_learnt_is_nothing_due() -> None:
    """It knows its sources and waits for an answer about them."""
    agenda, _ = agenda_of(FIRST)
    assert agenda.sources() == [1, 2, FIRST]
    assert agenda.followers(MONDAY) == []
    assert agenda.open_queue(1, MONDAY) is None
    assert agenda.next_wait_s(MONDAY) == inf


def test_every_lane_has_its_turn_to_be_asked_about() -> None:
    """A slow poll asks of all queues and of a few lanes; in the end of all of them."""
    agenda, _ = agenda_of(FIRST)
    polls = [agenda.some_sources(1) for _ in range(3)]
    assert polls == [[1, FIRST], [2, FIRST], [1, FIRST]]
    assert agenda.some_sources(5) == [2, FIRST]


def test_an_answer_that_says_the_same_again_takes_no_memory() -> None:
    """Polls tell each lane's next row every two seconds, for days."""
    agenda, pool = agenda_of()
    due_at = MONDAY + timedelta(days=3)
    for _ in range(1000):
        agenda.learn({1: due_at, 2: None})
    assert len(agenda._lane_heap) == 1
    assert agenda.followers(due_at) == [pool.lanes[1]]
    agenda.learn({1: due_at})
    assert agenda.followers(due_at) == [pool.lanes[1]]
    agenda.learn({1: None})
    assert agenda.followers(due_at) == []


def test_lanes_are_due_when_their_rows_are_longest_idle_first() -> None:
    """A learnt due time makes a follower, another answer or None unmakes it."""
    agenda, pool = agenda_of()
    pool.lanes[1].idle_since, pool.lanes[2].idle_since = 50.0, 20.0
    agenda.learn({1: MONDAY, 2: MONDAY + 10 * SECOND})
    assert [lane.id for lane in agenda.followers(MONDAY)] == [1]
    assert agenda.next_wait_s(MONDAY) == 10
    assert [lane.id for lane in agenda.followers(MONDAY + 10 * SECOND)] == [2, 1]
    agenda.learn({1: None, 2: MONDAY + 60 * SECOND})
    assert agenda.followers(MONDAY + 10 * SECOND) == []
    assert agenda.next_wait_s(MONDAY + 10 * SECOND) == 50


def test_a_row_that_comes_back_sooner_is_expected_sooner() -> None:
    """What a journey gave back is known without asking; later ones change nothing."""
    agenda, _ = agenda_of()
    agenda.learn({1: MONDAY + 60 * SECOND})
    agenda.expect(1, MONDAY + 90 * SECOND)
    agenda.expect(1, MONDAY + 5 * SECOND)
    agenda.expect(99, MONDAY)
    assert agenda.next_wait_s(MONDAY) == 5
    assert [lane.id for lane in agenda.followers(MONDAY + 5 * SECOND)] == [1]


def test_the_queue_that_waited_longest_and_is_open_goes_first() -> None:
    """A closed one does not stand in the way of an open one."""
    berlin, york = Queue(1, "Europe/Berlin"), Queue(1, NEW_YORK)
    agenda, _ = agenda_of(FIRST, berlin, york, calendar=calendar(540, 1080))
    ago = {FIRST: 1, berlin: 2, york: 3}
    agenda.learn({queue: MONDAY - n * SECOND for queue, n in ago.items()})
    assert agenda.open_queue(1, MONDAY) == berlin
    agenda.learn({berlin: None})
    assert agenda.open_queue(1, MONDAY) == FIRST
    agenda.learn({FIRST: MONDAY + 7 * SECOND})
    assert agenda.open_queue(1, MONDAY) is None
    assert agenda.next_wait_s(MONDAY) == 7
    agenda.learn({FIRST: None})
    assert agenda.next_wait_s(MONDAY) == 5 * 3600  # 09:00 in New York


def test_a_queue_of_an_unknown_zone_counts_as_open() -> None:
    """70: so its rows are claimed, and held with a reason."""
    lost = Queue(1, "Mars/Olympus")
    agenda, pool = agenda_of(lost)
    agenda.learn({lost: MONDAY})
    assert agenda.open_queue(1, MONDAY) == lost
    assert agenda.window(pool.roster.campaigns[1], lost.place, MONDAY) is None


def test_a_fleet_that_changes_keeps_what_is_known_of_what_stays() -> None:
    """Queues of campaigns that left are forgotten; late answers about them too."""
    agenda, pool = agenda_of(FIRST)
    agenda.learn({FIRST: MONDAY, 2: MONDAY})
    smaller = {1: pool.lanes[1]}
    agenda.take_on(smaller, pool.roster.campaigns, [FIRST, Queue(9, "")])
    assert agenda.open_queue(1, MONDAY) == FIRST
    assert agenda.sources() == [1, FIRST]
    agenda.learn({2: MONDAY, Queue(9, ""): MONDAY})
    assert agenda.followers(MONDAY) == []


def test_new_hours_hold_once_a_fleet_is_taken_on() -> None:
    """A window is remembered for one fleet only."""
    agenda, pool = agenda_of(FIRST)
    agenda.learn({FIRST: MONDAY})
    assert agenda.open_queue(1, MONDAY) == FIRST
    closed = {1: campaign(calendar=calendar(0, 60))}
    agenda.take_on(pool.lanes, closed, [FIRST])
    assert agenda.open_queue(1, MONDAY) is None


def test_a_queue_that_closes_waits_for_its_next_opening() -> None:
    """Also one that nobody asks about when its hours end."""
    agenda, _ = agenda_of(FIRST, calendar=calendar(540, 1080))
    agenda.learn({FIRST: MONDAY})
    assert agenda.open_queue(1, MONDAY) == FIRST
    evening = MONDAY.replace(hour=18)
    assert agenda.next_wait_s(evening) == 15 * 3600
    assert agenda.open_queue(1, evening) is None


def test_a_round_looks_at_no_queue_that_nothing_has_happened_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fleet has thousands of queues: each is looked at when its time comes."""
    york = [Queue(1, f"{NEW_YORK} US-{n}") for n in range(500)]
    agenda, _ = agenda_of(FIRST, *york, calendar=calendar(540, 1080))
    agenda.learn(dict.fromkeys([FIRST, *york], MONDAY))
    assert agenda.open_queue(1, MONDAY) == FIRST
    looks: list[str] = []
    window = Agenda.window

    def counted(self: Agenda, campaign: Any, place: str, now: Any) -> Any:
        looks.append(place)
        return window(self, campaign, place, now)

    monkeypatch.setattr(Agenda, "window", counted)
    assert agenda.open_queue(1, MONDAY + SECOND) == FIRST
    assert agenda.next_wait_s(MONDAY + SECOND) == 5 * 3600 - 1
    assert looks == [""]
