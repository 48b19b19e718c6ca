"""The laws of looking at the suppression list and of taking an entry back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.base import FailedError
from outreachd.commands.suppress import suppress
from outreachd.commands.suppressions import command, search, show_list, undo
from outreachd.store.suppressions import Wanted
from tests.commands.conftest import PutSends

Captured = pytest.CaptureFixture[str]


@pytest.fixture
async def listed(config: Path, put_sends: PutSends, capsys: Captured) -> Path:
    """Give the settings of a fleet with three entries."""
    await put_sends(1)
    await suppress(config, "p1@people.example", "acme", None, "opt_out", False)
    await suppress(config, "@people.example", None, "spring", "asked", False)
    await suppress(config, "*.example", None, None, "a slip", False)
    capsys.readouterr()
    return config


async def test_the_list_shows_where_why_and_by_whom(
    listed: Path, capsys: Captured
) -> None:
    """Newest first, a page at a time, with the way to the next page."""
    await show_list(listed, Wanted(limit=2), False)
    told = capsys.readouterr().out  # a long name of the author wraps its row
    assert all(
        word in told for word in ("*.example", "anybody", "a slip (command line, ")
    )
    assert told.index("anybody") < told.index("campaign spring")
    assert told.endswith("There may be more: --before 2\n")
    await show_list(listed, Wanted(client="acme", reason="opt_out"), True)
    [row] = json.loads(capsys.readouterr().out)
    assert (row["id"], row["target"], row["client"]) == (
        1,
        "p1@people.example",
        "acme",
    )


async def test_a_long_target_is_shown_whole(config: Path, capsys: Captured) -> None:
    """In a pipe of no width too: half a wildcard would be another one."""
    target = "*no-reply*@*.department.of.records.example"
    await suppress(config, target, None, None, "a reason " * 20, False)
    capsys.readouterr()
    await show_list(config, Wanted(), False)
    assert target in capsys.readouterr().out


async def test_a_search_for_an_address_finds_all_that_bars_it(
    listed: Path, capsys: Captured
) -> None:
    """By whatever form; any other text is looked for in the targets."""
    await search(listed, "P1@people.example", True)
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [1, 2, 3]
    await search(listed, "people", True)
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [2, 1]
    await search(listed, "nobody@x.test", False)
    assert capsys.readouterr().out == "no entry.\n"


async def test_an_entry_is_taken_back_once_and_a_wish_only_on_request(
    listed: Path, capsys: Captured
) -> None:
    """The sentence says what is needed; the list shows who took it back."""
    await undo(listed, 3, "was a slip", False, False)
    await undo(listed, 3, "was a slip", False, True)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("suppression 3 is taken back;")
    assert told[1] == '{"id":3,"undone":false}'
    with pytest.raises(FailedError, match=r"opt_out.*--at-their-request\."):
        await undo(listed, 1, "x", False, False)
    await undo(listed, 1, "wrote to us", True, False)
    await show_list(listed, Wanted(with_undone=True), False)
    assert capsys.readouterr().out.count("taken back by ") == 2
    await search(listed, "p1@people.example", True)
    assert [row["id"] for row in json.loads(capsys.readouterr().out)] == [2]


def test_all_verbs_hang_together() -> None:
    """What README promises is there."""
    verbs = {"list", "search", "undo", "import", "export"}
    assert set(command.commands) == verbs
