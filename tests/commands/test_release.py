"""The laws of releasing held sends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.release import release
from outreachd.store.database import Database
from outreachd.store.holds import Choice
from outreachd.store.steering import NoSuchError
from tests.commands.conftest import PutSends


async def states(db: Database) -> list[str]:
    """Tell the states of all sends."""
    async with db.connection() as connection:
        return [
            r["state"]
            for r in await connection.fetch("SELECT state FROM send ORDER BY id")
        ]


async def test_many_are_not_released_without_a_word(
    config: Path, put_sends: PutSends, db: Database
) -> None:
    """A script must say --yes; until then nothing moves."""
    await put_sends(2, state="held", reason="template_error")
    for as_json in (True, False):
        with pytest.raises(MisusedError, match="2 sends are held, add --yes"):
            await release(config, Choice(), is_sure=False, as_json=as_json)
    assert await states(db) == ["held", "held"]


async def test_a_person_may_say_no(
    config: Path, put_sends: PutSends, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked and not agreed, nothing moves."""
    await put_sends(2, state="held", reason="template_error")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda _: False)
    with pytest.raises(FailedError, match="nothing was released"):
        await release(config, Choice(), is_sure=False, as_json=False)
    assert await states(db) == ["held", "held"]


async def test_one_is_released_without_asking(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Naming one send is consent enough; its neighbours stay held."""
    first, _ = await put_sends(2, state="held", reason="missing_variable")
    await release(config, Choice(ids=[first]), is_sure=False, as_json=False)
    assert await states(db) == ["scheduled", "held"]
    assert "1  spring: missing_variable" in capsys.readouterr().out


async def test_what_may_have_arrived_is_said_before(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody sends a letter twice without having been told so."""
    await put_sends(3, state="held", reason="uncertain")
    await release(
        config,
        Choice(campaign="spring", reason="uncertain"),
        is_sure=True,
        as_json=False,
    )
    told = capsys.readouterr().out
    assert "3 sends got no answer and may have arrived" in told
    assert told.endswith("Released 3 sends.\n")


async def test_what_has_no_ground_of_consent_stays_and_that_is_said(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before, how many and what to do; the rest goes; the end is a failure."""
    ids = await put_sends(3, state="held", reason="no_consent")
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE contact SET consent_basis = NULL WHERE email <> 'p2@people.example'"
        )
    choice = Choice(reason="no_consent")
    with pytest.raises(FailedError, match=r"2 sends stay held: .* consent_basis"):
        await release(config, choice, is_sure=False, as_json=False)
    told = capsys.readouterr().out
    assert "2 sends will not go: without a ground of consent" in told
    assert told.endswith("Released 1 send.\n")
    assert await states(db) == ["held", "scheduled", "held"]
    with pytest.raises(FailedError, match="1 send stays held"):
        await release(config, Choice(ids=[ids[0]]), is_sure=False, as_json=True)
    assert capsys.readouterr().out == '{"groundless":1,"released":0}\n'
    with pytest.raises(FailedError, match="2 sends stay held"):
        await release(config, choice, is_sure=True, as_json=False)
    assert "Nothing of that kind" not in capsys.readouterr().out


async def test_nothing_held_is_said_and_no_failure(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is held, nothing is released, and a script reads a zero."""
    await release(config, Choice(), is_sure=False, as_json=False)
    await release(config, Choice(), is_sure=False, as_json=True)
    assert capsys.readouterr().out.splitlines() == [
        "Nothing of that kind is held; `outreachd holds` tells what is.",
        '{"groundless":0,"released":0}',
    ]


async def test_an_unknown_campaign_is_told(config: Path, fleet: None) -> None:
    """A misspelt campaign is a slip, not an empty one."""
    with pytest.raises(NoSuchError, match="no campaign"):
        await release(config, Choice(campaign="sprig"), is_sure=True, as_json=False)


def test_a_send_is_named_by_its_number(call: Callable[..., Result]) -> None:
    """Anything else is wrong usage."""
    assert call("release", "--send", "x").exit_code == 2
