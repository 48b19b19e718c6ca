"""The laws of the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outreachd.commands.base import MisusedError
from outreachd.commands.report import NOTHING, report
from outreachd.rules.figures import By
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError
from tests.commands.conftest import PutSends


@pytest.fixture
async def letters(put_sends: PutSends, db: Database) -> None:
    """Send three letters; one is answered."""
    await put_sends(3)
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE send SET state = 'sent', attempt_id = gen_random_uuid(),"
            " message_id = '<' || id || '@x>', dated_at = now(), letter_sha256 = '',"
            " mailbox_id = (SELECT min(id) FROM mailbox)"
        )
        await connection.execute(
            "INSERT INTO attempt (id, send_id, mailbox_id, account_id, domain_id,"
            " started_at, outcome) SELECT attempt_id, id, mailbox_id, 1, 1,"
            " now() - interval '1 hour', 'sent' FROM send"
        )
        await connection.execute(
            "INSERT INTO event (contact_id, send_id, what, source, author, at)"
            " SELECT contact_id, id, 'answered', 's', 'a', now() FROM send LIMIT 1"
        )


async def show(config: Path, form: str, by: By = By.CAMPAIGN, **more: str) -> None:
    """Run the verb."""
    values = {"since": "30d", "until": None, "client": None, "campaign": None} | more
    await report(config, by, form=form, **values)  # type: ignore[arg-type]


@pytest.mark.usefixtures("letters")
async def test_a_person_sees_a_table(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counts, rates and their intervals."""
    await show(config, "page")
    told = capsys.readouterr().out
    assert "answered" in told
    assert "1 33.3%" in told
    assert "6.1%-79.2%" in told


@pytest.mark.usefixtures("letters")
@pytest.mark.parametrize("name", ["[/b]", "[de] spring"])
async def test_a_campaign_is_shown_by_its_name_whatever_that_is(
    config: Path, db: Database, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Brackets in a name are no markup: neither a traceback nor a name without them."""
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET name = $1", name)
    await show(config, "page")
    assert name in capsys.readouterr().out


@pytest.mark.usefixtures("letters")
async def test_a_script_gets_json_and_a_spreadsheet_csv(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same counts."""
    await show(config, "json", By.CLIENT)
    told = json.loads(capsys.readouterr().out)
    assert (told["total"]["sent"], told["rows"][0]["answered"]) == (3, 1)
    await show(config, "csv", By.CLIENT)
    head, row = capsys.readouterr().out.splitlines()
    assert head.startswith("name,sent,refused,delivered")
    assert row.split(",")[1] == "3"


async def test_a_time_without_letters_says_so(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """No table of nothing."""
    await put_sends(1)
    await show(config, "page", since="2h")
    assert capsys.readouterr().out == f"{NOTHING}\n"


async def test_a_slip_is_said_in_a_sentence(config: Path, put_sends: PutSends) -> None:
    """A time nobody can read, a campaign nobody has."""
    await put_sends(1)
    with pytest.raises(MisusedError, match='--since must be a time such as "30d"'):
        await show(config, "page", since="lately")
    with pytest.raises(NoSuchError, match="no campaign"):
        await show(config, "page", campaign="nothing")
