"""What an import of 100 000 rows costs: time, memory and rows a second.

The real process on a real file: BOM, semicolons, quotes, capitals, 20 000 domains whose
MX answers are in the database already, and one row in twenty that is odd in some way.
Memory is the process's peak resident set as the kernel counts it. The second run finds
everybody known; the dry run keeps nothing.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

from outreachd.clock import RealClock
from outreachd.rules.hygiene import MailDomain, MailVerdict
from outreachd.store.database import Database
from outreachd.store.mail_domains import keep_domains
from tests.bench.stage import stage

ROWS = 100_000
DOMAINS = 20_000
COLUMNS = (
    *("Email", "First Name", "Company", "country", "region"),
    *("consent_basis", "consent_source", "consent_at"),
)
ODD = (
    "no-at-sign-{n}",
    "two@@d{n}.firm.net",
    "info@d{n}.firm.net",
    "x{n}@mailinator.com",
    "Jürgen@d{n}.firm.net",
    "p20@d20.firm.net",  # again
    "a{n}@null.firm.net",
    "",
)


def people(dice: Random) -> Iterator[list[str]]:
    """Make the rows."""
    for n in range(ROWS):
        email = f"P{n}@D{n % DOMAINS}.Firm.net"
        if n % 20 == 19:
            email = ODD[n // 20 % len(ODD)].format(n=n % DOMAINS)
        company = dice.choice(("Müller; Söhne", 'The "Best"', "=1+1", "Ромашка"))
        consent = ("Legitimate Interest", "trade fair", "2026-03-01")
        place = dice.choice((("DE", "BY"), ("US", "Texas"), ("GB", ""), ("", "")))
        yield [email, f"Name{n}", company, *place, *consent]


def write_file(path: Path) -> None:
    """Write the list as a spreadsheet would."""
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        writer.writerows(people(Random(7)))


async def fill_cache(dsn: str) -> None:
    """Let the database know where the mail of all these domains goes."""
    found = [
        MailDomain(f"d{n}.firm.net", MailVerdict.MX, "google") for n in range(DOMAINS)
    ]
    found += [
        MailDomain("null.firm.net", MailVerdict.NULL_MX),
        MailDomain("signs.firm.net", MailVerdict.MX, "x"),
        MailDomain("mailinator.com", MailVerdict.MX, "x"),
    ]
    database = await Database.open(dsn)
    async with database.connection() as connection:
        await keep_domains(connection, found, now=RealClock().now())
    await database.close(5)


def run(
    file: Path, settings: Path, *options: str
) -> tuple[float, float, dict[str, int]]:
    """Import once; seconds, peak MB, figures."""
    clock = RealClock()
    words = ("import", str(file), "--campaign", "bench", "--config", str(settings))
    with tempfile.TemporaryFile() as told:
        started = clock.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "outreachd", *words, "--json", *options],
            stdout=told,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = clock.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, process.returncode
        told.seek(0)
        figures: dict[str, int] = json.loads(told.read())
    # The kernel of Linux counts in kB, that of macOS in bytes.
    unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return seconds, used.ru_maxrss / unit, figures


async def main() -> None:
    """Print a line a run."""
    async with stage(mailboxes=10, letters=0) as made:
        file = made.home / "contacts.csv"
        write_file(file)
        await fill_cache(made.dsn)
        report = ("--report", str(made.home / "report.csv"))
        for what, options in (
            ("dry run", ("--dry-run",)),
            ("first import with report", report),
            ("the same again", ()),
        ):
            seconds, peak_mb, figures = await asyncio.to_thread(
                run, file, made.settings, *options
            )
            told = ("enrolled", "known", "held", "skipped", "duplicate", "refused")
            print(
                f"import, {what}: {figures['rows']:,} rows in {seconds:.1f} s, "
                f"{figures['rows'] / seconds:,.0f} rows/s, peak RSS {peak_mb:.0f} MB; "
                + ", ".join(f"{figures[word]:,} {word}" for word in told)
            )
            await asyncio.to_thread(sys.stdout.flush)
