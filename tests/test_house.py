"""The rules of the house that no other tool keeps.

They read the sources as text and as syntax trees; nothing is imported but the metrics
and the events. A rule that fails names each file and what to do about it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from outreachd.__main__ import VERBS
from outreachd.log_events import EVENTS
from outreachd.telemetry import Metrics

ROOT = Path(__file__).parents[1]
CODE, TESTS = ROOT / "outreachd", ROOT / "tests"

# Sources without a test file of their own, and why.
UNTESTED = {
    "__main__.py": "hands over to commands; tests/daemon start the real program",
    "flow/ports.py": "interfaces only",
    "rules/model.py": "values only",
    "rules/records.py": "values only",
    "rules/wanted.py": "values only",
}
# Nothing we publish names a machine it was made on, or papers others cannot read.
# Written in halves, or this file would name them itself.
BANNED = tuple(
    first + second
    for first, second in (
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/tmp/", "spec"),
        ("shared", "/reference"),
        ("design", ".md"),
        ("style", ".md"),
        ("reliability", ".md"),
        ("ecosystem", ".md"),
        ("providers", ".md"),
        ("bounces", ".md"),
        ("reference/", "bounces"),
        ("pypi", ".org"),
        ("python", "hosted"),
        ("index", "-url"),
    )
)
LEFT_OUT = {"__pycache__", "state", "dist"}
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
EVENT = re.compile(r"[a-z]+(\.[a-z_]+)+")


def sources(room: Path = CODE) -> list[Path]:
    """Find the Python files of a room that hold code."""
    return [path for path in sorted(room.rglob("*.py")) if path.name != "__init__.py"]


def published() -> Iterator[Path]:
    """Find every text file that belongs to the project."""
    for top in sorted(ROOT.iterdir()):
        if top.name in LEFT_OUT or re.fullmatch(r"\.(?!ci$)\w+|.*\.egg-info", top.name):
            continue  # not ours, or made by tools
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            if path.is_file() and not LEFT_OUT & set(path.parts) - set(ROOT.parts):
                yield path


def syntax(path: Path) -> ast.Module:
    """Read a file as a syntax tree."""
    return ast.parse(path.read_text(), filename=str(path))


def short(path: Path) -> str:
    """Name a file as people do."""
    return str(path.relative_to(ROOT))


def test_every_source_file_has_its_test_file() -> None:
    """Who changes a file knows where its laws stand: tests/ROOM/test_FILE.py."""
    missing = []
    for path in sources():
        name = path.relative_to(CODE)
        test = TESTS / name.with_name(f"test_{name.stem.strip('_')}.py")
        if not test.exists() and str(name) not in UNTESTED:
            missing.append(f"{short(path)} needs {short(test)}")
    assert not missing, "\n".join(missing)


def test_what_is_excused_from_a_test_exists_and_has_none() -> None:
    """The list of excuses does not outlive its reasons."""
    for name, reason in UNTESTED.items():
        path = CODE / name
        assert reason
        assert path.exists() or name == "__main__.py", name
        assert not (TESTS / path.parent.name / f"test_{path.stem}.py").exists(), name


def test_every_file_says_what_it_is_for() -> None:
    """The first lines of a file tell a newcomer whether to read on."""
    silent = [
        short(path)
        for path in [*CODE.rglob("*.py"), *TESTS.rglob("*.py")]
        if path.stat().st_size and not ast.get_docstring(syntax(path))
    ]
    silent += [
        short(path)
        for path in CODE.rglob("*.sql")
        if not path.read_text().startswith("-- ")
    ]
    assert not silent, f"no words on top of {silent}"


def test_every_test_states_its_law() -> None:
    """A failing test says in words what does not hold any more."""
    lawless = [
        f"{short(path)}:{node.lineno} {node.name}"
        for path in sources(TESTS)
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not lawless, "\n".join(lawless)


def test_nothing_names_the_place_it_was_made() -> None:
    """No path of a machine, no package host, no paper that readers do not have."""
    found = []
    for path in published():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue  # not a text
        found += [f"{short(path)}: {word}" for word in BANNED if word in text]
    assert not found, "\n".join(found)


def test_rules_decide_at_once() -> None:
    """No await in rules: a decision can be replayed from a log line."""
    waiting = [
        f"{short(path)}:{node.lineno}"
        for path in sources(CODE / "rules")
        for node in ast.walk(syntax(path))
        if isinstance(
            node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
        )
    ]
    assert not waiting, waiting


def test_every_metric_is_documented() -> None:
    """docs/operating.md, Metrics, lists each name as Prometheus shows it."""
    text = (ROOT / "docs/operating.md").read_text()
    _, heading, rest = text.partition("## Metrics")
    assert heading, 'docs/operating.md has no "## Metrics" that lists every metric'
    section = rest.partition("\n## ")[0]
    documented = set(re.findall(r"outreachd_\w+", section))
    exported = {
        metric.name + ("_total" if metric.type == "counter" else "")
        for metric in Metrics().registry.collect()
    }
    assert documented == exported, (
        f"docs/operating.md, Metrics: add {sorted(exported - documented)}, "
        f"drop {sorted(documented - exported)}"
    )


def test_every_verb_is_in_the_table_of_verbs() -> None:
    """README lists each once, in the order in which a newcomer needs them."""
    table = (ROOT / "README.md").read_text().partition("| verb |")[2].partition("\n\n")
    cells = re.findall(r"^\| (.*?) \|", table[0], re.MULTILINE)
    verbs = [verb for cell in cells for verb in re.findall(r"`(\w+)[^`]*`", cell)]
    assert list(dict.fromkeys(verbs)) == list(VERBS)


def test_every_event_is_listed_and_every_listed_one_is_logged() -> None:
    """log_events.EVENTS and the code name the same events."""
    logged, listed = {}, set(EVENTS)
    for path in sources():
        for node in ast.walk(syntax(path)):
            if name := _event(node):
                logged[name] = f"{short(path)}: {name} is missing in log_events.EVENTS"
    unlisted = [where for name, where in logged.items() if name not in listed]
    assert not unlisted, "\n".join(unlisted)
    texts = [p.read_text() for p in sources() if p.name != "log_events.py"]
    unused = {name for name in listed if not any(f'"{name}"' in t for t in texts)}
    assert not unused, f"log_events.EVENTS lists what nobody logs: {sorted(unused)}"


def _event(node: ast.AST) -> str | None:
    """Tell the event that a call logs, if it is one."""
    if not (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_METHODS
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ):
        return None
    name = node.args[0].value
    return name if isinstance(name, str) and EVENT.fullmatch(name) else None
