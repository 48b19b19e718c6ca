"""The laws of the suppression list: who is on it, since when, and how one leaves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from outreachd.rules.records import LedgerAwayError, Queue, Want
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import NoSuchError, PgSteering
from outreachd.store.suppression_rows import Scope
from outreachd.store.suppressions import Added, TheirWishError, Wanted
from tests.store.lists import entry, is_barred, put, rows, states, store_of
from tests.store.locks import wait_for_lock
from tests.store.seed import NOW, add_send, owner_of

# --- entering and taking back ---------------------------------------------------------


async def test_what_stands_is_not_entered_twice(db: Database) -> None:
    """Same target, level and reason: once. Another reason is a fact of its own."""
    store = await store_of(db, "a@x.example", state="held", reason="bug")
    assert await put(store, entry("a@x.example")) == Added([1], 1)
    assert await put(store, entry("a@x.example")) == Added([], 0)
    assert (await put(store, entry("a@x.example", reason="opt_out"))).ids == [2]
    assert (await put(store, entry("a@x.example", Scope(1)))).ids == [3]
    assert (
        await rows(db, "SELECT author, action FROM audit") == [("ann", "suppress")] * 3
    )
    assert await rows(db, "SELECT state, reason FROM enrolment") == [
        ("stopped", "suppressed")
    ]


async def test_an_entry_is_taken_back_by_a_row_of_its_own(db: Database) -> None:
    """It no longer bars, both rows stay, and it may be entered again."""
    store = await store_of(db, "a@x.example")
    await put(store, entry("@x.example"))
    told: dict[str, Any] = {
        "reason": "a slip",
        "source": "desk",
        "author": "ben",
        "now": NOW,
    }
    assert await store.undo(1, **told)
    assert not await store.undo(1, **told)
    assert not await is_barred(db, "a@x.example")
    assert await rows(
        db, "SELECT target, reason, author, undoes FROM suppression ORDER BY id"
    ) == [("@x.example", "asked", "ann", None), ("@x.example", "a slip", "ben", 1)]
    assert await states(db) == ["suppressed"]
    for id in (2, 99):
        with pytest.raises(NoSuchError, match=f"no suppression {id}"):
            await store.undo(id, **told)
    assert (await put(store, entry("@x.example"))).ids
    assert await is_barred(db, "a@x.example")


@pytest.mark.parametrize("reason", ["opt_out", "complaint", "erased"])
async def test_a_persons_own_wish_is_kept(db: Database, reason: str) -> None:
    """Only their own request takes it back, and that is written down."""
    store = await store_of(db)
    await put(store, entry("a@x.example", reason=reason), entry("a@x.example"))
    told: dict[str, Any] = {"source": "desk", "author": "ben", "now": NOW}
    with pytest.raises(TheirWishError, match="at their request"):
        await store.undo(1, reason="a slip", **told)
    assert await store.undo(2, reason="a slip", **told)
    assert await is_barred(db, "a@x.example")
    assert await store.undo(1, reason="wrote to us", at_their_request=True, **told)
    assert not await is_barred(db, "a@x.example")


# --- leaving --------------------------------------------------------------------------


async def test_an_opt_out_is_taken_at_its_word(db: Database) -> None:
    """Promise 5: for this client; who has no such enrolment changes nothing."""
    store = await store_of(db, "p0@x.example", "p1@x.example")
    person = await store.person(1)
    assert person is not None
    assert (person.client, person.has_left) == ("acme", False)
    assert await store.person(99) is None
    assert await store.opt_out(99, "page", NOW) is None
    for _ in range(2):
        assert await store.opt_out(1, "page", NOW)
    assert await states(db) == ["suppressed", "scheduled"]
    assert await rows(
        db, "SELECT target, client_id, reason, source, author FROM suppression"
    ) == [("p0@x.example", 1, "opt_out", "page", "the recipient")]


async def test_an_opt_out_holds_no_send_while_it_waits_for_intents(
    db: Database,
) -> None:
    """An intent that locks the person's row meanwhile is not in a circle with it."""
    store = await store_of(db, "p0@x.example")
    async with db.connection() as connection:
        async with connection.transaction():
            await connection.execute("SELECT FROM lease FOR SHARE")
            leaving = asyncio.create_task(store.opt_out(1, "page", NOW))
            await wait_for_lock(db)
            await connection.execute("SELECT FROM send FOR UPDATE NOWAIT")
    assert await leaving is not None
    assert await states(db) == ["suppressed"]


async def test_an_opt_out_stands_though_ending_what_waits_fails(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is entered is confirmed; the letter ends at its claim."""

    async def away(*_: object) -> int:
        raise LedgerAwayError

    monkeypatch.setattr("outreachd.store.suppressions.cancel_addressed", away)
    store = await store_of(db, "p0@x.example")
    assert await store.opt_out(1, "page", NOW) is not None
    assert await states(db) == ["scheduled"]
    ledger, term, _ = await owner_of(db)
    assert not await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)
    assert await states(db) == ["suppressed"]
    assert await rows(db, "SELECT state FROM enrolment") == [("stopped",)]


async def test_who_has_left_already_bars_no_intent(db: Database) -> None:
    """A link that is called over and over must not hold up the letters of others."""
    store = await store_of(db, "p0@x.example")
    await store.opt_out(1, "page", NOW)
    [(before,)] = await rows(db, "SELECT gates FROM lease")
    await asyncio.gather(*(store.opt_out(1, "page", NOW) for _ in range(20)))
    assert await rows(db, "SELECT gates FROM lease") == [(before,)]


async def test_a_manual_entry_does_not_swallow_an_opt_out(db: Database) -> None:
    """Taking back what we wrote leaves standing what the person wished."""
    store = await store_of(db, "p0@x.example")
    await put(store, entry("p0@x.example", Scope(1)))
    await store.opt_out(1, "page", NOW)
    await store.undo(1, reason="x", source="desk", author="ben", now=NOW)
    assert await is_barred(db, "p0@x.example")


async def test_an_address_with_a_star_is_an_address(db: Database) -> None:
    """Who is called *bot@x.example leaves alone, and takes nobody along."""
    store = await store_of(db, "*bot@x.example", "robot@x.example")
    await store.opt_out(1, "page", NOW)
    assert await states(db) == ["suppressed", "scheduled"]
    assert not await is_barred(db, "robot@x.example")


# --- finding --------------------------------------------------------------------------


async def test_the_list_is_read_a_page_at_a_time(db: Database) -> None:
    """Newest first, filtered by what is asked; what was taken back only if wanted."""
    store = await store_of(db)
    names = [f"p{i}@x.example" for i in range(5)]
    await put(store, *(entry(name) for name in names))
    await put(store, entry("q_1@y.example", Scope(1, 2), "opt_out"))
    await store.undo(1, reason="x", source="desk", author="ben", now=NOW)

    first = await store.page(Wanted(limit=3))
    rest = await store.page(Wanted(limit=9, below_id=first[-1]["id"]))
    assert [row["id"] for row in first + rest] == [6, 5, 4, 3, 2]

    async def ids(**filters: Any) -> list[int]:
        return [row["id"] for row in await store.page(Wanted(**filters))]

    assert await ids(client="acme") == [6]
    assert await ids(campaign="autumn") == [6]
    assert await ids(reason="opt_out") == [6]
    assert await ids(containing="_1@Y") == [6]
    assert await ids(containing="p_@") == []
    assert await ids(with_undone=True, containing="p0") == [1]
    [row] = await store.page(Wanted(campaign="autumn"))
    assert (row["client"], row["campaign"]) == ("acme", "autumn")
    with pytest.raises(NoSuchError):
        await store.page(Wanted(client="nobody"))


async def test_status_and_a_send_tell_what_bars(db: Database) -> None:
    """Counts by level; each send shows the entries that stop it."""
    store = await store_of(db, "a@x.example")
    await put(store, entry("@x.example", Scope(1)), entry("b@x.example"))
    steering = PgSteering(db)
    counts = (await steering.status(NOW))["suppressions"]
    assert counts == {"client": 1, "everywhere": 1}
    send = await steering.send(1)
    assert send is not None
    [shown] = send["suppressed_by"]
    assert (shown["level"], shown["target"]) == ("client acme", "@x.example")


# --- what it costs --------------------------------------------------------------------


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """List a plan's nodes."""
    return [plan, *(one for part in plan.get("Plans", ()) for one in nodes(part))]


async def plan_of(connection: Connection, name: str, arguments: str) -> list[Any]:
    await connection.execute(f"PREPARE p_{name} AS {sql.text(name)}")
    query = f"EXPLAIN (FORMAT JSON) EXECUTE p_{name}({arguments})"
    plan = msgspec.json.decode(await connection.fetchval(query))[0]["Plan"]
    return nodes(plan)


LONG = ("suppression", "contact", "send", "enrolment")
ASKED = {
    "begin_attempts": "'[]', 1, gen_random_uuid()",
    "claim_lanes": f"'{{1}}', '{{1}}', '{NOW}', 1",
    "claim_queues": f"'{{1}}', '{{\"\"}}', '{{1}}', '{NOW}', 1",
    "suppressed_emails": "1, 1, '{a@x.example}', '{null}'",
    "people_addressed": "'{1,2}'",
    "cancel_people": f"'{{1}}', '{{null}}', '{NOW}'",
    "enrolled_person": "1",
}


@pytest.mark.parametrize("hot", [True, False])
async def test_a_long_list_is_asked_by_index(
    db: Database, database_url: str, hot: bool
) -> None:
    """With many entries no statement on a letter's way reads the list."""
    await store_of(db, "a@x.example")
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO suppression (target, reason, source, author, at)"
            " SELECT 'p' || n || '@x.example', 'r', 's', 'a', now()"
            " FROM generate_series(1, 30000) n"
        )
        await connection.execute(
            "WITH people AS (INSERT INTO contact (client_id, email)"
            " SELECT 1, 'c' || n || '@x.example' FROM generate_series(1, 20000) n"
            " RETURNING id), enrolled AS ("
            " INSERT INTO enrolment (campaign_id, contact_id)"
            " SELECT 1, id FROM people RETURNING id, contact_id)"
            " INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id,"
            " due_at, first_due_at, changed_at)"
            " SELECT 1, 1, contact_id, id, $1, $1, $1 FROM enrolled",
            NOW,
        )
        await connection.execute("ANALYZE")
    other = await Database.open(database_url, hot=hot)
    try:
        async with other.connection() as connection:
            for name, arguments in ASKED.items():
                plan = await plan_of(connection, name, arguments)
                asked = [n for n in plan if n.get("Relation Name") in LONG]
                assert asked, name
                for node in asked:
                    assert node["Node Type"] != "Seq Scan", (name, node)
                    if node["Node Type"].startswith("Index"):
                        assert node.get("Index Cond") or (
                            node["Index Name"] == "suppression_globs"
                        ), (name, node)
    finally:
        await other.close(5)


async def test_an_undoing_later_than_its_entry_frees_the_claim(db: Database) -> None:
    """What was entered and taken back before a send came to be does not end it."""
    store = await store_of(db)
    await put(store, entry("a@x.example"))
    await store.undo(
        1, reason="x", source="desk", author="ben", now=NOW + timedelta(hours=1)
    )
    async with db.connection() as connection:
        await add_send(connection, "a@x.example")
    ledger, term, _ = await owner_of(db)
    assert len(await ledger.claim([Want(Queue(1, ""), 1)], term=term, now=NOW)) == 1
