"""The real process with a letter at a server that does not answer for long.

One server answers at once, the other one reads the letter, writes it down, and answers
much later. What hangs holds up its mailbox, not the fleet: not after an outage of the
database, and not for ever at a stop.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.conftest import Breakable
from tests.daemon.processes import CLOCK, PATIENCE_S, Running, until
from tests.daemon.rig import LEASE_S, World, world

HANGS_MS = 25_000.0
# The lease is found lost, an ordinary letter is waited for, a shift begins: 1 + 5 + 1.
NEXT_SHIFT_S = 15.0


def hanging(w: World) -> list[str]:
    """Tell who got a letter by the server that does not answer."""
    return [one.recipient for one in w.letters() if one.account == "relay1"]


async def until_one_hangs(w: World) -> tuple[Running, str]:
    """Start with one mailbox at each server; tell who the first late letter is for."""
    await w.furnish(mailboxes=2, letters=4000)
    daemon = w.start()
    await until(lambda: bool(hanging(w)), PATIENCE_S, "a letter hung")
    await w.until_more()
    [who] = hanging(w)
    return daemon, who


async def until_the_next_shift_sends(w: World, daemon: Running) -> float:
    """Wait until a second shift has sent a letter; tell the seconds."""
    began = CLOCK.monotonic()
    await until(lambda: len(daemon.said("shift.begins")) == 2, NEXT_SHIFT_S, "a shift")
    await w.until_more(NEXT_SHIFT_S)
    return CLOCK.monotonic() - began


async def state_of(w: World, who: str) -> tuple[str, int]:
    """Tell where the letter to somebody stands, and how often it was begun."""
    state = await w.db_value(
        "SELECT state FROM send JOIN contact c ON c.id = contact_id WHERE email = $1",
        who,
    )
    attempts = await w.db_value(
        "SELECT count(*) FROM attempt a JOIN send s ON s.id = a.send_id "
        "JOIN contact c ON c.id = s.contact_id WHERE email = $1",
        who,
    )
    return state, attempts


async def until_sent(w: World, who: str) -> None:
    """Wait until the late answer is in the ledger."""

    async def is_sent() -> bool:
        return await state_of(w, who) == ("sent", 1)

    await until(is_sent, HANGS_MS / 1000 + 5, "the late answer was recorded")


@pytest.mark.slow
async def test_a_lost_lease_is_begun_anew_while_a_letter_hangs(
    tmp_path: Path, database_url: str
) -> None:
    """48, 62: the next shift sends in seconds; a stop waits for the late answer."""
    async with world(tmp_path, database_url, slow_ms=[20.0, 15_000.0]) as w:
        daemon, who = await until_one_hangs(w)
        await w.db_value("UPDATE lease SET lease_until = '-infinity'")
        again_s = await until_the_next_shift_sends(w, daemon)
        assert await state_of(w, who) == ("uncertain", 1)
        assert hanging(w) == [who], "its mailbox sent a second one meanwhile"
        assert await daemon.terminated() == 0, daemon.log.read_text()[-2000:]
        assert await state_of(w, who) == ("sent", 1)
        states, finding = await w.states(), await w.finding()
    figures = f"sending {again_s:.1f} s after the lease was lost; {finding}"
    print(figures)
    assert finding.is_clean, figures
    assert states.keys() <= {"sent", "scheduled"}, figures


@pytest.mark.slow
async def test_after_an_outage_the_fleet_does_not_wait_for_one_server(
    tmp_path: Path, breakable: Breakable
) -> None:
    """48: away for longer than the lease; the late answer is the letter's proof."""
    async with world(tmp_path, breakable.dsn, slow_ms=[20.0, HANGS_MS]) as w:
        daemon, who = await until_one_hangs(w)
        await breakable.crash()
        await CLOCK.sleep(LEASE_S + 0.5)
        await breakable.restart()
        again_s = await until_the_next_shift_sends(w, daemon)
        assert hanging(w) == [who], "its mailbox sent a second one meanwhile"
        await until_sent(w, who)
        await until(lambda: len(hanging(w)) == 2, 10.0, "its mailbox went on")
        await daemon.terminated(HANGS_MS / 1000 + 10)
        states, finding = await w.states(), await w.finding()
    figures = f"sending {again_s:.1f} s after the database was back; {finding}"
    print(figures)
    assert finding.is_clean, figures
    assert states.keys() <= {"sent", "scheduled"}, figures


@pytest.mark.slow
async def test_a_late_answer_in_a_second_outage_is_journaled(
    tmp_path: Path, breakable: Breakable
) -> None:
    """48, W8: it outlasted a shift, it survives a kill: sent, not uncertain."""
    journal = tmp_path / "state-a" / "outcomes.journal"
    async with world(tmp_path, breakable.dsn, slow_ms=[20.0, HANGS_MS]) as w:
        daemon, who = await until_one_hangs(w)
        await w.db_value("UPDATE lease SET lease_until = '-infinity'")
        await until_the_next_shift_sends(w, daemon)
        send_id = await w.db_value(
            "SELECT s.id FROM send s JOIN contact c ON c.id = contact_id "
            "WHERE email = $1",
            who,
        )
        await breakable.crash()
        await until(
            lambda: f'"send_id":{send_id},' in journal.read_text(),
            HANGS_MS / 1000 + 5,
            "the late answer was on the disk",
        )
        daemon.kill()
        await breakable.restart()
        again = w.start()
        await until(lambda: bool(again.said("shift.begins")), 15.0, "it began again")
        await until_sent(w, who)
        await again.terminated(HANGS_MS / 1000 + 10)
        finding = await w.finding()
    assert finding.is_clean, str(finding)
