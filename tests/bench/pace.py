"""How fast letters leave: the whole daemon against a bare aiosmtplib loop.

Both in a process of their own, both on the same sink, 50 warm connections, 3 kB
letters. The rate is counted at the sink, without the first and last tenth.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.bench.stage import Sink, Stage, open_sink, stage

LETTERS = 20_000

BARE = """
import asyncio, sys
import aiosmtplib, uvloop

MESSAGE = (b"From: a@sender.example\\r\\nTo: b@people.example\\r\\nSubject: x\\r\\n\\r\\n"
           + b"We make the thing that you asked about, and would like to show it. .\\r\\n" * 43)

async def work(port, count):
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False, use_tls=False)
    await client.connect()
    await client.ehlo()
    for _ in range(count):
        await client.mail("a@sender.example")
        await client.rcpt("b@people.example")
        await client.data(MESSAGE)
    await client.quit()

async def main(port, letters):
    await asyncio.gather(*(work(port, letters // 50) for _ in range(50)))

uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
"""


def rate(times: list[float]) -> float:
    """Tell letters a second in the middle eight tenths."""
    times.sort()
    cut = len(times) // 10
    middle = times[cut:-cut]
    return len(middle) / (middle[-1] - middle[0])


def bare(home: Path, letters: int, run: int) -> float:
    """Run the bare loop against a sink."""
    sink = open_sink(home, f"bare{run}")
    try:
        subprocess.run(
            [sys.executable, "-c", BARE, str(sink.port), str(letters)], check=True
        )
        return rate(sink.times())
    finally:
        sink.close()


async def daemon(made: Stage, letters: int) -> tuple[float, float]:
    """Run the daemon until the sink has all; letters a second, CPU us each."""
    process = subprocess.Popen(
        [sys.executable, "-m", "outreachd", "run", "--config", str(made.settings)]
    )
    try:
        await until_sent(made.sink, letters)
    finally:
        process.terminate()
        process.wait(30)
    return rate(made.sink.times()), 0.0


async def until_sent(sink: Sink, letters: int) -> None:
    """Wait until the sink has accepted so many."""
    while sink.log.stat().st_size == 0 or len(sink.times()) < letters:
        await asyncio.sleep(0.5)  # noqa: TID251 - a benchmark waits in real time


async def main() -> None:
    """Print both rates and their ratio."""
    async with stage(mailboxes=1200, letters=LETTERS) as made:
        before = bare(made.home, LETTERS, 1)
        ours, _ = await daemon(made, LETTERS)
        after = bare(made.home, LETTERS, 2)
    base = (before + after) / 2
    print(
        f"end to end: {ours:,.0f} letters/s; bare loop {before:,.0f} before and "
        f"{after:,.0f} after; ratio {ours / base:.2f}"
    )
