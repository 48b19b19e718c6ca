"""The laws of the demo's day: its clock, its beginning, its end."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta

import pytest

from outreachd.clock import RealClock
from outreachd.demo.book import read
from outreachd.demo.day import BEGINS, STEP_S, SteppingClock, last_monday, live
from outreachd.demo.judgement import judge
from outreachd.demo.moment import Moment
from outreachd.demo.stage import GREYLISTED, Size, stage
from outreachd.store.steering import PgSteering
from outreachd.web.server import ListenError

MONDAY = datetime(2026, 3, 2, tzinfo=UTC) + BEGINS


@pytest.mark.parametrize("day", range(14))
def test_the_day_is_the_newest_monday_that_is_over(day: int) -> None:
    """Never today, never more than a week and a day ago, always before the offices."""
    now = datetime(2026, 3, 2, 4, 0, tzinfo=UTC) + timedelta(days=day, hours=3)
    monday = last_monday(now)
    assert monday.weekday() == 0
    assert timedelta(hours=18) < now - monday < timedelta(days=8)
    assert monday.time() == MONDAY.time()


async def test_nobody_waits_for_less_than_a_step() -> None:
    """Short waits end together at the end of a step, long ones when they were asked."""
    clock, event = SteppingClock(MONDAY), asyncio.Event()
    ticking = asyncio.create_task(clock.run())
    assert not await clock.wait(event, 0.001)
    assert clock.monotonic() == STEP_S
    assert not await clock.wait(event, 100)
    assert clock.monotonic() == STEP_S + 100
    ticking.cancel()


async def test_a_small_day_comes_to_its_end() -> None:
    """The daemon sends every letter; the ledger and the server's log agree."""
    moments: list[Moment] = []
    size = Size(mailboxes=8, contacts=12, seed=1)
    async with stage(size, MONDAY, lambda _: None) as scene:
        last = await live(scene, moments.append)
        status = await PgSteering(scene.database).status(RealClock().now())
    assert moments
    assert last.letters == sum(last.by_client.values()) == 12
    assert sum(last.by_domain.values()) == 12
    assert status["sends"] == {"sent": 12}
    assert MONDAY < last.now < MONDAY + timedelta(hours=18)


@pytest.mark.slow
async def test_a_larger_day_is_within_limits_even_and_fair() -> None:
    """At the server's log: no fault, mailboxes in turn, nobody below its share."""
    size = Size(mailboxes=120, contacts=1200, seed=1)
    async with stage(size, MONDAY, lambda _: None) as scene:
        await live(scene, lambda _: None)
        letters = list(read(scene.log))
        found = judge(letters, scene.roster, scene.contacts, MONDAY, GREYLISTED)
    assert found.is_faultless, found.violations[:3]
    assert max(even.widest_lead for even in found.even.values()) <= 2
    assert found.put_off > 0
    for name, share in found.shares.items():
        assert share.got == pytest.approx(share.due, rel=0.04), name


async def test_a_daemon_that_cannot_start_ends_the_day_with_its_words() -> None:
    """Its own sentence reaches the person who asked for a demo."""
    size = Size(mailboxes=4, contacts=4, seed=1)
    async with stage(size, MONDAY, lambda _: None) as scene:
        host, _, port = scene.address.partition(":")
        with socket.create_server((host, int(port))):
            with pytest.raises(ListenError, match="cannot listen"):
                await live(scene, lambda _: None)
