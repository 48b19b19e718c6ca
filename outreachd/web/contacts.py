"""``POST /v1/contacts``: people into a campaign, by the rules of an import.

The body is ``{"campaign": "spring", "contacts": [{"email": "ann@x.example"}]}``, a
thousand contacts at most; names are the columns of a contact file. Every contact gets
its own answer, whatever became of it: one that is refused keeps no other out. With an
Idempotency-Key a repeated call gets the first answer and does nothing. ``dry_run``
makes all the checks and keeps nothing. Errors are problem+json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any

import msgspec
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outreachd.clock import Clock
from outreachd.contact_file import first_of_each
from outreachd.intake import Intake
from outreachd.rules.contact_row import (
    HeaderError,
    NewContact,
    RowError,
    RowResult,
    read_header,
    read_row,
)
from outreachd.store.contacts import Target, find_target
from outreachd.store.database import Connection, Database
from outreachd.store.idempotency import Call, Kept, once
from outreachd.web.forms import Cell
from outreachd.web.gates import json_body, mistakes, problem
from outreachd.web.idempotency import answer_once, call_of

ROUTE = "POST /v1/contacts"
MAX_CONTACTS = 1000
MAX_FIELDS = 200

log = structlog.get_logger()

Person = Annotated[dict[str, Cell], Field(max_length=MAX_FIELDS)]


class People(BaseModel):
    """The body."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    campaign: str
    contacts: Annotated[list[Person], Field(min_length=1, max_length=MAX_CONTACTS)]
    dry_run: bool = False


def contact_routes(
    database: Database, clock: Clock, intake: Callable[[bool], Intake]
) -> list[web.AbstractRouteDef]:
    """Make the route of contacts; ``intake`` makes one for a call, dry or not."""
    contacts = _Contacts(database, clock, intake)
    return [web.post("/v1/contacts", contacts.post)]


class _Contacts:
    def __init__(
        self, database: Database, clock: Clock, intake: Callable[[bool], Intake]
    ) -> None:
        self._database, self._clock, self._intake = database, clock, intake

    async def post(self, request: web.Request) -> web.Response:
        """Judge people, enrol them once."""
        body = await json_body(request)
        try:
            people = People.model_validate_json(body)
        except ValidationError as error:
            return problem(422, "The body is not right.", mistakes(error))
        async with self._database.connection() as connection:
            target = await find_target(connection, people.campaign)
        if target is None:
            mistake = {
                "where": "campaign",
                "message": "there is no campaign of this name",
            }
            return problem(422, "The body is not right.", [mistake])
        call = None if people.dry_run else call_of(request, ROUTE, body)
        return await answer_once(self._take(call, people, target))

    async def _take(self, call: Call | None, people: People, target: Target) -> Kept:
        """Ask the DNS first, so that no transaction waits for it."""
        intake = self._intake(people.dry_run)
        rows = list(first_of_each(_rows(people.contacts), "this list"))
        judged, results = await intake.judge(target, rows)

        async def work(connection: Connection) -> Kept:
            done = results + await intake.enrol(connection, target, judged)
            done.sort(key=lambda result: result.line)
            return Kept(200, msgspec.json.encode(_told(people, done)).decode())

        async with self._database.connection() as connection:
            kept = await once(connection, call, work, now=self._clock.now())
        log.info("contacts.taken", campaign=people.campaign, rows=len(rows))
        return kept


def _rows(contacts: Sequence[Person]) -> Iterator[NewContact | RowResult]:
    """Read each as a row of a file that has its names for columns."""
    for number, person in enumerate(contacts, 1):
        try:
            yield read_row(read_header(list(person)), list(person.values()), number)
        except (HeaderError, RowError) as error:
            yield RowResult(number, person.get("email", ""), "refused", str(error))


def _told(people: People, results: Sequence[RowResult]) -> dict[str, Any]:
    return {
        "campaign": people.campaign,
        "dry_run": people.dry_run,
        "counts": Counter(result.result for result in results),
        "contacts": [
            {
                "number": result.line,
                "email": _shown(result.email),
                "result": result.result,
                "reason": result.reason,
                "why": result.why,
            }
            for result in results
        ],
    }


def _shown(email: str) -> str:
    """Tell an address back without what a database of text cannot keep."""
    return "".join(c for c in email[:254] if c.isprintable())
