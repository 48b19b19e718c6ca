"""The laws of steering: by name, at once, and for whoever holds a token."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from outreachd.helm import Helm
from outreachd.rules.model import Kind
from outreachd.rules.records import LedgerAwayError
from outreachd.rules.token import TokenKind
from outreachd.store.database import Database
from outreachd.store.events import Ended, PgEvents
from outreachd.store.steering import NoSuchError
from tests.helms import MINT, apply_small_fleet, put, standby


@pytest.fixture
def drained() -> list[bool]:
    """Count how often somebody asked us to end."""
    return []


@pytest_asyncio.fixture
async def helm(db: Database, tmp_path: Path, drained: list[bool]) -> Helm:
    """Apply the small fleet; give a standby's helm."""
    await apply_small_fleet(db, tmp_path)
    return standby(db, drained)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.CLIENT, "acme"),
        (Kind.CAMPAIGN, "spring"),
        (Kind.DOMAIN, "mail.acme.example"),
        (Kind.MAILBOX, "ann@mail.acme.example"),
        (Kind.ACCOUNT, "relay"),
    ],
)
async def test_each_kind_is_listed_paused_and_resumed_by_name(
    helm: Helm, kind: Kind, name: str
) -> None:
    """What is paused shows it as a closed gate, with the way to end it."""
    await helm.pause(kind, name, "odd", None, "ann")
    [row] = await helm.list(kind)
    assert row["name"] == name
    [gate] = [gate for gate in row["gates"] if not gate["open"]]
    assert gate["setting"] == f"outreachd resume {kind} {name}"
    await helm.resume(kind, name, "ann")
    [row] = await helm.list(kind)
    assert all(gate["open"] for gate in row["gates"])
    with pytest.raises(NoSuchError):
        await helm.pause(kind, "nobody", "odd", None, "ann")


async def test_the_status_says_who_we_are_and_whether_we_can_send(
    helm: Helm, db: Database, drained: list[bool]
) -> None:
    """A standby is ready, and nothing is in flight."""
    await put(db)
    status = await helm.status()
    assert (status["role"], status["ready"], status["why"]) == (
        "standby",
        True,
        "standby",
    )
    assert (status["due"], status["in_flight"]) == (1, 0)
    assert isinstance(status["now"], datetime)
    assert await helm.ready() == (True, "standby")
    await helm.drain()
    assert drained == [True]


async def test_who_holds_the_token_is_taken_at_his_word(
    helm: Helm, db: Database
) -> None:
    """The page names the client; one click ends what waits; strangers see nothing."""
    id = await put(db)
    async with db.connection() as connection:
        enrolment = await connection.fetchval("SELECT id FROM enrolment")
    token = MINT.mint(TokenKind.OPT_OUT, enrolment)
    person = await helm.person(token)
    assert person is not None
    assert (person.client, person.has_left) == ("acme", False)
    assert await helm.opt_out(token, "one_click") is not None
    row = await helm.send(id)
    assert row is not None
    assert row["state"] == "suppressed"
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT what FROM event") == "opted_out"
    for wrong in ("nonsense", MINT.mint(TokenKind.OPT_OUT, 999)):
        assert await helm.person(wrong) is None
        assert await helm.opt_out(wrong, "one_click") is None


async def test_an_opt_out_that_meets_outcomes_ends_the_same(
    helm: Helm, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deadlock is tried again at once: who has left is not asked a second time."""
    await put(db)
    happened, asked = PgEvents.happened, iter((LedgerAwayError("deadlock"), None))

    async def at_first_in_the_way(*values: Any, **told: Any) -> Ended:
        if error := next(asked):
            raise error
        return await happened(*values, **told)

    monkeypatch.setattr(PgEvents, "happened", at_first_in_the_way)
    assert await helm.opt_out(MINT.mint(TokenKind.OPT_OUT, 1), "page") is not None
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT what FROM event") == "opted_out"
