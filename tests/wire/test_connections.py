"""The laws of warm lines: bounded, in turn, given up in time, and never in the way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from outreachd.clock import RealClock
from outreachd.rules.model import Phase, Reply
from outreachd.wire.connections import Bounds
from outreachd.wire.smtp import SmtpSession
from tests.wire.carrying import ENVELOPE, LETTER, carrier, route, send
from tests.wire.server import Act, ScriptedServer, Then


@dataclass
class HandClock(RealClock):
    """A clock whose seconds are set by hand."""

    seconds: float = 1000.0

    def monotonic(self) -> float:
        """Tell the seconds set."""
        return self.seconds


def opened(answer: SmtpSession | Reply) -> SmtpSession:
    assert isinstance(answer, SmtpSession)
    return answer


async def test_no_more_lines_than_the_account_allows() -> None:
    """Whoever comes when all lines are in use waits; the first to come is served."""
    async with ScriptedServer() as server, carrier() as out:
        way = route(server, max_connections=2)
        held = [opened(await out.open(way, ENVELOPE, 1)) for _ in range(2)]
        order: list[int] = []

        async def one(number: int) -> None:
            session = opened(await out.open(way, ENVELOPE, 1))
            order.append(number)
            await session.deliver(LETTER)

        waiting = [asyncio.create_task(one(number)) for number in range(5)]
        await asyncio.wait(waiting, timeout=0.05)
        assert order == []
        assert out.statistics()[1].waiting == 5
        for session in held:
            await session.deliver(LETTER)
        await asyncio.gather(*waiting)
        assert order == [0, 1, 2, 3, 4]
        assert server.connections == 2


async def test_whoever_gives_up_waiting_takes_no_line() -> None:
    """A cancelled waiter leaves the queue, even in the instant its turn came."""
    async with ScriptedServer() as server, carrier() as out:
        way = route(server, max_connections=1)
        held = opened(await out.open(way, ENVELOPE, 1))
        early, late = (asyncio.create_task(send(out, way)) for _ in range(2))
        await asyncio.wait([early], timeout=0.02)
        early.cancel()
        delivered = asyncio.create_task(held.deliver(LETTER))
        delivered.add_done_callback(lambda _: late.cancel())
        await asyncio.wait([early, late, delivered])
        assert out.statistics()[1].waiting == 0
        assert (await send(out, way)).code == 250


async def test_a_line_freed_in_the_instant_a_waiter_leaves_is_not_lost() -> None:
    """A cancelled waiter that has not run yet is passed over."""
    async with ScriptedServer() as server, carrier() as out:
        way = route(server, max_connections=1)
        held = opened(await out.open(way, ENVELOPE, 1))
        early, late = (asyncio.create_task(send(out, way)) for _ in range(2))
        await asyncio.wait([early], timeout=0.02)
        early.cancel()
        held.abandon()
        assert (await late).code == 250
        assert out.statistics()[1].open == 1


async def test_a_line_being_closed_still_counts() -> None:
    """The server sees a line until it is gone: no second one beyond the limit."""
    async with ScriptedServer() as server, carrier(bounds=Bounds(max_letters=1)) as out:
        goodbye = asyncio.Event()
        server.on("QUIT", Act(b"221 bye", after=goodbye))
        way = route(server, max_connections=1)
        assert (await send(out, way)).code == 250
        sending = asyncio.create_task(send(out, way))
        await server.wait_for("QUIT")
        assert server.connections == 1
        goodbye.set()
        assert (await sending).code == 250


async def test_logins_share_an_account_but_never_a_line() -> None:
    """A line of another login is closed to make room, not used."""
    async with ScriptedServer() as server, carrier() as out:
        for login in ("ann", "bob", "ann"):
            way = route(server, username=login, max_connections=1)
            assert (await send(out, way)).code == 250
        assert server.connections == 3
        assert server.count("AUTH") == 3
        await server.wait_for("QUIT")


async def test_a_freed_place_goes_to_the_next_login() -> None:
    """A waiter with another login gets the place, not the line."""
    async with ScriptedServer() as server, carrier() as out:
        ann = route(server, username="ann", max_connections=1)
        bob = route(server, username="bob", max_connections=1)
        held = opened(await out.open(ann, ENVELOPE, 1))
        waiting = asyncio.create_task(send(out, bob))
        await asyncio.wait([waiting], timeout=0.02)
        await held.deliver(LETTER)
        assert (await waiting).code == 250
        assert out.statistics()[1].open == 1


async def test_a_failed_connect_frees_its_place() -> None:
    """Nobody waits for ever behind a server that refuses connections."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("CONNECT", Act(b"421 busy"))
        way = route(server, max_connections=1)
        replies = await asyncio.gather(*(send(out, way) for _ in range(4)))
        assert [reply.code for reply in replies] == [421] * 4
        assert out.statistics()[1].open == 0


async def test_goodbye_is_said_but_not_waited_for() -> None:
    """SMTP 25: an unanswered QUIT costs at most its limit and holds up no letter."""
    one = Bounds(max_letters=1)
    async with ScriptedServer() as server, carrier(bounds=one, quit_s=0.1) as out:
        server.on("QUIT", Act(then=Then.HANG))
        for _ in range(3):
            assert (await send(out, route(server))).code == 250
        await out.close()
        assert server.connections == server.count("QUIT") == 3


@pytest.mark.parametrize("last", [b"", b"421 4.4.2 idle for too long"])
async def test_a_line_closed_while_idle_is_replaced(last: bytes) -> None:
    """SMTP 26: the server hung up in the pause: noticed, a new line, no error."""
    async with ScriptedServer() as server, carrier() as out:
        assert (await send(out, route(server))).code == 250
        server.hang_up(last)
        assert (await send(out, route(server))).code == 250
        assert server.connections == 2
        assert len(server.accepted) == 2


async def test_a_line_that_dies_at_mail_is_replaced() -> None:
    """SMTP 26: closed in the very moment of MAIL: the same, within one open()."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("MAIL", Act(b"250 ok"), Act(then=Then.CLOSE), Act(b"250 ok"))
        for _ in range(2):
            assert (await send(out, route(server))).code == 250
        assert server.connections == 2


async def test_a_line_is_changed_before_the_server_tires() -> None:
    """SMTP 27: a server takes 3 letters a line, then says 421: no error is seen."""
    async with ScriptedServer() as server, carrier(bounds=Bounds(max_letters=3)) as out:
        for _ in range(7):
            assert (await send(out, route(server))).code == 250
        assert server.connections == 3


async def test_a_421_at_mail_on_a_warm_line_is_a_change_of_line() -> None:
    """SMTP 27: a limit we did not know of costs a new line, not an error."""
    async with ScriptedServer() as server, carrier() as out:
        server.on("MAIL", Act(b"250 ok"), Act(b"421 enough"), Act(b"250 ok"))
        for _ in range(2):
            assert (await send(out, route(server))).code == 250
        server.on("MAIL", Act(b"421 enough"))
        assert await send(out, route(server)) == Reply(Phase.MAIL, 421, "enough")


@pytest.mark.parametrize(("idle_s", "age_s"), [(61.0, 61.0), (50.0, 1800.0)])
async def test_old_and_idle_lines_are_given_up(idle_s: float, age_s: float) -> None:
    """A line idle or old beyond its bound is not used again."""
    clock = HandClock()
    async with ScriptedServer() as server, carrier(clock=clock) as out:
        assert (await send(out, route(server))).code == 250
        while clock.seconds < 1000 + age_s:
            clock.seconds += idle_s
            before = server.connections
            assert (await send(out, route(server))).code == 250
        assert before == 1
        assert server.connections == 2


async def test_idle_lines_are_closed_unasked() -> None:
    """A quiet account holds no line open: the timer says goodbye to it."""
    bounds = Bounds(idle_s=0.01)
    async with ScriptedServer() as server, carrier(bounds=bounds) as out:
        assert (await send(out, route(server))).code == 250
        await server.wait_for("QUIT")
        await out.close()
        assert out.statistics()[1].open == 0


async def test_closing_lets_what_is_under_way_finish() -> None:
    """After close() nothing is opened, waiters are told, and a letter still lands."""
    async with ScriptedServer() as server, carrier() as out:
        way = route(server, max_connections=1)
        held = opened(await out.open(way, ENVELOPE, 1))
        waiting = asyncio.create_task(send(out, way))
        await asyncio.wait([waiting], timeout=0.02)
        await out.close()
        assert (await waiting).text == "outreachd is stopping"
        assert (await send(out, way)).phase is Phase.CONNECT
        assert (await held.deliver(LETTER)).code == 250
