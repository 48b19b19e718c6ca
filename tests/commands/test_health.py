"""The laws of telling health on the command line."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from outreachd.clock import RealClock
from outreachd.commands.base import MisusedError
from outreachd.commands.health import accept, health
from outreachd.rules.health import Health, Measure, Mode
from outreachd.rules.model import Kind
from outreachd.rules.recovery import Standing
from outreachd.rules.watch import Decision, Figures
from outreachd.store.database import Database
from outreachd.store.health import PgHealth
from outreachd.store.steering import NoSuchError

NAME = "mail.acme.example"
FIGURES = Figures(
    measure=Measure.HARD, window_h=24, sent=60, events=7, low=0.05, limit=0.025
)


async def decided(db: Database, mode: Mode) -> int:
    """Let a rule decide on the domain; tell the decision's number."""
    now, book = RealClock().now(), PgHealth(db)
    ill = Standing(
        health=Health.RESTING, since=now, until=now + timedelta(days=1), rule="r"
    )
    well = Standing(since=now)
    acts = mode is Mode.ENFORCE
    one = Decision(
        kind=Kind.DOMAIN,
        id=1,
        before=well,
        after=ill if acts else well,
        brings=Health.RESTING,
        rule="r",
        mode=mode,
        figures=FIGURES,
    )
    await book.write({(Kind.DOMAIN, 1): ill} if acts else {}, [one], now)
    id: int = (await book.decisions(now - timedelta(days=1)))[0]["id"]
    return id


async def test_a_well_fleet_is_said_in_a_line(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is ill and nobody near it."""
    await health(config, (), as_json=False)
    assert capsys.readouterr().out == "All are well, and none is near a limit.\n"


async def test_who_rests_is_told_with_rule_and_figures(
    config: Path, db: Database, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """State, until when, and the decision as a sentence."""
    await decided(db, Mode.ENFORCE)
    await health(config, (NAME,), as_json=False)
    told = capsys.readouterr().out
    assert told.startswith(f"resting  domain {NAME} until ")
    assert "rests, and comes back in stages" in told
    assert "well -> resting: 7 bounces for 60 letters in 24 h: surely more" in told


async def test_a_script_reads_the_same(
    config: Path, db: Database, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines and decisions as JSON."""
    await decided(db, Mode.ENFORCE)
    await health(config, (), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["health"][0]["name"] == NAME
    assert told["decisions"][0]["figures"]["events"] == 7


async def test_a_suggestion_can_be_accepted(
    config: Path, db: Database, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says how, does it, and refuses a second time."""
    id = await decided(db, Mode.SUGGEST)
    await health(config, (), as_json=False)
    assert f"suggested: resting (outreachd health accept {id})" in (
        capsys.readouterr().out
    )
    await accept(config, (str(id),), as_json=False)
    assert capsys.readouterr().out.startswith("Accepted: domain is resting until ")
    with pytest.raises(NoSuchError, match="no open suggestion"):
        await accept(config, (str(id),), as_json=True)


async def test_wrong_words_are_refused(config: Path, fleet: None) -> None:
    """Who is unknown, and what is no number."""
    with pytest.raises(MisusedError, match="nobody in the fleet"):
        await health(config, ("nobody",), as_json=False)
    with pytest.raises(MisusedError, match="one name"):
        await health(config, ("a", "b"), as_json=False)
    with pytest.raises(MisusedError, match="which suggestion"):
        await accept(config, ("x",), as_json=False)
    with pytest.raises(MisusedError, match="which suggestion"):
        await accept(config, ("9" * 5000,), as_json=False)
