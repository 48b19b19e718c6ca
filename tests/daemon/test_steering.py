"""Pausing, applying and opting out while the real process sends at full speed."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from outreachd.rules.model import Kind
from outreachd.rules.token import TokenKind
from outreachd.rules.wanted import Fleet, WantedMailbox
from outreachd.store.vault import Vault
from tests.daemon.processes import CLOCK, Running
from tests.daemon.rig import World, world

PAUSES = 55
LEAVERS = 40
# Paused from, until; whose letters ("" = all); the Message-IDs begun before.
Span = tuple[datetime, datetime, str, frozenset[str]]
BEGUN = "SELECT message_id FROM send WHERE state <> ALL ('{scheduled,leased}')"


@pytest.mark.slow
async def test_a_pause_holds_from_its_answer_on(
    tmp_path: Path, database_url: str
) -> None:
    """Promise 7, 76: no intent in any pause, and after 55 of them each letter once."""
    dice = random.Random(76)
    spans: list[Span] = []
    answered_s: list[float] = []
    async with world(tmp_path, database_url, slow_ms=[40.0]) as w:
        await w.furnish(mailboxes=40, letters=3000)
        daemon = w.start()
        await w.until_more()
        for n in range(PAUSES):
            path, whose = target(n, w)
            spans.append(await pause(w, daemon, path, whose, dice, answered_s))
            if n % 10 == 9:
                await w.apply(edited(w.fleet, n))
            if await w.is_done():
                await w.enrol(500)
            await CLOCK.sleep(dice.uniform(0.02, 0.1))
        await w.until_done()
        assert await daemon.terminated() == 0
        finding, broken = await w.finding(), await intents_within(w, spans)
    figures = (
        f"{PAUSES} pauses, answered within {max(answered_s):.2f} s, intents in them: "
        f"{len(broken)} {broken[:3]}; {finding}"
    )
    print(figures)
    assert not broken, figures
    assert finding.is_clean, figures
    assert finding.states.keys() == {"sent"}, figures


def target(n: int, w: World) -> tuple[str, str]:
    """Choose what to pause: a path, and whose letters it stops."""
    box = f"m{n % 40}@d0.acme.example"
    return (
        ("/v1/campaigns/spring", ""),
        ("/v1/clients/acme", ""),
        ("/v1/domains/d0.acme.example", ""),
        (f"/v1/accounts/{w.sinks[0].name}", ""),
        (f"/v1/mailboxes/{box}", box),
    )[n % 5]


async def pause(
    w: World,
    daemon: Running,
    path: str,
    whose: str,
    dice: random.Random,
    answered_s: list[float],
) -> Span:
    """Pause, wait a little, resume; tell between which instants nothing may begin."""
    asked = CLOCK.monotonic()
    status, _ = await daemon.ask("POST", f"{path}/pause", {"reason": "a test"})
    begins = CLOCK.now()
    answered_s.append(CLOCK.monotonic() - asked)
    assert status == 200
    async with w.db.connection() as connection:
        begun = frozenset(row["message_id"] for row in await connection.fetch(BEGUN))
    await CLOCK.sleep(dice.choice([0.02, 0.05, 0.1, 0.5]))
    ends = CLOCK.now()
    status, _ = await daemon.ask("POST", f"{path}/resume")
    assert status == 200
    return begins, ends, whose, begun


def edited(fleet: Fleet, n: int) -> Fleet:
    """Edit the fleet as an operator would: names, limits, another direction."""
    things = {kind: dict(named) for kind, named in fleet.things.items()}
    for name, thing in things[Kind.MAILBOX].items():
        assert isinstance(thing, WantedMailbox)
        things[Kind.MAILBOX][name] = replace(thing, daily_limit=thing.daily_limit - n)
    return Fleet(things)


async def intents_within(w: World, spans: list[Span]) -> list[str]:
    """Find what was begun, or arrived, while it was paused."""
    async with w.db.connection() as connection:
        rows = await connection.fetch(
            "SELECT a.started_at, m.address FROM attempt a "
            "JOIN mailbox m ON m.id = a.mailbox_id"
        )
    found = [(row["started_at"], row["address"], "") for row in rows]
    # By the server's own clock: what was under way may arrive, and nothing else.
    found += [
        (datetime.fromtimestamp(letter.at, UTC), letter.mailbox, letter.message_id)
        for letter in w.letters()
    ]
    return [
        f"{address} {'arrived' if message_id else 'begun'} at {at}"
        for at, address, message_id in found
        for begins, ends, whose, begun in spans
        if begins < at < ends and whose in ("", address) and message_id not in begun
    ]


@pytest.mark.slow
async def test_who_left_gets_no_letter(tmp_path: Path, database_url: str) -> None:
    """Promise 5, 77: no letter whose intent is later than the answer to an opt-out."""
    dice = random.Random(77)
    async with world(tmp_path, database_url, slow_ms=[60.0]) as w:
        await w.furnish(mailboxes=40, letters=1500)
        tokens = await opt_out_tokens(w)
        leavers = dice.sample(sorted(tokens), LEAVERS)
        daemon = w.start()
        await w.until_more()
        left: dict[str, datetime] = {}
        async with aiohttp.ClientSession() as session:
            for email in leavers:
                url = f"{daemon.public}/u/{tokens[email]}"
                form = {"List-Unsubscribe": "One-Click"}
                async with session.post(url, data=form) as got:
                    assert got.status == 200, await got.text()
                left[email] = CLOCK.now()
                await CLOCK.sleep(0.03)
        await w.until_done()
        assert await daemon.terminated() == 0
        finding, begun = await w.finding(), await started(w)
    late = [who for who, at in left.items() if any(b > at for b in begun[who])]
    # One that was leased meets the suppression at its intent, or its end before that.
    spared = finding.states["suppressed"] + finding.states["cancelled"]
    figures = f"{LEAVERS} left, {spared} spared a letter, late {late}; {finding}"
    print(figures)
    assert not late, figures
    assert finding.is_clean, figures
    assert 0 < spared <= LEAVERS, figures
    assert finding.letters == len(tokens) - spared, figures


async def opt_out_tokens(w: World) -> dict[str, str]:
    """Make the token of each recipient's letter."""
    vault = Vault.unlock(w.directory / "state-a")
    mint = vault.mint
    async with w.db.connection() as connection:
        rows = await connection.fetch(
            "SELECT c.email, e.id FROM enrolment e JOIN contact c ON c.id = contact_id"
        )
    return {row["email"]: mint.mint(TokenKind.OPT_OUT, row["id"]) for row in rows}


async def started(w: World) -> dict[str, list[datetime]]:
    """Tell when each letter that a server accepted was begun."""
    async with w.db.connection() as connection:
        rows = await connection.fetch(
            "SELECT c.email, a.started_at FROM attempt a "
            "JOIN send s ON s.id = a.send_id JOIN contact c ON c.id = s.contact_id"
        )
    accepted = {letter.recipient for letter in w.letters()}
    found: dict[str, list[datetime]] = defaultdict(list)
    for row in rows:
        if row["email"] in accepted:
            found[row["email"]].append(row["started_at"].astimezone(UTC))
    return found
