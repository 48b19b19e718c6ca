"""Fuzzing the reading of notices: twenty seconds of mails that nobody would write.

With atheris (installed by hand; it is no dependency) the search is led by coverage,
else mails are mutated by dice with a printed seed. A mail fails if it raises, takes
longer than SLOWEST_S, or is told to be about more people than a notice may be; it is
then kept in a file, whose name is printed.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

from outreachd.rules.dsn import MAX_RECIPIENTS
from outreachd.rules.notice import understand
from tests.rules.mails import NOW, bounce, labelled, mail, multipart

LENGTH_S = 20
SLOWEST_S = 2.0
TOKENS = (
    *(b"\r\n\r\n", b"\r\n", b"--", b"boundary=", b"=?utf-8?b?", b"Content-Type: "),
    *(b"message/delivery-status", b"message/rfc822", b"multipart/report; ", b"\0"),
    *(b"Final-Recipient: rfc822; ", b"<a@b.cc>", b"charset=idna", b"base64", b"\xff"),
    *(b"Feedback-Type: ", b"Subject: Fwd: ", b"550 5.1.1 ", b"until 31.12.", b"> "),
)


def seeds() -> list[bytes]:
    """Start from real mails where they are at hand, and from a few of our own."""
    return [raw for raw, _ in labelled()] + [
        bounce("Final-Recipient: rfc822; p@x.example\r\nStatus: 5.1.1"),
        mail("I am away until 5 May.", Subject="Automatic reply: x"),
        multipart("report", ("message/feedback-report", "Feedback-Type: abuse")),
    ]


def one_input(raw: bytes) -> None:
    """Read one mail; AssertionError if it was not read as it should be."""
    begun = time.perf_counter()
    notice = understand(raw, now=NOW)
    assert time.perf_counter() - begun < SLOWEST_S, "slow"
    assert len(notice.about) <= MAX_RECIPIENTS, "too many"


def mutated(dice: Random, raw: bytes, others: list[bytes]) -> bytes:
    """Cut, double, insert, flip and splice, one to eight times."""
    for _ in range(dice.randint(1, 8)):
        start = dice.randrange(len(raw) + 1)
        end = min(len(raw), start + dice.randint(0, 400))
        middle = dice.choice(
            (
                b"",
                raw[start:end] * dice.randint(2, 20),
                dice.choice(TOKENS),
                dice.randbytes(dice.randint(1, 30)),
                dice.choice(others)[start:end],
            )
        )
        raw = (raw[:start] + middle + raw[end:])[: 1 << 20]
    return raw


def by_dice(length_s: float, seed: int) -> int:
    """Mutate for so many seconds; tell how many mails were read."""
    dice, pool, count = Random(seed), seeds(), 0
    end = time.perf_counter() + length_s
    while time.perf_counter() < end:
        raw = mutated(dice, dice.choice(pool), pool)
        try:
            one_input(raw)
        except Exception:
            with tempfile.NamedTemporaryFile(suffix=".eml", delete=False) as kept:
                kept.write(raw)
            print(f"fuzz: seed {seed}, mail {count}: kept as {kept.name}")
            raise
        count += 1
    return count


def by_coverage(length_s: int) -> None:
    """Let atheris search; it ends the process itself."""
    atheris: Any = importlib.import_module("atheris")
    atheris.instrument_all()
    with tempfile.TemporaryDirectory() as directory:
        for number, raw in enumerate(seeds()):
            (Path(directory) / str(number)).write_bytes(raw)
        options = [f"-max_total_time={length_s}", "-max_len=65536", directory]
        atheris.Setup([sys.argv[0], *options], one_input)
        atheris.Fuzz()


async def main() -> None:
    """Fuzz, by what is there."""
    if importlib.util.find_spec("atheris"):
        fuzzer = [sys.executable, "-m", "tests.bench.fuzz"]
        await asyncio.to_thread(subprocess.run, fuzzer, check=True)
        return
    seed = SystemRandom().randrange(1 << 32)
    count = by_dice(LENGTH_S, seed)
    print(f"fuzz: {count} mails read in {LENGTH_S} s (seed {seed}), none failed")


if __name__ == "__main__":
    by_coverage(LENGTH_S)
