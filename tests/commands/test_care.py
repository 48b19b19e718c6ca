"""The laws of `outreachd care`."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import Result

from outreachd.clock import RealClock
from outreachd.commands.care import COLUMNS, command
from outreachd.contact_file import read_contacts
from outreachd.rules.contact_row import NewContact
from outreachd.store.database import Database
from tests.commands.calling import invoke
from tests.store.seed import add_send, seed_fleet
from tests.store.test_care import SENT


@pytest_asyncio.fixture
async def silent(db: Database) -> None:
    """Three people, two of them silent, one with an odd value."""
    long_ago = RealClock().now() - timedelta(days=200)
    recent: dict[str, Any] = SENT | {"dated_at": RealClock().now()}
    async with db.connection() as connection:
        await seed_fleet(connection)
        for name in ("ann", "bob"):
            await add_send(
                connection, f"{name}@x.example", **SENT | {"dated_at": long_ago}
            )
        await add_send(connection, "new@x.example", **recent)
        await add_send(connection, "ann@x.example", step_number=2)
        await connection.execute(
            """UPDATE contact SET variables = '{"phone": "+49 30", "country": "de"}',"""
            " country = 'DE' WHERE email = 'ann@x.example'"
        )


@pytest.fixture
def run(config: Path, silent: None) -> Any:
    """Give a way to call the verb."""

    def call(*words: str) -> Result:
        return invoke(command, *words, "--config", str(config))

    return call


async def test_the_report_is_a_sentence_and_changes_nothing(run: Any) -> None:
    """How many, since when, what would end, what can be done."""
    first, again = run(), run()
    lines = first.stdout.splitlines()
    assert lines[0].startswith(
        "spring: 2 of 3 people written to have not answered for more than 183 days;"
        " the oldest last letter is of 20"
    )
    assert lines[0].endswith("1 letter to them would be cancelled.")
    assert "--apply reactivate --to FILE" in lines[1]
    assert again.stdout == first.stdout


async def test_figures_for_programs(run: Any) -> None:
    """The same as JSON."""
    told = json.loads(run("--campaign", "spring", "--json").stdout)
    assert (told["silent"], told["put_aside"], told["cancelled"]) == (2, 0, 0)
    spring = told["campaigns"]["spring"]
    assert (spring["written_to"], spring["silent"], spring["waiting"]) == (3, 2, 1)
    assert spring["silent_after_days"] == 183


async def test_removing_stops_their_sequences(run: Any) -> None:
    """Once agreed; then nobody is silent any more."""
    unsure = run("--apply", "remove")
    assert (unsure.exit_code, "add --yes" in unsure.stderr) == (2, True)
    done = run("--apply", "remove", "--yes")
    assert done.stderr.splitlines()[-1] == "2 people put aside, 1 letter cancelled."
    assert run().stdout == (
        "Nobody has been silent for longer than their campaign waits.\n"
    )


async def test_a_reactivation_gets_a_list_that_can_be_imported(
    run: Any, tmp_path: Path
) -> None:
    """All that is known of them comes back as it was, formulas put to sleep."""
    to = tmp_path / "silent.csv"
    done = run("--apply", "reactivate", "--to", str(to), "--yes", "--json")
    assert json.loads(done.stdout)["put_aside"] == 2
    with to.open(newline="") as file:
        header, ann, _ = csv.reader(file)
    assert tuple(header) == (*COLUMNS, "phone")
    assert ann[-1] == "'+49 30"
    people = [row for row in read_contacts(to) if isinstance(row, NewContact)]
    assert [person.email for person in people] == ["ann@x.example", "bob@x.example"]
    assert people[0].variables["phone"] == "+49 30"
    assert (people[0].country, people[0].consent_basis) == ("DE", "asked")


async def test_a_list_goes_to_the_standard_output_too(run: Any) -> None:
    """The talk goes elsewhere."""
    done = run("--apply", "reactivate", "--yes")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["email"] for row in rows] == ["ann@x.example", "bob@x.example"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "x.csv"), "--to goes with --apply reactivate"),
        (("--apply", "reactivate", "--json"), "needs --to FILE"),
        (("--apply", "reactivate", "--to", __file__), "is there already"),
        (("--apply", "delete"), "'delete' is not one of"),
    ],
)
async def test_what_does_not_fit_is_misuse(
    run: Any, words: tuple[str, ...], said: str
) -> None:
    """Told before anything is done."""
    result = run(*words)
    assert (result.exit_code, said in result.stderr) == (2, True)


async def test_an_unknown_campaign_is_told(run: Any) -> None:
    """Exit 2, as from any verb."""
    result = run("--campaign", "nonsense")
    assert (result.exit_code, "nonsense" in result.stderr) == (2, True)
