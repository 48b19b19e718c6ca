"""The letter: a step's templates, a mailbox and a contact become bytes.

The same inputs give the same bytes, whenever and wherever (Message-ID and Date are
inputs), so every attempt of one send is the same letter. No letter leaves with a blank
where a value should be, without the client's postal address, or without a way out:
what the wording lacks of the last two is added below it. Everything that is wrong with
a contact or a step is a value, Unfillable, with one word for metrics and a sentence
for people. Sources: RFC 5322, RFC 2369 and RFC 8058 (opt-out), 15 U.S.C. 7704.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import minijinja

from outreachd.rules import mime
from outreachd.rules.address import is_envelope_address
from outreachd.rules.footer import with_html_footer, with_text_footer
from outreachd.rules.language import Language
from outreachd.rules.model import Client, Mailbox, Step
from outreachd.rules.template import CONTROL, BadTemplateError, RenderError, Template

# The variable of the letter that asks for a yes: where the recipient says it.
CONFIRM_URL = "confirm_url"
MAX_VALUE = 4_000  # characters of one value of a contact
MAX_SUBJECT = 500  # characters

# Nothing that would have to be escaped in HTML, or ends the <...> of a header.
_BASE_URL = re.compile(r"https?://[!#$%()*+,./:;=?@\[\]_~0-9A-Za-z-]{1,500}")
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+>")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Letter:
    """What is handed over: the bytes, their digest, and the subject as read."""

    message: bytes
    sha256: bytes
    subject: str


@dataclass(frozen=True, slots=True)
class Unfillable:
    """Why there is no letter: one word for metrics, one sentence for people.

    Words: missing_variable, template_error, bad_value, bad_address, empty_letter.
    """

    reason: str
    detail: str
    missing: str = ""  # the variable, if one is


class _RefusedError(Exception):
    """Carries an Unfillable to the one place where it becomes a value."""

    def __init__(self, reason: str, detail: str, missing: str = "") -> None:
        super().__init__(detail)
        self.unfillable = Unfillable(reason, detail, missing)


def new_message_id(random_bytes: bytes, domain: str) -> str:
    """Name a letter; 16 octets of chance or more make it the only one of its name."""
    return f"<{random_bytes.hex()}@{domain}>"


def compile_letter(
    step: Step,
    client: Client,
    *,
    base_url: str,
    unsubscribe_mailto: str | None,
) -> Composer | Unfillable:
    """Compile a step once for all its letters; Unfillable if its wording is bad.

    ``base_url`` is where the opt-out page answers, ``unsubscribe_mailto`` an address
    that takes opt-outs by mail. Raises ValueError if either cannot stand in a header.
    """
    if not _BASE_URL.fullmatch(base_url):
        raise ValueError(f"{base_url!r} is no http(s) address for opt-out links")
    if unsubscribe_mailto and not is_envelope_address(unsubscribe_mailto):
        raise ValueError(f"{unsubscribe_mailto!r} is no address for opt-out mail")
    try:
        templates = {name: Template(name, text) for name, text in _sources(step)}
    except BadTemplateError as error:
        return Unfillable("template_error", f"step {step.number}: {error}")
    opt_out = base_url.rstrip("/") + "/u/"
    return Composer(templates, client, opt_out, unsubscribe_mailto)


@dataclass(frozen=True, slots=True)
class Composer:
    """One step of one client, compiled; ``fill`` makes the letters."""

    _templates: Mapping[str, Template]
    _client: Client
    _opt_out: str  # what a token is appended to
    _mailto: str | None

    @property
    def opens_thread(self) -> bool:
        """Whether its letters begin a thread: they have a subject of their own."""
        return "subject" in self._templates

    def fill(
        self,
        *,
        mailbox: Mailbox,
        email: str,
        variables: Mapping[str, str],
        message_id: str,
        dated_at: datetime,
        thread: str | None,
        thread_subject: str | None,
        unsubscribe_token: str,
        language: Language = Language.ENGLISH,
        attachments: tuple[bytes, ...] = (),
    ) -> Letter | Unfillable:
        """Write the letter of one send, or tell why there is none.

        ``thread`` and ``thread_subject`` are of the first touch; a step with a subject
        of its own begins a new thread. ``attachments`` are whole parts, as
        ``mime.attachment_part`` writes them; ``language`` is the footer's. Raises
        ValueError on a Message-ID or a token that is not of ours.
        """
        self._check_ours(message_id, thread, unsubscribe_token)
        url = self._opt_out + unsubscribe_token
        try:
            values = self._values(mailbox, email, variables, url)
            subject = self._subject(values, thread_subject)
            body = self._body(values, url, message_id, language)
            if attachments:
                body = mime.mixed((body, *attachments), message_id)
            head = [
                *_who(mailbox, email),
                b"Subject: " + mime.header_text(subject),
                b"Date: " + mime.date(dated_at),
                b"Message-ID: " + message_id.encode(),
                *self._threading(thread),
                *self._way_out(url, unsubscribe_token),
                b"MIME-Version: 1.0\r\n",
            ]
        except _RefusedError as refused:
            return refused.unfillable
        message = mime.CRLF.join(head) + body
        return Letter(message, hashlib.sha256(message).digest(), subject)

    def _check_ours(self, message_id: str, thread: str | None, token: str) -> None:
        if not _MESSAGE_ID.fullmatch(message_id):
            raise ValueError(f"{message_id!r} is no Message-ID")
        if thread is not None and not _MESSAGE_ID.fullmatch(thread):
            raise ValueError(f"{thread!r} is no Message-ID")
        if not _TOKEN.fullmatch(token):
            raise ValueError("an opt-out token has only letters, digits, - and _")

    def _values(
        self, mailbox: Mailbox, email: str, variables: Mapping[str, str], url: str
    ) -> dict[str, str]:
        """Join the contact's values, blank ones left out, and ours, which win."""
        values = {}
        for name, value in variables.items():
            if not value or value.isspace():
                continue
            if len(value) > MAX_VALUE:
                raise _RefusedError(
                    "bad_value", f"{name} is longer than {MAX_VALUE} characters"
                )
            if odd := CONTROL.search(value):
                raise _RefusedError(
                    "bad_value",
                    f"{name} contains the control character U+{ord(odd[0]):04X}",
                )
            values[name] = value
        values["email"] = email
        values["sender_name"] = mailbox.name
        values["sender_address"] = mailbox.address
        values["signature"] = mailbox.signature
        values["client_name"] = self._client.name
        values["unsubscribe_url"] = minijinja.safe(url)  # holds nothing to escape
        return values

    def _subject(self, values: Mapping[str, str], thread_subject: str | None) -> str:
        if "subject" in self._templates:
            subject = self._rendered("subject", values).strip()
        elif thread_subject is None:
            raise _RefusedError(
                "template_error", "the step has no subject and answers no letter"
            )
        elif thread_subject[:3].lower() == "re:":
            subject = thread_subject
        else:
            subject = f"Re: {thread_subject}"
        try:
            subject = mime.checked_value("the subject", subject)
        except mime.UnsafeHeaderError as error:
            raise _RefusedError("bad_value", str(error)) from None
        if not subject:
            raise _RefusedError("empty_letter", "the subject is empty")
        if len(subject) > MAX_SUBJECT:
            raise _RefusedError(
                "bad_value", f"the subject is longer than {MAX_SUBJECT} characters"
            )
        return subject

    def _body(
        self, values: Mapping[str, str], url: str, message_id: str, language: Language
    ) -> bytes:
        text = self._rendered("text", values)
        if not text or text.isspace():
            raise _RefusedError("empty_letter", "the text is empty")
        postal = self._client.postal_address
        footed = with_text_footer(text, postal, url, language)
        plain = mime.text_part("plain", footed)
        if "html" not in self._templates:
            return plain
        html = self._rendered("html", values)
        markup = with_html_footer(html, postal, url, language)
        return mime.alternative((plain, mime.text_part("html", markup)), message_id)

    def _rendered(self, name: str, values: Mapping[str, str]) -> str:
        try:
            return self._templates[name].render(values)
        except RenderError as error:
            reason = "missing_variable" if error.missing else "template_error"
            raise _RefusedError(reason, str(error), error.missing) from None

    def _threading(self, thread: str | None) -> tuple[bytes, ...]:
        """Tie a follow-up to the first touch; a subject of its own begins anew."""
        if thread is None or "subject" in self._templates:
            return ()
        return b"In-Reply-To: " + thread.encode(), b"References: " + thread.encode()

    def _way_out(self, url: str, token: str) -> tuple[bytes, bytes]:
        links = f"List-Unsubscribe: <{url}>"
        if self._mailto:
            links += f",\r\n <mailto:{self._mailto}?subject={token}>"
        one_click = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"
        return links.encode(), one_click


def _sources(step: Step) -> Iterator[tuple[str, str]]:
    """Name the templates of a step; "html" makes the engine escape."""
    if step.subject is not None:
        yield "subject", step.subject
    yield "text", step.text
    if step.html is not None:
        yield "html", step.html


def _who(mailbox: Mailbox, email: str) -> tuple[bytes, bytes]:
    if not is_envelope_address(email):
        raise _RefusedError(
            "bad_address", "this version cannot write to such an address (SMTPUTF8)"
        )
    try:
        sender = mime.sender(mailbox.name, mailbox.address)
    except mime.UnsafeHeaderError as error:
        raise _RefusedError("bad_value", str(error)) from None
    return b"From: " + sender, b"To: " + email.encode()
