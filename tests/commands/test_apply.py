"""The laws of `outreachd apply`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from click.testing import Result

from outreachd.clock import RealClock
from outreachd.commands.apply import SHOWN, apply_fleet, ask, command, counts, show
from outreachd.commands.base import FailedError, MisusedError
from outreachd.rules.fleet_plan import Change, Sign
from outreachd.rules.model import Kind
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.commands.calling import elsewhere, invoke
from tests.commands.conftest import FLEET as SMALL
from tests.fleets import ACME, WHOLE, fleet

EXAMPLE = Path(__file__).parents[2] / "config" / "fleet.toml"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VAULT = Vault(b"k" * 32)
LETTER = """
WITH person AS (
    INSERT INTO contact (client_id, email, timezone)
    VALUES (1, 'a@x.example', 'Asia/Tokyo') RETURNING id
), enrolled AS (
    INSERT INTO enrolment (campaign_id, contact_id) SELECT 1, id FROM person RETURNING *
)
INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, due_at,
    first_due_at, changed_at)
SELECT 1, 1, contact_id, id, now(), now(), now() FROM enrolled
"""


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Path:
    """Write settings that name the test's database."""
    path = tmp_path / "outreachd.toml"
    path.write_text(
        f"[database]\ndsn = '{database_url}'\n[state]\ndirectory = 'state'\n"
    )
    return path


def run(config: Path, file: Path, *options: str) -> Result:
    return invoke(command, str(file), "--config", str(config), *options)


async def test_the_example_is_applied_once(config: Path) -> None:
    """It shows the plan, does it, and the second time there is nothing to do."""
    first = run(config, EXAMPLE, "--yes")
    again = run(config, EXAMPLE, "--yes")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "+ mailbox kim@post.bolt.example\n" in first.stdout
    assert first.stdout.endswith("Plan: 10 to add, 0 to change, 0 to retire.\nDone.\n")
    assert again.stdout == "Nothing to do: the fleet is as the file says.\n"


async def test_json_is_one_object(config: Path) -> None:
    """Machines read what changed; the plan for people is left out."""
    told = json.loads(run(config, EXAMPLE, "--yes", "--json").stdout)
    assert told["counts"] == {"add": 10, "change": 0, "retire": 0}
    assert told["changes"][0] == {
        "sign": "+",
        "kind": "client",
        "name": "acme",
        "returns": False,
        "fields": [],
    }


async def test_without_a_person_to_ask_nothing_is_changed(config: Path) -> None:
    """In a pipe the plan is shown and the way to apply it told; exit 2."""
    result = run(config, EXAMPLE)

    assert result.exit_code == 2
    assert "Plan: 10 to add" in result.stdout
    assert "add --yes" in result.stderr
    assert "Plan: 10 to add" in run(config, EXAMPLE).stdout


async def test_a_mistaken_file_is_refused(config: Path, tmp_path: Path) -> None:
    """Every mistake with its line, exit 2, no traceback, nothing opened."""
    file = tmp_path / "fleet.toml"
    file.write_text('[[client]]\nname = "x"\nshare = -1\n')
    result = run(config, file, "--yes")

    assert result.exit_code == 2
    assert f"{file}:1: postal_address is missing" in result.stderr
    assert f"{file}:3: share must be at least 0.001" in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "state").exists()


async def test_a_missing_file_is_told(config: Path, tmp_path: Path) -> None:
    """A wrong path is wrong usage."""
    result = run(config, tmp_path / "gone.toml", "--yes")
    assert (result.exit_code, "cannot be read" in result.stderr) == (2, True)


async def test_a_fleet_that_moved_after_the_plan_is_left_alone(
    db: Database, database_url: str
) -> None:
    """Consent given to one plan is not consent to another."""

    def consent(changes: Sequence[Change], notes: Sequence[str]) -> None:
        assert len(changes) == len(WHOLE)
        elsewhere(apply_other, database_url)

    with pytest.raises(FailedError, match="somebody else applied"):
        await apply_fleet(db, VAULT, RealClock(), fleet(*WHOLE), consent)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM mailbox") == 0


async def apply_other(url: str) -> None:
    """Apply another fleet, as somebody else would."""
    connection = await asyncpg.connect(url)
    await apply(connection, fleet(ACME), VAULT, now=NOW, author="other")
    await connection.close()


async def test_who_refuses_changes_nothing(db: Database) -> None:
    """The plan is asked about before anything is written."""
    asked: list[Change] = []

    def refuse(changes: Sequence[Change], notes: Sequence[str]) -> None:
        asked.extend(changes)
        raise FailedError("no")

    with pytest.raises(FailedError):
        await apply_fleet(db, VAULT, RealClock(), fleet(*WHOLE), refuse)

    assert len(asked) == len(WHOLE)
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM client") == 0


def test_a_long_plan_is_cut_short_and_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Thousands of new mailboxes do not push what else happens off the screen."""
    many = [Change(Sign.ADD, Kind.MAILBOX, f"m{n}") for n in range(SHOWN + 5)]
    show([*many, Change(Sign.RETIRE, Kind.CLIENT, "acme")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == SHOWN + 3
    assert lines[-3:] == [
        "- client acme",
        "+ mailbox ... and 5 more",
        f"Plan: {SHOWN + 5} to add, 0 to change, 1 to retire.",
    ]


def test_counts_name_every_sign() -> None:
    """A zero is told too, so that scripts need no default."""
    assert counts([]) == {"add": 0, "change": 0, "retire": 0}


@pytest.mark.parametrize("as_json", [True, False])
def test_nobody_is_asked_where_nobody_is(
    monkeypatch: pytest.MonkeyPatch, as_json: bool
) -> None:
    """A question into a pipe, or into JSON, would wait for ever."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: as_json, raising=False)
    with pytest.raises(MisusedError, match="--yes"):
        ask(as_json)


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked(monkeypatch: pytest.MonkeyPatch, answer: bool) -> None:
    """Yes goes on, no is a failure of what was asked for."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.confirm", lambda _question: answer)
    if answer:
        ask(as_json=False)
    else:
        with pytest.raises(FailedError, match="nothing was changed"):
            ask(as_json=False)


def test_a_changed_client_is_shown_with_both_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What was and what will be, below the thing."""
    change = replace(
        Change(Sign.CHANGE, Kind.CLIENT, "acme"), fields=(("share", "1", "2"),)
    )
    show([change])
    assert capsys.readouterr().out.startswith("~ client acme\n    share: 1 -> 2\n")


async def test_what_a_careful_reader_would_say_is_told_before(
    config: Path, tmp_path: Path
) -> None:
    """On stderr, beside the plan; it stops nobody. Files are applied once too."""
    file = tmp_path / "fleet.toml"
    head = EXAMPLE.read_text().replace('mailboxes = "mailboxes.csv"', "")
    (tmp_path / "offer.pdf").write_bytes(b"%PDF-1.7")
    file.write_text(
        head
        + '\n[[campaign]]\nname = "loud"\nclient = "acme"\ndirection = "sales"\n'
        + 'pool = { domains = ["mail.acme.example"] }\n[[campaign.step]]\n'
        + 'subject = "Re: you"\ntext = "see http://x.example"\n'
        + 'attachments = ["offer.pdf"]\n'
    )
    first, again = run(config, file, "--yes"), run(config, file, "--yes")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert "warning: loud, step 1: the first subject begins with" in first.stderr
    assert "http://x.example" in first.stderr
    assert again.stdout == "Nothing to do: the fleet is as the file says.\n"


async def test_what_comes_of_a_plan_is_said_before_and_done_after(
    config: Path, db: Database, tmp_path: Path
) -> None:
    """A changed calendar: how many letters follow it, and they do."""
    text = SMALL.replace('timezone = "UTC"', 'timezone = "recipient"')
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    first.write_text(SMALL)
    second.write_text(text)
    assert run(config, first, "--yes").exit_code == 0
    async with db.connection() as connection:
        await connection.execute(LETTER)
    asked = run(config, second)
    note = "note: spring: its calendar changes, and what waits follows it: 1 letter"
    assert (asked.exit_code, note in asked.stderr) == (2, True)
    told = json.loads(run(config, second, "--yes", "--json").stdout)
    assert [line.partition(":")[0] for line in told["notes"]] == ["spring"]
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT place FROM send") == "Asia/Tokyo"
        # As if that apply had been cut off before its end.
        await connection.execute("UPDATE send SET place = ''")
        await connection.execute("UPDATE campaign SET unplaced = true")
    assert "Nothing to do" in run(config, second, "--yes").stdout
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT place FROM send") == "Asia/Tokyo"
