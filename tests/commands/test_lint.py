"""The laws of lint: the whole list is looked at, and errors end with 1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outreachd.clock import RealClock
from outreachd.commands.lint import lint
from outreachd.fleet.load import load
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.vault import Vault
from tests.commands.conftest import FLEET, PutSends

GOOD = 'subject = "About {{ company }}"\ntext = "Hi {{ first_name }}"\n'


async def prepared(
    db: Database, folder: Path, state: Path, step: str, *people: dict[str, str]
) -> None:
    """Apply one step and give the first contacts these values."""
    file = folder / "lint.toml"
    head = FLEET.partition("[[campaign.step]]")[0]
    file.write_text(f"{head}[[campaign.step]]\n{step}")
    async with db.connection() as connection:
        now, vault = RealClock().now(), Vault.unlock(state)
        await apply(connection, load(file), vault, now=now, author="test")
        for id, values in enumerate(people, 1):
            await connection.execute(
                "UPDATE contact SET variables = $1::jsonb WHERE id = $2",
                json.dumps(values),
                id,
            )


async def found(
    config: Path, capsys: pytest.CaptureFixture[str], name: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Lint; tell exit code and findings."""
    code = 0
    try:
        await lint(config, name, True)
    except SystemExit as end:
        code = int(str(end.code))
    return code, json.loads(capsys.readouterr().out)


async def test_a_good_campaign_has_nothing_to_find(
    config: Path,
    put_sends: PutSends,
    db: Database,
    state: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 0 and a sentence."""
    await put_sends(2)
    values = {"company": "Acme", "first_name": "Pat"}
    await prepared(db, tmp_path, state, GOOD, values, values)
    assert await found(config, capsys) == (
        0,
        {"errors": 0, "warnings": 0, "findings": []},
    )
    await lint(config, "spring", False)
    assert capsys.readouterr().out == "Nothing to find fault with.\n"


async def test_missing_values_are_counted_by_name(
    config: Path,
    put_sends: PutSends,
    db: Database,
    state: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """All that a letter lacks, not only the first; blanks count as missing."""
    await put_sends(3)
    whole = {"company": "Acme", "first_name": "Pat"}
    await prepared(db, tmp_path, state, GOOD, whole, {"company": " "}, {})
    code, told = await found(config, capsys)
    sentences = sorted(one["sentence"] for one in told["findings"])
    assert (code, told["errors"]) == (1, 2)
    assert sentences == [
        f"{name} is missing for 2 of 3 contacts, such as p2@people.example:"
        " their letters would be held"
        for name in ("company", "first_name")
    ]


async def test_warnings_alone_are_no_failure(
    config: Path,
    put_sends: PutSends,
    db: Database,
    state: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They are told with their place."""
    await put_sends(1)
    await prepared(db, tmp_path, state, 'subject = "LOUD WORDS"\ntext = "Hi"\n')
    code, told = await found(config, capsys)
    assert (code, told["warnings"]) == (0, 1)
    assert told["findings"][0] | {"sentence": ""} == {
        "severity": "warning",
        "campaign": "spring",
        "step": 1,
        "variant": None,
        "word": "shouting",
        "sentence": "",
    }
    await lint(config, None, False)
    assert capsys.readouterr().out.splitlines() == [
        "warning  spring, step 1: the subject is in capitals only.",
        "0 errors, 1 warning.",
    ]


async def test_a_letter_that_grows_too_large_is_found_by_writing_it(
    config: Path,
    put_sends: PutSends,
    db: Database,
    state: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Gmail would hide the end, with the way out."""
    await put_sends(1)
    html = "<p>{{ many }}</p>" * 40
    step = f'subject = "x"\ntext = "Hi"\nhtml = """{html}"""\n'
    await prepared(db, tmp_path, state, step, {"many": "x" * 3_000})
    _, told = await found(config, capsys)
    assert [one["word"] for one in told["findings"]] == ["clipped"]


async def test_what_would_be_held_otherwise_is_told_with_an_example(
    config: Path,
    put_sends: PutSends,
    db: Database,
    state: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A value that no header can carry."""
    await put_sends(1)
    values = {"company": "Acme\nBcc: x", "first_name": "Pat"}
    await prepared(db, tmp_path, state, GOOD, values)
    code, told = await found(config, capsys)
    [finding] = told["findings"]
    assert (code, finding["word"]) == (1, "bad_value")
    assert "such as that to p1@people.example" in finding["sentence"]
