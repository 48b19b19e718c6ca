"""The laws of showing what a receiver sets in the way."""

from __future__ import annotations

from typing import Any

from outreachd.flow.receiver_gates import rate_gates, rest_gates
from outreachd.rules.admission import Gate
from outreachd.rules.returns import RECEIVER_RATE
from tests.flow.test_shaping import LETTER, tell
from tests.flow.world import World
from tests.rosters import account, campaign, mailbox, roster


def world_with(**rates: int) -> World:
    """Make a world of one mailbox, by an account with rates."""
    return World(roster(mailbox(), account(receiver_rates=rates), campaign()))


def gates(world: World, email: str, *, at_s: float, reason: str = "") -> list[Gate]:
    """Ask so many seconds after the start."""
    row: dict[str, Any] = {"contact": email, "reason": reason}
    now, mono = world.clock.now(), world.clock.monotonic() + at_s
    lane = world.pool.lanes[1]
    return list(rate_gates(row, lane, world.pool, world.receivers, now, mono))


async def test_a_rate_is_shown_with_value_limit_and_setting() -> None:
    """Open while a letter is in hand; by the receiver's name, not the domain's."""
    world = world_with(google=60)
    await world.receivers.learn(["a@big.example"], 0.0)
    [gate] = gates(world, "a@big.example", at_s=60)
    assert gate == Gate(
        "account relay1: rate to google",
        "3.0 in hand",
        "60 a minute",
        "account.receiver_rates",
        0.0,
    )


async def test_a_closed_rate_opens_at_the_end_of_the_line() -> None:
    """For who has a place already, as soon as there is a letter in hand."""
    world = world_with(others=60)
    mono = world.clock.monotonic()
    pace = world.receivers.pace(
        "a@firm.example", world.pool.lanes[1], world.clock.now(), mono
    )
    assert pace is not None
    for _ in range(100):
        pace.line_up(mono)
    [new] = gates(world, "a@firm.example", at_s=0)
    assert new.name == "account relay1: rate to firm.example"
    assert 100 < new.wait_s < 110
    [placed] = gates(world, "a@firm.example", at_s=0, reason=RECEIVER_RATE)
    assert 1 < placed.wait_s < 1.1
    assert gates(world, "a@firm.example", at_s=0) == [new]


async def test_who_is_not_limited_has_no_such_gate() -> None:
    """Another receiver, or an account without rates."""
    assert gates(world_with(google=60), "a@other.example", at_s=0) == []
    assert gates(world_with(), "a@big.example", at_s=0) == []


async def test_a_rest_is_shown_in_the_receivers_words() -> None:
    """With what it said and when it ends."""
    world = world_with()
    await tell(world, LETTER, "rate_limit")
    lane, now = world.pool.lanes[1], world.clock.now()
    [gate] = rest_gates("bob@mail.example", lane, world.shaping, now)
    assert gate.name == "receiver google: wants no more of this account"
    assert (gate.value, gate.wait_s) == ("rate_limit", 15 * 60)
    assert list(rest_gates("bob@other.example", lane, world.shaping, now)) == []
