"""The laws of the rows of the list: who is meant, where it holds, who is forgotten."""

from __future__ import annotations

import pytest

from outreachd.rules.records import Queue, Want
from outreachd.rules.suppression import Eraser, keyed_hash
from outreachd.store.database import Database
from outreachd.store.steering import NoSuchError
from outreachd.store.suppression_rows import (
    Scope,
    TooManyGlobsError,
    barred,
    hide_person,
)
from tests.store.lists import ERASER, entry, is_barred, put, rows, states, store_of
from tests.store.seed import NOW, add_send, intent, owner_of

# --- who is meant ---------------------------------------------------------------------

BARS = {
    "ann@x.example": (["ann@x.example"], ["anna@x.example", "ann@y.x.example"]),
    "@x.example": (["ann@x.example"], ["ann@y.x.example", "ann@xx.example"]),
    "*.x.example": (
        ["ann@y.x.example", "ann@a.b.c.d.e.f.g.h.x.example"],
        ["ann@x.example", "ann@yx.example"],
    ),
    "*.example": (["ann@x.example"], ["ann@x.test"]),
    "sales@*": (["sales@x.example"], ["presales@x.example"]),
    "*bot@x.example": (["bot@x.example", "a.bot@x.example"], ["bot1@x.example"]),
    "no-reply*@*.x.example": (["no-reply7@y.x.example"], ["no-reply@x.example"]),
    "a_b*@x.example": (["a_bc@x.example"], ["aabc@x.example"]),
    "a%*@x.example": (["a%b@x.example"], ["ab@x.example"]),
}


@pytest.mark.parametrize("text", BARS)
async def test_an_entry_bars_whom_it_names_and_nobody_else(
    db: Database, text: str
) -> None:
    """Address, domain, below a domain, local part, wildcard: placing, claim, intent."""
    meant, others = BARS[text]
    store = await store_of(db, *meant, *others)
    await put(store, entry(text))
    assert [await is_barred(db, email) for email in meant] == [True] * len(meant)
    assert [await is_barred(db, email) for email in others] == [False] * len(others)
    ended = (await states(db))[: len(meant)]
    assert ended == ["suppressed"] * len(meant)
    assert "suppressed" not in (await states(db))[len(meant) :]


@pytest.mark.parametrize("text", [text for text in BARS if text != "*.example"])
async def test_what_is_leased_meets_the_entry_at_its_intent(
    db: Database, text: str
) -> None:
    """Promise 5: every form is asked inside the intent statement."""
    [email, *_], others = BARS[text]
    store = await store_of(db, email, others[0])
    ledger, term, _ = await owner_of(db)
    claims = await ledger.claim([Want(Queue(1, ""), 9)], term=term, now=NOW)
    assert (await put(store, entry(text))).ended == 0
    answers = await ledger.begin([intent(claim) for _, claim in claims], term=term)
    assert answers == ["suppressed", "granted"]


async def test_many_are_ended_in_short_steps(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A domain of a million people meets no time limit, and nobody is passed over."""
    monkeypatch.setattr("outreachd.store.suppression_rows.STRETCH", 3)
    monkeypatch.setattr("outreachd.store.suppression_rows.AT_ONCE", 2)
    store = await store_of(db, *(f"p{n}@x.example" for n in range(8)), "p@y.example")
    assert (await put(store, entry("@x.example"))).ended == 8
    assert await states(db) == ["suppressed"] * 8 + ["scheduled"]


LEVELS = {
    "everywhere": (Scope(), {(1, 1), (1, 2), (2, None)}),
    "client": (Scope(1), {(1, 1), (1, 2)}),
    "campaign": (Scope(1, 1), {(1, 1)}),
    "another client": (Scope(2), {(2, None)}),
}


@pytest.mark.parametrize("level", LEVELS)
async def test_an_entry_holds_at_its_level(db: Database, level: str) -> None:
    """Everywhere, for one client, for one campaign: no wider and no narrower."""
    scope, holds = LEVELS[level]
    store = await store_of(db, "a@x.example")
    async with db.connection() as connection:
        await add_send(connection, "a@x.example", campaign_id=2)
        await put(store, entry("a@x.example", scope))
        found = {
            place
            for place in ((1, 1), (1, 2), (2, None))
            if await connection.fetch(
                "SELECT FROM suppressions_of('a@x.example', $1, $2)", *place
            )
        }
    assert found == holds
    ended = [state == "suppressed" for state in await states(db)]
    assert ended == [(1, 1) in holds, (1, 2) in holds]


async def test_scopes_are_found_by_name(db: Database) -> None:
    """A campaign brings its client; a name nobody has, or of another, is told."""
    store = await store_of(db)
    assert await store.scope(None, None) == Scope()
    assert await store.scope("acme", None) == Scope(1)
    assert await store.scope(None, "autumn") == Scope(1, 2)
    assert await store.scope("acme", "autumn") == Scope(1, 2)
    for names in (("nobody", None), (None, "nothing"), ("bolt", "autumn")):
        with pytest.raises(NoSuchError):
            await store.scope(*names)


async def test_wildcards_are_few(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter is compared with all of them: there is an end, and a way out."""
    monkeypatch.setattr("outreachd.store.suppression_rows.MAX_GLOBS", 1)
    store = await store_of(db)
    await put(store, entry("*bot@x.example"), entry("*.x.example"))
    assert (await put(store, entry("*bot@x.example"))).ids == []
    with pytest.raises(TooManyGlobsError, match="name domains"):
        await put(store, entry("bot*@x.example"))
    await put(store, entry("a@x.example"))


# --- the erased -----------------------------------------------------------------------


async def test_an_erased_person_is_known_by_a_hash_alone(db: Database) -> None:
    """The address is nowhere in the list, and is still refused; by older keys too."""
    store = await store_of(db)
    await put(store, entry("a@x.example", reason="opt_out"), entry("b@x.example"))
    async with db.connection() as connection:
        for _ in range(2):
            await hide_person(connection, "a@x.example", ERASER, author="ann", now=NOW)
        text = str(await connection.fetch("SELECT * FROM suppression"))
        assert "a@x.example" not in text
        later = Eraser([b"n" * 32, *ERASER.keys])
        found = await barred(
            connection,
            later,
            ["a@x.example", "b@x.example", "c@x.example"],
            client_id=1,
            campaign_id=1,
        )
        assert found == {"a@x.example", "b@x.example"}
    hidden = keyed_hash("a@x.example", ERASER.keys[0])
    assert await rows(db, "SELECT target, reason FROM suppression ORDER BY id") == [
        (hidden, "opt_out"),
        ("b@x.example", "asked"),
        (hidden, "erased"),
    ]
    assert [row["reason"] for row in await store.barring("a@x.example", ERASER)] == [
        "opt_out",
        "erased",
    ]
