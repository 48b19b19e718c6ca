"""The laws of the ledger's rows: each answers one want, and says the same in JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from msgspec import structs

from outreachd.rules.model import State
from outreachd.rules.records import GiveBack, Queue, Want
from outreachd.store.ledger_rows import as_json, source_of, split
from tests.flow.desk import claim


def test_wants_of_lanes_and_of_queues_are_parted_in_their_order() -> None:
    """Each goes to the statement that knows it."""
    wants = [Want(7, 2), Want(Queue(1, "Asia/Tokyo"), 5), Want(3, 1)]
    assert split(wants) == ([(7, 2), (3, 1)], [(Queue(1, "Asia/Tokyo"), 5)])


def test_a_claimed_row_answers_its_lane_if_it_is_bound_else_its_queue() -> None:
    """So that the feed finds whom it was claimed for."""
    free = claim(place="Asia/Tokyo")
    assert source_of(free) == Queue(1, "Asia/Tokyo")
    assert source_of(structs.replace(free, mailbox_id=7)) == 7


def test_a_batch_is_one_json_array_with_the_names_of_the_columns() -> None:
    """Instants carry their zone, states are their words."""
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    row = GiveBack(send_id=1, state=State.SCHEDULED, due_at=at, reason="paused")
    [told] = json.loads(as_json([row]))
    assert told["send_id"] == 1
    assert told["state"] == "scheduled"
    assert datetime.fromisoformat(told["due_at"]) == at
    assert told["reason"] == "paused"
