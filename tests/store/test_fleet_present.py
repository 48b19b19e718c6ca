"""The laws of reading the fleet that is there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from outreachd.rules.fleet_plan import ORDER
from outreachd.rules.model import Kind
from outreachd.rules.wanted import UNREADABLE, WantedAccount
from outreachd.store.database import Database
from outreachd.store.fleet import apply
from outreachd.store.fleet_present import read_present
from outreachd.store.vault import Vault
from tests.fleets import ACME, DOMAIN, RELAY, SPARE, WHOLE, fleet

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
VAULT = Vault(b"k" * 32)


async def test_an_empty_database_holds_an_empty_fleet(db: Database) -> None:
    """Every kind is there, with nothing in it."""
    async with db.connection() as connection:
        present = await read_present(connection, VAULT)

    assert present.things == {kind: {} for kind in ORDER}
    assert present.retired == frozenset()


async def test_every_thing_comes_back_equal(db: Database) -> None:
    """No field is lost, rounded or reordered on the way through the database."""
    odd = replace(DOMAIN, rate_per_minute=0.1, accounts=("spare", "relay"))
    wanted = fleet(ACME, RELAY, SPARE, odd, *WHOLE[4:])
    async with db.connection() as connection:
        await apply(connection, wanted, VAULT, now=NOW, author="test")
        present = await read_present(connection, VAULT)

    assert present.things == wanted.things


async def test_what_is_retired_is_only_named(db: Database) -> None:
    """It takes no part in the present, and its name is known for a return."""
    async with db.connection() as connection:
        for wanted in (fleet(*WHOLE), fleet(ACME)):
            await apply(connection, wanted, VAULT, now=NOW, author="test")
        present = await read_present(connection, VAULT)

    assert present.things == fleet(ACME).things
    assert (Kind.CAMPAIGN, "spring") in present.retired
    assert (Kind.MAILBOX, "ann@mail.acme.example") in present.retired
    assert len(present.retired) == 6


async def test_a_password_of_another_key_is_unreadable(db: Database) -> None:
    """A lost key does not stop the reading; it shows as a difference."""
    async with db.connection() as connection:
        await apply(connection, fleet(*WHOLE), VAULT, now=NOW, author="test")
        present = await read_present(connection, Vault(b"o" * 32))

    relay = present.things[Kind.ACCOUNT]["relay"]
    assert isinstance(relay, WantedAccount)
    assert relay.password == UNREADABLE
