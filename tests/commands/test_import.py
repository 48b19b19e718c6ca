"""The laws of `outreachd import`."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import Result

from outreachd.clock import RealClock
from outreachd.commands.base import FailedError
from outreachd.commands.import_ import (
    BATCH,
    LINE_EVERY,
    Order,
    Progress,
    Telling,
    command,
    import_contacts,
    target_named,
)
from outreachd.commands.import_words import Tally
from outreachd.intake import Intake
from outreachd.rules.records import LedgerAwayError
from outreachd.store.contacts import NO_CONSENT_SENTENCE
from outreachd.store.database import Connection, Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.commands.calling import invoke
from tests.fleets import SPRING, WHOLE, fleet
from tests.wire.names import NameServer, Zone, name_server

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# Any ground of consent will do, and nobody is asked for a yes first.
OPEN = replace(SPRING, grounds=None, confirmation=None)
FLEET = fleet(*(OPEN if thing is SPRING else thing for thing in WHOLE))


@pytest_asyncio.fixture
async def fleet_url(database_url: str) -> str:
    """Give a database that holds the campaign "spring"."""
    database = await Database.open(database_url)
    async with database.connection() as connection:
        vault = Vault(b"k" * 32)
        await apply(connection, FLEET, vault, now=NOW, author="test")
        await connection.execute(
            "INSERT INTO suppression (target, reason, source, author, at)"
            " VALUES ('gone@x.example', 'opt_out', 's', 'a', now())"
        )
    await database.close(5)
    return database_url


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    """Give a name server on loopback that knows some and fails for one."""
    zone: Zone = {
        ("firm.net", "MX"): ["10 mx.firm.net."],
        ("web.net", "A"): ["192.0.2.1"],
        ("null.net", "MX"): ["0 ."],
    }
    async with name_server(zone) as server:
        server.faults["fail.net"] = "servfail"
        yield server


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
    "email,first_name,timezone,consent_basis\n"
    "ann@x.example,Ann,Europe/Berlin,asked\n"
    "bad,,,\n"
    "gone@x.example,,,\n"
    "ann@x.example,,,\n"
    "bob@x.example,Bob,,asked\n"
    "info@x.example,,,asked\n"
    "cat@x.example,Cat,,\n"
    "x@mailinator.com,,,asked\n"
)
ROLE = (
    "the address belongs to a function such as info@ or sales@, not to a person: its"
    " letter waits until a person releases it"
)
THROW_AWAY = "the address is at a provider of throw-away addresses: it was left out"


def run(folder: Path, url: str, file: Path, *options: str) -> Result:
    config = folder / "outreachd.toml"
    config.write_text(f"[database]\ndsn = '{url}'\n[state]\ndirectory = 'state'\n")
    call = (str(file), "--campaign", "spring", "--config", str(config), *options)
    return invoke(command, *call, "--no-mx")


async def test_domains_are_asked_of_the_dns_that_is_named(
    tmp_path: Path,
    fleet_url: str,
    seeded: Database,
    server: NameServer,
) -> None:
    """What takes no mail is left out, a DNS fault is not; it is kept for next time."""
    config = tmp_path / "outreachd.toml"
    config.write_text(
        f"[database]\ndsn = '{fleet_url}'\n[state]\ndirectory = 'state'\n"
        f"[checks]\nname_servers = ['127.0.0.1:{server.port}']\n"
    )
    names = ("firm.net", "web.net", "null.net", "gone.net", "fail.net")
    rows = "".join(f"ann@{name},asked\n" for name in names)
    file = write(tmp_path, f"email,consent_basis\n{rows}")
    report = tmp_path / "report.csv"
    words = ("--campaign", "spring", "--config", str(config), "--report", str(report))
    for _ in range(2):
        await asyncio.to_thread(invoke, command, str(file), *words)
    assert [row[2] for row in rows_of(report)] == [
        *("known", "known", "skipped", "skipped", "known")
    ]
    asked = len(server.asked)
    await asyncio.to_thread(invoke, command, str(file), *words)
    assert len(server.asked) == asked
    async with seeded.connection() as connection:
        kept = await connection.fetch("SELECT domain, verdict FROM mail_domain")
    assert dict(map(tuple, kept)) == {
        "firm.net": "mx",
        "web.net": "a_only",
        "null.net": "null_mx",
        "gone.net": "none",
        "fail.net": "unknown",
    }


def rows_of(report: Path) -> list[tuple[str, ...]]:
    with report.open(newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


async def counts_of(database: Database) -> list[int]:
    async with database.connection() as connection:
        return [
            await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            for table in ("contact", "enrolment", "send", "queue", "mail_domain")
        ]


async def test_the_good_rows_go_in_and_the_others_are_told(
    tmp_path: Path, fleet_url: str
) -> None:
    """Fault 75: what is not as usual with line and reason; that alone still exits 0."""
    result = run(tmp_path, fleet_url, write(tmp_path, MIXED))

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        (
            "spring: 2 of 8 rows enrolled, 2 HELD; LEFT OUT: 1 skipped, 1 suppressed,"
            " 1 duplicate, 1 refused."
        ),
        f"  held, 1: {ROLE}.",
        f"  held, 1: {NO_CONSENT_SENTENCE}.",
        (
            "  No letter is written without a ground of consent (any that is true, such"
            " as legitimate_interest): say it in a column consent_basis, or for the"
            " whole file with --consent-basis."
        ),
    ]
    assert result.stderr.splitlines() == [
        (
            "c.csv:3: email: an address has exactly one @, as in ann@example.org, and"
            " nothing around it (bad)"
        ),
        "c.csv:4: must not be written to: it is suppressed (gone@x.example)",
        "c.csv:5: is in this file more than once: the first row counts (ann@x.example)",
        f"c.csv:7: {ROLE} (info@x.example)",
        f"c.csv:8: {NO_CONSENT_SENTENCE} (cat@x.example)",
        f"c.csv:9: {THROW_AWAY} (x@mailinator.com)",
    ]


async def test_a_second_run_changes_nothing(tmp_path: Path, fleet_url: str) -> None:
    """JSON counts every row once: enrolled before, they are known now."""
    file = write(tmp_path, MIXED)
    first = json.loads(run(tmp_path, fleet_url, file, "--json").stdout)
    again = json.loads(run(tmp_path, fleet_url, file, "--json").stdout)

    same: dict[str, Any] = {"campaign": "spring", "rows": 8, "suppressed": 1}
    same |= {"duplicate": 1, "refused": 1, "skipped": 1, "dry_run": False}
    same |= {"dns_away": False, "skipped_because": {THROW_AWAY: 1}}
    same["marks"] = {"role": 1, "disposable": 1}
    held = {ROLE: 1, NO_CONSENT_SENTENCE: 1}
    assert first == same | {
        "enrolled": 2,
        "new": 2,
        "known": 0,
        "held": 2,
        "held_because": held,
    }
    assert again == same | {
        "enrolled": 0,
        "new": 0,
        "known": 4,
        "held": 0,
        "held_because": {},
    }


async def test_the_report_has_a_line_for_every_row(
    tmp_path: Path, fleet_url: str
) -> None:
    """In the order of the file: line, address, result, a sentence, and a word."""
    report = tmp_path / "report.csv"
    file = write(tmp_path, MIXED)
    run(tmp_path, fleet_url, file, "--report", str(report))
    found = rows_of(report)
    assert [row[:3] for row in found] == [
        ("2", "ann@x.example", "new"),
        ("3", "bad", "refused"),
        ("4", "gone@x.example", "skipped"),
        ("5", "ann@x.example", "duplicate"),
        ("6", "bob@x.example", "new"),
        ("7", "info@x.example", "held"),
        ("8", "cat@x.example", "held"),
        ("9", "x@mailinator.com", "skipped"),
    ]
    assert all(row[3] for row in found)
    assert [row[4] for row in found] == [
        *("", "", "suppressed", "", ""),
        *("role_address", "no_consent", "disposable_address"),
    ]
    run(tmp_path, fleet_url, file, "--report", str(report))
    again = rows_of(report)[0]
    assert again[2:] == (
        "known",
        "is in this campaign already: nothing was changed",
        "",
    )


async def test_a_dry_run_keeps_nothing_and_says_the_same(
    tmp_path: Path, fleet_url: str, seeded: Database
) -> None:
    """All the checks, those against the database too; not a row of any table."""
    file = write(tmp_path, MIXED)
    dry = run(tmp_path, fleet_url, file, "--dry-run")
    assert await counts_of(seeded) == [0, 0, 0, 0, 0]
    wet = run(tmp_path, fleet_url, file)
    last = "  This was a dry run: nothing was kept.\n"
    assert (dry.stdout, dry.stderr) == (wet.stdout + last, wet.stderr)
    assert await counts_of(seeded) == [4, 4, 4, 2, 0]


async def test_a_consent_can_be_given_for_the_whole_file(
    tmp_path: Path, fleet_url: str, seeded: Database
) -> None:
    """For rows that tell none; its spelling is ours."""
    file = write(tmp_path, MIXED)
    options = ("--consent-basis", "Legitimate Interest", "--consent-source", "fair")
    done = run(tmp_path, fleet_url, file, "--json", *options)
    assert json.loads(done.stdout)["held_because"] == {ROLE: 1}
    async with seeded.connection() as connection:
        kept = await connection.fetch(
            "SELECT consent_basis, consent_source FROM contact"
            " WHERE email IN ('ann@x.example', 'cat@x.example') ORDER BY email"
        )
    assert [tuple(row) for row in kept] == [
        ("asked", "fair"),
        ("legitimate_interest", "fair"),
    ]


async def test_a_bad_date_of_consent_is_misuse(tmp_path: Path, fleet_url: str) -> None:
    """Told with the option's name, before anything is read."""
    file = write(tmp_path, MIXED)
    result = run(tmp_path, fleet_url, file, "--consent-at", "soon")
    assert result.exit_code == 2
    assert "--consent-at must be a date or time" in result.stderr


async def test_a_file_in_a_named_encoding_goes_in(
    tmp_path: Path, fleet_url: str
) -> None:
    """Fault 75: the sentence that refuses it says how."""
    file = tmp_path / "c.csv"
    file.write_bytes("email;имя\na@x.example;Жюль\n".encode("cp1251"))
    refused = run(tmp_path, fleet_url, file)
    assert (refused.exit_code, "add --encoding cp1251" in refused.stderr) == (2, True)
    taken = run(tmp_path, fleet_url, file, "--encoding", "cp1251")
    assert taken.stdout.startswith("spring: 0 of 1 row enrolled, 1 HELD")


async def test_a_report_never_overwrites_the_file(
    tmp_path: Path, fleet_url: str
) -> None:
    """A slip of the keyboard costs no list."""
    file = write(tmp_path, MIXED)
    result = run(tmp_path, fleet_url, file, "--report", str(file))
    assert (result.exit_code, file.read_text()) == (2, MIXED)


async def test_an_unknown_campaign_is_wrong_usage(
    tmp_path: Path, fleet_url: str
) -> None:
    """Exit 2, with the nearest name there is."""
    file = write(tmp_path, MIXED)
    result = run(tmp_path, fleet_url, file, "--campaign", "sprin")
    assert result.exit_code == 2
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


async def import_into(
    database: Database, file: Path, telling: Telling | None = None
) -> Tally:
    """Import as the verb does, on a database of the test's choice."""
    vault = Vault(b"k" * 32)
    intake = Intake(database, RealClock(), vault.eraser, None)
    quiet = Telling(lambda _result: None, lambda _rows: None)
    target = await target_named(database, "spring")
    order = Order(file=file, campaign="spring")
    return await import_contacts(intake, target, order, telling or quiet)


async def test_an_import_of_many_batches_is_complete(
    tmp_path: Path, seeded: Database
) -> None:
    """Every row ends in exactly one count, over the edges of batches too."""
    rows = [f"p{n}@x.example" for n in range(2 * BATCH + 7)]
    lines = [f"{row},asked" for row in [*rows, rows[0], "bad"]]
    file = write(tmp_path, "email,consent_basis\n" + "\n".join(lines))
    seen: list[int] = []
    told: list[int] = []
    telling = Telling(lambda result: told.append(result.line), seen.append)
    tally = await import_into(seeded, file, telling)

    assert seen == [BATCH, 2 * BATCH, len(rows) + 2]
    assert told == list(range(2, len(rows) + 4))
    figures = tally.figures()
    assert figures["rows"] == len(rows) + 2
    assert (figures["enrolled"], figures["duplicate"]) == (len(rows), 1)
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
    lines = "".join(f"p{n}@x.example,asked\n" for n in range(5000))
    file = write(tmp_path, f"email,consent_basis\n{lines}")
    lossy = _LosesTheThird(seeded)
    with pytest.raises(
        FailedError, match=f"{BATCH} rows are done: run the same import"
    ):
        await import_into(lossy, file)  # type: ignore[arg-type]
    again = (await import_into(seeded, file)).figures()

    assert (again["known"], again["enrolled"]) == (BATCH, 5000 - BATCH)


async def test_two_imports_at_once_enrol_everybody_once(
    tmp_path: Path, seeded: Database
) -> None:
    """Files in opposite order neither deadlock nor enrol anybody twice."""
    rows = [f"p{n}@x.example,asked" for n in range(3000)]
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    one.write_text("\n".join(["email,consent_basis", *rows]))
    two.write_text("\n".join(["email,consent_basis", *reversed(rows)]))
    results = await asyncio.gather(*(import_into(seeded, f) for f in (one, two)))

    assert sum(r.enrolled for r in results) == 3000
    assert sum(r.words["known"] for r in results) == 3000


def test_progress_is_a_line_now_and_then_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A log file is not flooded."""
    progress = Progress()
    for rows in range(0, 3 * LINE_EVERY, BATCH):
        progress.show(rows)
    progress.clear()
    assert capsys.readouterr().err == "20000 rows\n40000 rows\n"


def test_progress_is_one_line_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written over, and makes room for other lines."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = Progress()
    progress.show(5)
    progress.clear()
    assert "5 rows" in capsys.readouterr().err
