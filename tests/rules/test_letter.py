"""The laws of the letter: it means what was meant, or there is none and it says why."""

from __future__ import annotations

import email
import email.policy
import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreachd.rules import mime
from outreachd.rules.letter import (
    Composer,
    Letter,
    Unfillable,
    compile_letter,
    new_message_id,
)
from outreachd.rules.model import Step
from tests.rosters import client, mailbox, step

URL = "https://out.acme.example/u/T0ken-_x"
POSTAL = "Acme GmbH, Hauptstr. 1, 10115 Berlin"
CLIENT = client(name="Acme", postal_address=POSTAL)
MAILBOX = mailbox(address="ann@mail.acme.example", name="Ann Lee", signature="Ann")
STEP = step(
    subject="Hello {{ first_name }}",
    text="Hi {{ first_name }},\n\nabout {{ company }}.\n{{ signature }}\n",
)
HTML = "<html><body><p>Hi {{ first_name }}</p></body></html>"
FIRST = "<first@mail.acme.example>"
FILL: dict[str, Any] = {
    "mailbox": MAILBOX,
    "email": "bob@buyer.example",
    "variables": {"first_name": "Bob", "company": "Buyer"},
    "message_id": "<1@mail.acme.example>",
    "dated_at": datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
    "thread": None,
    "thread_subject": None,
    "unsubscribe_token": "T0ken-_x",
}
HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
]
# What may come out of a spreadsheet: anything but what the database cannot hold.
VALUES = st.text(st.characters(codec="utf-8"), max_size=120)
PAYLOADS = [
    "Hi\r\nBcc: victim@example.org",
    "Hi\nBcc: victim@example.org",
    "Hi\rBcc: victim@example.org",
    "Hi\x85Bcc: v",
    "Hi\u2028Bcc: v",
    "=?UTF-8?Q?=0ABcc=3A_victim@example.org?=",
    "=?utf-8?B?SGkKQmNjOiB2?=",
    "Bob\r\n\r\n.\r\nMAIL FROM:<x@y.example>",
]


def composer(step: Step = STEP, mailto: str | None = None) -> Composer:
    """Compile a step that must be good."""
    made = compile_letter(
        step, CLIENT, base_url="https://out.acme.example", unsubscribe_mailto=mailto
    )
    assert isinstance(made, Composer)
    return made


def filled(step: Step = STEP, mailto: str | None = None, **changes: Any) -> Letter:
    """Fill a letter that must come about."""
    made = composer(step, mailto).fill(**FILL | changes)
    assert isinstance(made, Letter)
    return made


def refused(step: Step = STEP, **changes: Any) -> Unfillable:
    """Try to fill a letter that must not come about."""
    made = composer(step).fill(**FILL | changes)
    assert isinstance(made, Unfillable)
    return made


def parsed(letter: Letter) -> EmailMessage:
    """Read a letter as a careful receiver would; its lines must be clean (S3)."""
    lines = letter.message.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert max(map(len, lines)) <= 998
    assert b"." not in lines
    message = email.message_from_bytes(letter.message, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    """Read one body with plain line ends."""
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_first_letter_has_exactly_its_headers_in_order() -> None:
    """S1: the header list is the intended one, with the intended values."""
    letter = filled()
    message = parsed(letter)
    assert message.keys() == [*HEADERS, "Content-Transfer-Encoding"]
    assert message["From"] == "Ann Lee <ann@mail.acme.example>"
    assert message["To"] == "bob@buyer.example"
    assert message["Subject"] == letter.subject == "Hello Bob"
    assert message["Date"] == "Mon, 04 May 2026 09:30:00 +0000"
    assert message["Message-ID"] == "<1@mail.acme.example>"
    assert message["List-Unsubscribe"] == f"<{URL}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert text_of(message) == (
        f"Hi Bob,\n\nabout Buyer.\nAnn\n\n{POSTAL}\nTo opt out: {URL}\n"
    )


def test_a_follow_up_stays_in_its_thread() -> None:
    """A step without a subject answers the first touch; one with its own does not."""
    thread: dict[str, Any] = {"thread": FIRST, "thread_subject": "Hello Bob"}
    follow_up = parsed(filled(replace(STEP, subject=None), **thread))
    assert follow_up["Subject"] == "Re: Hello Bob"
    assert follow_up["In-Reply-To"] == follow_up["References"] == FIRST
    again = thread | {"thread_subject": "RE: Hello"}
    assert (
        parsed(filled(replace(STEP, subject=None), **again))["Subject"] == "RE: Hello"
    )
    assert parsed(filled(**thread)).keys() == [*HEADERS, "Content-Transfer-Encoding"]
    assert refused(replace(STEP, subject=None)).reason == "template_error"


def test_html_comes_as_the_second_alternative() -> None:
    """Both parts have the postal address and the opt-out link; HTML is escaped."""
    variables = {"first_name": "<b>Bob</b> & Co", "company": "Buyer"}
    message = parsed(filled(replace(STEP, html=HTML), variables=variables))
    assert message.keys() == HEADERS
    assert message.get_content_type() == "multipart/alternative"
    assert "Hi <b>Bob</b> & Co," in text_of(message)
    markup = text_of(message, "html")
    assert "<p>Hi &lt;b&gt;Bob&lt;&#x2f;b&gt; &amp; Co</p>" in markup
    assert POSTAL in markup
    assert f'<a href="{URL}">' in markup


def test_long_opt_out_links_stay_whole() -> None:
    """RFC 8058: the link is neither encoded nor broken, whatever its length."""
    token = "t" * 400
    message = parsed(filled(mailto="stop@acme.example", unsubscribe_token=token))
    assert message["List-Unsubscribe"] == (
        f"<https://out.acme.example/u/{token}>, "
        f"<mailto:stop@acme.example?subject={token}>"
    )


def test_an_own_opt_out_line_is_not_repeated() -> None:
    """A template with the link gets only the postal address below it."""
    step = replace(STEP, text="Leave: {{ unsubscribe_url }}\n", html=HTML)
    assert text_of(parsed(filled(step))) == f"Leave: {URL}\n\n{POSTAL}\n"
    own = replace(STEP, html='<a href="{{ unsubscribe_url }}">no</a>')
    assert text_of(parsed(filled(own)), "html").count(URL) == 1


def test_a_skipped_opt_out_line_is_made_up_for() -> None:
    """A link in a branch not taken is no link: the footer looks at the result."""
    step = replace(
        STEP, text="Hi{% if vip is defined %}{{ unsubscribe_url }}{% endif %}"
    )
    assert URL in text_of(parsed(filled(step)))


def test_ours_cannot_be_overwritten_by_a_column() -> None:
    """A spreadsheet column named like one of our values does not replace it."""
    step = replace(STEP, text="{{ email }} {{ sender_address }} {{ client_name }}")
    hostile = {"email": "x", "sender_address": "x", "client_name": "x"}
    variables = {"first_name": "Bob"} | hostile
    text = text_of(parsed(filled(step, variables=variables)))
    assert text.startswith("bob@buyer.example ann@mail.acme.example Acme\n")


@pytest.mark.parametrize("variables", [{}, {"first_name": ""}, {"first_name": " \t"}])
def test_a_missing_or_blank_value_is_named(variables: dict[str, str]) -> None:
    """Fault rows 72, 73: never mailed blank; the sentence names the variable."""
    found = refused(variables=variables | {"company": "Buyer"})
    assert found.reason == "missing_variable"
    assert found.detail.startswith("first_name is missing, line 1 of subject")
    assert '{{ first_name|default("...") }}' in found.detail


def test_a_value_with_a_default_may_be_missing() -> None:
    """A name under default or `is defined` is no fault of the contact."""
    step = replace(
        STEP,
        subject='Hello {{ first_name|default("there") }}',
        text="Hi{% if city is defined %} in {{ city }}{% endif %}!",
    )
    letter = filled(step, variables={"first_name": " ", "city": ""})
    assert letter.subject == "Hello there"
    assert text_of(parsed(letter)).startswith("Hi!\n")


def test_a_mailbox_without_a_signature_is_no_fault() -> None:
    """An empty signature is a setting, not a hole in the contact's data."""
    assert filled(mailbox=replace(MAILBOX, signature=""))


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("place", ["subject", "thread_subject", "sender_name"])
def test_no_merge_field_becomes_a_header(payload: str, place: str) -> None:
    """S1, fault row 72: what would break out of a header holds the letter instead."""
    step, changes = STEP, dict[str, Any]()
    if place == "subject":
        changes = {"variables": {"first_name": payload, "company": "Buyer"}}
    elif place == "thread_subject":
        step, changes = replace(STEP, subject=None), {"thread": FIRST, place: payload}
    else:
        changes = {"mailbox": replace(MAILBOX, name=payload)}
    assert refused(step, **changes).reason == "bad_value"


@pytest.mark.parametrize("payload", PAYLOADS)
def test_in_the_body_the_same_values_are_text(payload: str) -> None:
    """S1, S3: below the headers a value may be anything; it adds no header, no dot."""
    step = replace(STEP, subject="Hello", html=HTML + "{{ company }}")
    variables = {"first_name": "Bob", "company": payload}
    message = parsed(filled(step, variables=variables))
    assert message.keys() == HEADERS


@settings(deadline=None)
@given(VALUES, VALUES)
def test_whatever_is_in_the_row_the_headers_are_the_intended_ones(
    name: str, company: str
) -> None:
    """S1: over all values there is the letter that was meant, or none with a reason."""
    variables = {"first_name": name, "company": company}
    made = composer(replace(STEP, html=HTML)).fill(**FILL | {"variables": variables})
    if isinstance(made, Unfillable):
        assert made.reason in {"missing_variable", "bad_value"}
        return
    message = parsed(made)
    assert message.keys() == HEADERS
    assert message["Subject"] == made.subject == f"Hello {name}".strip()
    lines = f"Hi {name},\n\nabout {company}.\nAnn\n\n{POSTAL}\n"
    lines = lines.replace("\r\n", "\n").replace("\r", "\n")
    assert text_of(message) == f"{lines}To opt out: {URL}\n"


@pytest.mark.parametrize(
    "text",
    [
        ".\n..\n.hidden",
        "x" * 3_000,
        "Здравствуйте! 👋 " * 40,
        "שלום עולם\n" * 40,
        "tail  \n\ttab\nFrom me",
    ],
)
def test_hard_texts_arrive_as_written(text: str) -> None:
    """S3: dots, long lines, every script, blanks at line ends."""
    message = parsed(filled(replace(STEP, text=text)))
    assert text_of(message).startswith(text.rstrip() + "\n\n" + POSTAL)


def test_the_same_inputs_give_the_same_bytes() -> None:
    """Every attempt of one send is the same letter, whoever compiled its step."""
    one, two = (filled(replace(STEP, html=HTML)) for _ in range(2))
    assert one == two
    assert one.sha256 == hashlib.sha256(one.message).digest()
    assert one != filled(replace(STEP, html=HTML), message_id="<2@mail.acme.example>")


@pytest.mark.parametrize(
    ("step", "changes", "reason", "words"),
    [
        (STEP, {"email": "bob@buyer.example\r\n"}, "bad_address", "SMTP"),
        (STEP, {"variables": {"first_name": "B\0b"}}, "bad_value", "U+0000"),
        (STEP, {"variables": {"first_name": "B\ud800"}}, "bad_value", "U+D800"),
        (STEP, {"variables": {"x": "y" * 4_001}}, "bad_value", "longer than 4000"),
        (
            STEP,
            {"variables": {"first_name": "y" * 600}},
            "bad_value",
            "longer than 500",
        ),
        (replace(STEP, text=" {# nothing #}\n"), {}, "empty_letter", "text"),
        (replace(STEP, subject=" {# nothing #}"), {}, "empty_letter", "subject"),
        (
            replace(STEP, text="{{ email|int }}"),
            {},
            "template_error",
            "line 1",
        ),
        (
            replace(STEP, text="{% for a in email %}" * 4 + "{% endfor %}" * 4),
            {"email": "b" * 60 + "@buyer.example"},
            "template_error",
            "too many steps",
        ),
    ],
)
def test_what_cannot_be_written_is_held_with_a_reason(
    step: Step, changes: dict[str, Any], reason: str, words: str
) -> None:
    """Fault row 72: a poison row is a value with one word and one sentence."""
    changes = {"variables": FILL["variables"]} | changes
    found = refused(step, **changes)
    assert found.reason == reason
    assert words in found.detail
    assert "\n" not in found.detail


def test_a_bad_wording_is_found_when_it_is_compiled() -> None:
    """Fault row 73: a bad template holds its letters, it does not stop the daemon."""
    step = replace(STEP, html="ok\n{{ debug() }}")
    made = compile_letter(
        step, CLIENT, base_url="https://x.example", unsubscribe_mailto=None
    )
    assert isinstance(made, Unfillable)
    assert made.reason == "template_error"
    assert made.detail.startswith("step 1: html, line 2: `debug(`")


@pytest.mark.parametrize(
    ("base_url", "mailto"),
    [
        ("ftp://x.example", None),
        ("https://x.example/>,<mailto:y", None),
        ("https://x.example/\r\nBcc: v", None),
        ("https://x.example", "a@b\r\n.example"),
    ],
)
def test_a_bad_way_out_stops_the_start(base_url: str, mailto: str | None) -> None:
    """S1: settings that end in a header are checked like everything else."""
    with pytest.raises(ValueError, match="opt-out"):
        compile_letter(STEP, CLIENT, base_url=base_url, unsubscribe_mailto=mailto)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "<1@x.example>\r\nBcc: v"},
        {"message_id": "1@x.example"},
        {"thread": "<1@x.example> <2@x.example>"},
        {"unsubscribe_token": "a/../b"},
        {"unsubscribe_token": ""},
    ],
)
def test_an_identity_that_is_not_ours_is_a_bug(changes: dict[str, str]) -> None:
    """What the daemon itself makes up is checked loudly."""
    with pytest.raises(ValueError, match=r"Message-ID|token"):
        composer().fill(**FILL | changes)


def test_a_message_id_is_made_of_chance_and_the_senders_domain() -> None:
    """The dice are thrown outside; what comes out may stand in a letter."""
    name = new_message_id(bytes(range(16)), "mail.acme.example")
    assert name == "<000102030405060708090a0b0c0d0e0f@mail.acme.example>"
    assert parsed(filled(message_id=name))["Message-ID"] == name


def test_files_stand_beside_the_two_wordings() -> None:
    """Multipart/mixed around the alternative, in order; the digest covers them."""
    part = mime.attachment_part("offer.pdf", "application/pdf", b"%PDF-1.7")
    other = mime.attachment_part("offer.pdf", "application/pdf", b"%PDF-1.8")
    step = replace(STEP, html=HTML)
    letter = filled(step, attachments=(part, part))
    message = parsed(letter)
    assert message.get_content_type() == "multipart/mixed"
    kinds = [one.get_content_type() for one in message.iter_parts()]
    assert kinds == ["multipart/alternative", "application/pdf", "application/pdf"]
    assert text_of(message).startswith("Hi Bob")
    assert "Hi Bob" in text_of(message, "html")
    assert letter.sha256 == hashlib.sha256(letter.message).digest()
    assert filled(step, attachments=(part, other)).sha256 != letter.sha256
    assert filled(step, attachments=(part, part)) == letter
