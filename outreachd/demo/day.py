"""One working day of the daemon, on a clock that jumps over all waiting.

The daemon is the real one, with its real SMTP client and its ledger; only the clock
that it plans by is ours. Whether the day is over is read from the SMTP server's log.
Always holds: the clock stands still while a letter is under way, so the server dates
each letter with the instant at which it was decided.
Errors: DayError when nothing moves any more, or the daemon has ended by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from outreachd.clock import Clock, RealClock, VirtualClock
from outreachd.daemon import Daemon
from outreachd.demo.moment import Moment
from outreachd.demo.stage import Stage
from outreachd.demo.tail import Tail
from outreachd.store.steering import PgSteering

# Virtual seconds. The first office opens at 9 in Moscow.
BEGINS = timedelta(hours=5, minutes=30)
STEP_S = 5.0
POLL_S = 1800.0

FRAME_S = 0.25  # between two pictures, as everything below: real seconds
STATUS_S = 1.0
STALLED_S = 30.0
END_S = 20.0


class DayError(Exception):
    """The day did not come to its end; the text says what to do."""


class SteppingClock(VirtualClock):
    """A virtual clock on which nobody waits for less than a step.

    What falls into one step is done together, which is what makes a day short; it
    is never done early.
    """

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Wait for the event or for the virtual limit, rounded up to a step."""
        return await super().wait(event, max(seconds, STEP_S))


def last_monday(now: datetime) -> datetime:
    """Tell when the demo's day begins: it is the newest Monday that is over."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=(day.weekday() or 7)) + BEGINS


async def live(scene: Stage, show: Callable[[Moment], None]) -> Moment:
    """Let the day pass; the answer is its last moment."""
    clock = SteppingClock(
        scene.started_at, on_jump=lambda now: scene.time.tell(now.timestamp())
    )
    poll = {"claim_poll_s": POLL_S}  # beyond what is sane on a clock that does not jump
    send = scene.settings.send.model_copy(update=poll)
    settings = scene.settings.model_copy(update={"send": send})
    daemon = Daemon(settings, scene.dsn, scene.token, clock)
    async with running(daemon, clock) as ended:
        return await _watch(scene, clock, show, ended)


@asynccontextmanager
async def running(daemon: Daemon, clock: Clock) -> AsyncIterator[asyncio.Task[None]]:
    """Run the daemon, and its clock if that is virtual; end both well."""
    ticking = None
    if isinstance(clock, VirtualClock):
        ticking = asyncio.create_task(clock.run())
    task = asyncio.create_task(daemon.run())
    try:
        yield task
    finally:
        daemon.stop()
        try:
            await asyncio.wait({task}, timeout=END_S)
            daemon.stop()  # again: be quick
            await task
        finally:
            if ticking:
                ticking.cancel()


async def _watch(
    scene: Stage,
    clock: VirtualClock,
    show: Callable[[Moment], None],
    ended: asyncio.Task[None],
) -> Moment:
    """Look at the server's log until all letters are there, or the day is over."""
    house, steering = RealClock(), PgSteering(scene.database)
    clients, midnight = _clients(scene), scene.started_at - BEGINS + timedelta(days=1)
    moment = Moment(scene.started_at)
    began = moved = house.monotonic()
    asked = -STATUS_S
    with Tail(scene.log) as tail:
        while moment.letters < len(clients) and moment.now < midnight:
            before = moment.now, moment.letters
            moment.now, moment.real_s = clock.now(), house.monotonic() - began
            _count(moment, tail, clients)
            if moment.real_s - asked >= STATUS_S:
                moment.status = await steering.status(moment.now)
                asked = moment.real_s
            show(moment)
            if before != (moment.now, moment.letters):
                moved = house.monotonic()
            if ended.done() or house.monotonic() - moved > STALLED_S:
                raise DayError(_what_happened(scene, ended))
            await house.sleep(FRAME_S)
    return moment


def _clients(scene: Stage) -> dict[str, str]:
    """Tell for which client each person is to be written to."""
    roster = scene.roster
    names = {
        c.name: roster.clients[c.client_id].name for c in roster.campaigns.values()
    }
    return {
        person.email: names[campaign]
        for campaign, persons in scene.contacts.items()
        for person in persons
    }


def _count(moment: Moment, tail: Tail, clients: Mapping[str, str]) -> None:
    for line in tail.new():
        moment.letters += 1
        if moment.letters == len(clients):  # the clock has nothing more to wait for
            moment.now = datetime.fromtimestamp(line.at, UTC)
        moment.by_client[clients[line.recipients[0]]] += 1
        moment.by_domain[line.sender.rpartition("@")[2]] += 1
        moment.writers.add(line.sender)


def _what_happened(scene: Stage, ended: asyncio.Task[None]) -> str:
    if ended.done() and not ended.cancelled() and (error := ended.exception()):
        raise error
    return (
        "the day stands still, which should not happen: please report it with "
        f"the lines of the log.\n{_log_end(scene)}"
    )


def _log_end(scene: Stage) -> str:
    log = scene.home / "daemon.log"
    return "\n".join(log.read_text().splitlines()[-5:]) if log.exists() else ""
