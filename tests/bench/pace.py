"""How fast letters leave: the whole daemon against a bare aiosmtplib loop.

Each in a process of its own, on the same server, 50 warm connections, 3 kB letters of
as many lines and headers between as many addresses. The loop is what one would write:
sendmail, again and again. The rate is counted at the server, without the first and last
tenth, and the loop runs before and after the daemon, for the machine's speed changes.
Several rounds, the middle ratio counts, on each of three servers: aiosmtpd, which takes
its time; the same as far away as a relay is; and our sink, faster than any client.
CPU a letter is of each process alone, so it holds better than rates when the machine is
busy, and tells what the limit is: whoever shares two cores shares their sum. PostgreSQL
is the stage's, without fsync. What others spent is read from /proc, so on Linux only.
"""

from __future__ import annotations

import asyncio
import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.stage import AIOSMTPD, FAST, RELAY, Stage, open_sink, stage, start

Server = tuple[str, ...]  # its command, as in the stage
ROUNDS: dict[Server, int] = {AIOSMTPD: 5, RELAY: 3, FAST: 3}
LETTERS: dict[Server, int] = {AIOSMTPD: 6_000, RELAY: 4_000, FAST: 20_000}
NAMES: dict[Server, str] = {
    AIOSMTPD: "aiosmtpd",
    RELAY: "aiosmtpd, each answer 20 ms away",
    FAST: "a server faster than any client",
}

BARE = """
import asyncio, sys
import aiosmtplib, uvloop

HEAD = b"X-Header: as long as those that a letter of the daemon has.\\r\\n" * 10
LINE = b"We make the thing that you asked about and would like to show.\\r\\n"
MESSAGE = HEAD + b"\\r\\n" + LINE * 39 + b"\\r\\n" * 7

async def work(port, count):
    client = aiosmtplib.SMTP(
        hostname="127.0.0.1", port=port, start_tls=False, use_tls=False
    )
    await client.connect()
    for n in range(count):
        sender = f"box{n % 1200}@mail{n % 40}.sender.example"
        await client.sendmail(sender, [f"p{n}@people.example"], MESSAGE)
    await client.quit()

async def main(port, letters):
    await asyncio.gather(*(work(port, letters // 50) for _ in range(50)))

uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
"""


@dataclass(frozen=True, slots=True)
class Pace:
    """Letters a second at the server, and CPU microseconds of the sender for each."""

    rate: float
    cpu_us: float
    server_us: float  # CPU of the server it sent to
    postgres_us: float = 0.0


def rate(times: list[float]) -> float:
    """Tell letters a second in the middle eight tenths."""
    times.sort()
    cut = len(times) // 10
    middle = times[cut:-cut]
    return len(middle) / (middle[-1] - middle[0])


async def bare(home: Path, letters: int, run: int, server: Server) -> Pace:
    """Run the bare loop against a fresh server."""
    sink = open_sink(home, f"bare{run}", server)
    try:
        process = start("-c", BARE, str(sink.port), str(letters))
        _, _, usage = await asyncio.to_thread(os.wait4, process.pid, 0)
        server_us = _tree_us(sink.process.pid) / letters
        return Pace(rate(sink.times()), _cpu_us(usage, letters), server_us)
    finally:
        sink.close()


async def daemon(made: Stage, letters: int) -> Pace:
    """Run the daemon until the sink has all."""
    before_us = _tree_us(made.postgres_pid)
    process = start("-m", "outreachd", "run", "--config", str(made.settings))
    await made.sink.has(letters)
    process.terminate()
    _, _, usage = await asyncio.to_thread(os.wait4, process.pid, 0)
    return Pace(
        rate(made.sink.times()),
        _cpu_us(usage, letters),
        _tree_us(made.sink.process.pid) / letters,
        (_tree_us(made.postgres_pid) - before_us) / letters,
    )


def _tree_us(root: int) -> float:
    """Tell the CPU of a process, its children and those that have ended."""
    spent: dict[int, tuple[int, int]] = {}  # parent, clock ticks
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            fields = stat.read_text().rpartition(")")[2].split()
            spent[int(stat.parent.name)] = int(fields[1]), sum(map(int, fields[11:15]))
    tree = {root}
    while born := {pid for pid, (parent, _) in spent.items() if parent in tree} - tree:
        tree |= born
    ticks = sum(spent[pid][1] for pid in tree if pid in spent)
    return ticks / os.sysconf("SC_CLK_TCK") * 1e6


def _cpu_us(usage: resource.struct_rusage, letters: int) -> float:
    return (usage.ru_utime + usage.ru_stime) / letters * 1e6


async def compare(server: Server) -> float:
    """Print both rates and their ratio, on one server; tell the ratio."""
    letters = LETTERS[server]
    async with stage(mailboxes=1200, letters=letters, server=server) as made:
        before = await bare(made.home, letters, 1, server)
        ours = await daemon(made, letters)
        after = await bare(made.home, letters, 2, server)
    base = (before.rate + after.rate) / 2
    base_cpu = (before.cpu_us + after.cpu_us) / 2
    ratio = ours.rate / base
    print(
        f"end to end on {NAMES[server]}: {ours.rate:,.0f} letters/s, "
        f"CPU each {ours.cpu_us:.0f} us with the start, PostgreSQL "
        f"{ours.postgres_us:.0f}, server {ours.server_us:.0f}; "
        f"bare loop {before.rate:,.0f} before, {after.rate:,.0f} after, "
        f"{base_cpu:.0f} us, server {before.server_us:.0f}; "
        f"ratio {ratio:.2f}; load {os.getloadavg()[0]:.1f}"
    )
    return ratio


async def main() -> None:
    """Compare on each server, round after round."""
    for server, rounds in ROUNDS.items():
        ratios = [await compare(server) for _ in range(rounds)]
        print(f"the middle ratio on {NAMES[server]}: {median(ratios):.2f}")
