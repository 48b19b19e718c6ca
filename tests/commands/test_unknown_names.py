"""The law of names: one that the fleet does not have is wrong usage in every verb."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from outreachd.__main__ import VERBS, main
from outreachd.rules.model import Kind
from tests.commands.calling import invoke
from tests.commands.conftest import Helm

# Parameters that take the name of something in the fleet.
NAMES = {"campaign", "client", "domain", "name", "words"}
KINDS = [kind for kind in Kind if kind is not Kind.FLEET]

# Every verb and name it takes; FILE is a list with one address.
CALLS = [
    "answered a@x.example --client nobody",
    "care --campaign nobody",
    "dkim nobody.example --selector o1",
    "drop --campaign nobody",
    "explain a@x.example --campaign nobody",
    "health nobody",
    "holds --campaign nobody",
    "import FILE --campaign nobody",
    "lint nobody",
    *(f"pause {kind} nobody --reason x" for kind in KINDS),
    "preview nobody --contact a@x.example",
    "release --campaign nobody",
    "report --campaign nobody",
    "report --client nobody",
    *(f"resume {kind} nobody" for kind in KINDS),
    "suppress a@x.example --reason x --campaign nobody",
    "suppress a@x.example --reason x --client nobody",
    "suppressions export OUT --campaign nobody",
    "suppressions export OUT --client nobody",
    "suppressions import FILE --reason x --campaign nobody",
    "suppressions import FILE --reason x --client nobody",
    "suppressions list --campaign nobody",
    "suppressions list --client nobody",
    "variants nobody",
]


def run(line: str, config: Path, tmp_path: Path) -> tuple[int, str]:
    """Call a verb; tell its exit code and what it said to people."""
    file = tmp_path / "list.csv"
    file.write_text("email\na@x.example\n")
    places = {"FILE": str(file), "OUT": str(tmp_path / "out.csv")}
    words = [places.get(word, word) for word in line.split()]
    result = invoke(main, *words, "--config", str(config))
    return result.exit_code, result.stderr


@pytest.mark.parametrize("line", CALLS)
async def test_an_unknown_name_is_wrong_usage(
    line: str, config: Path, fleet: None, tmp_path: Path
) -> None:
    """Exit 2 and one sentence that tells the name, whichever verb it is."""
    code, said = run(line, config, tmp_path)
    assert (code, said.count("\n")) == (2, 1), said
    assert said.startswith("outreachd: ")
    assert "nobody" in said


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_a_daemon_says_so_too(
    verb: str, config: Path, fleet: None, tmp_path: Path, helm: Helm
) -> None:
    """The same code whether a daemon runs or not."""
    more = " --reason x" if verb == "pause" else ""
    line = f"{verb} client nobody{more}"
    # In a thread: the daemon that stands in answers on this loop.
    code, said = await asyncio.to_thread(run, line, config, tmp_path)
    assert (code, "no client 'nobody'" in said) == (2, True)


def test_no_verb_that_takes_a_name_is_left_out() -> None:
    """A new verb, or a new option of an old one, is held to the same."""
    assert sorted(set(_taking_names())) == sorted({_key(line) for line in CALLS})


def _taking_names() -> Iterator[tuple[str, str]]:
    context = click.Context(main)
    for verb in VERBS:
        command = main.get_command(context, verb)
        assert command is not None
        subs = command.commands.items() if isinstance(command, click.Group) else ()
        for path, one in [(verb, command), *((f"{verb} {n}", c) for n, c in subs)]:
            for param in one.params:
                if param.name in NAMES:
                    yield path, param.name


def _key(line: str) -> tuple[str, str]:
    """Tell which verb a call is of, and by which parameter it gives the name."""
    words = line.split()
    path = " ".join(words[:2]) if words[0] == "suppressions" else words[0]
    option = words[words.index("nobody") - 1] if "nobody" in words else ""
    if option.startswith("--"):
        return path, option.removeprefix("--")
    usual = {"dkim": "domain", "health": "words", "pause": "name", "resume": "name"}
    return path, usual.get(path, "campaign")
