"""The laws of the command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from outreachd import __version__
from outreachd.__main__ import VERBS, main


def test_every_verb_is_listed_in_the_order_of_need() -> None:
    """Who types only the name sees what there is, a line each."""
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    places = [result.output.index(f"\n  {verb} ") for verb in VERBS]
    assert places == sorted(places)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_loads_and_takes_its_settings_after_its_name(verb: str) -> None:
    """--help works for each and its parts, and each but the demo knows --config."""
    command = main.get_command(click.Context(main), verb)
    parts = command.commands if isinstance(command, click.Group) else [None]
    for part in parts:
        result = CliRunner().invoke(main, [verb, *([part] if part else []), "--help"])
        assert result.exit_code == 0, result.output
        assert ("--config" in result.output) or verb == "demo"


@pytest.mark.parametrize(
    "words",
    [["nonsense"], ["status", "--nonsense"], ["pause", "house", "x", "--reason", "y"]],
)
def test_wrong_usage_ends_with_two(words: list[str]) -> None:
    """Scripts can tell a slip from a failure."""
    assert CliRunner().invoke(main, words).exit_code == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_opened_to_nothing(closed: str, tmp_path: Path) -> None:
    """A socket in its place would be printed to, and its end would abort us."""
    line = f'exec "$0" -m outreachd apply "$1" {closed}'
    told = subprocess.run(
        ["/bin/sh", "-c", line, sys.executable, str(tmp_path / "none.toml")],
        capture_output=True,
        check=False,
    )
    assert told.returncode == 2
    assert told.stderr.startswith(b"" if "2>" in closed else b"outreachd: ")


def test_the_version_is_told() -> None:
    """The first question of every report of a fault."""
    assert __version__ in CliRunner().invoke(main, ["--version"]).output


def test_the_program_starts_as_a_module_and_loads_no_verb_for_help() -> None:
    """Listing the verbs is quick: none of them is imported for it."""
    code = (
        "import sys; from outreachd.__main__ import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "assert not [m for m in sys.modules if m.startswith('outreachd.commands.')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    subprocess.run(
        [sys.executable, "-m", "outreachd", "--version"],
        check=True,
        capture_output=True,
    )
