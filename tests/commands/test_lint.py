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


class Shop:
    """One campaign, the people in it, and who lints it."""

    def __init__(
        self,
        config: Path,
        put_sends: PutSends,
        db: Database,
        state: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._config, self._put_sends, self._db = config, put_sends, db
        self._vault, self._capsys = Vault.unlock(state), capsys

    async def write(self, step: str, *people: dict[str, str]) -> None:
        """Apply the campaign with this step, for contacts with these values."""
        await self._put_sends(len(people))
        file = self._config.with_name("lint.toml")
        head = FLEET.partition("[[campaign.step]]")[0]
        file.write_text(f"{head}[[campaign.step]]\n{step}")
        async with self._db.connection() as connection:
            now = RealClock().now()
            await apply(connection, load(file), self._vault, now=now, author="test")
            for id, values in enumerate(people, 1):
                await connection.execute(
                    "UPDATE contact SET variables = $1::jsonb WHERE id = $2",
                    json.dumps(values),
                    id,
                )

    async def found(self) -> tuple[int, dict[str, Any]]:
        """Lint; tell exit code and findings."""
        code = 0
        try:
            await lint(self._config, None, True)
        except SystemExit as end:
            code = int(str(end.code))
        return code, json.loads(self._capsys.readouterr().out)

    async def told(self, name: str | None = None) -> list[str]:
        """Lint; tell the lines that people read."""
        await lint(self._config, name, False)
        return self._capsys.readouterr().out.splitlines()


@pytest.fixture
def shop(
    config: Path,
    put_sends: PutSends,
    db: Database,
    state: Path,
    capsys: pytest.CaptureFixture[str],
) -> Shop:
    """Give an empty one."""
    return Shop(config, put_sends, db, state, capsys)


async def test_a_good_campaign_has_nothing_to_find(shop: Shop) -> None:
    """Exit 0 and a sentence."""
    values = {"company": "Acme", "first_name": "Pat"}
    await shop.write(GOOD, values, values)
    assert await shop.found() == (0, {"errors": 0, "warnings": 0, "findings": []})
    assert await shop.told("spring") == ["Nothing to find fault with."]


async def test_missing_values_are_counted_by_name(shop: Shop) -> None:
    """All that a letter lacks, not only the first; blanks count as missing."""
    whole = {"company": "Acme", "first_name": "Pat"}
    await shop.write(GOOD, whole, {"company": " "}, {})
    code, told = await shop.found()
    sentences = sorted(one["sentence"] for one in told["findings"])
    assert (code, told["errors"]) == (1, 2)
    assert sentences == [
        f"{name} is missing for 2 of 3 contacts, such as p2@people.example:"
        " their letters would be held"
        for name in ("company", "first_name")
    ]


async def test_warnings_alone_are_no_failure(shop: Shop) -> None:
    """They are told with their place."""
    await shop.write('subject = "LOUD WORDS"\ntext = "Hi"\n', {})
    code, told = await shop.found()
    assert (code, told["warnings"]) == (0, 1)
    assert told["findings"][0] | {"sentence": ""} == {
        "severity": "warning",
        "campaign": "spring",
        "step": 1,
        "variant": None,
        "word": "shouting",
        "sentence": "",
    }
    assert await shop.told() == [
        "warning  spring, step 1: the subject is in capitals only.",
        "0 errors, 1 warning.",
    ]


async def test_a_letter_that_grows_too_large_is_found_by_writing_it(
    shop: Shop,
) -> None:
    """Gmail would hide the end, with the way out."""
    html = "<p>{{ many }}</p>" * 40
    step = f'subject = "x"\ntext = "Hi"\nhtml = """{html}"""\n'
    await shop.write(step, {"many": "x" * 3_000})
    _, told = await shop.found()
    assert [one["word"] for one in told["findings"]] == ["clipped"]


async def test_what_would_be_held_otherwise_is_told_with_an_example(
    shop: Shop,
) -> None:
    """A value that no header can carry."""
    await shop.write(GOOD, {"company": "Acme\nBcc: x", "first_name": "Pat"})
    code, told = await shop.found()
    [finding] = told["findings"]
    assert (code, finding["word"]) == (1, "bad_value")
    assert "such as that to p1@people.example" in finding["sentence"]
