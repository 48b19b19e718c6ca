"""The laws of telling whether letters leave: what waits, and what it meets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from outreachd.lookout import MANY_CAMPAIGNS, look
from outreachd.rules.standstill import Cause, Now
from outreachd.store.database import Database
from tests.store.seed import NOW, add_send, seed_fleet

PAUSED = {
    "gate": "client acme: paused",
    "open": False,
    "value": "by ann",
    "limit": "nobody",
    "setting": "outreachd resume client acme",
    "opens_at": None,
}


class Explainer:
    """Answers for sends, and knows whom it was asked."""

    def __init__(self, *gates: Mapping[str, Any], is_gone: bool = False) -> None:
        self.asked: list[int] = []
        self._gates = gates
        self._is_gone = is_gone

    async def __call__(self, send_id: int) -> Mapping[str, Any] | None:
        """Tell the gates of a send."""
        self.asked.append(send_id)
        if self._is_gone:
            return None
        return {
            "campaign": "spring",
            "gates": self._gates,
            "detail": None,
            "reason": None,
        }


@pytest.fixture
async def fleet(db: Database) -> Database:
    """Give a database with a fleet and nobody to write to."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    return db


async def add(db: Database, email: str, **values: Any) -> int:
    async with db.connection() as connection:
        return await add_send(connection, email, **values)


async def test_an_empty_fleet_waits_for_contacts(fleet: Database) -> None:
    """Nobody is asked of sends that are not there."""
    explain = Explainer()
    seen = await look(fleet, explain, NOW)
    assert seen.cause is Cause.NOTHING
    assert "outreachd import" in seen.sentence
    assert explain.asked == []


async def test_what_waits_for_a_person_is_counted(fleet: Database) -> None:
    """Nothing is scheduled, but two are held: that is no lack of contacts."""
    for email in ("a@x.example", "b@x.example"):
        await add(fleet, email, state="held", reason="no_consent")
    seen = await look(fleet, Explainer(), NOW)
    assert seen.cause is Cause.HELD
    assert "2 sends are held, by no_consent" in seen.sentence


async def test_what_is_due_later_is_told_with_its_time(fleet: Database) -> None:
    """The earliest of all campaigns counts, though its gates are shut."""
    await add(fleet, "late@x.example", due_at=NOW + timedelta(hours=5), campaign_id=2)
    first = await add(fleet, "soon@x.example", due_at=NOW + timedelta(hours=2))
    explain = Explainer(PAUSED)
    seen = await look(fleet, explain, NOW)
    assert (seen.cause, explain.asked) == (Cause.NOTHING, [first])
    assert "2026-03-02T11:00+00:00" in seen.sentence


async def test_what_is_due_and_shut_is_told_with_its_gate(fleet: Database) -> None:
    """The first send of each campaign is asked, and those behind it are not."""
    due = {
        await add(fleet, "a@x.example", campaign_id=1),
        await add(fleet, "b@x.example", campaign_id=2),
    }
    await add(fleet, "c@x.example", due_at=NOW + timedelta(seconds=1))
    explain = Explainer(PAUSED)
    seen = await look(fleet, explain, NOW)
    assert set(explain.asked) == due
    assert seen.cause is Cause.PAUSED
    assert "`outreachd resume client acme`" in seen.sentence


async def test_servers_that_accept_nothing_stop_what_nothing_else_stops(
    fleet: Database,
) -> None:
    """Unless letters were accepted a moment ago."""
    await add(fleet, "a@x.example")
    silent = ("account relay: its server hangs",)
    stopped = await look(fleet, Explainer(), NOW, silent=silent)
    assert (stopped.cause, "relay" in stopped.sentence) == (Cause.SERVER, True)
    going = await look(fleet, Explainer(), NOW, silent=silent, accepted_s=1.0)
    assert (going.cause, going.also) == (Cause.SENDING, silent)


async def test_a_send_that_goes_while_we_look_is_sending(fleet: Database) -> None:
    """It was there, and is not any more: the next look tells more."""
    await add(fleet, "a@x.example")
    seen = await look(fleet, Explainer(is_gone=True), NOW)
    assert seen == Now(Cause.SENDING, "sending")


async def test_of_many_campaigns_some_are_asked(fleet: Database) -> None:
    """A look costs no more for a thousand campaigns: the oldest sends are asked."""
    async with fleet.connection() as connection:
        await connection.execute(
            "INSERT INTO campaign (name, client_id, direction, share, pool, calendar,"
            " on_uncertain) SELECT 'c' || i, 1, 'sales', 1, '{}', c.calendar, 'hold'"
            " FROM campaign c, generate_series(1, $1::integer) i WHERE c.id = 1",
            MANY_CAMPAIGNS + 5,
        )
        ids = await connection.fetch("SELECT id FROM campaign ORDER BY id")
        for n, row in enumerate(ids):
            at = NOW - timedelta(minutes=n)
            await add_send(
                connection, f"p{n}@x.example", due_at=at, campaign_id=row["id"]
            )
    explain = Explainer(PAUSED)
    await look(fleet, explain, NOW)
    assert len(explain.asked) == MANY_CAMPAIGNS
    assert max(explain.asked) == len(ids)  # the newest row is due longest
