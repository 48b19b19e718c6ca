"""The laws of ``outreachd demo``, on the real program with a small fleet."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

PROGRAM = [sys.executable, "-m", "outreachd", "demo"]
SMALL = ["--mailboxes", "8", "--contacts", "24"]
LIMIT_S = 200


def environment(tmp_path: Path) -> dict[str, str]:
    """Let what the demo keeps for itself lie where it can be looked for."""
    return {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}


def demo(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end."""
    return subprocess.run(
        [*PROGRAM, *options],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@contextmanager
def started(tmp_path: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """Start it; its words come by a pipe. However the test ends, it ends."""
    with subprocess.Popen(
        [*PROGRAM, *SMALL, *options],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str], words: str) -> str:
    """Wait for a line with these words."""
    assert process.stderr
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"the demo ended without a word of {words!r}")


def left_behind(tmp_path: Path, family: list[psutil.Process]) -> list[object]:
    """List processes and files that outlived the demo."""
    _, alive = psutil.wait_procs(family, timeout=90)
    return [*alive, *tmp_path.glob("outreachd-demo-*")]


def test_a_small_day_ends_with_one_object_and_exit_0(tmp_path: Path) -> None:
    """Stdout is the object alone; every letter was accepted once; nothing stays."""
    done = demo(tmp_path, *SMALL, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told.pop("simulated_hours") > 3
    assert 0 < told.pop("seconds") < LIMIT_S
    assert told.pop("peak_rss_mb") > 10
    assert told == {
        "mailboxes": 8,
        "domains": 4,
        "clients": 6,
        "letters": 24,
        "accepted": 24,
        "duplicates": 0,
        "missing": 0,
        "over_limit": 0,
    }
    assert not left_behind(tmp_path, [])


def test_without_a_terminal_people_get_lines_and_a_report(tmp_path: Path) -> None:
    """Hours on stderr, the report on stdout, no control characters in either."""
    done = demo(tmp_path, *SMALL)
    assert done.returncode == 0, done.stderr
    assert "24  accepted" in done.stdout
    assert " UTC  " in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_day_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Exit 1 and one sentence; the server, the database and the files are gone."""
    with started(tmp_path) as process:
        said(process, " UTC ")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3  # the SMTP server, PostgreSQL and its watcher
        process.send_signal(number)
        _, words = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 1
    assert words.splitlines()[-1].startswith("outreachd: interrupted")
    assert not left_behind(tmp_path, family)


def test_kept_running_it_answers_at_its_address(tmp_path: Path) -> None:
    """With --keep the status can be asked for; Ctrl-C is then the good end."""
    with started(tmp_path, "--keep") as process:
        address = said(process, "status address").split()[-1]
        token = Path(said(process, "its token").split()[-1]).read_text().strip()
        family = psutil.Process(process.pid).children(recursive=True)
        request = urllib.request.Request(  # noqa: S310 - the address is the demo's
            address, headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=90) as answer:  # noqa: S310
            assert json.load(answer)["sends"] == {"sent": 24}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0
    assert not left_behind(tmp_path, family)


def test_more_contacts_than_a_day_holds_are_wrong_usage(tmp_path: Path) -> None:
    """Exit 2, one sentence with a way out, nothing started."""
    done = demo(tmp_path, "--mailboxes", "8", "--contacts", "100000")
    assert done.returncode == 2
    assert "ask for fewer --contacts or more --mailboxes" in done.stderr
    assert "Traceback" not in done.stderr
