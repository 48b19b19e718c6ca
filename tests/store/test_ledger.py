"""What only the ledger in PostgreSQL can prove: locks, plans, caps, and its schema."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from outreachd.rules.model import Kind, State
from outreachd.rules.records import (
    Charge,
    GiveBack,
    IntentAnswer,
    LeaseLostError,
    Queue,
    Want,
)
from outreachd.store import sql
from outreachd.store.database import Connection, Database
from outreachd.store.steering import PgSteering
from outreachd.store.suppressions import PgSuppressions
from tests.store.locks import wait_for_lock
from tests.store.seed import (
    NOW,
    PLENTY,
    add_send,
    follow_up,
    intent,
    outcome,
    owner_of,
    seed_fleet,
)

FIRST = Queue(1, "")
HOUR = timedelta(hours=1)


async def seeded(db: Database, n: int = 1, **values: Any) -> list[int]:
    """Seed the fleet and some sends."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        return [
            await add_send(connection, f"p{i}@x.example", **values) for i in range(n)
        ]


async def value(db: Database, query: str, *arguments: object) -> Any:
    async with db.connection() as connection:
        return await connection.fetchval(query, *arguments)


# --- locks ----------------------------------------------------------------------------


async def test_two_claims_at_once_share_the_rows(db: Database) -> None:
    """No row is leased twice and nobody waits for the other."""
    ids = await seeded(db, 40)
    ledger, term, _ = await owner_of(db)
    wants = [Want(FIRST, 10)]
    answers = await asyncio.gather(
        *(ledger.claim(wants, term=term, now=NOW) for _ in range(4))
    )
    leased = [claim.send_id for rows in answers for _, claim in rows]
    rest = await ledger.claim([Want(FIRST, 40)], term=term, now=NOW)
    leased += [claim.send_id for _, claim in rest]
    assert sorted(leased) == ids


@pytest.mark.parametrize("each", [1, 5])
async def test_caps_hold_under_concurrency(db: Database, each: int) -> None:
    """Promise 3: many intents at once, in any batches, are granted up to the cap."""
    await seeded(db, 30)
    ledger, term, _ = await owner_of(db)
    rows = await ledger.claim([Want(FIRST, 30)], term=term, now=NOW)
    intents = [intent(claim, cap=7) for _, claim in rows]
    batches = [intents[i : i + each] for i in range(0, 30, each)]
    answers = await asyncio.gather(*(ledger.begin(b, term=term) for b in batches))
    said = [answer for batch in answers for answer in batch]
    assert said.count(IntentAnswer.GRANTED) == 7
    assert said.count(IntentAnswer.CAPPED) == 23
    assert await value(db, "SELECT n FROM usage WHERE kind = 'mailbox'") == 7
    assert await value(db, "SELECT count(*) FROM send WHERE state = 'sending'") == 7


@pytest.mark.parametrize(
    ("contact", "campaign", "answer"),
    [
        ("consent_basis = 'asked'", "grounds = NULL", "granted"),
        ("consent_basis = ''", "grounds = NULL", "no_consent"),
        ("consent_basis = 'asked'", "grounds = '{asked,customer}'", "granted"),
        ("consent_basis = 'asked'", "grounds = '{customer}'", "no_consent"),
        ("consent_basis = NULL", "grounds = '{customer}'", "no_consent"),
        ("confirmed_at = NULL", "confirmation = '{}'", "no_consent"),
        ("confirmed_at = now()", "confirmation = '{}'", "granted"),
    ],
)
async def test_the_campaign_says_which_grounds_it_accepts(
    db: Database, contact: str, campaign: str, answer: str
) -> None:
    """Checked in the intent itself: what the contact says against what is accepted."""
    await seeded(db, 1)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    async with db.connection() as connection:
        await connection.execute(f"UPDATE contact SET {contact}")  # noqa: S608 - ours
        await connection.execute(f"UPDATE campaign SET {campaign}")  # noqa: S608 - ours
    assert await ledger.begin([intent(claim)], term=term) == [answer]


async def test_the_letter_that_asks_for_consent_needs_no_confirmation(
    db: Database,
) -> None:
    """Step 0 of a double opt-in goes to who has signed up, and to nobody else."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute("UPDATE campaign SET confirmation = '{}'")
        await add_send(connection, "a@x.example", step_number=0)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    assert await ledger.begin([intent(claim)], term=term) == ["granted"]


@pytest.mark.parametrize("place", range(4))
async def test_each_of_the_four_caps_counts(db: Database, place: int) -> None:
    """Mailbox, domain, account and client: any full day refuses the intent."""
    await seeded(db, 2)
    ledger, term, _ = await owner_of(db)
    rows = await ledger.claim([Want(FIRST, 2)], term=term, now=NOW)
    charges = [Charge(NOW.date(), PLENTY)] * 4
    charges[place] = Charge(NOW.date(), 1)
    intents = [intent(claim, charges=tuple(charges)) for _, claim in rows]
    assert await ledger.begin(intents, term=term) == ["granted", "capped"]
    assert await value(db, "SELECT min(n) FROM usage") == 1
    assert await value(db, "SELECT max(n) FROM usage") == 1


async def test_a_cap_of_zero_grants_nothing(db: Database) -> None:
    """A day without an allowance refuses also its first letter."""
    await seeded(db)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    assert await ledger.begin([intent(claim, cap=0)], term=term) == ["capped"]


async def test_a_lease_that_ran_out_begins_nothing(db: Database) -> None:
    """62: the fence asks the database's clock, not the daemon's belief."""
    await seeded(db)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    await value(db, "UPDATE lease SET lease_until = clock_timestamp()")
    with pytest.raises(LeaseLostError):
        await ledger.begin([intent(claim)], term=term)
    assert await value(db, "SELECT count(*) FROM attempt") == 0


async def test_another_owner_of_the_same_term_begins_nothing(db: Database) -> None:
    """The fence names the owner too."""
    await seeded(db)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    await value(db, "UPDATE lease SET owner = $1", uuid4())
    with pytest.raises(LeaseLostError):
        await ledger.begin([intent(claim)], term=term)


async def test_an_opt_out_waits_for_open_intents_and_is_seen_by_the_next(
    db: Database,
) -> None:
    """77: while an intent's transaction is open the opt-out waits; then it holds."""
    await seeded(db, 2)
    ledger, term, owner = await owner_of(db)
    rows = await ledger.claim([Want(FIRST, 2)], term=term, now=NOW)
    suppressions = PgSuppressions(db)
    async with db.connection() as connection:
        async with connection.transaction():
            await connection.execute(
                "SELECT FROM lease WHERE owner = $1 FOR SHARE", owner
            )
            leaving = asyncio.create_task(suppressions.opt_out(2, "page", NOW))
            await wait_for_lock(db)
            assert not leaving.done()
    assert await leaving
    answers = await ledger.begin([intent(claim) for _, claim in rows], term=term)
    assert answers == ["granted", "suppressed"]


async def test_an_intent_waits_for_an_open_pause_and_sees_it(db: Database) -> None:
    """Promise 7: an intent that meets a pause in the making waits and is refused."""
    await seeded(db)
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    async with db.connection() as connection:
        async with connection.transaction():
            await connection.execute(sql.text("bar_intents"))
            beginning = asyncio.create_task(ledger.begin([intent(claim)], term=term))
            await wait_for_lock(db)
            await connection.execute(
                sql.text("put_pause"), "mailbox", 1, "stop", None, "ann", NOW
            )
    assert await beginning == ["paused"]


async def test_a_pause_that_is_over_stops_nothing(db: Database) -> None:
    """A pause with an end in the past, as the intent tells the time, is none."""
    await seeded(db)
    ledger, term, _ = await owner_of(db)
    await PgSteering(db).pause(
        Kind.MAILBOX, "box1@mail.acme.example", "rest", NOW, "ann", NOW - HOUR
    )
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    assert await ledger.begin([intent(claim)], term=term) == ["granted"]


async def test_another_clients_suppression_stops_nobody_here(db: Database) -> None:
    """A person who left one client may be written to by another."""
    await seeded(db)
    await value(
        db,
        "WITH other AS (INSERT INTO client (name, share, postal_address, timezone)"
        " VALUES ('other', 1, 'x', 'UTC') RETURNING id)"
        " INSERT INTO suppression (target, client_id, reason, source, author, at)"
        " SELECT 'p0@x.example', id, 'r', 's', 'a', now() FROM other",
    )
    ledger, term, _ = await owner_of(db)
    [(_, claim)] = await ledger.claim([Want(FIRST, 1)], term=term, now=NOW)
    assert await ledger.begin([intent(claim)], term=term) == ["granted"]


# --- outcomes -------------------------------------------------------------------------


async def begun(db: Database, n: int = 1, **values: Any) -> Any:
    """Seed, lease and begin sends; give the ledger and the intents."""
    await seeded(db, n, **values)
    ledger, term, _ = await owner_of(db)
    rows = await ledger.claim([Want(FIRST, n)], term=term, now=NOW)
    intents = [intent(claim) for _, claim in rows]
    await ledger.begin(intents, term=term)
    return ledger, intents


@pytest.mark.parametrize("poison", ["a\0b", "a\ud800b"])
async def test_a_poisoned_outcome_does_not_stop_its_neighbours(
    db: Database, poison: str
) -> None:
    """59: what the database cannot hold is stored without its text."""
    ledger, intents = await begun(db, 3)
    texts = ["fine", poison, "fine too"]
    told = [outcome(i, text=text) for i, text in zip(intents, texts, strict=True)]
    await ledger.record(told)
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT state, detail FROM send ORDER BY id")
    assert [row["state"] for row in rows] == ["sent"] * 3
    assert [row["detail"] for row in rows] == ["fine", "(unreadable)", "fine too"]


@pytest.mark.parametrize("poison", ["a\0b", "a\ud800b"])
async def test_a_poisoned_return_does_not_stop_its_neighbours(
    db: Database, poison: str
) -> None:
    """59: the same for what goes back."""
    await seeded(db, 3)
    ledger, term, _ = await owner_of(db)
    rows = await ledger.claim([Want(FIRST, 3)], term=term, now=NOW)
    backs = [
        GiveBack(
            send_id=claim.send_id,
            state=State.HELD,
            due_at=None,
            reason="bug",
            detail=detail,
        )
        for (_, claim), detail in zip(rows, ["fine", poison, "fine too"], strict=True)
    ]
    await ledger.give_back(backs, term=term, now=NOW)
    async with db.connection() as connection:
        held = await connection.fetch("SELECT state, detail FROM send ORDER BY id")
    assert [row["state"] for row in held] == ["held"] * 3
    assert [row["detail"] for row in held] == ["fine", "(unreadable)", "fine too"]


async def test_an_outcome_is_kept_with_its_attempt(db: Database) -> None:
    """What the server said stands beside the try it answered."""
    ledger, [made] = await begun(db)
    at = NOW + timedelta(seconds=3)
    await ledger.record([outcome(made, State.FAILED, at=at, code=550, reason="hard")])
    async with db.connection() as connection:
        row = await connection.fetchrow(
            "SELECT id, started_at, ended_at, code, outcome, reason FROM attempt"
        )
    assert row is not None
    assert tuple(row) == (made.attempt_id, NOW, at, 550, "failed", "hard")


@pytest.mark.parametrize(
    ("state", "ends"),
    [
        (State.SENT, "finished"),
        (State.FAILED, "stopped"),
        (State.UNCERTAIN, "active"),
        (State.SCHEDULED, "active"),
    ],
)
async def test_the_last_letter_ends_the_enrolment(
    db: Database, state: State, ends: str
) -> None:
    """A sequence is finished by its last delivery and stopped by a failure."""
    ledger, [made] = await begun(db)
    await ledger.record([outcome(made, state)])
    assert await value(db, "SELECT state FROM enrolment") == ends


async def test_no_follow_up_for_who_has_left(db: Database) -> None:
    """A stopped enrolment gets no next step, however late the proof comes."""
    ledger, [made] = await begun(db)
    await PgSuppressions(db).opt_out(1, "page", NOW)
    await ledger.record([outcome(made, next_step=follow_up(made, NOW))])
    assert await value(db, "SELECT count(*) FROM send") == 1
    assert await value(db, "SELECT state FROM send") == "sent"


async def test_an_address_that_does_not_exist_is_suppressed_everywhere(
    db: Database,
) -> None:
    """SMTP 8: the next letter to it, for whomever, is refused."""
    ledger, [made] = await begun(db)
    told = outcome(made, State.FAILED, suppress=True, reason="hard_no_user")
    await ledger.record([told, told])
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT target, client_id, reason FROM suppression"
        )
    assert [tuple(row) for row in rows] == [("p0@x.example", None, "hard_no_user")]


async def test_a_retired_campaigns_queue_is_not_listed(db: Database) -> None:
    """What left the fleet is not asked for."""
    await seeded(db)
    ledger, _, _ = await owner_of(db)
    assert await ledger.queues() == [FIRST]
    await value(db, "UPDATE campaign SET retired = true")
    assert await ledger.queues() == []


# --- the plan of the claim ------------------------------------------------------------


async def fill(connection: Connection) -> None:
    """Insert fifty thousand sends: queues, lanes, and what is long done."""
    await seed_fleet(connection, mailboxes=200)
    await connection.execute(
        "INSERT INTO contact (client_id, email, consent_basis)"
        " SELECT 1, 'p' || i || '@x.example', 'asked' FROM generate_series(1, 50000) i"
    )
    await connection.execute(
        "INSERT INTO enrolment (campaign_id, contact_id) SELECT 1, id FROM contact"
    )
    await connection.execute(
        "INSERT INTO send (campaign_id, step_number, contact_id, enrolment_id, place,"
        " mailbox_id, due_at, first_due_at, changed_at, state)"
        " SELECT 1, 1 + i % 2, i, i,"
        " (ARRAY['', 'Europe/Berlin', 'Asia/Tokyo'])[1 + i % 3],"
        " CASE WHEN i % 2 = 0 THEN 1 + i % 200 END, at, at, at,"
        " CASE WHEN i % 5 = 0 THEN 'scheduled' ELSE 'cancelled' END"
        " FROM generate_series(1, 50000) i,"
        " LATERAL (SELECT $1::timestamptz - i * interval '1 second' AS at) t",
        NOW,
    )
    await connection.execute("ANALYZE")


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """List all nodes of a plan."""
    return [plan, *(n for child in plan.get("Plans", ()) for n in nodes(child))]


LANES = f"'{{{','.join(map(str, range(1, 101)))}}}'"
ZONES = "'{1,1}', ARRAY['', 'Asia/Tokyo']"
QUESTIONS = {
    "claim_lanes": ("send_lane", f"{LANES}, array_fill(1, '{{100}}'), '{NOW}', 1"),
    "claim_queues": ("send_queue", f"{ZONES}, '{{20,20}}', '{NOW}', 1"),
    "next_due_lanes": ("send_lane", LANES),
    "next_due_queues": ("send_queue", ZONES),
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_the_claim_walks_its_indexes(db: Database, mode: str) -> None:
    """71: no claim or due-time question ever reads or joins the whole table."""
    async with db.connection() as connection:
        await fill(connection)
        await connection.execute(f"SET plan_cache_mode = {mode}")
        for name, (index, arguments) in QUESTIONS.items():
            await connection.execute(f"PREPARE q_{name} AS {sql.text(name)}")
            query = f"EXPLAIN (FORMAT JSON) EXECUTE q_{name}({arguments})"
            plan = msgspec.json.decode(await connection.fetchval(query))[0]["Plan"]
            on_send = [n for n in nodes(plan) if n.get("Relation Name") == "send"]
            assert any(n.get("Index Name") == index for n in on_send), name
            for node in on_send:
                assert node["Node Type"] != "Seq Scan", (name, node)
            kinds = {node["Node Type"] for node in nodes(plan)}
            assert not kinds & {"Hash Join", "Merge Join"}, (name, kinds)


BATCHES = {
    "begin_attempts": "'[]', 1, gen_random_uuid()",
    "record_outcomes": "'[]'",
    "give_back": f"'[]', '{NOW}', 1",
    "expire_stale": f"'{NOW}', 200",
}


@pytest.mark.parametrize("is_empty", [True, False])
async def test_batches_find_their_rows_by_id(
    db: Database, database_url: str, is_empty: bool
) -> None:
    """71: planned once, on tables still empty, or large: never a scan, never send_open.

    A plan made at the start stays for the life of a connection; one that reads a whole
    table or walks an index full of dead entries would get slower with every letter.
    """
    hot = await Database.open(database_url, hot=True)
    try:
        async with db.connection() as connection:
            await fill(connection)
            if is_empty:
                await connection.execute("TRUNCATE send, attempt")
                await connection.execute("ANALYZE")
        async with hot.connection() as connection:
            for name, arguments in BATCHES.items():
                await connection.execute(f"PREPARE b_{name} AS {sql.text(name)}")
                query = f"EXPLAIN (FORMAT JSON) EXECUTE b_{name}({arguments})"
                plan = msgspec.json.decode(await connection.fetchval(query))[0]["Plan"]
                for node in nodes(plan):
                    if node.get("Relation Name") in ("send", "attempt"):
                        assert node["Node Type"] != "Seq Scan", (name, node)
                    assert node.get("Index Name") != "send_open", (name, node)
    finally:
        await hot.close(5)


async def test_what_waited_too_long_ends_also_where_nothing_is_claimed(
    db: Database,
) -> None:
    """First touches and bound rows alike; what is in time or has no end waits on."""
    ledger, _, _ = await owner_of(db)
    late, day = NOW - timedelta(days=2), timedelta(days=1)
    async with db.connection() as connection:
        await seed_fleet(connection)
        await connection.execute(
            "UPDATE campaign SET useful_for_s = 86400 WHERE name = 'spring'"
        )
        free = await add_send(connection, "a@x.example", late)
        bound = await add_send(connection, "b@x.example", late, mailbox_id=1)
        fresh = await add_send(connection, "c@x.example", NOW - day / 2)
        endless = await add_send(connection, "d@x.example", late, campaign_id=2)
    assert await ledger.expire_stale(now=NOW, at_most=10) == 2
    assert await ledger.expire_stale(now=NOW, at_most=10) == 0
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT s.id, s.state, s.detail, e.state AS sequence FROM send s"
            " JOIN enrolment e ON e.id = s.enrolment_id"
        )
    found = {row["id"]: (row["state"], row["sequence"]) for row in rows}
    assert found == {
        free: ("expired", "stopped"),
        bound: ("expired", "stopped"),
        fresh: ("scheduled", "active"),
        endless: ("scheduled", "active"),
    }
    details = {row["detail"] for row in rows} - {None}
    assert details == {"it was of use until 2026-03-01T09:00+00:00"}
