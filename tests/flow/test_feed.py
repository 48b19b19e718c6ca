"""The laws of the feed: only what can go is claimed, and nothing claimed is lost."""

from __future__ import annotations

from outreachd.rules.model import State
from tests.flow.world import World
from tests.rosters import campaign, mailbox, roster


async def test_everything_due_is_sent_once() -> None:
    """All due sends leave, each once, and are recorded as sent."""
    boxes = [mailbox(id) for id in (1, 2, 3)]
    world = World(roster(*boxes, campaign(mailbox_ids=(1, 2, 3))))
    world.add(30)
    await world.run_for(minutes=5)

    assert sorted(world.carrier.recipients()) == sorted(
        f"p{i}@x.example" for i in range(30)
    )
    assert world.ledger.states() == {State.SENT: 30}
