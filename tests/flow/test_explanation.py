"""The laws of explaining: one resolver, every gate, the next instant."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest_asyncio

from outreachd.clock import RealClock
from outreachd.flow.explanation import STATES, explain
from outreachd.flow.receivers import Receivers
from outreachd.helm import Helm, load_pool
from outreachd.rules.model import Kind, State
from outreachd.rules.share import FairShare
from outreachd.store.database import Database
from outreachd.store.shaping import PgShaping
from outreachd.store.steering import PgSteering
from tests.helms import apply_small_fleet, put, standby

ENTRY = {
    "id": 7,
    "target": "@people.example",
    "level": "client acme",
    "reason": "asked by phone",
    "source": "command line",
    "at": "2026-03-02T09:00:00+00:00",
}


@pytest_asyncio.fixture
async def helm(db: Database, tmp_path: Path) -> Helm:
    """Apply the small fleet; give a standby's helm."""
    await apply_small_fleet(db, tmp_path)
    return standby(db, [])


async def told(helm: Helm, id: int) -> dict[str, Any]:
    """Explain a send that exists."""
    found = await helm.explain(id)
    assert found is not None
    return dict(found)


def closed(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Take the closed gates by their names."""
    return {gate["gate"]: gate for gate in told["gates"] if not gate["open"]}


async def test_a_send_that_may_go_has_all_gates_open(helm: Helm, db: Database) -> None:
    """Every gate is listed, with value, limit and setting, and it may go now."""
    found = await told(helm, await put(db))
    names = [gate["gate"] for gate in found["gates"]]
    assert names == [
        "send: due",
        "campaign spring: calendar",
        "client acme: day",
        "mailbox ann@mail.acme.example: workday",
        "mailbox ann@mail.acme.example: day",
        "mailbox ann@mail.acme.example: hour",
        "mailbox ann@mail.acme.example: gap",
        "domain mail.acme.example: day",
        "domain mail.acme.example: rate",
        "account relay: day",
        "account relay: rate",
    ]
    assert closed(found) == {}
    assert all(gate["limit"] and gate["setting"] for gate in found["gates"])
    assert found["next_allowed_at"] <= RealClock().now()


async def test_the_latest_gate_tells_the_next_allowed_instant(
    helm: Helm, db: Database
) -> None:
    """Of two closed gates the one that opens last decides."""
    now = RealClock().now()
    id = await put(db, in_s=3600)
    until = now + timedelta(hours=5)
    await helm.pause(Kind.DOMAIN, "mail.acme.example", "odd", until, "ann")
    found = await told(helm, id)
    assert set(closed(found)) == {"send: due", "domain mail.acme.example: paused"}
    assert abs(found["next_allowed_at"] - until) < timedelta(seconds=1)


async def test_what_only_a_person_can_open_has_no_instant(
    helm: Helm, db: Database
) -> None:
    """A pause without an end, and a suppression, do not open by themselves."""
    id = await put(db)
    await helm.pause(Kind.CAMPAIGN, "spring", "wording", None, "ann")
    found = await told(helm, id)
    assert found["next_allowed_at"] is None
    gate = closed(found)["campaign spring: paused"]
    assert (gate["value"], gate["opens_at"]) == ("wording", None)
    await helm.resume(Kind.CAMPAIGN, "spring", "ann")
    assert closed(await told(helm, id)) == {}


async def test_a_mailbox_or_campaign_that_left_the_fleet_is_a_closed_gate(
    helm: Helm, db: Database
) -> None:
    """Nothing waits without a reason that can be read."""
    id = await put(db)
    async with db.connection() as connection:
        await connection.execute("UPDATE mailbox SET retired = true")
    assert "mailbox: in the fleet" in closed(await told(helm, id))
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET retired = true")
    assert "campaign: in the fleet" in closed(await told(helm, id))


async def test_a_send_that_does_not_wait_is_told_by_its_state(
    helm: Helm, db: Database
) -> None:
    """Held and ended sends have a meaning instead of gates; unknown ones are None."""
    found = await told(helm, await put(db, state="held"))
    assert found["gates"] == []
    assert found["next_allowed_at"] is None
    assert found["reason"] == "template_error"
    assert "release" in found["meaning"]
    assert await helm.explain(999) is None
    assert await helm.send(999) is None
    assert set(STATES) == set(State)


async def test_a_first_touch_is_told_whose_turn_it_is(helm: Helm, db: Database) -> None:
    """Only a daemon that sends knows; the turn is an open gate, since it comes."""
    row = await PgSteering(db).send(await put(db))
    assert row is not None
    clock, share = RealClock(), FairShare()
    pool = await load_pool(db, clock)
    share.set_weights({1: 1.0, 2: 3.0}, {1: (1, 1.0), 2: (2, 1.0)})
    share.charge(1, 1)
    share.working({1: [1], 2: [2]})
    found = explain(row, pool, clock.now(), clock.monotonic(), share)
    turns = {
        gate["gate"]: (gate["value"], gate["limit"], gate["open"])
        for gate in found["gates"]
        if gate["gate"].endswith(": turn")
    }
    assert turns == {
        "client acme: turn": (
            "2 of 2",
            "25% of the letters while all have work",
            True,
        ),
        "campaign spring: turn": (
            "1 of 1",
            "100% of the letters while all have work",
            True,
        ),
    }
    bound = explain(
        {**row, "mailbox_id": 1}, pool, clock.now(), clock.monotonic(), share
    )
    assert not [gate for gate in bound["gates"] if gate["gate"].endswith(": turn")]


async def test_a_follow_up_of_a_lost_mailbox_says_what_becomes_of_it(
    helm: Helm, db: Database
) -> None:
    """The closed gate names the campaign's policy."""
    row = await PgSteering(db).send(await put(db))
    assert row is not None
    clock = RealClock()
    pool = await load_pool(db, clock)
    lost = {**row, "mailbox_id": 99, "mailbox": "gone@mail.acme.example"}
    found = explain(lost, pool, clock.now(), clock.monotonic())
    [gate] = [g for g in found["gates"] if g["gate"] == "mailbox: in the fleet"]
    assert gate["setting"] == "fleet.toml; campaign.mailbox_gone = wait"


async def test_a_suppressed_contact_is_a_closed_gate(helm: Helm, db: Database) -> None:
    """Should a row have slipped through, the gate is shut all the same."""
    row = await PgSteering(db).send(await put(db))
    assert row is not None
    clock = RealClock()
    pool = await load_pool(db, clock)
    found = explain(
        {**row, "suppressed_by": [ENTRY]}, pool, clock.now(), clock.monotonic()
    )
    assert "contact: suppressed" in closed(found)
    assert found["suppressed_by"] == [ENTRY]
    [value] = [g["value"] for g in found["gates"] if "suppressed" in g["gate"]]
    assert value == (
        "7 @people.example, client acme: asked by phone, by command line, 2026-03-02"
    )


async def test_the_budget_of_the_sending_domain_is_told(
    helm: Helm, db: Database
) -> None:
    """Also of a send that no mailbox has yet; one that has ended unbound has none."""
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO tally (quarter, mailbox_id, account_id, client_id, receiver,"
            " source, sent, hard) SELECT date_bin('15 minutes', $1, '2000-01-01Z'),"
            " id, 1, 1, 'google', 'reply', 100, 4 FROM mailbox"
            " WHERE address = 'ann@mail.acme.example'",
            RealClock().now() - timedelta(hours=1),
        )
    id = await put(db)
    found = (await told(helm, id))["health"]
    assert (found["name"], found["health"]) == ("mail.acme.example", "well")
    assert (found["budget"], found["sent"]) == (3, 100)
    [near] = (await helm.status())["budgets"]
    assert near.sentence == found["sentence"]
    async with db.connection() as connection:
        await connection.execute("UPDATE send SET state = 'expired'")
    assert (await told(helm, id))["health"] is None


async def test_the_rate_to_the_receiver_is_a_gate(helm: Helm, db: Database) -> None:
    """As the daemon that sends knows it; a daemon that begins now has none in hand."""
    row = await PgSteering(db).send(await put(db))
    assert row is not None
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE account SET receiver_rates = '{\"others\": 30}'"
        )
    clock = RealClock()
    pool = await load_pool(db, clock)
    receivers = Receivers(pool, PgShaping(db))
    now, mono = clock.now(), clock.monotonic()
    found = explain(row, pool, now, mono, receivers=receivers)
    gate = closed(found)["account relay: rate to people.example"]
    assert (gate["limit"], gate["setting"]) == ("30 a minute", "account.receiver_rates")
    assert now < gate["opens_at"] < now + timedelta(seconds=3)
    assert closed(explain(row, pool, now, mono)) == {}
