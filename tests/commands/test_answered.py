"""The laws of noting an answer from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.answered import answered
from outreachd.commands.base import FailedError, MisusedError
from outreachd.store.steering import NoSuchError
from tests.commands.conftest import PutSends


async def test_who_has_answered_is_written_to_no_more(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """What waits for the person ends; told twice, it is said that it was known."""
    await put_sends(3)
    await answered(config, "P2@People.example", None, False)
    await answered(config, "p2@people.example", "acme", False)
    assert capsys.readouterr().out.splitlines() == [
        "p2@people.example has answered: 1 waiting send ended.",
        "p2@people.example has answered, as was known: 0 waiting sends ended.",
    ]
    await answered(config, "p1@people.example", "acme", True)
    told = json.loads(capsys.readouterr().out)
    assert (told["is_new"], told["sends"], told["enrolments"]) == (True, 1, 1)


async def test_who_is_not_known_is_told(config: Path, fleet: None) -> None:
    """A slip in the address or the client must not pass for done."""
    with pytest.raises(FailedError, match="nobody was ever to be written to"):
        await answered(config, "zoe@people.example", None, False)
    with pytest.raises(MisusedError, match="is no address"):
        await answered(config, "zoe", None, False)
    with pytest.raises(NoSuchError, match="no client"):
        await answered(config, "zoe@people.example", "nobody", False)
