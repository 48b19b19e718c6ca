"""Real time as a law may judge it: without what the machine itself could not give.

A law such as "within five seconds" is one of a machine that has the time. On a busy one
the seconds in which anybody waited for a processor or a disk are not counted; where the
kernel does not tell them, all are.
Source: Linux, Documentation/accounting/psi.rst: "some ... total=" in microseconds.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from outreachd.clock import RealClock

CLOCK = RealClock()


class Stopwatch:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self._began, self._lacked_s = CLOCK.monotonic(), _lacked_s()

    def seconds(self) -> float:
        """Tell how long that took, as it would on a machine that has the time."""
        return max(self.elapsed_s() - (_lacked_s() - self._lacked_s), 0.0)

    def elapsed_s(self) -> float:
        """Tell how long that took."""
        return CLOCK.monotonic() - self._began


def _lacked_s() -> float:
    with suppress(OSError):  # another kernel, or one that does not count
        told = [Path("/proc/pressure", what).read_text() for what in ("cpu", "io")]
        return sum(int(text.split()[4].removeprefix("total=")) for text in told) / 1e6
    return 0.0
