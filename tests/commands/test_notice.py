"""The laws of `notice`: a line a mail, by the contract, and nothing is touched."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from outreachd.commands.notice import command
from outreachd.store.bookmarks import PgBookmarks
from outreachd.store.database import Database
from tests.commands.calling import invoke
from tests.rules.mails import bounce, mail

FIELDS = "Final-Recipient: rfc822; p@people.example\r\nAction: failed\r\nStatus: 5.1.1"


def lines(*arguments: str, stdin: bytes = b"") -> list[dict[str, Any]]:
    """Call the verb for machines."""
    result = CliRunner().invoke(
        command, [*arguments, "--json"], input=io.BytesIO(stdin)
    )
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def test_a_bounce_is_told_by_the_contract(tmp_path: Path) -> None:
    """File, kind, recipients with status and class, the letter's Message-ID."""
    file = tmp_path / "bounce.eml"
    file.write_bytes(bounce(FIELDS))
    (line,) = lines(str(file))
    assert line == {
        "file": str(file),
        "kind": "dsn",
        "detail": "failed",
        "recipients": [
            {
                "recipient": "p@people.example",
                "status": "5.1.1",
                "class": "hard_no_user",
            }
        ],
        "original_message_id": "<ours@b.example>",
        "return_date": None,
    }
    assert file.read_bytes() == bounce(FIELDS)


def test_standard_input_and_maildirs_are_read(tmp_path: Path) -> None:
    """``-`` is one mail; a Maildir is all of new and cur, whatever is in tmp."""
    (line,) = lines("-", stdin=mail("Stop", Subject="Re: x", From="a@b.example"))
    assert (line["file"], line["kind"]) == ("-", "unsubscribe")
    for room in ("new", "cur", "tmp"):
        (tmp_path / room).mkdir()
        (tmp_path / room / "1.eml").write_bytes(bounce(FIELDS))
    assert [Path(line["file"]).parent.name for line in lines(str(tmp_path))] == [
        "new",
        "cur",
    ]


def test_people_are_told_in_a_sentence(tmp_path: Path) -> None:
    """Without --json a line a mail, in words."""
    away = mail("I am away until 5 January 2099.", Subject="Out of office")
    (tmp_path / "a").write_bytes(bounce(FIELDS))
    (tmp_path / "b").write_bytes(away.replace(b"2099", b"2027"))
    result = CliRunner().invoke(command, [str(tmp_path)])
    assert result.output == (
        f"{tmp_path}/a: dsn (failed); p@people.example: hard_no_user 5.1.1; "
        "about <ours@b.example>\n"
        f"{tmp_path}/b: autoreply (out_of_office); somebody: autoreply; "
        "back on 2027-01-05\n"
    )


def test_what_cannot_be_read_is_told_and_the_rest_is_answered(tmp_path: Path) -> None:
    """A sentence, exit 1; a script still has a line for each mail that is there."""
    there = tmp_path / "there.eml"
    there.write_bytes(b"")
    result = CliRunner().invoke(
        command, [str(tmp_path / "no.eml"), str(there), "--json"]
    )
    assert result.exit_code == 1
    assert "no.eml: No such file or directory." in result.stderr
    assert json.loads(result.stdout)["kind"] == "other"


@pytest.mark.parametrize("arguments", [[], ["--nonsense", "x"]])
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    """Scripts can tell a slip from a failure."""
    assert CliRunner().invoke(command, arguments).exit_code == 2


async def test_a_mail_that_is_delivered_is_stored_and_nothing_else(
    config: Path, tmp_path: Path, db: Database
) -> None:
    """For the pipe of a mail server: silent, exit 0 once it is kept."""
    (tmp_path / "a.eml").write_bytes(bounce(FIELDS))
    result = invoke(
        command, "--deliver", str(tmp_path / "a.eml"), "--config", str(config)
    )
    assert (result.exit_code, result.stdout) == (0, "")
    [(_, raw)] = await PgBookmarks(db).handed_in(5)
    assert raw == bounce(FIELDS)


def test_a_mail_that_cannot_be_stored_is_to_come_again(tmp_path: Path) -> None:
    """EX_TEMPFAIL, whatever is in the way: the mail server keeps it and tries again."""
    (tmp_path / "a.eml").write_bytes(b"")
    settings = tmp_path / "outreachd.toml"
    settings.write_text(
        f'[database]\ndsn = "postgresql://u@127.0.0.1:1/x"\n'
        f'[state]\ndirectory = "{tmp_path}/state"\n'
    )
    arguments = ("--deliver", str(tmp_path / "a.eml"), "--config", str(settings))
    assert invoke(command, *arguments).exit_code == 75
    settings.write_text("nonsense = 1\n")
    assert invoke(command, *arguments).exit_code == 75
