"""The laws of ordering one letter by HTTP: once, whole, and only what may be sent."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession

from outreachd.clock import VirtualClock
from outreachd.intake import Intake
from outreachd.rules.inquiry import Answer, Outcome, Question
from outreachd.rules.suppression import Eraser
from outreachd.store.content import read_one_off
from outreachd.store.database import Database
from outreachd.web.orders import order_routes
from outreachd.wire.mx import MailDomains
from tests.store.seed import NOW, add_send, seed_fleet
from tests.web.calling import called

ORDER: dict[str, Any] = {
    "campaign": "spring",
    "email": "Ann@People.example",
    "subject": "Your question, {{ first_name }}",
    "text": "Hello {{ first_name }}",
    "variables": {"first_name": "Ann"},
    "consent_basis": "asked",
}
PDF = base64.b64encode(b"%PDF-1.7 offer").decode()


class NullMx:
    """Answers that null.net takes no mail, and knows of nothing else."""

    async def answer(self, question: Question) -> Answer:
        """Answer."""
        if question.name == "null.net":
            return Answer(Outcome.FOUND, ("0 ",))
        return Answer(Outcome.FAULT)


class Caller:
    """Somebody with the token who orders letters."""

    def __init__(self, session: ClientSession, db: Database) -> None:
        self.session, self.db = session, db

    async def order(self, key: str | None = "k1", **changes: Any) -> tuple[int, Any]:
        """Order a letter; a field set to None is left out."""
        body = {k: v for k, v in (ORDER | changes).items() if v is not None}
        headers = {"Idempotency-Key": key} if key else {}
        async with self.session.post("/v1/sends", json=body, headers=headers) as told:
            return told.status, await told.json(content_type=None)

    async def sends(self) -> list[Any]:
        """Read all sends."""
        async with self.db.connection() as connection:
            return await connection.fetch("SELECT * FROM send ORDER BY id")

    async def count(self, table: str) -> int:
        """Count the rows of a table."""
        async with self.db.connection() as connection:
            n: int = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
        return n


@pytest_asyncio.fixture
async def caller(db: Database) -> AsyncIterator[Caller]:
    """Open the listener on a real database and call it with the token."""
    async with db.connection() as connection:
        await seed_fleet(connection)
    clock = VirtualClock(NOW)
    nobody, mx = Eraser(()), MailDomains(NullMx())
    routes = order_routes(
        db, clock, nobody, lambda is_dry: Intake(db, clock, nobody, mx, is_dry=is_dry)
    )
    async with called(clock, routes) as caller:
        yield Caller(caller.session, db)


async def test_an_order_becomes_a_send_with_a_content_of_its_own(
    caller: Caller,
) -> None:
    """It is due at once, under a number above the steps, and bound to no mailbox."""
    status, told = await caller.order(html="<p>Hi {{ first_name }}</p>")
    [send] = await caller.sends()
    assert (status, told["send"], told["step"]) == (202, send["id"], 1001)
    assert (send["state"], send["due_at"], send["mailbox_id"]) == (
        "scheduled",
        NOW,
        None,
    )
    async with caller.db.connection() as connection:
        letter = await read_one_off(connection, send["content_id"])
        person = await connection.fetchrow(
            "SELECT email, state, reason FROM contact JOIN enrolment e"
            " ON e.contact_id = contact.id"
        )
    assert letter is not None
    assert letter.variables == {"first_name": "Ann"}
    assert letter.html == "<p>Hi {{ first_name }}</p>"
    assert person is not None
    assert tuple(person) == ("ann@people.example", "finished", "one_off")


async def test_the_same_call_again_gets_the_same_answer_and_no_second_letter(
    caller: Caller,
) -> None:
    """HTTP: a caller that lost the answer repeats the call."""
    first = await caller.order()
    assert await caller.order() == first
    assert len(await caller.sends()) == 1


async def test_a_key_is_good_for_one_body(caller: Caller) -> None:
    """Another body under the same key is a slip: 409, nothing is done."""
    await caller.order()
    status, _ = await caller.order(subject="Another")
    assert status == 409
    assert len(await caller.sends()) == 1


async def test_a_key_is_needed(caller: Caller) -> None:
    """Without one a repeated call would send twice."""
    status, told = await caller.order(key=None)
    assert (status, await caller.sends()) == (400, [])
    assert "Idempotency-Key" in told["detail"]


async def test_a_person_may_get_several(caller: Caller) -> None:
    """Each has its number; an address differs by case alone from itself."""
    for key in "abc":
        assert (await caller.order(key, email="ann@people.example"))[0] == 202
    assert [send["step_number"] for send in await caller.sends()] == [1001, 1002, 1003]
    assert await caller.count("enrolment") == 1


async def test_somebody_in_a_sequence_stays_in_it(caller: Caller) -> None:
    """The letter goes from the mailbox that wrote first; the sequence goes on."""
    async with caller.db.connection() as connection:
        await add_send(connection, "ann@people.example", mailbox_id=1)
    await caller.order()
    assert [send["mailbox_id"] for send in await caller.sends()] == [1, 1]
    async with caller.db.connection() as connection:
        assert await connection.fetchval("SELECT state FROM enrolment") == "active"


async def test_a_letter_may_wait(caller: Caller) -> None:
    """A later time is kept; a past one means now."""
    later = NOW + timedelta(days=2)
    await caller.order("a", due_at=later.isoformat())
    await caller.order("b", due_at=datetime(2020, 1, 1, tzinfo=UTC).isoformat())
    assert [send["due_at"] for send in await caller.sends()] == [later, NOW]


@pytest.mark.parametrize(
    "due_at", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+14:00", 4e9, "4e9"]
)
async def test_a_time_that_no_clock_can_reckon_with_is_no_time(
    caller: Caller, due_at: object
) -> None:
    """Every look at what waits would stumble over it."""
    status, told = await caller.order(due_at=due_at)
    assert (status, told["errors"][0]["where"]) == (422, "due_at")
    assert await caller.sends() == []


async def test_without_a_ground_of_consent_it_waits_for_a_person(
    caller: Caller,
) -> None:
    """The same gate as for a sequence, told at once."""
    status, told = await caller.order(consent_basis=None)
    assert (status, told["state"], told["reason"]) == (202, "held", "no_consent")


async def test_who_must_not_be_written_to_is_not(caller: Caller) -> None:
    """Nothing is kept of the order, not even the contact; the key stays free."""
    async with caller.db.connection() as connection:
        await connection.execute(
            "INSERT INTO suppression (target, reason, source, author, at)"
            " VALUES ('ann@people.example', 'opt_out', 'x', 'x', now())"
        )
    status, told = await caller.order()
    assert (status, told["errors"][0]["where"]) == (422, "email")
    assert await caller.count("contact") == await caller.count("one_off") == 0
    assert (await caller.order(email="ben@people.example"))[0] == 202


async def hygiene(db: Database, **policy: str) -> None:
    """Let the campaign treat marked addresses so."""
    async with db.connection() as connection:
        await connection.execute(
            "UPDATE campaign SET hygiene = $1::text::jsonb", json.dumps(policy)
        )


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("ann@mailinator.com", "disposable_address"),
        ("ann@null.net", "no_mx"),
        ("\u00e4nn@people.example", "smtputf8_address"),
    ],
)
async def test_whom_an_import_leaves_out_gets_no_letter(
    caller: Caller, email: str, why: str
) -> None:
    """The same word and sentence; nothing is kept, and the key stays free."""
    status, told = await caller.order(email=email)
    [error] = told["errors"]
    assert (status, error["where"], error["why"]) == (422, "email", why)
    assert error["message"].endswith(": it was left out")
    assert await caller.count("contact") == await caller.count("idempotency") == 0
    assert (await caller.order())[0] == 202


async def test_whom_an_import_holds_waits_until_a_person_has_agreed_once(
    caller: Caller,
) -> None:
    """Held in the import's words, the mark kept; a letter that went is a yes."""
    status, told = await caller.order("a", email="info@people.example")
    assert (status, told["state"], told["reason"]) == (202, "held", "role_address")
    assert "not to a person" in told["detail"]
    async with caller.db.connection() as connection:
        marks = await connection.fetchval("SELECT marks FROM contact")
        await connection.execute(
            "UPDATE send SET state = 'sent', attempt_id = gen_random_uuid(),"
            " dated_at = $1, message_id = 'x', mailbox_id = 1, letter_sha256 = 'x'",
            NOW,
        )
    assert marks == ["role"]
    _, told = await caller.order("b", email="info@people.example")
    assert (told["state"], told["reason"]) == ("scheduled", None)


async def test_the_campaign_says_what_becomes_of_odd_addresses(
    caller: Caller,
) -> None:
    """By its own policy, as for a file."""
    await hygiene(caller.db, role="take", free="hold", disposable="hold")
    emails = ("info@people.example", "ann@gmail.com", "ann@mailinator.com")
    told = [(await caller.order(email, email=email))[1]["reason"] for email in emails]
    assert told == [None, "free_address", "disposable_address"]


async def test_an_answer_that_was_given_is_given_again_under_another_policy(
    caller: Caller,
) -> None:
    """HTTP: a repeated call is the first one, also where it would be refused now."""
    first = await caller.order(email="info@people.example")
    await hygiene(caller.db, role="skip")
    assert await caller.order(email="info@people.example") == first
    status, told = await caller.order("k2", email="info@people.example")
    assert (status, told["errors"][0]["why"]) == (422, "role_address")


async def test_files_go_with_it_and_are_kept_once(caller: Caller) -> None:
    """Two letters with one file keep it once."""
    files = [{"name": "offer.pdf", "content": PDF}]
    await caller.order("a", attachments=files)
    await caller.order("b", attachments=files)
    assert await caller.count("attachment") == 1
    async with caller.db.connection() as connection:
        letter = await read_one_off(connection, 1)
    assert letter is not None
    assert [one.name for one in letter.attachments] == ["offer.pdf"]


@pytest.mark.parametrize(
    ("changes", "where", "words"),
    [
        ({"campaign": "sprig"}, "campaign", "no campaign"),
        ({"campaign": None}, "campaign", "required"),
        ({"email": "nobody"}, "email", ""),
        ({"subject": ""}, "subject", ""),
        ({"subject": "a\nb"}, "subject", "one line"),
        ({"subject": "{{ a"}, "subject", "no end"),
        ({"text": None}, "text", "text is missing"),
        ({"text": "{% include 'x' %}"}, "text", "include"),
        ({"text": "{{ range(9) }}"}, "text", "would call"),
        ({"text": "{% for a in b %}"}, "text", ""),
        ({"html": "<style>p{color:{{ c }}}</style>"}, "html", "<style>"),
        ({"text": None, "html": "<div>" * 200}, "html", "within each other"),
        ({"text": None, "html": "<p"}, "html", "has no end"),
        ({"variables": {"sender_name": "x"}}, "email", "fills itself"),
        ({"variables": {"email": "x@y.example"}}, "variables", "field of its own"),
        ({"variables": {"a b c": "x", "1": "y"}}, "email", "cannot be a variable"),
        ({"variables": {"a": "x\ny"}}, "email", "line break"),
        ({"timezone": "Mars"}, "email", "Mars"),
        ({"due_at": "2026-01-01T00:00"}, "due_at", "timezone"),
        ({"due": 1}, "due", ""),
        ({"attachments": [{"name": "a.pdf", "content": "%"}]}, "attachments.0", "64"),
        (
            {"attachments": [{"name": "a.exe", "content": PDF}]},
            "attachments.0",
            "program",
        ),
        (
            {"attachments": [{"name": "a.pdf", "content": PDF}] * 2},
            "attachments",
            "twice",
        ),
    ],
)
async def test_what_cannot_be_sent_is_refused_whole(
    caller: Caller, changes: dict[str, Any], where: str, words: str
) -> None:
    """Hostile or mistaken orders are told where and why; nothing of them is kept."""
    status, told = await caller.order(**changes)
    assert status == 422
    errors = {one["where"]: one["message"] for one in told["errors"]}
    assert where in errors
    assert words.lower() in errors[where].lower()
    assert await caller.count("contact") == await caller.count("one_off") == 0


async def test_all_mistakes_are_told_at_once(caller: Caller) -> None:
    """Who mends a body need not come back for each."""
    files = [{"name": "a.exe", "content": PDF}]
    _, told = await caller.order(email="x", subject="{{ a", attachments=files)
    where = {one["where"] for one in told["errors"]}
    assert where == {"email", "subject", "attachments.0"}
    assert "x@" not in json.dumps(told)
