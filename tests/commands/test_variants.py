"""The laws of comparing wordings from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from outreachd.commands.variants import compared, page, variants
from outreachd.store.steering import NoSuchError
from outreachd.store.variants import Tally


def tally(name: str, sent: int = 0, **counts: Any) -> Tally:
    """Make a tally of step 1."""
    values: dict[str, Any] = {
        "step": 1,
        "weight": 1.0,
        "answered": 0,
        "bounced": 0,
        "complained": 0,
        "opted_out": 0,
        "tried": sent,
    }
    return Tally(name=name, sent=sent, **values | counts)


def told(*tallies: Tally) -> str:
    """Show a page as people see it."""
    console = Console(width=100, force_terminal=False)
    with console.capture() as capture:
        page(compared(tallies), console)
    return capture.get()


@pytest.mark.parametrize(
    ("first", "other", "said"),
    [
        (
            (3, 0),
            (3, 3),
            "bold, plain: too few letters to tell which was answered more",
        ),
        ((500, 20), (500, 24), "not shown that either was answered more often (p = "),
        ((500, 20), (500, 50), "bold was answered more often than plain (p = 0.0"),
        ((500, 50), (500, 20), "bold was answered less often than plain (p = 0.0"),
    ],
)
def test_figures_are_shown_with_what_they_prove(
    first: tuple[int, int], other: tuple[int, int], said: str
) -> None:
    """Each later wording beside the first, in one sentence."""
    plain = tally("plain", first[0], answered=first[1])
    text = told(plain, tally("bold", other[0], answered=other[1]))
    assert said in text
    assert f"{first[1]} ({first[1] / first[0]:.1%})" in text


def test_what_went_wrong_is_said_only_where_it_is_proved() -> None:
    """Bounces count of all that was tried; a wording that is gone has no weight."""
    plain = tally("plain", 1000, bounced=10, tried=1010)
    text = told(plain, tally("bold", 1000, weight=None, bounced=80, tried=1080))
    assert "bold bounced more often than plain (p = " in text
    assert "complained of" not in text
    assert "gone" in text


@pytest.mark.parametrize("name", ["[/b]", "[de] short", ":smile:"])
def test_a_wording_is_shown_by_its_name_whatever_that_is(name: str) -> None:
    """Brackets in a name are no markup of ours, and no picture."""
    assert name in told(tally("plain", 3), tally(name, 3)).split("\n  ")[0]


def test_steps_are_compared_each_for_itself() -> None:
    """The first wording of a step is held against nothing."""
    rows = compared([tally("a", 5), tally("b", 5), tally("c", 5, step=2)])
    assert [row["against"] for row in rows] == [None, "a", None]


async def test_without_wordings_it_says_how_to_have_some(
    config: Path, fleet: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """And --json gives an empty list; a campaign nobody has is told."""
    await variants(config, "spring", False)
    assert "[[campaign.step.variant]]" in capsys.readouterr().out
    await variants(config, "spring", True)
    assert json.loads(capsys.readouterr().out) == {"campaign": "spring", "variants": []}
    with pytest.raises(NoSuchError):
        await variants(config, "nobody", True)
