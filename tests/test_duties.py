"""The laws of the duties of who sends: each in its time, none of a standby."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from outreachd import duties
from outreachd.clock import VirtualClock
from outreachd.duties import Duties
from outreachd.rules.model import State
from outreachd.telemetry import Metrics
from outreachd.wire.connections import Figures
from tests import rosters
from tests.rosters import MONDAY


@dataclass
class World:
    """All that duties meet; each writes down when it was met, in seconds."""

    clock: VirtualClock = field(default_factory=lambda: VirtualClock(MONDAY))
    met: list[tuple[str, float]] = field(default_factory=list)
    shift: Any = None
    stale: list[int] = field(default_factory=list)
    chunks: int = 0  # that are left to forget
    stragglers: list[int] = field(default_factory=list)
    hanging: list[list[int]] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)

    def meet(self, what: str) -> None:
        """Write it down."""
        self.met.append((what, (self.clock.now() - MONDAY).total_seconds()))

    def times(self, what: str) -> list[float]:
        """Tell when something was met."""
        return [at for name, at in self.met if name == what]

    # --- the ledger -------------------------------------------------------------------

    async def recover(self, *, term: int, now: datetime) -> None:
        """Settle what dead owners left."""
        self.meet(f"recover {term}")

    async def settle_uncertain(
        self, *, now: datetime, before: datetime, hanging: Sequence[int]
    ) -> dict[State, int]:
        """Settle what is old enough."""
        self.hanging.append(list(hanging))
        self.meet(f"uncertain for {(now - before).total_seconds():.0f} s")
        return {State.HELD: 1}

    async def settle_departures(self, *, now: datetime) -> None:
        """Settle nothing."""

    async def expire_stale(self, *, now: datetime, at_most: int) -> int:
        """End as many as the test says, then none."""
        self.meet("stale")
        return self.stale.pop(0) if self.stale else 0

    async def follow_calendars(self, now: datetime) -> int:
        """Mend what an apply left."""
        self.meet("calendars")
        return 3

    # --- the others -------------------------------------------------------------------

    async def hear(self, refusals: str) -> None:
        """Be told of refusals."""
        self.meet(f"hears {refusals}")

    async def look(self, pool: object, now: datetime, mono: float) -> bool:
        """Judge; a pause follows."""
        self.meet("judges")
        return True

    async def reload_pauses(self) -> None:
        """Take the pause on."""
        self.meet("pauses")

    async def turn_of_forgetting(self, now: datetime) -> bool:
        """Forget a chunk; tell whether there is more."""
        self.meet("forgets")
        self.chunks -= 1
        return self.chunks > 0

    async def drop_attachments(self) -> None:
        """Forget attachments."""
        self.meet("attachments")

    async def watch(self, now: datetime) -> float:
        """Look at the domains."""
        self.meet("domains")
        return 20.0

    async def read(self, *given: object) -> None:
        """Read mailboxes."""
        self.meet("reads")

    async def stop(self) -> None:
        """Stop reading."""
        self.meet("stops")

    async def empty(self, *given: object) -> bool:
        """Empty the letterbox."""
        self.meet("letterbox")
        return False

    def sends(self) -> None:
        """Begin a shift."""
        self.shift = SimpleNamespace(
            pool=SimpleNamespace(roster=rosters.roster()),
            inbox=SimpleNamespace(take=None),
            refusals="refusals",
            reload_pauses=self.reload_pauses,
        )

    def duties(self) -> Duties:
        """Make the duties of this world."""
        it: Any = SimpleNamespace
        return Duties(
            shift=lambda: self.shift,
            lease=it(term=7),
            ledger=it(
                recover=self.recover,
                settle_uncertain=self.settle_uncertain,
                settle_departures=self.settle_departures,
                expire_stale=self.expire_stale,
            ),
            house=self.clock,
            clock=self.clock,
            grace=timedelta(minutes=20),
            controller=it(hear=self.hear, look=self.look),
            forgetting=it(
                turn=self.turn_of_forgetting, drop_attachments=self.drop_attachments
            ),
            follow_calendars=self.follow_calendars,
            watch=it(turn=self.watch),
            reader=it(turn=self.read, stop=self.stop),
            letterbox=it(turn=self.empty),
            connections=lambda: {1: Figures(open=5, idle=2, waiting=9), 2: Figures()},
            metrics=self.metrics,
            stragglers=it(send_ids=lambda: self.stragglers),
        )

    async def live(self, seconds: float) -> None:
        """Do the duties for so long, on a clock that jumps."""
        async with running(self):
            await self.clock.sleep(seconds)


@asynccontextmanager
async def running(world: World) -> AsyncIterator[None]:
    """Run all duties and the clock."""
    tasks = [asyncio.ensure_future(duty()) for duty in world.duties().all()]
    tasks.append(asyncio.create_task(world.clock.run()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def test_who_stands_by_leaves_all_of_it_alone() -> None:
    """Not a statement, not a visit, not a look; only what was open is closed."""
    world = World()
    await world.live(2 * duties.FORGET_S)
    assert {what for what, _ in world.met} == {"stops"}


async def test_what_is_left_over_is_settled_every_ten_seconds() -> None:
    """By the term that sends now; doubts only after their grace."""
    world = World()
    world.sends()
    await world.live(25)
    for what in ("recover 7", "uncertain for 1200 s", "calendars"):
        assert world.times(what) == [0, 10, 20], what


async def test_what_still_hangs_here_is_told_each_time() -> None:
    """Nobody settles a letter that its server may accept this very moment."""
    world = World(stragglers=[5, 8])
    world.sends()
    async with running(world):
        await world.clock.sleep(5)
        world.stragglers = []
        await world.clock.sleep(10)
    assert world.hanging == [[5, 8], []]


async def test_what_came_too_late_is_ended_until_there_is_no_more() -> None:
    """A batch at a time without a pause, then again half a minute later."""
    world = World(stale=[200, 200, 7])
    world.sends()
    await world.live(45)
    assert world.times("stale") == [0, 0, 0, 0, 30]


async def test_health_is_judged_each_minute_and_a_pause_taken_on_at_once() -> None:
    """What servers refused is heard before."""
    world = World()
    world.sends()
    await world.live(70)
    order = ("hears refusals", "judges", "pauses")
    judged = [(what, at) for what, at in world.met if what in order]
    assert judged == [(what, at) for at in (0, 60) for what in order]


async def test_old_rows_are_forgotten_chunk_by_chunk() -> None:
    """An hour after the start, with a pause between chunks; attachments at the end."""
    world = World(chunks=3)
    world.sends()
    await world.live(duties.FORGET_S + 10)
    hour = duties.FORGET_S
    assert world.times("forgets") == [hour, hour + 1, hour + 2]
    assert world.times("attachments") == [hour + 2]


async def test_the_domains_are_looked_at_as_the_watch_says() -> None:
    """A minute after the start: who starts in a circle asks no name server."""
    world = World()
    world.sends()
    await world.live(105)
    assert world.times("domains") == [60, 80, 100]


async def test_mail_is_read_and_what_is_open_is_closed_at_the_end() -> None:
    """Visits each second, the letterbox every five; one end."""
    world = World()
    world.sends()
    await world.live(11)
    assert len(world.times("reads")) == pytest.approx(11, abs=1)
    assert world.times("letterbox") == [0, 5, 10]
    assert len(world.times("stops")) == 1


async def test_connections_are_shown_by_the_names_of_their_accounts() -> None:
    """Of accounts that the fleet has; a standby shows none."""
    world = World()
    world.sends()
    read = world.metrics.registry.get_sample_value
    name = next(iter(world.shift.pool.roster.accounts.values())).name
    await world.live(1)
    for state, n in (("open", 5), ("idle", 2), ("waiting", 9)):
        assert read(f"outreachd_connections_{state}", {"account": name}) == n
    world.shift = None
    await world.live(1)
    assert read("outreachd_connections_waiting", {"account": name}) == 0


async def test_a_daemon_that_loses_the_lease_stops_reading() -> None:
    """Whoever sends now reads; two would act on one mail."""
    world = World()
    world.sends()
    async with running(world):
        await world.clock.sleep(3)
        world.shift = None
        await world.clock.sleep(3)
    last_read = world.times("reads")[-1]
    assert last_read <= 3 < world.times("stops")[0] + 1
