"""The laws of the suppression list: who is on it, since when, and how one leaves."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from outreachd.rules.records import LedgerAwayError, Queue, Want
from outreachd.rules.suppression import Eraser, keyed_hash, read_target
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import NoSuchError, PgSteering
from outreachd.store.suppression_rows import (
    Entry,
    Scope,
    TooManyGlobsError,
    barred,
    hide_person,
)
from outreachd.store.suppressions import (
    Added,
    PgSuppressions,
    TheirWishError,
    Wanted,
)
from tests.store.locks import wait_for_lock
from tests.store.seed import NOW, add_send, intent, owner_of, seed_fleet

ERASER = Eraser([b"k" * 32])


async def store_of(db: Database, *emails: str, **values: Any) -> PgSuppressions:
    """Seed the fleet, with a second client, and a send to each address."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "INSERT INTO client (name, share, postal_address, timezone)"
            " VALUES ('bolt', 1, 'Bolt, Berlin', 'UTC')"
        )
        for email in emails:
            await add_send(connection, email, **values)
    return PgSuppressions(db)


def entry(text: str, scope: Scope = Scope(), reason: str = "asked") -> Entry:  # noqa: B008
    return Entry(
        target=read_target(text), scope=scope, reason=reason, source="phone", at=NOW
    )


async def put(store: PgSuppressions, *entries: Entry) -> Added:
    return await store.add(entries, author="ann", now=NOW)


async def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    async with db.connection() as connection:
        return [tuple(row) for row in await connection.fetch(query)]


async def states(db: Database) -> list[str]:
    return [row[0] for row in await rows(db, "SELECT state FROM send ORDER BY id")]


async def is_barred(db: Database, email: str, campaign_id: int = 1) -> bool:
    async with db.connection() as connection:
        found = await barred(
            connection, ERASER, [email], client_id=1, campaign_id=campaign_id
        )
    return email in found


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


async def test_wildcards_are_few(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each letter is compared with all of them: there is an end, and a way out."""
    monkeypatch.setattr("outreachd.store.suppression_rows.MAX_GLOBS", 1)
    store = await store_of(db)
    await put(store, entry("*bot@x.example"), entry("*.x.example"))
    assert (await put(store, entry("*bot@x.example"))).ids == []
    with pytest.raises(TooManyGlobsError, match="name domains"):
        await put(store, entry("bot*@x.example"))
    await put(store, entry("a@x.example"))


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

ASK = "SELECT FROM send s WHERE EXISTS (SELECT FROM suppressions_of($1, 1, 1))"


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """List a plan's nodes."""
    return [plan, *(one for part in plan.get("Plans", ()) for one in nodes(part))]


async def plan_of(connection: Connection, name: str, arguments: str) -> list[Any]:
    await connection.execute(f"PREPARE p_{name} AS {sql.text(name)}")
    query = f"EXPLAIN (FORMAT JSON) EXECUTE p_{name}({arguments})"
    plan = msgspec.json.decode(await connection.fetchval(query))[0]["Plan"]
    return nodes(plan)


ASKED = {
    "begin_attempts": "'[]', 1, gen_random_uuid()",
    "claim_lanes": f"'{{1}}', '{{1}}', '{NOW}', 1",
    "claim_queues": f"'{{1}}', '{{\"\"}}', '{{1}}', '{NOW}', 1",
    "suppressed_emails": "1, 1, '{a@x.example}', '{null}'",
    "people_addressed": "'{1,2}'",
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
        await connection.execute("ANALYZE suppression")
    other = await Database.open(database_url, hot=hot)
    try:
        async with other.connection() as connection:
            for name, arguments in ASKED.items():
                plan = await plan_of(connection, name, arguments)
                asked = [n for n in plan if n.get("Relation Name") == "suppression"]
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
