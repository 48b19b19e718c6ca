"""The units start nothing here; systemd itself reads them and judges the sandbox.

``systemd-analyze`` exits 0 on an unknown key, so its error output must be empty; and
the program of ExecStart must exist, so a copy with another path is read. The scrape
example for Prometheus is checked beside them, being shipped in the same way.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = "/opt/outreachd/.venv/bin/outreachd"
UNITS = ("outreachd.service", "outreachd@.service")

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def lines(unit: str) -> list[str]:
    """Read a unit's settings, without comments and blank lines."""
    text = (ROOT / "systemd" / unit).read_text()
    return [line for line in text.splitlines() if line and line[0] != "#"]


def installed(unit: str, directory: Path) -> Path:
    """Copy a unit as it would be installed, with a program that exists."""
    text = (ROOT / "systemd" / unit).read_text()
    assert f"ExecStart={PROGRAM} run --config /etc/outreachd/" in text
    copy = directory / unit.replace("@.", "@second.")
    copy.write_text(text.replace(PROGRAM, "/bin/true"))
    return copy


def analyze(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """Ask systemd-analyze; it needs no running systemd for these questions."""
    return subprocess.run(
        ["systemd-analyze", *args], capture_output=True, text=True, check=False
    )


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_every_line(unit: str, tmp_path: Path) -> None:
    """S21: a mistyped key is a warning to systemd and a fault to us."""
    answer = analyze("verify", "--man=no", installed(unit, tmp_path))
    assert (answer.returncode, answer.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_the_sandbox_is_tight(unit: str, tmp_path: Path) -> None:
    """S21: the exposure is 1.5 of 10 at most."""
    copy = installed(unit, tmp_path)
    answer = analyze("security", "--offline=true", "--threshold=15", "--no-pager", copy)
    assert answer.returncode == 0, answer.stdout[-400:]


def test_a_second_instance_differs_by_its_name_only() -> None:
    """Whatever is tightened in one unit is tightened in the other."""
    first, second = (lines(unit) for unit in UNITS)
    changed = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    assert changed
    assert all("%i" in b for _, b in changed)
    assert {a.partition("=")[0] for a, _ in changed} == {
        "Description",
        "ExecStart",
        "StateDirectory",
        "RuntimeDirectory",
    }


def test_a_letter_past_its_dot_is_waited_for() -> None:
    """The stop limit is the dot limit (600 s) and a minute to write it down."""
    values = dict(line.partition("=")[::2] for line in lines(UNITS[0]))
    assert int(values["TimeoutStopSec"]) >= 600 + 60
    assert values["KillMode"] == "mixed"
    assert values["LimitCORE"] == "0"


def test_prometheus_reads_the_control_listener_with_a_token() -> None:
    """The example scrapes loopback, by a token from a file; promtool agrees."""
    example = ROOT / "config" / "prometheus.yml"
    settings = re.findall(
        r"^ *(?:- )?(\w+): *(\S.*)$", example.read_text(), re.MULTILINE
    )
    assert ("metrics_path", "/metrics") in settings
    assert ("type", "Bearer") in settings
    assert dict(settings)["credentials_file"].startswith("/etc/")
    assert dict(settings)["targets"].startswith('["127.0.0.1:')
    if promtool := shutil.which("promtool"):
        subprocess.run(
            [promtool, "check", "config", "--syntax-only", example], check=True
        )
