"""The laws of what README and docs show: it can be done as it stands.

Each excerpt of TOML is put into a small fleet and read; each command line is looked up
among the verbs and their options; each path of HTTP among the routes; each key of the
fleet file in its example. What takes a running fleet is tried in tests/daemon.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from outreachd.__main__ import VERBS, main
from outreachd.fleet import campaign_tables, sender_tables
from outreachd.fleet.load import load
from tests.fleet.writing import GOOD

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Before the steps of the small fleet, where keys of its campaign and accounts stand.
STEPS = "[[campaign.step]]\n"


def excerpts(language: str) -> Iterator[tuple[str, str]]:
    """Find the fenced parts in a language: where, and what."""
    for page in PAGES:
        for number, (tongue, body) in enumerate(FENCED.findall(page.read_text()), 1):
            if tongue == language:
                yield f"{page.name}:{number}", body


def calls() -> Iterator[tuple[str, list[str]]]:
    """Find the command lines of ours in fenced parts."""
    for tongue in ("sh", ""):
        for where, body in excerpts(tongue):
            for line in body.splitlines():
                if line.startswith("outreachd ") and "[" not in line:
                    told = shlex.split(line.partition(">")[0], comments=True)
                    yield where, told[1:]


@pytest.mark.parametrize(("where", "text"), list(excerpts("toml")))
def test_excerpts_of_the_fleet_file_are_read(
    where: str, text: str, tmp_path: Path
) -> None:
    """Pasted where it belongs it loads: whoever copies it can apply it."""
    (tmp_path / "offer.html").write_text("<p>Hi</p>")
    (tmp_path / "offer.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    file = tmp_path / "fleet.toml"
    if text.startswith(STEPS):
        file.write_text(GOOD + text)
    else:
        head, mark, steps = GOOD.partition(STEPS)
        own = text.removeprefix("[[campaign]]\n")
        file.write_text(f"{head}{own}{mark}{steps}")
    assert load(file).things, where


@pytest.mark.parametrize(("where", "words"), list(calls()))
def test_command_lines_are_understood(where: str, words: list[str]) -> None:
    """Each verb that a page calls is there, with the options and values it shows."""
    command: click.Command = main
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        assert found, f"{where}: there is no {words[0]}"
        command, words = found, words[1:]
    files = [one for one in command.params if isinstance(one.type, click.Path)]
    for one in files:  # the reader's own, not ours
        one.type = click.STRING
    with command.make_context(command.name, list(words)) as context:
        assert context.params, where


def test_the_table_of_verbs_has_them_all() -> None:
    """README names each verb once more, and none that is not there."""
    rows = re.findall(
        r"^\| (`[^|]+`) \|", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    named = {word for row in rows for word in re.findall(r"`(\w+)", row)}
    assert named >= VERBS.keys()
    assert named - VERBS.keys() == set()


def test_the_fleet_file_shows_every_key() -> None:
    """Who reads the example knows all that can be set."""
    text = (ROOT / "config/fleet.toml").read_text()
    tables = [
        table
        for module in (sender_tables, campaign_tables)
        for table in vars(module).values()
        if isinstance(table, type) and issubclass(table, BaseModel)
    ]
    missing = {
        f"{table.__name__}.{field.alias or key}"
        for table in tables
        for key, field in table.model_fields.items()
        if not re.search(rf"\b{field.alias or key}\b", text)
    }
    assert not missing


def test_every_path_of_the_control_listener_is_listed() -> None:
    """docs/operating.md has each route, with its method."""
    text = (ROOT / "docs/operating.md").read_text()
    shown = set(re.findall(r"/(?:v1/)?[a-z]+(?:/[a-z{}]+)*", text))
    sources = [path.read_text() for path in (ROOT / "outreachd/web").glob("*.py")]
    routes = {
        re.sub(r"\{(\w+):[^}]*\}+", r"{\1}", path)
        for source in sources
        for path in re.findall(r'web\.(?:get|post)\(\s*r?"(/[^"]+)"', source)
    }
    assert routes - shown == set()
