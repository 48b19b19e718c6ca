"""Those who leave: real POSTs to the public listener, by the links in their letters.

Two in a hundred of those who are written to, chosen by chance; each leaves some virtual
hours after the first letter or the second. Always holds: ``at`` is what the week's
clock shows once the answer has come, so whatever is dated later began after the commit.
Errors: an answer other than 200 ends the week.
"""

from __future__ import annotations

import asyncio
import heapq
from dataclasses import dataclass
from random import Random

import aiohttp

from outreachd.clock import RealClock
from outreachd.demo.clockfile import ClockFile
from tests.bench.week_plan import Plan
from tests.bench.week_sink import Line

SHARE = 0.02
AT_ONCE = 4
HOUR_S = 3600.0
FORM = {"List-Unsubscribe": "One-Click"}


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who has left a client, and when the answer had come."""

    email: str
    client: str
    at: float  # virtual
    real: float


class Leavers:
    """Draws who leaves and when, and asks for it in time."""

    def __init__(self, plan: Plan, public: str, clock: ClockFile, seed: int) -> None:
        self._plan = plan
        self._public = public
        self._clock = clock
        self._house = RealClock()
        self._dice = Random(seed)
        # Whom it is decided for, and after which letter; 0 = stays.
        self._after: dict[tuple[str, str], int] = {}
        self._waiting: list[tuple[float, str, str, str]] = []
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.left: list[Left] = []

    def hear(self, line: Line) -> None:
        """Learn of a letter."""
        client = self._plan.campaigns[line.campaign].client
        if self._leaves_after(line.recipient, client) == line.step and line.leave:
            at = line.at + self._dice.expovariate(1 / (10 * HOUR_S))
            link = (at, line.leave, line.recipient, client)
            heapq.heappush(self._waiting, link)

    async def act(self, session: aiohttp.ClientSession) -> None:
        """Let all leave whose time has come."""
        due = []
        while self._waiting and self._waiting[0][0] <= self._clock.read():
            due.append(heapq.heappop(self._waiting))
        await asyncio.gather(*(self._leave(session, *one[1:]) for one in due))

    def _leaves_after(self, email: str, client: str) -> int:
        whom = email, client
        if whom not in self._after:
            chance = self._dice.random()
            self._after[whom] = (chance < SHARE) + (chance < SHARE / 4)
        return self._after[whom]

    async def _leave(
        self, session: aiohttp.ClientSession, path: str, email: str, client: str
    ) -> None:
        async with self._turns:
            async with session.post(self._public + path, data=FORM) as got:
                await got.read()
                if got.status != 200:
                    raise RuntimeError(f"{path} was answered {got.status}")
            real = self._house.now().timestamp()
            self.left.append(Left(email, client, self._clock.read(), real))
