"""``POST /v1/sends``: order one letter for one person, outside any sequence.

Needs an Idempotency-Key: the same key and body get the same answer, and one letter.
What comes in is hostile until it was judged: contact, templates and files pass the
same rules as those of files, and every mistake is told at once. Nothing of an order
is kept unless all of it is. Errors are problem+json.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import msgspec
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outreachd.clock import Clock
from outreachd.intake import Intake
from outreachd.rules.attachment import (
    MAX_FILES,
    BadAttachmentError,
    attachment,
    check_together,
)
from outreachd.rules.contact_row import (
    HeaderError,
    NewContact,
    RowError,
    RowResult,
    read_header,
    read_row,
)
from outreachd.rules.model import Attachment
from outreachd.rules.records import OneOff
from outreachd.rules.suppression import Eraser
from outreachd.rules.template import MAX_SOURCE
from outreachd.rules.wording import Wording, prepared
from outreachd.store.contacts import find_target
from outreachd.store.database import Connection, Database
from outreachd.store.idempotency import Call, Kept, once
from outreachd.store.one_offs import NotOrderedError, Order, order
from outreachd.web.forms import Instant
from outreachd.web.gates import author_of, json_body, mistakes, problem
from outreachd.web.idempotency import HEADER, answer_once, call_of

ROUTE = "POST /v1/sends"
NOT_RIGHT = "The body is not right."

log = structlog.get_logger()

Source = Annotated[str, Field(min_length=1, max_length=MAX_SOURCE)]
Field_ = Annotated[str, Field(max_length=4_000)]
Mistake = dict[str, str]


class File(BaseModel):
    """A file in the body; ``content`` in base64."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: str
    content: str


class Letter(BaseModel):
    """The body of an order."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    campaign: str
    email: str
    subject: Annotated[str, Field(min_length=1, max_length=2_000)]
    text: Source | None = None
    html: Source | None = None
    variables: Annotated[dict[str, Field_], Field(max_length=200)] = {}
    attachments: Annotated[list[File], Field(max_length=MAX_FILES)] = []
    due_at: Instant | None = None
    timezone: Field_ = ""
    country: Field_ = ""
    region: Field_ = ""
    language: Field_ = ""
    consent_basis: Field_ = ""
    consent_source: Field_ = ""
    consent_at: Field_ = ""


def order_routes(
    database: Database,
    clock: Clock,
    eraser: Eraser,
    intake: Callable[[bool], Intake],
) -> list[web.AbstractRouteDef]:
    """Make the route of orders; ``intake`` makes one for a call, dry or not."""
    orders = _Orders(database, clock, eraser, intake)
    return [web.post("/v1/sends", orders.post)]


class _Orders:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        eraser: Eraser,
        intake: Callable[[bool], Intake],
    ) -> None:
        self._database, self._clock = database, clock
        self._eraser, self._intake = eraser, intake

    async def post(self, request: web.Request) -> web.Response:
        """Judge an order, take it once."""
        body = await json_body(request)
        call = call_of(request, ROUTE, body)
        if call is None:
            return problem(
                400,
                f"Send an {HEADER}, so that a repeated call sends no second letter.",
            )
        try:
            letter = Letter.model_validate_json(body)
        except ValidationError as error:
            return problem(422, NOT_RIGHT, mistakes(error))
        # In a thread: a hostile letter may take a third of a second to be judged.
        wanted = await asyncio.to_thread(
            read_order, letter, author_of(request), self._clock.now()
        )
        if not isinstance(wanted, Order):
            return problem(422, NOT_RIGHT, wanted)
        try:
            return await answer_once(self._take(call, wanted))
        except NotOrderedError as error:
            mistake = {"where": error.what, "message": str(error)}
            if error.why:
                mistake["why"] = error.why
            return problem(422, NOT_RIGHT, [mistake])

    async def _take(self, call: Call, wanted: Order) -> Kept:
        now = self._clock.now()
        found = await self._judged(wanted)

        async def work(connection: Connection) -> Kept:
            # Only here: a call that was answered before gets that answer again.
            if isinstance(found, RowResult):
                raise NotOrderedError("email", found.reason, found.why)
            judged = replace(wanted, contact=found)
            row = await order(connection, judged, self._eraser, now=now)
            told = {
                "send": row["id"],
                "campaign": wanted.campaign,
                "step": row["step_number"],
                "state": row["state"],
                "reason": row["reason"],
                "detail": row["detail"],
                "due_at": wanted.due_at,
            }
            return Kept(202, msgspec.json.encode(told).decode())

        async with self._database.connection() as connection:
            kept = await once(connection, call, work, now=now)
        log.info("send.ordered", campaign=wanted.campaign)
        return kept

    async def _judged(self, wanted: Order) -> NewContact | RowResult:
        """Judge the address as an import would, before any transaction begins."""
        async with self._database.connection() as connection:
            target = await find_target(connection, wanted.campaign)
        if target is None:
            return wanted.contact  # the order itself tells that there is no campaign
        judged, results = await self._intake(False).judge(target, [wanted.contact])
        return results[0] if results else judged[0]


def read_order(letter: Letter, author: str, now: datetime) -> Order | list[Mistake]:
    """Judge all parts of an order; the mistakes of all of them at once."""
    found: list[Mistake] = []
    contact = _contact(letter, found)
    wording = prepared(Wording(letter.subject, letter.text, letter.html))
    if not isinstance(wording, Wording):
        found += [{"where": one.part, "message": str(one.problem)} for one in wording]
    elif wording.text is None:
        found.append(
            {"where": "text", "message": "text is missing: write text or html"}
        )
    files = list(_files(letter, found))
    try:
        check_together([one for one, _ in files])
    except BadAttachmentError as error:
        found.append({"where": "attachments", "message": str(error)})
    if found or contact is None or not isinstance(wording, Wording):
        return found
    return Order(
        campaign=letter.campaign,
        contact=contact,
        letter=OneOff(
            subject=letter.subject,
            text=wording.text or "",
            html=wording.html,
            variables=dict(contact.variables),
            attachments=tuple(one for one, _ in files),
        ),
        contents=[content for _, content in files],
        due_at=max(letter.due_at or now, now),
        author=author,
    )


def _contact(letter: Letter, found: list[Mistake]) -> NewContact | None:
    """Judge the person as a row of a contact file."""
    fields = letter.model_dump(
        include={
            *("email", "timezone", "country", "region", "language"),
            *("consent_basis", "consent_source", "consent_at"),
        }
    )
    cells = fields | letter.variables
    if both := fields.keys() & letter.variables.keys():
        message = f"{min(both)} is a field of its own, not a variable"
        found.append({"where": "variables", "message": message})
        return None
    try:
        return read_row(read_header(list(cells)), list(cells.values()), 1)
    except (HeaderError, RowError) as error:
        found.append({"where": "email", "message": str(error)})
        return None


def _files(letter: Letter, found: list[Mistake]) -> Iterator[tuple[Attachment, bytes]]:
    for index, file in enumerate(letter.attachments):
        try:
            content = base64.b64decode(file.content, validate=True)
            yield attachment(file.name, content), content
        except (binascii.Error, ValueError) as error:
            is_ours = isinstance(error, BadAttachmentError)
            message = str(error) if is_ours else "content must be base64"
            found.append({"where": f"attachments.{index}", "message": message})
