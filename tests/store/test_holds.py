"""The laws of holds: what waits for a person is listed, let go on or dropped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from outreachd.store import holds
from outreachd.store.database import Database
from outreachd.store.holds import Choice, Example, PgHolds, Settled
from outreachd.store.steering import NoSuchError
from tests.store.seed import NOW, add_send, seed_fleet

HOUR = timedelta(hours=1)
CHOICES = [
    (Choice(), 4),
    (Choice(campaign="spring"), 3),
    (Choice(reason="bug"), 1),
    (Choice(campaign="spring", reason="bug"), 0),
    (Choice(ids=[1, 2, 99]), 2),
    (Choice(before=NOW), 1),
    (Choice(before=NOW + HOUR), 4),
]


async def held(db: Database, **values: Any) -> PgHolds:
    """Hold three in one campaign, one for long, and one in another; one is not held."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        held: dict[str, Any] = {"state": "held", "reason": "uncertain", **values}
        await add_send(connection, "a@x.example", **held)
        await add_send(connection, "b@x.example", **held, detail="why")
        await add_send(
            connection, "c@x.example", **held | {"changed_at": NOW - 5 * HOUR}
        )
        await add_send(
            connection, "d@x.example", **held | {"campaign_id": 2, "reason": "bug"}
        )
        await add_send(connection, "e@x.example")
    return PgHolds(db)


async def rows(db: Database, what: str, table: str = "send") -> list[Any]:
    """Read a column of all rows, in order."""
    async with db.connection() as connection:
        found = await connection.fetch(f"SELECT {what} AS x FROM {table} ORDER BY id")  # noqa: S608
    return [row["x"] for row in found]


async def test_what_is_held_is_listed_with_the_oldest_as_examples(db: Database) -> None:
    """By campaign and reason; what is not held is not there."""
    store = await held(db)
    first, second = await store.list(Choice())
    assert {(one.reason, one.n) for one in (first, second)} == {
        ("uncertain", 3),
        ("bug", 1),
    }
    spring = first if first.n == 3 else second
    assert spring.oldest == NOW - 5 * HOUR
    assert spring.examples[0] == Example(3, 1, "c@x.example", "")
    assert [one.send for one in spring.examples] == [3, 1, 2]


@pytest.mark.parametrize(("choice", "n"), CHOICES)
async def test_what_is_held_goes_on_when_a_person_says_so(
    db: Database, choice: Choice, n: int
) -> None:
    """Released sends are due now; others stay where they are; it is audited."""
    store = await held(db)
    assert sum(one.n for one in await store.list(choice)) == n
    settled = await store.release(choice, author="ann", now=NOW + HOUR)
    assert settled == Settled(n)
    assert (await rows(db, "state")).count("scheduled") == n + 1
    assert await rows(db, "action", "audit") == ["release"]


@pytest.mark.parametrize(("choice", "n"), CHOICES)
async def test_what_is_dropped_is_never_sent(
    db: Database, choice: Choice, n: int
) -> None:
    """It is cancelled with its reason, its sequence ends, it is audited."""
    store = await held(db)
    settled = await store.drop(choice, author="ann", now=NOW + HOUR)
    assert settled == Settled(n)
    assert (await rows(db, "state")).count("cancelled") == n
    assert (await rows(db, "coalesce(reason, '')")).count("dropped") == n
    assert (await rows(db, "state", "enrolment")).count("stopped") == n
    assert await rows(db, "action", "audit") == ["drop"]
    settled = await store.drop(choice, author="ann", now=NOW + HOUR)
    assert settled == Settled(0)


async def test_a_dropped_send_still_tells_why_it_was_held(db: Database) -> None:
    """Who looks later sees both."""
    store = await held(db)
    await store.drop(Choice(), author="ann", now=NOW)
    assert (await rows(db, "detail"))[:2] == [
        "held as uncertain",
        "held as uncertain: why",
    ]


@pytest.mark.parametrize(
    ("change", "stay"),
    [
        ("contact SET consent_basis = NULL WHERE id = 1", 1),
        ("contact SET consent_basis = ''", 4),
        ("campaign SET grounds = '{opt_in}' WHERE id = 1", 3),
        ("campaign SET grounds = '{opt_in, asked}'", 0),
        ("campaign SET confirmation = '{}' WHERE id = 2", 1),
        ("campaign SET confirmation = '{}', grounds = '{opt_in}'", 4),
    ],
)
async def test_what_no_intent_could_be_written_for_is_not_let_go(
    db: Database, change: str, stay: int
) -> None:
    """It would be held again at once: it is counted before and stays as it was."""
    store = await held(db)
    async with db.connection() as connection:
        await connection.execute(f"UPDATE {change}")
    assert sum(one.groundless for one in await store.list(Choice())) == stay
    settled = await store.release(Choice(), author="ann", now=NOW + HOUR)
    assert settled == Settled(4 - stay, stay)
    assert (await rows(db, "state")).count("held") == stay


async def test_the_letter_that_asks_for_a_yes_needs_none(db: Database) -> None:
    """Step 0 is let go on its ground of consent alone."""
    store = await held(db, step_number=0)
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET confirmation = '{}'")
    settled = await store.release(Choice(), author="ann", now=NOW + HOUR)
    assert settled == Settled(4)


async def test_a_changed_letter_is_released_in_its_new_wording(db: Database) -> None:
    """Its digest is forgotten, its name and date are not."""
    identity = {"letter_sha256": b"s" * 32, "message_id": "<a@b.example>"}
    store = await held(db, reason="letter_changed", **identity)
    await store.release(Choice(reason="letter_changed"), author="ann", now=NOW)
    assert (await rows(db, "letter_sha256"))[0] is None
    assert (await rows(db, "message_id"))[0] == "<a@b.example>"


async def test_an_unknown_campaign_is_told(db: Database) -> None:
    """A misspelt name is no empty choice."""
    store = await held(db)
    choice = Choice(campaign="sprig")
    with pytest.raises(NoSuchError, match="sprig"):
        await store.list(choice)
    with pytest.raises(NoSuchError, match="sprig"):
        await store.drop(choice, author="ann", now=NOW)


@pytest.mark.parametrize("verb", ["release", "drop"])
async def test_a_large_choice_is_settled_a_part_at_a_time(
    db: Database, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """All of it, each part with its line in the audit; who must stay is told once."""
    monkeypatch.setattr(holds, "AT_ONCE", 2)
    async with db.connection() as connection:
        await seed_fleet(connection)
        for i in range(5):
            email = f"p{i}@x.example"
            await add_send(connection, email, state="held", reason="hygiene")
        await connection.execute("UPDATE contact SET consent_basis = '' WHERE id = 2")
        done = await getattr(PgHolds(db), verb)(Choice(), author="ann", now=NOW)
        audited = await connection.fetch("SELECT detail ->> 'n' AS n FROM audit")
    assert done == (Settled(4, 1) if verb == "release" else Settled(5))
    assert [row["n"] for row in audited] == [
        *("12" if verb == "release" else "22"),
        "1",
    ]
