"""The entry script, without a network: what it says and what it leaves behind.

It is copied into a directory with a space in its name, beside a fake ``uv`` or
``python3`` that notes how it was called; only the shell is real.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Notes its arguments; `venv` makes a Python that notes its own. Both fail to install
# when they are told to.
FAKE_UV = """#!/bin/sh
echo "uv $*" >>"$NOTES"
if [ "$1" = venv ]; then
    for last; do :; done
    mkdir -p "$last/bin"
    cp "$TOOLS/fake_python" "$last/bin/python"
    exit 0
fi
exit "${UV_FAILS:-0}"
"""
FAKE_PYTHON = """#!/bin/sh
echo "python $*" >>"$NOTES"
[ "$3" != install ] || exit "${PIP_FAILS:-0}"
"""
# Python as Debian ships it: new enough, without ensurepip.
BARE_PYTHON = """#!/bin/sh
case $2 in *ensurepip*) exit 1 ;; *) exit 0 ;; esac
"""


class Copy:
    """The project as far as the script looks at it."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "a b"
        self.tools = directory / "tools"
        self.notes = directory / "notes"
        for made in (self.home, self.tools):
            made.mkdir()
        for name in ("run", "pyproject.toml", "requirements.lock"):
            shutil.copy(ROOT / name, self.home)
        for tool in ("sh", "cat", "cksum", "dirname", "head", "rm", "mkdir", "cp"):
            (self.tools / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")

    def tool(self, name: str, text: str) -> None:
        """Put a fake program on the path."""
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def uv(self) -> None:
        """Put a fake uv on the path."""
        self.tool("uv", FAKE_UV)
        self.tool("fake_python", FAKE_PYTHON)

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Start the script from elsewhere, with a strict umask and nothing else."""
        env |= {"PATH": str(self.tools), "TOOLS": str(self.tools)}
        env |= {"NOTES": str(self.notes)}
        script = str(self.home / "run")
        command = ["/bin/sh", "-c", 'umask 077; exec "$0" "$@"', script]
        return subprocess.run(
            [*command, *args],
            env=env,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Make a fresh copy of the entry script."""
    return Copy(tmp_path)


def test_without_a_word_it_says_how_to_use_it(copy: Copy) -> None:
    """No argument installs nothing and prints the usage."""
    answer = copy.run()
    assert answer.returncode == 0
    assert answer.stdout.startswith("usage: ./run demo")
    assert not (copy.home / ".venv").exists()


def test_the_second_start_installs_nothing(copy: Copy) -> None:
    """A stamp made from the wanted packages makes the next start instant."""
    copy.uv()
    for _ in range(2):
        assert copy.run("test", "-k", "one").returncode == 0
    notes = copy.notes.read_text().splitlines()
    assert [note.split()[0] for note in notes] == ["uv", "uv", "python", "python"]
    assert "requirements.lock" in notes[1]
    assert notes[3].endswith("-k one")

    with (copy.home / "requirements.lock").open("a") as lock:
        lock.write("# other versions\n")
    copy.run("test")
    assert copy.notes.read_text().count("pip install") == 2


def test_a_failed_install_leaves_no_stamp(copy: Copy) -> None:
    """What was cut short is done again, and the fault is one sentence."""
    copy.uv()
    answer = copy.run("demo", UV_FAILS="1", PIP_FAILS="1")
    assert answer.returncode == 1
    assert "could not be installed" in answer.stderr
    assert not (copy.home / ".venv" / "outreachd-stamp").exists()


def test_where_uv_fails_pip_is_tried(copy: Copy) -> None:
    """A machine whose pip.conf names a mirror can have a uv that knows none."""
    copy.uv()
    assert copy.run("test", UV_FAILS="1").returncode == 0
    assert "python -m pip install" in copy.notes.read_text()


def test_a_moved_checkout_is_set_up_anew(copy: Copy) -> None:
    """Scripts in a virtual environment carry its path, so it cannot move along."""
    copy.uv()
    copy.run("test")
    copy.home = copy.home.rename(copy.home.with_name("moved"))
    copy.run("test")
    assert copy.notes.read_text().count("uv venv") == 2


def test_a_python_without_venv_is_told_what_to_install(copy: Copy) -> None:
    """Debian's python3 has no venv; the sentence names the package."""
    copy.tool("python3", BARE_PYTHON)
    answer = copy.run("demo")
    assert answer.returncode == 1
    assert "apt-get install -y python3-venv" in answer.stderr


def test_no_python_at_all_is_said_so(copy: Copy) -> None:
    """An old or absent Python is named with the version that is needed."""
    answer = copy.run("demo")
    assert answer.returncode == 1
    assert "Python 3.11 or newer" in answer.stderr


def test_the_lock_covers_every_package_it_is_asked_for() -> None:
    """Each requirement of the project has one pinned version."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["embedded"], *extras["test"]]
    lock = (ROOT / "requirements.lock").read_text()
    pinned = {
        line.partition("==")[0].replace("_", "-").lower()
        for line in lock.splitlines()
        if line and not line.startswith("#")
    }
    names = {re.split(r"[\[<>=!~]", name)[0].strip().lower() for name in wanted}
    assert names <= pinned
    assert "://" not in lock
    assert os.access(ROOT / "run", os.X_OK)
