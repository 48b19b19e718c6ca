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
        await suppress(config, "P2@People.example", None, None, "by phone", False)
    async with db.connection() as connection:
        states = await connection.fetch("SELECT state FROM send ORDER BY id")
        author = await connection.fetchval("SELECT author FROM suppression")
    assert [row["state"] for row in states] == ["scheduled", "suppressed", "scheduled"]
    assert author not in ("", "outreachd")
    told = capsys.readouterr().out.splitlines()
    assert told[0] == (
        "p2@people.example will not be written to for anybody; 1 waiting send ended."
    )
    assert told[1].endswith("for anybody (it stood already); 0 waiting sends ended.")


@pytest.mark.parametrize(
    ("text", "where", "ended"),
    [
        ("@people.example", "client", 3),
        ("*.example", "client", 3),
        ("p*2@people.example", "client", 1),
        ("p3@*", "client", 1),
        ("@people.example", "campaign", 3),
    ],
)
async def test_many_may_be_suppressed_for_one_client_or_campaign(
    config: Path,
    put_sends: PutSends,
    capsys: pytest.CaptureFixture[str],
    text: str,
    where: str,
    ended: int,
) -> None:
    """Domains and wildcards, and only where it is said."""
    await put_sends(3)
    client, campaign = ("acme", None) if where == "client" else (None, "spring")
    await suppress(config, text, client, campaign, "a competitor", True)
    assert f'"ended":{ended},"new":true,"target":"{text}"' in capsys.readouterr().out
    await suppress(config, text, client, campaign, "a competitor", False)
    told = capsys.readouterr().out
    assert ("client acme" if where == "client" else "campaign spring") in told
    assert told.startswith("everybody ")
    with pytest.raises(NoSuchError, match="no client"):
        await suppress(config, text, "nobody", None, "x", True)


@pytest.mark.parametrize("text", ["people.example", "a b@c.example", "@", "*@*"])
def test_what_is_no_target_is_refused(text: str) -> None:
    """A suppression that nobody would ever match is a slip."""
    with pytest.raises(MisusedError, match=r"a whole domain is written @example\.org"):
        target_of(text)
