"""Leaving while the real process sends: a thousand people, and not one letter more."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from outreachd.rules.token import TokenKind, TokenMint
from outreachd.store.vault import Vault
from tests.daemon.processes import CLOCK, PATIENCE_S, until
from tests.daemon.rig import World, world
from tests.daemon.test_database_lost import answers

LEAVERS = 1000
AT_ONCE = 4
LETTERS = 9000
RATE = 400.0  # letters a second
LIMIT = timedelta(seconds=1)

# Whoever is written to next: leased already, or first in the queue.
NEXT = """
SELECT e.id, c.email FROM send s
JOIN contact c ON c.id = s.contact_id JOIN enrolment e ON e.id = s.enrolment_id
WHERE s.state IN ('leased', 'scheduled') ORDER BY s.due_at, s.id LIMIT $1
"""
BEGUN = """
SELECT a.started_at FROM attempt a
JOIN send s ON s.id = a.send_id JOIN contact c ON c.id = s.contact_id
WHERE c.email = $1
"""


@dataclass(frozen=True)
class Try:
    """One person who left: when they asked, when that was answered, what was begun."""

    email: str
    asked: datetime
    answered: datetime
    begun: int  # intents that a look right after the answer saw

    @property
    def took(self) -> timedelta:
        """Tell how long the answer took."""
        return self.answered - self.asked


async def people(w: World) -> AsyncIterator[tuple[int, str]]:
    """Give one after another whose letter is the next to go."""
    seen: set[int] = set()
    while True:
        async with w.db.connection() as connection:
            rows = await connection.fetch(NEXT, 240)
        for row in rows[:: max(len(rows) // 8, 1)]:
            if row["id"] not in seen:
                seen.add(row["id"])
                yield row["id"], row["email"]
        if not rows:
            return


async def leave(w: World, pages: list[str], mint: TokenMint) -> list[Try]:
    """Let a thousand leave, by the pages of all daemons in turn."""
    tries: list[Try] = []
    chosen, line = people(w), asyncio.Lock()

    async def leavers(session: aiohttp.ClientSession) -> None:
        while len(tries) < LEAVERS:
            async with line:
                id, email = await anext(chosen)
            url = f"{pages[id % len(pages)]}/u/{mint.mint(TokenKind.OPT_OUT, id)}"
            form = {"List-Unsubscribe": "One-Click"}
            asked = CLOCK.now()
            async with session.post(url, data=form) as got:
                assert got.status == 200, await got.text()
            answered = CLOCK.now()
            tries.append(Try(email, asked, answered, len(await begun(w, email))))

    async with aiohttp.ClientSession() as session:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(leavers(session))
    return tries


async def begun(w: World, email: str) -> list[datetime]:
    """Tell when the intents for a person were made."""
    async with w.db.connection() as connection:
        rows = await connection.fetch(BEGUN, email)
    return [row["started_at"].astimezone(UTC) for row in rows]


def ms(span: timedelta) -> float:
    """Tell a time in milliseconds."""
    return span.total_seconds() * 1000


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_a_thousand_leave_and_no_intent_follows(
    tmp_path: Path, database_url: str
) -> None:
    """Promise 5: by commit order none after the opt-out; from POST to the last 1 s.

    Half of them leave by the page of a second daemon that stands by.
    """
    async with world(tmp_path, database_url, slow_ms=[40.0]) as w:
        await w.furnish(mailboxes=200, letters=LETTERS, rate_per_second=RATE)
        (w.directory / "state-b").mkdir(mode=0o700)
        shutil.copy2(w.directory / "state-a/secret.key", w.directory / "state-b")
        mint = Vault.unlock(w.directory / "state-a").mint
        daemons = [w.start("a"), w.start("b")]
        await w.until_more()
        for one in daemons:
            await until(partial(answers, one, "/healthz", 200), PATIENCE_S, "an answer")
        tries = await leave(w, [one.public for one in daemons], mint)
        during = await w.states()
        await w.until_done()
        for one in reversed(daemons):
            assert await one.terminated() == 0
        finding = await w.finding()
        late, slipped = [], [timedelta()]
        for one_try in tries:
            at = await begun(w, one_try.email)
            late += [one_try.email] * (len(at) - one_try.begun)
            slipped += [t - one_try.asked for t in at if t > one_try.asked]
        accepted = {letter.recipient for letter in w.letters()}
        unheard = accepted & {t.email for t in tries if not t.begun}
    took = sorted(one_try.took for one_try in tries)
    figures = (
        f"{len(tries)} left while {during['sent']} letters went: "
        f"{finding.states['suppressed']} spared, {len(slipped) - 1} intents between "
        f"POST and answer, the last {ms(max(slipped)):.0f} ms after its "
        f"POST; answered p50 {ms(took[len(took) // 2]):.0f} ms, p99 "
        f"{ms(took[len(took) * 99 // 100]):.0f} ms, at most "
        f"{ms(took[-1]):.0f} ms; after the commit: {len(late)} "
        f"intents, {len(unheard)} letters; {finding}"
    )
    print(figures)
    assert not late, figures
    assert not unheard, figures
    assert max(slipped) <= LIMIT, figures
    assert finding.is_clean, figures
    assert finding.states["suppressed"] >= LEAVERS // 4, figures
