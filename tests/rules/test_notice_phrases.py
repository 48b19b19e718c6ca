"""The laws of tables of phrases, and of every pattern by which notices are read."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from outreachd.rules.notice_phrases import one_of, phrases

ROOM = Path(__file__).parents[2] / "outreachd" / "rules"
OURS = re.compile(r"notice|dsn|arf|autoreply|answer|leave|reply")
PUMPS = [
    *" \t\n<>@.-_=:;,\"'()[]a1/*#~+&%|",
    *("a ", "a.", "a-", "a@a.", "x@a-", "not ", "1 jan ", "550 5.1.1 ", "please "),
    *("> ", "\n ", "\na: b", "--", "to ", "be ", "user ", "said: ", "=?a", "=?a?q?"),
    *("<a", "&#", "mail ", "a\n", "-a"),
]


def patterns(value: object) -> Iterator[re.Pattern[Any]]:
    """Find the expressions in a name of a module: itself, in a tuple, in rules."""
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from patterns(one)


def every_pattern() -> dict[str, re.Pattern[Any]]:
    """Collect every regular expression of the rules that read notices."""
    found = {}
    for path in sorted(ROOM.glob("*.py")):
        if OURS.match(path.stem):
            for name, value in vars(
                import_module(f"outreachd.rules.{path.stem}")
            ).items():
                for number, one in enumerate(patterns(value)):
                    found[f"{path.stem}.{name}.{number}"] = one
    return found


def test_a_table_is_one_choice_in_its_order() -> None:
    """Lines are alternatives, indented ones go on, comments are left out."""
    table = """
# English
gone|left
to (a
    |b)
"""
    assert one_of(table) == "(?:gone|left|to (a|b))"
    assert phrases(table).fullmatch("to b")
    assert not phrases(table).search("English")
    assert phrases(table, re.IGNORECASE).fullmatch("GONE")


@pytest.mark.parametrize("name", every_pattern())
def test_no_pattern_runs_away(name: str) -> None:
    """3000 characters made to hurt cost no pattern more than a blink."""
    pattern = every_pattern()[name]
    for pump in PUMPS:
        text: Any = "a@" + pump * (3000 // len(pump))
        text = text.encode() if isinstance(pattern.pattern, bytes) else text
        begun = time.perf_counter()
        pattern.search(text)
        assert time.perf_counter() - begun < 0.5, pump
