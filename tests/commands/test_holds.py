"""The laws of listing what is held."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.holds import holds
from outreachd.store.holds import Choice
from tests.commands.conftest import PutSends


async def test_holds_are_listed_with_examples_and_a_way_out(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person sees what, since when, an example and what to do."""
    await put_sends(5, state="held", reason="missing_variable")
    await holds(config, Choice(), as_json=False)
    told = capsys.readouterr().out
    assert "5  spring: missing_variable, since" in told
    assert "send 1, p1@people.example" in told
    assert told.count("@people.example") == 3
    assert "`outreachd release` lets them go, `outreachd drop` never" in told


async def test_a_script_reads_the_same(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts and examples as JSON."""
    await put_sends(2, state="held", reason="bug")
    await holds(config, Choice(reason="bug"), as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["held"] == 2
    assert told["holds"][0]["examples"][0]["contact"] == "p1@people.example"


async def test_nothing_held_is_said(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is no failure."""
    await holds(config, Choice(), as_json=False)
    assert capsys.readouterr().out == "Nothing is held.\n"
