"""The laws of `outreachd import`."""

from __future__ import annotations

import asyncio
import csv
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import Result

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError
from outreachd.commands.import_ import (
    BATCH,
    LINE_EVERY,
    Progress,
    Telling,
    command,
    import_contacts,
    summary,
)
from outreachd.contact_file import Refusal
from outreachd.rules.records import LedgerAwayError
from outreachd.store.database import Connection, Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.commands.calling import invoke
from tests.fleets import WHOLE, fleet

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def fleet_url(database_url: str) -> str:
    """Give a database that holds the campaign "spring"."""
    database = await Database.open(database_url)
    async with database.connection() as connection:
        vault = Vault(b"k" * 32)
        await apply(connection, fleet(*WHOLE), vault, now=NOW, author="test")
        await connection.execute(
            "INSERT INTO suppression (target, reason, source, author, at)"
            " VALUES ('gone@x.example', 'opt_out', 's', 'a', now())"
        )
    await database.close(5)
    return database_url


@pytest_asyncio.fixture
async def seeded(fleet_url: str) -> AsyncIterator[Database]:
    """Open that database."""
    database = await Database.open(fleet_url)
    yield database
    await database.close(5)


def write(folder: Path, text: str) -> Path:
    path = folder / "c.csv"
    path.write_text(text)
    return path


MIXED = (
    "email,first_name,timezone\n"
    "ann@x.example,Ann,Europe/Berlin\n"
    "bad,,\n"
    "gone@x.example,,\n"
    "ann@x.example,,\n"
    "bob@x.example,Bob,\n"
)


def run(folder: Path, url: str, file: Path, *options: str) -> Result:
    config = folder / "outreachd.toml"
    config.write_text(f"[database]\ndsn = '{url}'\n[state]\ndirectory = 'state'\n")
    call = (str(file), "--campaign", "spring", "--config", str(config), *options)
    return invoke(command, *call)


async def test_the_good_rows_go_in_and_the_others_are_told(
    tmp_path: Path, fleet_url: str
) -> None:
    """Fault 75: each refused row with line and reason; refusals alone still exit 0."""
    result = run(tmp_path, fleet_url, write(tmp_path, MIXED))

    assert result.exit_code == 0
    assert result.stdout == (
        "spring: 2 of 5 rows enrolled;"
        " LEFT OUT: 1 suppressed, 1 duplicate, 1 refused.\n"
    )
    assert result.stderr.splitlines() == [
        (
            "c.csv:3: email: an address has exactly one @, as in ann@example.org, and"
            " nothing around it (bad)"
        ),
        "c.csv:4: must not be written to: it is suppressed (gone@x.example)",
        "c.csv:5: is in this file more than once: the first row counts (ann@x.example)",
    ]


async def test_a_second_run_changes_nothing(tmp_path: Path, fleet_url: str) -> None:
    """JSON counts every row once: enrolled before, they are known now."""
    file = write(tmp_path, MIXED)
    first = json.loads(run(tmp_path, fleet_url, file, "--json").stdout)
    again = json.loads(run(tmp_path, fleet_url, file, "--json").stdout)

    same = {"campaign": "spring", "rows": 5, "suppressed": 1, "duplicate": 1}
    assert first == same | {"refused": 1, "enrolled": 2, "known": 0}
    assert again == same | {"refused": 1, "enrolled": 0, "known": 2}


async def test_the_report_holds_what_stayed_out(tmp_path: Path, fleet_url: str) -> None:
    """A CSV to mend and import again."""
    report = tmp_path / "report.csv"
    run(tmp_path, fleet_url, write(tmp_path, MIXED), "--report", str(report))
    with report.open(newline="") as file:
        rows = [
            (row["line"], row["email"], row["what"]) for row in csv.DictReader(file)
        ]
    assert rows == [
        ("3", "bad", "refused"),
        ("4", "gone@x.example", "suppressed"),
        ("5", "ann@x.example", "duplicate"),
    ]


async def test_an_unknown_campaign_is_a_failure(tmp_path: Path, fleet_url: str) -> None:
    """Exit 1, with the nearest name there is."""
    file = write(tmp_path, MIXED)
    result = run(tmp_path, fleet_url, file, "--campaign", "sprin")
    assert result.exit_code == 1
    assert 'unknown campaign "sprin": did you mean "spring"?' in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"name\nAnn\n", 'c.csv:1: needs a column "email"'),
        ("email\na@x.example\nJ\u00fcrg\n".encode("cp1252"), "c.csv:3: is not UTF-8"),
    ],
)
async def test_an_unusable_file_is_misuse_and_nothing_goes_in(
    tmp_path: Path, fleet_url: str, content: bytes, said: str
) -> None:
    """Fault 75: exit 2, no partial import."""
    file = tmp_path / "c.csv"
    file.write_bytes(content)
    result = run(tmp_path, fleet_url, file)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


async def test_a_missing_file_is_misuse(tmp_path: Path, fleet_url: str) -> None:
    """Told before a database is opened."""
    result = run(tmp_path, fleet_url, tmp_path / "gone.csv")
    assert (result.exit_code, "does not exist" in result.stderr) == (2, True)


async def test_an_import_of_many_batches_is_complete(
    tmp_path: Path, seeded: Database
) -> None:
    """Every row ends in exactly one count, over the edges of batches too."""
    rows = [f"p{n}@x.example" for n in range(2 * BATCH + 7)]
    file = write(tmp_path, "email\n" + "\n".join([*rows, rows[0], "bad"]))
    seen: list[int] = []
    telling = Telling(lambda _refusal: None, lambda counts: seen.append(counts["rows"]))
    counts = await import_contacts(seeded, RealClock(), file, "spring", telling)

    assert seen == [BATCH, 2 * BATCH, len(rows) + 2]
    assert counts["rows"] == sum(counts.values()) - counts["rows"]
    assert (counts["enrolled"], counts["duplicate"]) == (len(rows), 1)
    async with seeded.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM send") == len(rows)


class _LosesTheThird:
    """A database that is away from its third connection on."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left = 2

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        self._left -= 1
        if self._left < 0:
            raise LedgerAwayError("the database is away")
        async with self._database.connection() as connection:
            yield connection


async def test_a_lost_database_says_how_far_it_came(
    tmp_path: Path, seeded: Database
) -> None:
    """What is in stays in, and running it again is the way out."""
    file = write(
        tmp_path, "email\n" + "".join(f"p{n}@x.example\n" for n in range(5000))
    )
    quiet = Telling(lambda _refusal: None, lambda _counts: None)
    lossy = _LosesTheThird(seeded)
    with pytest.raises(
        FailedError, match=f"{BATCH} rows are done: run the same import"
    ):
        await import_contacts(lossy, RealClock(), file, "spring", quiet)  # type: ignore[arg-type]
    again = await import_contacts(seeded, RealClock(), file, "spring", quiet)

    assert (again["known"], again["enrolled"]) == (BATCH, 5000 - BATCH)


async def test_two_imports_at_once_enrol_everybody_once(
    tmp_path: Path, seeded: Database
) -> None:
    """Files in opposite order neither deadlock nor enrol anybody twice."""
    emails = [f"p{n}@x.example" for n in range(3000)]
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("\n".join(["email", *emails]))
    two.write_text("\n".join(["email", *reversed(emails)]))
    quiet = Telling(lambda _refusal: None, lambda _counts: None)
    results = await asyncio.gather(
        *(import_contacts(seeded, RealClock(), f, "spring", quiet) for f in (one, two))
    )

    assert sum(r["enrolled"] for r in results) == 3000
    assert sum(r["known"] for r in results) == 3000


def test_a_summary_shouts_only_when_rows_stayed_out() -> None:
    """A clean import is a quiet sentence."""
    clean = Counter(rows=3, enrolled=2, known=1)
    assert summary("s", clean) == "s: 2 of 3 rows enrolled, 1 were enrolled already."
    assert "LEFT OUT: 1 refused." in summary("s", Counter(rows=1, refused=1))


def test_progress_is_a_line_now_and_then_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A log file is not flooded."""
    progress = Progress()
    for rows in range(0, 3 * LINE_EVERY, BATCH):
        progress.show(Counter(rows=rows))
    progress.clear()
    assert capsys.readouterr().err == "20000 rows\n40000 rows\n"


def test_progress_is_one_line_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written over, and makes room for other lines."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = Progress()
    progress.show(Counter(rows=5))
    progress.clear()
    assert "5 rows" in capsys.readouterr().err


def test_a_refusal_is_one_value() -> None:
    """Tests and reports compare them."""
    assert Refusal(1, "a", "refused", "b") == Refusal(1, "a", "refused", "b")
