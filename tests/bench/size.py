"""What the daemon needs with a million due rows: memory, time to the first letter, lag.

The real process; its peak resident set as the kernel counts it.
"""

from __future__ import annotations

import asyncio
import sys

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from outreachd.clock import RealClock
from tests.bench.stage import Stage, stage, start

ROWS = 1_000_000
LETTERS = 10_000
LAG_S = 0.05


async def measure(made: Stage) -> tuple[float, float, float]:
    """Run the daemon for some thousands; seconds to first letter, MB, lag share."""
    started = RealClock().now().timestamp()
    process = start("-m", "outreachd", "run", "--config", str(made.settings))
    try:
        await made.sink.has(LETTERS)
        first_s = made.sink.times()[0] - started
        peak_mb = _peak_mb(process.pid)
        in_time = await _share_in_time(made)
    finally:
        process.terminate()
        process.wait(60)
    return first_s, peak_mb, in_time


def _peak_mb(pid: int) -> float:
    with open(f"/proc/{pid}/status") as lines:  # noqa: PTH123 - not a file of ours
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    raise AssertionError("the kernel tells no peak")


async def _share_in_time(made: Stage) -> float:
    """Tell the share of samples in which the loop was at most LAG_S late."""
    token = (made.home / "control.token").read_text().strip()
    connector = aiohttp.UnixConnector(str(made.home / "control.sock"))
    async with aiohttp.ClientSession(connector=connector) as session:
        answer = await session.get(
            "http://localhost/metrics", headers={"Authorization": f"Bearer {token}"}
        )
        text = await answer.text()
    counts = {
        sample.labels["le"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "outreachd_loop_lag_seconds_bucket"
    }
    return counts[str(LAG_S)] / counts["+Inf"]


async def main() -> None:
    """Print the figures for 1200 and for 12 000 mailboxes."""
    for mailboxes in (1200, 12_000):
        async with stage(mailboxes=mailboxes, letters=ROWS) as made:
            first_s, peak_mb, in_time = await measure(made)
        print(
            f"{mailboxes:,} mailboxes, {ROWS:,} due rows: first letter after "
            f"{first_s:.1f} s, peak RSS {peak_mb:.0f} MB, "
            f"{in_time:.2%} of loop samples within {LAG_S * 1000:.0f} ms"
        )
        await asyncio.to_thread(sys.stdout.flush)
