"""A week of a real plan on a virtual clock, judged at the SMTP server's log.

``python -m tests.bench week [--contacts N]``: the real daemon in a process of its own,
a PostgreSQL, an SMTP server that writes down what it accepts, and people who leave by
the links in their letters. Prints what the referee found; ends with 1 on any breach.
Errors: WeekError when time stands still or the daemon ends before the week does.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import asyncpg

from outreachd.clock import RealClock
from outreachd.demo import referee
from tests.bench.week_leavers import Leavers, Left
from tests.bench.week_plan import BEGINS, ENDS, Plan, make_plan
from tests.bench.week_referee import Breach, breaches, crossings
from tests.bench.week_shares import Shares, shares
from tests.bench.week_sink import Line, Log
from tests.bench.week_stage import Stage, daemon, stage

CONTACTS = 50_000
# Shares of fewer people are told and not judged: 2 % of them are single letters.
SHARES_FROM = 10_000
LOOK_S = 0.02
STALLED_S = 40.0
SHOWN = 5  # breaches of one law

# What must be none when the week is over.
LEFT_OVER = """
SELECT 'sends ' || state, count(*) FROM send
WHERE state IN ('leased', 'sending', 'uncertain', 'failed', 'held', 'expired')
GROUP BY state
UNION ALL
SELECT 'enrolments that wait for nothing', count(*) FROM enrolment e
WHERE state = 'active' AND NOT EXISTS (
    SELECT FROM send s WHERE s.enrolment_id = e.id AND s.state = 'scheduled')
"""


class WeekError(Exception):
    """The week did not come to its end."""


@dataclass(frozen=True, slots=True)
class Week:
    """What happened."""

    plan: Plan
    letters: Sequence[Line]
    left: Sequence[Left]
    breaches: Sequence[Breach]
    shares: Shares
    seconds: float  # real, of the week alone

    @property
    def is_faultless(self) -> bool:
        """Whether nothing happened that must not."""
        fair = [self.shares.clients, *self.shares.campaigns.values()]
        are_judged = len(self.plan.people) >= SHARES_FROM
        is_fair = not are_judged or all(share.is_fair for share in fair)
        return is_fair and not self.breaches


async def live(contacts: int, begins: datetime, ends: datetime) -> Week:
    """Let the time pass, and judge it."""
    plan = make_plan(contacts)
    async with stage(plan, begins) as scene:
        leavers = Leavers(plan, scene.public, scene.clock, seed=2)
        began, house = RealClock().monotonic(), RealClock()
        with daemon(scene, begins, ends) as process:
            letters = await _watch(scene, process, leavers, ends)
        seconds = house.monotonic() - began
        found = [*breaches(plan, letters, leavers.left)]
        found += _over_limit(scene, letters)
        found += await _left_over(scene, letters)
    fair = shares(plan, letters, leavers.left)
    return Week(plan, letters, leavers.left, found, fair, seconds)


async def _watch(
    scene: Stage,
    process: subprocess.Popen[bytes],
    leavers: Leavers,
    ends: datetime,
) -> list[Line]:
    """Read the log while it grows, and let people leave, until the week is over."""
    log, house = Log(scene.log), RealClock()
    letters: list[Line] = []
    moved, shown = house.monotonic(), 0.0
    async with aiohttp.ClientSession() as session:
        while process.poll() is None:
            for line in log.new():
                letters.append(line)
                leavers.hear(line)
            if (now := scene.clock.read()) < ends.timestamp():
                await leavers.act(session)
            if now != shown:
                shown, moved = now, house.monotonic()
            if house.monotonic() - moved > STALLED_S:
                break
            await house.sleep(LOOK_S)
    letters += log.new()
    log.close()
    if process.poll() != 0 or scene.clock.read() < ends.timestamp():
        at = datetime.fromtimestamp(scene.clock.read(), UTC)
        said = scene.daemon_log.read_text()[-2000:]
        raise WeekError(f"the daemon came no further than {at}:\n{said}")
    return letters


def _over_limit(scene: Stage, letters: Sequence[Line]) -> list[Breach]:
    """Ask the demo's referee whether every allowance was kept."""
    roster = scene.roster
    fleet = referee.Fleet(
        mailboxes={box.address: box for box in roster.mailboxes.values()},
        domains=roster.domains,
        accounts={account.name: account for account in roster.accounts.values()},
    )
    accepted = [
        referee.Accepted(n.at, n.sender, n.recipient, n.message_id, "relay")
        for n in letters
    ]
    return [Breach("limit", str(v)) for v in referee.over_limit(accepted, fleet)]


async def _left_over(scene: Stage, letters: Sequence[Line]) -> list[Breach]:
    """Compare with the database: as many sent as accepted, and nobody forgotten."""
    connection = await asyncpg.connect(scene.dsn)
    try:
        rows = await connection.fetch(LEFT_OVER)
        sent = await connection.fetchval(
            "SELECT count(*) FROM send WHERE state = 'sent'"
        )
    finally:
        await connection.close()
    found = [Breach("left over", f"{n} {what}") for what, n in rows if n]
    if sent != len(letters):
        found.append(Breach("sent", f"{sent} in the database, {len(letters)} accepted"))
    return found


def report(week: Week) -> str:
    """Say it for people."""
    steps = Counter(line.step for line in week.letters)
    laws = Counter(one.law for one in week.breaches)
    late = crossings(week.plan, week.letters, week.left)
    clients, campaigns = week.shares.clients, week.shares.campaigns
    judged = sum(share.got.total() for share in campaigns.values())
    lines = [
        (
            f"{len(week.plan.people)} people, {len(week.plan.mailboxes)} mailboxes: "
            f"{len(week.letters)} letters in {week.seconds:.0f} s "
            f"({', '.join(f'step {step}: {n}' for step, n in sorted(steps.items()))})"
        ),
        (
            f"{len(week.left)} left; {len(late)} letters were under way at that moment,"
            f" the last arrived {max(late, default=0.0) * 1000:.0f} ms after the answer"
        ),
        (
            f"shares while all clients had work: {clients.got.total()} letters, "
            f"at most {clients.widest:.2%} off"
        ),
        (
            f"shares while all campaigns of a client had work: {judged} letters, "
            f"at most {max(share.widest for share in campaigns.values()):.2%} off"
        ),
        f"breaches: {len(week.breaches)}",
    ]
    for law, count in laws.most_common():
        lines.append(f"  {law}: {count}")
        some = [one.text for one in week.breaches if one.law == law][:SHOWN]
        lines += [f"    {text}" for text in some]
    return "\n".join(lines)


async def main(contacts: int = CONTACTS) -> int:
    """Print what happened; 1 = something that must not."""
    week = await live(contacts, BEGINS, ENDS)
    print(report(week))
    return 0 if week.is_faultless else 1
