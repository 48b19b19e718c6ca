"""The laws of signing: the RFCs' vectors, and an outside judge of our letters."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import dkim as judge
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from outreachd.rules.dkim import (
    SIGNED,
    PrivateKey,
    SigningKey,
    body_hash,
    parted,
    relaxed_body,
    relaxed_header,
    signed,
    signed_bytes,
)
from outreachd.rules.dkim_record import KeyKind, PublicKey, record_text
from outreachd.rules.letter import Composer, Letter, compile_letter
from tests.rosters import client, mailbox, step

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RSA = generate_private_key(65537, 2048)
ED = Ed25519PrivateKey.from_private_bytes(
    base64.b64decode("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
)
KEYS = (
    SigningKey("mail.acme.example", "o1", RSA),
    SigningKey("mail.acme.example", "o1-ed25519", ED),
)
LETTER = (
    b"From: Ann  Lee <ann@mail.acme.example>\r\n"
    b"To: bob@buyer.example\r\n"
    b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n =?utf-8?b?IQ==?=\r\n"
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\n"
    b"Message-ID: <1@mail.acme.example>\r\n"
    b"List-Unsubscribe: <https://out.example.org/u/t>,\r\n <mailto:u@e.example>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 7bit\r\n"
    b"\r\nHi Bob, \t \r\n\r\n.dot  and  spaces\r\n\r\n\r\n"
)


def public(key: PrivateKey) -> bytes:
    """Tell what p= holds."""
    if isinstance(key, Ed25519PrivateKey):
        return key.public_key().public_bytes_raw()
    return key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )


def dns(name: bytes, timeout: float = 0) -> bytes:
    """Answer the judge as the DNS would, with the records that we print."""
    for key in KEYS:
        if name == f"{key.selector}._domainkey.{key.domain}.".encode():
            data = public(key.private)
            return record_text(PublicKey(key.selector, key.kind, data)).encode()
    return b""


def is_good(message: bytes) -> list[bool]:
    """Ask the judge about each signature, top first."""
    verdict = judge.DKIM(message)
    count = message.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
    found = []
    for index in range(count):
        try:
            found.append(verdict.verify(index, dnsfunc=dns))
        except judge.ValidationError:  # the body is another
            found.append(False)
    return found


# --- vectors --------------------------------------------------------------------------

EXAMPLE = b"""\
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")
SIGNATURE = (
    b" v=1; a=%b-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=%b; t=1528637909; h=from : to :\r\n"
    b" subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b="
)
NAMES = b"from to subject date message-id from subject date".split()
ED_B = (
    "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
    "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
)
RSA_B = (
    "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
    "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
    "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="
)
RSA_P = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bd"
    "OKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4h"
    "stT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)


def covered_by_the_example(kind: bytes, selector: bytes) -> bytes:
    """Tell the bytes that a signature of RFC 8463, appendix A, covers."""
    head = EXAMPLE.partition(b"\r\n\r\n")[0] + b"\r\n"
    return signed_bytes(parted(head), NAMES, SIGNATURE % (kind, selector))


def test_the_canonical_forms_are_those_of_the_rfc() -> None:
    """RFC 6376 section 3.4.5, example 2; section 3.4.4 for the empty body."""
    head = parted(b"A: X\r\nB : Y\t\r\n\tZ  \r\n")
    assert [relaxed_header(*pair) for pair in head] == [b"a:X", b"b:Y Z"]
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"
    assert relaxed_body(b"") == relaxed_body(b"\r\n \r\n") == b""
    assert relaxed_body(b"no end") == b"no end\r\n"


def test_the_body_hash_of_the_vector() -> None:
    """RFC 8463 appendix A.3: bh= of both signatures."""
    digest = body_hash(EXAMPLE.partition(b"\r\n\r\n")[2])
    expected = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="
    assert base64.b64encode(digest).decode() == expected


def test_the_signatures_of_the_vector_hold() -> None:
    """RFC 8463 appendix A.3, by Ed25519 and by RSA; ours of the same is the same."""
    covered = covered_by_the_example(b"ed25519", b"brisbane")
    hashed = base64.b64decode(ED_B)
    key = Ed25519PublicKey.from_public_bytes(public(ED))
    digest = hashlib.sha256(covered).digest()
    key.verify(hashed, digest)
    assert ED.sign(digest) == hashed
    rsa = load_der_public_key(base64.b64decode(RSA_P))
    assert isinstance(rsa, RSAPublicKey)
    covered = covered_by_the_example(b"rsa", b"test")
    rsa.verify(base64.b64decode(RSA_B), covered, PKCS1v15(), SHA256())


# --- our letters ----------------------------------------------------------------------


@pytest.mark.parametrize("keys", [KEYS[:1], KEYS[1:], KEYS])
def test_an_outside_judge_finds_our_signatures_good(
    keys: tuple[SigningKey, ...],
) -> None:
    """RSA, Ed25519, and both on one letter; the letter below them is untouched."""
    message = signed(LETTER, keys, AT)
    assert message.endswith(LETTER)
    assert is_good(message) == [True] * len(keys)
    assert max(map(len, message.split(b"\r\n"))) <= 200


@pytest.mark.parametrize(
    "text",
    [
        "Plain words.",
        "Grüße  aus  Köln, \t \n\n.Punkt\n\n\n",
        "Привет, как дела?\n" * 40,
        "x" * 3_000,
    ],
)
def test_letters_as_we_write_them_are_good(text: str) -> None:
    """Plain, quoted-printable, base64; every header of ours is covered."""
    composer = compile_letter(
        step(text=text, html=f"<p>{text}</p>"),
        client(),
        base_url="https://out.example.org",
        unsubscribe_mailto="u@out.example.org",
    )
    assert isinstance(composer, Composer)
    letter = composer.fill(
        mailbox=mailbox(name="Änn Lee"),
        email="bob@buyer.example",
        variables={},
        message_id="<1@mail.acme.example>",
        dated_at=AT,
        thread="<0@mail.acme.example>",
        thread_subject="Hello",
        unsubscribe_token="token",
    )
    assert isinstance(letter, Letter)
    assert is_good(signed(letter.message, KEYS, AT)) == [True, True]
    head = letter.message.partition(b"\r\n\r\n")[0] + b"\r\n"
    assert {name for name, _ in parted(head)} <= set(SIGNED)


def test_the_same_letter_has_the_same_signature() -> None:
    """Every attempt of a send is the same to the byte, whenever it is made."""
    assert signed(LETTER, KEYS, AT) == signed(LETTER, KEYS, AT)
    assert b" t=%d;" % AT.timestamp() in signed(LETTER, KEYS[:1], AT)


def test_a_letter_without_keys_is_as_it_was() -> None:
    """A domain that does not sign costs nothing."""
    assert signed(LETTER, (), AT) is LETTER or signed(LETTER, (), AT) == LETTER


@pytest.mark.parametrize("name", SIGNED)
def test_no_header_can_be_put_beside_ours(name: bytes) -> None:
    """Oversigning: a second From, Subject or opt-out on the way breaks it."""
    message = signed(LETTER, KEYS, AT)
    head, _, rest = message.partition(b"\r\nFrom:")
    forged = head + b"\r\n" + name + b": forged@evil.example\r\nFrom:" + rest
    assert is_good(forged) == [False, False]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"One-Click", b"Two-Click"),
        (b"/u/t>", b"/u/x>"),
        (b"Hi Bob", b"Hi Rob"),
        (b"bob@buyer", b"rob@buyer"),
    ],
)
def test_what_is_changed_on_the_way_is_noticed(old: bytes, new: bytes) -> None:
    """The opt-out, the text and the recipient are covered."""
    assert is_good(signed(LETTER, KEYS, AT).replace(old, new)) == [False, False]


def test_what_a_relay_may_do_does_no_harm() -> None:
    """Received on top, refolded headers, spaces at the ends of lines."""
    message = signed(LETTER, KEYS, AT)
    moved = b"Received: from a by b\r\n" + message.replace(
        b"Hi Bob, \t \r\n", b"Hi Bob,\r\n"
    ).replace(b"Ann  Lee <", b"Ann\r\n\tLee <")
    assert is_good(moved) == [True, True]


def test_a_key_shows_nothing_of_itself() -> None:
    """Not in a repr, and so in no log."""
    assert "private" not in repr(KEYS[0])
    assert [key.kind for key in KEYS] == [KeyKind.RSA, KeyKind.ED25519]


def test_the_judge_is_no_pushover() -> None:
    """The judge of these tests does refuse: a signature of another key is none."""
    stranger = SigningKey("mail.acme.example", "o1", generate_private_key(65537, 2048))
    assert is_good(signed(LETTER, (stranger,), AT)) == [False]
    with pytest.raises(InvalidSignature):
        ED.public_key().verify(b"x" * 64, b"y")


WORDS = st.lists(
    st.sampled_from([b"a", b" ", b"\t", b"\r\n", b".", b"=\r\n", b"word", b"\r\n\r\n"])
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(body=WORDS, value=st.sampled_from([b"x", b" x\t y", b"x\r\n\t y ", b""]))
def test_any_letter_is_canonical_as_the_judge_sees_it(
    body: bytes, value: bytes
) -> None:
    """Spaces, folds, blank lines and missing ends: the judge reads them as we do."""
    head = b"From: a@mail.acme.example\r\nSubject:" + value + b"\r\n"
    message = signed(head + b"\r\n" + body + b"\r\n", KEYS[1:], AT)
    assert is_good(message) == [True]
