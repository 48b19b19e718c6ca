"""The laws of keeping contacts and enrolling them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from outreachd.rules.contact_row import NewContact
from outreachd.rules.hygiene import Policy, Treatment
from outreachd.store.contacts import (
    NO_CONSENT_SENTENCE,
    Enrolled,
    Target,
    campaign_names,
    enrol,
    find_target,
)
from outreachd.store.database import Connection, Database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def contact(email: str, *, timezone: str = "", line: int = 2) -> NewContact:
    return NewContact(
        line=line,
        email=email,
        timezone=timezone,
        variables={"first_name": email[0]},
        consent_basis="asked",
        consent_source="form",
        consent_at=NOW - timedelta(days=1),
    )


async def seed(connection: Connection, *, timezone: str = "recipient") -> Target:
    """Make two campaigns of one client, one whose calendar has the given zone."""
    await connection.execute(
        "INSERT INTO client (name, share, postal_address, timezone)"
        " VALUES ('acme', 1, 'x', 'UTC')"
    )
    await connection.execute(
        "INSERT INTO campaign (name, client_id, direction, share, pool, calendar,"
        " on_uncertain) SELECT name, 1, 'd', 1, '{}',"
        " jsonb_build_object('timezone', $1::text), 'hold'"
        " FROM unnest(ARRAY['spring', 'autumn']) AS name",
        timezone,
    )
    target = await find_target(connection, "spring")
    assert target is not None
    return target


async def test_an_imported_contact_is_due_at_once_with_its_first_letter(
    db: Database,
) -> None:
    """One contact, one enrolment, one send of step 1, and its queue."""
    async with db.connection() as connection:
        target = await seed(connection)
        rows = [contact("ann@x.example", timezone="Europe/Berlin")]
        done = await enrol(connection, target, rows, now=NOW)
        sends = await connection.fetch(
            "SELECT campaign_id, step_number, place, state, due_at, first_due_at,"
            " mailbox_id FROM send"
        )
        queues = await connection.fetch("SELECT * FROM queue")

    ann = "ann@x.example"
    assert done == Enrolled(frozenset({ann}), {ann: ""}, frozenset())
    berlin = "Europe/Berlin"
    assert list(map(tuple, sends)) == [(1, 1, berlin, "scheduled", NOW, NOW, None)]
    assert list(map(tuple, queues)) == [(1, berlin)]


async def test_consent_and_variables_are_kept(db: Database) -> None:
    """On what ground we write is known for each contact."""
    async with db.connection() as connection:
        await enrol(
            connection, await seed(connection), [contact("a@x.example")], now=NOW
        )
        row = await connection.fetchrow(
            "SELECT variables::text, consent_basis, consent_source, consent_at"
            " FROM contact"
        )

    assert row is not None
    assert tuple(row) == (
        '{"first_name": "a"}',
        "asked",
        "form",
        NOW - timedelta(days=1),
    )


async def test_enrolling_twice_changes_nothing(db: Database) -> None:
    """The second time no row of any table is new or rewritten."""
    async with db.connection() as connection:
        target = await seed(connection)
        rows = [contact("a@x.example"), contact("b@x.example")]
        await enrol(connection, target, rows, now=NOW)
        before = await all_rows(connection)
        again = await enrol(connection, target, rows, now=NOW + timedelta(days=1))

        assert (again.new, again.enrolled) == (frozenset(), {})
        assert await all_rows(connection) == before


async def all_rows(connection: Connection) -> list[str]:
    return [
        str(await connection.fetch(f"SELECT ctid, xmin, t::text FROM {t} t"))  # noqa: S608
        for t in ("contact", "enrolment", "send", "queue")
    ]


async def test_a_fixed_calendar_needs_one_queue(db: Database) -> None:
    """Where the campaign has a zone of its own, the recipient's does not part them."""
    async with db.connection() as connection:
        target = await seed(connection, timezone="Europe/Berlin")
        rows = [contact("a@x.example", timezone="Asia/Tokyo"), contact("b@x.example")]
        await enrol(connection, target, rows, now=NOW)
        zones = await connection.fetch("SELECT DISTINCT place FROM send")

    assert [row["place"] for row in zones] == [""]


async def test_the_suppressed_are_neither_kept_nor_enrolled(db: Database) -> None:
    """By address or domain, everywhere or for this client; another's does not count."""
    async with db.connection() as connection:
        target = await seed(connection)
        await connection.execute(
            "INSERT INTO client (name, share, postal_address, timezone)"
            " VALUES ('bolt', 1, 'x', 'UTC')"
        )
        await connection.executemany(
            "INSERT INTO suppression (target, client_id, reason, source, author, at)"
            " VALUES ($1, $2, 'opt_out', 's', 'a', now())",
            [
                ("a@x.example", None),
                ("b@x.example", target.client_id),
                ("c@x.example", target.client_id + 1),
                ("@no.example", None),
            ],
        )
        names = ("a@x", "b@x", "c@x", "d@no")
        rows = [contact(f"{name}.example") for name in names]
        done = await enrol(connection, target, rows, now=NOW)
        kept = await connection.fetch("SELECT email FROM contact")

    assert done.suppressed == {"a@x.example", "b@x.example", "d@no.example"}
    assert [row["email"] for row in kept] == ["c@x.example"]
    assert done.new == {"c@x.example"}
    assert done.enrolled == {"c@x.example": ""}


async def test_a_person_is_one_contact_in_two_campaigns(db: Database) -> None:
    """Another campaign of the client enrols the contact it has, values unchanged."""
    async with db.connection() as connection:
        spring = await seed(connection)
        autumn = await find_target(connection, "autumn")
        assert autumn is not None
        await enrol(connection, spring, [contact("a@x.example")], now=NOW)
        done = await enrol(connection, autumn, [contact("a@x.example")], now=NOW)

        assert (done.new, done.enrolled) == (frozenset(), {"a@x.example": ""})
        assert await connection.fetchval("SELECT count(*) FROM contact") == 1


async def test_sends_go_out_in_the_order_of_the_file(db: Database) -> None:
    """Ids of sends, which break ties of due time, follow the rows."""
    async with db.connection() as connection:
        emails = [f"{name}@x.example" for name in "zyxabc"]
        target = await seed(connection)
        await enrol(connection, target, [contact(e) for e in emails], now=NOW)
        rows = await connection.fetch(
            "SELECT email FROM send s JOIN contact c ON c.id = contact_id ORDER BY s.id"
        )

    assert [row["email"] for row in rows] == emails


async def test_a_retired_or_unknown_campaign_is_no_target(db: Database) -> None:
    """Nobody is enrolled in what no longer sends; the names that exist can be told."""
    async with db.connection() as connection:
        await seed(connection)
        await connection.execute("UPDATE campaign SET retired = true WHERE id = 1")

        assert await find_target(connection, "spring") is None
        assert await find_target(connection, "nonsense") is None
        assert await campaign_names(connection) == ["autumn"]


async def test_a_hint_tells_that_there_is_work(db: Database, database_url: str) -> None:
    """Each batch that enrolled somebody ends with NOTIFY outreachd_work."""
    heard: list[str] = []
    listener = await asyncpg.connect(database_url)
    try:
        await listener.add_listener("outreachd_work", lambda *a: heard.append(a[2]))
        async with db.connection() as connection:
            target = await seed(connection)
            for _ in range(2):
                await enrol(connection, target, [contact("a@x.example")], now=NOW)
        await listener.fetchval("SELECT 1")  # what was notified before has arrived
    finally:
        await listener.close()

    assert heard == ["outreachd_work"]


@pytest.mark.parametrize("zone_count", [1, 300])
async def test_each_zone_gets_its_queue_once(db: Database, zone_count: int) -> None:
    """However many contacts share a zone, the queue is one row."""
    async with db.connection() as connection:
        target = await seed(connection)
        rows = [
            contact(f"a{n}@x.example", timezone=f"Zone/{n % zone_count}")
            for n in range(600)
        ]
        await enrol(connection, target, rows, now=NOW)

        assert await connection.fetchval("SELECT count(*) FROM queue") == zone_count


async def test_a_contact_without_ground_goes_in_and_waits(db: Database) -> None:
    """Its letter is held with a sentence; the others of the batch are due."""
    async with db.connection() as connection:
        target = await seed(connection)
        rows = [
            replace(contact("a@x.example"), consent_basis=None),
            contact("b@x.example"),
        ]
        done = await enrol(connection, target, rows, now=NOW)
        sends = await connection.fetch(
            "SELECT state, reason, detail FROM send ORDER BY id"
        )

    assert done.enrolled == {"a@x.example": "no_consent", "b@x.example": ""}
    assert list(map(tuple, sends)) == [
        ("held", "no_consent", NO_CONSENT_SENTENCE),
        ("scheduled", None, None),
    ]


async def test_only_the_grounds_of_the_campaign_count(db: Database) -> None:
    """Where it lists what it accepts, any other ground is none."""
    async with db.connection() as connection:
        target = await seed(connection)
        await connection.execute("UPDATE campaign SET grounds = '{customer}'")
        rows = [
            contact("a@x.example"),
            replace(contact("b@x.example"), consent_basis="customer"),
        ]
        done = await enrol(connection, target, rows, now=NOW)

    assert done.enrolled == {"a@x.example": "no_consent", "b@x.example": ""}


async def test_a_known_contact_gains_a_ground_and_never_loses_one(db: Database) -> None:
    """Importing again with a ground is the way out; one that stands is not replaced."""
    async with db.connection() as connection:
        target = await seed(connection)
        bare = replace(contact("a@x.example"), consent_basis=None, consent_source=None)
        await enrol(connection, target, [bare], now=NOW)
        other = replace(bare, consent_basis="customer", consent_source="phone")
        for row in (contact("a@x.example"), other, bare):
            assert not (await enrol(connection, target, [row], now=NOW)).new
        kept = await connection.fetchrow(
            "SELECT consent_basis, consent_source, variables::text FROM contact"
        )

    assert kept is not None
    assert tuple(kept) == ("asked", "form", '{"first_name": "a"}')


async def test_a_ground_that_the_campaign_refuses_can_be_mended(db: Database) -> None:
    """Who came in on a mistyped ground need not wait for ever; no other way is shut."""
    async with db.connection() as connection:
        target = await seed(connection)
        grounds = "UPDATE campaign SET grounds = $1"
        await connection.execute(grounds, ["customer", "opt_in"])
        row = contact("a@x.example")

        async def gains(basis: str) -> bool:
            asked = replace(row, consent_basis=basis)
            done = await enrol(connection, target, [asked], now=NOW)
            return bool(done.grounded)

        assert not await gains("custmer")  # new: held
        assert not await gains("asked")  # no better
        assert await gains("customer")
        assert not await gains("opt_in")  # what stands and is accepted stays
        await connection.execute(grounds, ["opt_in"])
        assert await gains("opt_in")
        await connection.execute(
            "UPDATE campaign SET grounds = '{fan}' WHERE name = 'autumn'"
        )
        other = await find_target(connection, "autumn")
        assert other
        fan = replace(row, consent_basis="fan")
        assert not (await enrol(connection, other, [fan], now=NOW)).grounded


async def test_what_is_odd_waits_with_its_reason(db: Database) -> None:
    """The word can be released by; the sentence is for people; marks stay known."""
    async with db.connection() as connection:
        row = replace(
            contact("info@x.example"),
            marks=("role", "free"),
            country="DE",
            region="BY",
            language="de",
            hold="role_address",
            detail="belongs to a function",
        )
        done = await enrol(connection, await seed(connection), [row], now=NOW)
        kept = await connection.fetchrow(
            "SELECT marks, country, region, language, state, reason, detail"
            " FROM send s JOIN contact c ON c.id = contact_id"
        )

    assert done.enrolled == {"info@x.example": "role_address"}
    assert kept is not None
    assert tuple(kept) == (
        ["role", "free"],
        *("DE", "BY", "de"),
        *("held", "role_address", "belongs to a function"),
    )


async def test_the_policy_of_a_campaign_comes_with_it(db: Database) -> None:
    """As written; what it leaves out is the usual."""
    async with db.connection() as connection:
        await seed(connection)
        await connection.execute("""UPDATE campaign SET hygiene = '{"role": "skip"}'""")
        target = await find_target(connection, "spring")
    assert target is not None
    assert target.hygiene == Policy(role=Treatment.SKIP)


@pytest.mark.parametrize(
    ("zone", "holidays", "place"),
    [
        ("recipient", "recipient", "Europe/Berlin DE-BY"),
        ("Asia/Tokyo", "recipient", " DE-BY"),
        ("recipient", "DE", "Europe/Berlin"),
        ("Asia/Tokyo", "", ""),
    ],
)
async def test_a_queue_parts_people_only_by_what_their_campaign_asks_of_them(
    db: Database, zone: str, holidays: str, place: str
) -> None:
    """Zone and country are written as the rules read a place, each where it counts."""
    async with db.connection() as connection:
        await seed(connection, timezone=zone)
        await connection.execute(
            "UPDATE campaign SET calendar = calendar || jsonb_build_object("
            "'holidays', $1::text)",
            holidays,
        )
        target = await find_target(connection, "spring")
        assert target is not None
        berlin = replace(
            contact("ann@x.example", timezone="Europe/Berlin"),
            country="DE",
            region="BY",
        )
        nobody = contact("bob@x.example")
        await enrol(connection, target, [berlin, nobody], now=NOW)
        found = await connection.fetch("SELECT place FROM send ORDER BY contact_id")
    assert [row["place"] for row in found] == [place, ""]
