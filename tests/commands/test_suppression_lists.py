"""The laws of bringing a suppression list in and of writing it out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.base import FailedError
from outreachd.commands.suppression_lists import Usual, export, import_list
from outreachd.store.database import Database
from outreachd.store.suppressions import Wanted
from tests.commands.conftest import PutSends

Captured = pytest.CaptureFixture[str]
MIXED = (
    "email,client,campaign,reason,at\n"
    "p1@people.example,acme,,opt_out,2026-03-02\n"
    "nobody,,,,\n"
    "p2@people.example,,spring,,\n"
    "@other.example,,,,\n"
    "p3@people.example,nobody,,,\n"
    "p1@people.example,acme,,opt_out,\n"
)
USUAL = Usual(reason="imported")


def write(folder: Path, text: str) -> Path:
    file = folder / "list.csv"
    file.write_text(text)
    return file


async def test_good_rows_go_in_and_the_others_are_told(
    config: Path, put_sends: PutSends, db: Database, tmp_path: Path, capsys: Captured
) -> None:
    """Line-exact, in the report too; what waits ends; a second run changes nothing."""
    await put_sends(3)
    file, report = write(tmp_path, MIXED), tmp_path / "report.csv"
    await import_list(config, file, USUAL, None, report, True)
    told = capsys.readouterr()
    counts = {"rows": 6, "new": 3, "known": 1, "refused": 2, "ended": 2}
    assert json.loads(told.out) == counts
    lines = told.err.splitlines()
    assert lines[0].startswith("list.csv:3: an address has exactly one @")
    assert lines[1] == "list.csv:6: there is no client 'nobody' in the fleet"
    assert [line.split(",")[0] for line in report.read_text().splitlines()] == [
        '"line"',
        '"3"',
        '"6"',
    ]
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT target, form, client_id, campaign_id, reason, source,"
            " at::date::text FROM suppression ORDER BY id"
        )
    assert [tuple(row) for row in rows][:1] == [
        ("p1@people.example", "address", 1, None, "opt_out", "list.csv", "2026-03-02")
    ]
    assert [tuple(row)[:5] for row in rows][1:] == [
        ("p2@people.example", "address", 1, 1, "imported"),
        ("@other.example", "domain", None, None, "imported"),
    ]

    await import_list(config, file, USUAL, None, None, False)
    assert capsys.readouterr().out == (
        "0 of 6 rows entered, 4 stood already; LEFT OUT: 2 refused; "
        "0 waiting sends ended.\n"
    )


async def test_what_rows_do_not_say_is_said_for_all(
    config: Path, put_sends: PutSends, db: Database, tmp_path: Path
) -> None:
    """--client, --campaign and --reason hold where a row is silent."""
    await put_sends(1)
    usual = Usual(client="acme", campaign="spring", reason="bought the firm")
    file = write(tmp_path, "target\n*.rival.example\n")
    await import_list(config, file, usual, None, None, True)
    async with db.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM suppression")
    assert row is not None
    assert (row["client_id"], row["campaign_id"]) == (1, 1)
    assert (row["form"], row["reason"]) == ("below", "bought the firm")


async def test_too_many_wildcards_end_an_import_with_a_way_out(
    config: Path, put_sends: PutSends, tmp_path: Path
) -> None:
    """The sentence says what to do instead, and that nothing is lost."""
    file = write(
        tmp_path, "target\n" + "".join(f"*b{n}@x.example\n" for n in range(301))
    )
    with pytest.raises(FailedError, match=r"name domains .* run the same import again"):
        await import_list(config, file, USUAL, None, None, True)


async def test_what_is_exported_can_be_imported(
    config: Path, put_sends: PutSends, tmp_path: Path, capsys: Captured
) -> None:
    """Every standing entry, or one client's; brought back, all of it is known."""
    await put_sends(3)
    await import_list(config, write(tmp_path, MIXED), USUAL, None, None, True)
    out = tmp_path / "out.csv"
    capsys.readouterr()
    await export(config, out, Wanted(limit=2), True)
    assert json.loads(capsys.readouterr().out)["entries"] == 3
    await import_list(config, out, USUAL, None, None, True)
    counts = json.loads(capsys.readouterr().out)
    assert (counts["rows"], counts["known"], counts["refused"]) == (3, 3, 0)
    await export(config, out, Wanted(client="acme", limit=1), False)
    assert capsys.readouterr().out.endswith("out.csv: 2 entries.\n")
