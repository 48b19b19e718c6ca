"""The laws of showing and forgetting a person from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.base import FailedError, MisusedError
from outreachd.commands.person import erase, export, export_command
from outreachd.store.database import Database
from tests.commands.conftest import PutSends

P2 = "p2@people.example"


async def test_export_prints_all_as_json(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """One object, also for somebody nobody knows."""
    await put_sends(2)
    await export(config, "P2@People.example")
    shown = json.loads(capsys.readouterr().out)
    assert shown["address"] == P2
    assert len(shown["contacts"]) == len(shown["sends"]) == 1
    await export(config, "nobody@people.example")
    assert json.loads(capsys.readouterr().out)["contacts"] == []


def test_export_takes_the_option_that_all_take() -> None:
    """What is JSON in any case does not refuse --json."""
    with export_command.make_context("export", [P2, "--json"]) as context:
        assert context.params["address"] == P2


async def test_erase_forgets_and_says_so(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person is gone, and the sentence tells what keeps them from coming back."""
    await put_sends(3)
    await erase(config, P2, yes=True, as_json=False)
    assert capsys.readouterr().out.startswith("1 contact and 1 send forgotten; a keyed")
    await export(config, P2)
    shown = json.loads(capsys.readouterr().out)
    assert shown["contacts"] == []
    assert shown["suppressions"][0]["reason"] == "erased"


async def test_nobody_is_forgotten_by_a_slip(
    config: Path, put_sends: PutSends, db: Database
) -> None:
    """Without --yes and without a terminal, and for what is no address: a sentence."""
    await put_sends(1)
    with pytest.raises(MisusedError, match="--yes"):
        await erase(config, P2, yes=False, as_json=False)
    with pytest.raises(MisusedError, match="is no address"):
        await erase(config, "p2", yes=True, as_json=False)
    async with db.connection() as connection:
        await connection.execute("UPDATE send SET state = 'leased', term = 1")
    with pytest.raises(FailedError, match="try again in a minute"):
        await erase(config, "p1@people.example", yes=True, as_json=False)
