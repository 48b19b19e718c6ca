"""The laws of taking people in: what the DNS says, what the campaign does with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
import pytest_asyncio

from outreachd.clock import RealClock
from outreachd.intake import ADDED, GROUNDED, UNCHANGED, Intake
from outreachd.rules.contact_row import NewContact, RowResult
from outreachd.rules.hygiene import Policy, Treatment
from outreachd.rules.inquiry import Answer, Outcome, Question
from outreachd.rules.stops import Happening
from outreachd.rules.suppression import Eraser
from outreachd.store.contacts import Target, find_target
from outreachd.store.database import Database
from outreachd.store.events import PgEvents, Whom
from outreachd.wire.mx import MailDomains
from tests.store.seed import seed_fleet

ANSWERS = {
    "firm.net": Answer(Outcome.FOUND, ("10 aspmx.l.google.com",)),
    "null.net": Answer(Outcome.FOUND, ("0 ",)),
    "gone.net": Answer(Outcome.NO_NAME),
    "away.net": Answer(Outcome.FAULT),
}


class Dns:
    """Answers from ANSWERS, or not at all; it counts who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_silent = False

    async def answer(self, question: Question) -> Answer:
        """Answer, or let the asker wait for ever."""
        self.asked.append(question.name)
        if self.is_silent:
            await asyncio.Event().wait()
        return ANSWERS[question.name]


def person(address: str, line: int = 2) -> NewContact:
    return NewContact(
        line=line,
        email=address,
        timezone="",
        variables={},
        consent_basis="asked",
        consent_source=None,
        consent_at=None,
    )


@pytest_asyncio.fixture
async def target(db: Database) -> Target:
    """Give the campaign "spring"."""
    async with db.connection() as connection:
        await seed_fleet(connection)
        found = await find_target(connection, "spring")
    assert found is not None
    return found


@pytest.fixture
def dns() -> Dns:
    """Give a DNS that counts."""
    return Dns()


def intake(db: Database, dns: Dns | None, **more: bool | float) -> Intake:
    mx = MailDomains(dns) if dns else None
    return Intake(db, RealClock(), Eraser(()), mx, **more)  # type: ignore[arg-type]


def told(results: Sequence[RowResult]) -> list[tuple[str, str]]:
    return [(result.email.partition("@")[2], result.word) for result in results]


PEOPLE = [person(f"ann@{domain}", line) for line, domain in enumerate(ANSWERS, 2)]


async def test_domains_that_take_no_mail_are_skipped_and_no_others(
    db: Database, dns: Dns, target: Target
) -> None:
    """A null MX and a name nobody has are sure words; a fault takes nobody out."""
    results = await intake(db, dns).take(target, PEOPLE)
    assert told(results) == [
        ("firm.net", "new"),
        ("null.net", "skipped"),
        ("gone.net", "skipped"),
        ("away.net", "new"),
    ]
    assert "takes no mail" in results[1].reason


async def test_a_domain_is_asked_once_and_then_known(
    db: Database, dns: Dns, target: Target
) -> None:
    """Within a run from memory, in the next run from the database."""
    first = intake(db, dns)
    for n in range(3):
        await first.take(target, [person(f"p{n}@firm.net"), person("a@null.net")])
    assert sorted(dns.asked) == ["firm.net", "null.net"]
    results = await intake(db, dns).take(target, PEOPLE)
    assert sorted(dns.asked) == ["away.net", "firm.net", "gone.net", "null.net"]
    assert told(results)[:2] == [("firm.net", "new"), ("null.net", "skipped")]
    async with db.connection() as connection:
        kept = await connection.fetch(
            "SELECT domain, verdict, receiver FROM mail_domain ORDER BY domain"
        )
    assert [tuple(row) for row in kept] == [
        ("away.net", "unknown", ""),
        ("firm.net", "mx", "google"),
        ("gone.net", "none", ""),
        ("null.net", "null_mx", ""),
    ]


async def test_a_dry_run_asks_and_keeps_nothing(
    db: Database, dns: Dns, target: Target
) -> None:
    """Not even what the DNS said."""
    results = await intake(db, dns, is_dry=True).take(target, PEOPLE)
    assert told(results)[0] == ("firm.net", "new")
    async with db.connection() as connection:
        for table in ("mail_domain", "contact", "send", "enrolment"):
            count = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608
            assert count == 0, table


async def test_a_silent_dns_holds_up_no_caller(
    db: Database, dns: Dns, target: Target
) -> None:
    """Within the limit nothing came: all are taken, and nothing wrong is kept."""
    dns.is_silent = True
    slow = intake(db, dns, dns_limit_s=0.05)
    results = await slow.take(target, PEOPLE)
    assert {word for _, word in told(results)} == {"new"}
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM mail_domain") == 0


async def test_without_dns_only_the_address_speaks(
    db: Database, target: Target
) -> None:
    """Where it is not to be asked."""
    assert not intake(db, None).is_dns_away
    results = await intake(db, None).take(target, [*PEOPLE, person("info@x.net", 9)])
    words = [word for _, word in told(results)]
    assert words == ["new", "new", "new", "new", "held"]


@pytest.mark.parametrize(
    ("treatment", "word", "state"),
    [
        (Treatment.TAKE, "new", "scheduled"),
        (Treatment.HOLD, "held", "held"),
        (Treatment.SKIP, "skipped", None),
    ],
)
async def test_the_campaign_decides(
    db: Database, target: Target, treatment: Treatment, word: str, state: str | None
) -> None:
    """Taken, held with its reason, or not kept at all; the mark stays known."""
    target = replace(target, hygiene=Policy(role=treatment))
    [result] = await intake(db, None).take(target, [person("info@x.net")])
    assert result.word == word
    async with db.connection() as connection:
        rows = await connection.fetch(
            "SELECT state, reason, marks FROM send JOIN contact c ON c.id = contact_id"
        )
    reason = "role_address" if state == "held" else None
    assert [tuple(row) for row in rows] == (
        [(state, reason, ["role"])] if state else []
    )


async def test_duplicates_of_client_and_campaign_are_told_apart(
    db: Database, target: Target
) -> None:
    """New; known to the client and in this campaign now; in this campaign already."""
    async with db.connection() as connection:
        autumn = await find_target(connection, "autumn")
    assert autumn is not None
    people = [person("ann@x.net")]
    said = [
        (await intake(db, None).take(where, people))[0]
        for where in (target, autumn, autumn)
    ]
    assert [(one.word, one.result) for one in said] == [
        ("new", "new"),
        ("added", "known"),
        ("known", "known"),
    ]
    assert [one.reason for one in said[1:]] == [
        ADDED,
        UNCHANGED,
    ]


async def test_a_colleague_of_who_has_answered_is_skipped_and_told_why(
    db: Database, target: Target
) -> None:
    """A word for programs, a sentence for people, nothing kept."""
    async with db.connection() as connection:
        await connection.execute("UPDATE campaign SET stop_company = true")
    await intake(db, None).take(target, [person("ann@corp.net")])
    whom = Whom(address="ann@corp.net")
    now = RealClock().now()
    await PgEvents(db).happened(
        Happening.ANSWERED, whom, source="t", author="t", now=now
    )
    people = [person("ann@corp.net", 2), person("ben@corp.net", 3)]
    again, colleague = await intake(db, None).take(target, people)
    assert (again.word, again.why) == ("known", "")
    assert (colleague.word, colleague.why) == ("skipped", "company_stopped")
    assert "somebody at this company has answered" in colleague.reason


async def test_a_ground_brought_later_is_told_with_the_way_on(
    db: Database, target: Target
) -> None:
    """Imported without, then with, then again: only the second changes something."""
    bare = replace(person("ann@x.net"), consent_basis=None)
    said = [
        (await intake(db, None).take(target, [one]))[0]
        for one in (bare, person("ann@x.net"), person("ann@x.net"))
    ]
    assert [one.word for one in said] == ["held", "known", "known"]
    assert [one.reason for one in said[1:]] == [GROUNDED, UNCHANGED]


async def test_notes_stand_beside_what_became_of_a_row(
    db: Database, target: Target
) -> None:
    """A cell like a formula is taken and told."""
    odd = replace(person("ann@x.net"), notes=("note begins like a formula",))
    [result] = await intake(db, None).take(target, [odd])
    assert result.reason == (
        "is new and will be written to; note begins like a formula"
    )
