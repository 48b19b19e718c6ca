"""The laws of dropping held sends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from outreachd.commands.base import MisusedError
from outreachd.commands.drop import drop
from outreachd.store.database import Database
from outreachd.store.holds import Choice
from tests.commands.conftest import PutSends


async def states(db: Database) -> list[str]:
    """Tell the states of all sends."""
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT state FROM send ORDER BY id")
    return [row["state"] for row in rows]


async def test_everything_is_never_dropped_by_one_word(config: Path) -> None:
    """Without a choice nothing is looked at."""
    with pytest.raises(MisusedError, match="say what to drop"):
        await drop(config, Choice(), is_sure=True, as_json=False)


async def test_many_are_not_dropped_without_a_yes(
    config: Path, put_sends: PutSends, db: Database
) -> None:
    """A script must say --yes; until then nothing moves."""
    await put_sends(2, state="held", reason="bug")
    with pytest.raises(MisusedError, match="nothing was dropped: 2 sends are held"):
        await drop(config, Choice(reason="bug"), is_sure=False, as_json=False)
    assert await states(db) == ["held", "held"]


async def test_what_is_chosen_is_dropped_and_said(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The consequence is told before, the number after."""
    await put_sends(2, state="held", reason="bug")
    await drop(config, Choice(campaign="spring"), is_sure=True, as_json=False)
    told = capsys.readouterr().out
    assert "its sequence ends" in told
    assert told.endswith("Dropped 2 sends.\n")
    assert await states(db) == ["cancelled", "cancelled"]
    await drop(config, Choice(campaign="spring"), is_sure=True, as_json=True)
    assert capsys.readouterr().out == '{"dropped":0}\n'


def test_the_call_ends_with_2_without_a_choice(call: Callable[..., Result]) -> None:
    """Wrong usage is said as such."""
    assert call("drop", "--yes").exit_code == 2
