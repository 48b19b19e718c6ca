"""The laws of suppressing from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.commands.base import MisusedError
from outreachd.commands.suppress import suppress, target_of
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError
from tests.commands.conftest import PutSends


async def test_a_suppressed_address_waits_no_longer(
    config: Path,
    put_sends: PutSends,
    db: Database,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What waits for the person ends, the others' letters do not; twice is once."""
    await put_sends(3)
    for _ in range(2):
        await suppress(config, "P2@People.example", None, "asked by phone", False)
    async with db.connection() as connection:
        states = await connection.fetch("SELECT state FROM send ORDER BY id")
    assert [row["state"] for row in states] == ["scheduled", "suppressed", "scheduled"]
    told = capsys.readouterr().out.splitlines()
    assert told[0].endswith("for anybody; 1 waiting send ended.")
    assert told[1].endswith("for anybody; 0 waiting sends ended.")


async def test_a_domain_may_be_suppressed_for_one_client(
    config: Path, put_sends: PutSends, capsys: pytest.CaptureFixture[str]
) -> None:
    """All of a domain, and only for the client that is named."""
    await put_sends(3)
    await suppress(config, "@people.example", "acme", "a competitor", True)
    assert capsys.readouterr().out == (
        '{"client":"acme","ended":3,"target":"@people.example"}\n'
    )
    with pytest.raises(NoSuchError, match="no client"):
        await suppress(config, "@people.example", "nobody", "x", True)


@pytest.mark.parametrize("text", ["people.example", "a b@c.example", "@", "@nodot"])
def test_what_is_no_address_is_refused(text: str) -> None:
    """A suppression that nobody would ever match is a slip."""
    with pytest.raises(MisusedError, match=r"a whole domain is written @example\.org"):
        target_of(text)


def test_a_target_is_kept_as_contacts_are() -> None:
    """Otherwise it would never be found."""
    assert target_of(" Ann@Example.ORG ") == "ann@example.org"
    assert target_of("@Bücher.example") == "@xn--bcher-kva.example"
