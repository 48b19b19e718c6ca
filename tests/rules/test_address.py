"""The laws of addresses: what an envelope may carry, and one spelling a person."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from outreachd.rules.address import (
    BadAddressError,
    domain_of,
    is_envelope_address,
    normalise,
    normalise_recipient,
)

LOCALS = st.text(
    string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-", min_size=1
)
TEXTS = st.text(
    st.sampled_from("ab@.<>\"\\ \r\n\t\0,;:()[]éй一\u200b\u2028-_'"), max_size=40
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@example.org", "ann@example.org"),
        ("  Ann.Lee+News@Mail.ACME.Example ", "ann.lee+news@mail.acme.example"),
        ("o'hara@acme.example", "o'hara@acme.example"),
        ("x@acme.test", "x@acme.test"),
        ("x@bücher.example", "x@xn--bcher-kva.example"),
        ("x@пример.рф", "x@xn--e1afmkfd.xn--p1ai"),
    ],
)
def test_an_address_has_one_spelling(text: str, address: str) -> None:
    """Lower case, A-labels, no blanks around; reserved names of RFC 2606 pass."""
    assert normalise(text) == address
    assert normalise(address) == address
    assert is_envelope_address(address)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "exactly one @"),
        ("ann", "exactly one @"),
        ("a@b@example.org", "exactly one @"),
        ("Ann <ann@example.org>", "U\\+0020"),
        ("mailto:ann@example.org", "U\\+003A"),
        ("@example.org", "nothing before"),
        ('"ann lee"@example.org', "quoted"),
        ("ann..lee@example.org", "two in a row"),
        (".ann@example.org", "begins or ends with a dot"),
        ("änn@example.org", "'ä' \\(U\\+00E4\\); only ASCII"),
        ("ann\u200b@example.org", "the character U\\+200B"),
        ("ann\r\n@example.org", "the character U\\+000D"),
        ("a" * 65 + "@example.org", "longer than 64"),
        ("ann@", "domain"),
        ("ann@localhost", "domain"),
        ("ann@printer.local", "domain"),
        ("ann@acme..example", "domain"),
        ("ann@-acme.example", "domain"),
        ("ann@ac_me.example", "domain"),
        ("ann@[192.0.2.1]", "domain"),
        ("ann@192.0.2.1", "domain"),
        ("ann@ac\u200bme.example", "invisible"),
        ("ann@" + "a" * 64 + ".example", "domain"),
        ("a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".example.org", "longer than 254"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(text: str, words: str) -> None:
    """Fault row 72: a bad address is told apart at import, in one sentence."""
    with pytest.raises(BadAddressError, match=words) as refusal:
        normalise(text)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_nothing_that_ends_a_command_gets_through(text: str, domain: str) -> None:
    """S2: whatever is imported is refused or becomes one plain ASCII address."""
    try:
        address = normalise(f"{text}@{domain}.example")
    except BadAddressError:
        return
    assert is_envelope_address(address)
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>"\\,;:()[]')


@settings(deadline=None)
@given(LOCALS)
def test_every_plain_local_part_is_accepted(local: str) -> None:
    """RFC 5321: signs that are rare but allowed do not cost us a contact."""
    assume(len(local) <= 64)
    assert normalise(f"{local}@example.org") == f"{local.lower()}@example.org"


@pytest.mark.parametrize(
    "bad",
    [
        "ann@example.org\n",
        "ann@example.org\r\nRCPT TO:<b@example.org>",
        "ann@example.org> SIZE=1",
        " ann@example.org",
        "ann@bücher.example",
        "än@example.org",
        "ann@example",
        '"a"@example.org',
        "a" * 65 + "@example.org",
        "a@" + ".".join(["b" * 60] * 5),
        "",
    ],
)
def test_an_envelope_carries_only_the_strict_grammar(bad: str) -> None:
    """S2: what is checked last, before SMTP, does not trust what was stored."""
    assert not is_envelope_address(bad)


def test_the_domain_of_an_address_is_what_follows_the_at() -> None:
    """The key by which recipients are grouped and domains are suppressed."""
    assert domain_of("ann@mail.acme.example") == "mail.acme.example"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ann@Example.org", "ann@example.org"),
        ("Jürgen@Bücher.example", "jürgen@xn--bcher-kva.example"),
        ("ju\u0308rgen@example.org", "jürgen@example.org"),
        ("ИВАН@пример.рф", "иван@xn--e1afmkfd.xn--p1ai"),
        ("用户@example.org", "用户@example.org"),
    ],
)
def test_a_recipient_may_have_letters_of_any_script(text: str, address: str) -> None:
    """SMTPUTF8 (RFC 6531): one spelling, the domain in A-labels, no envelope yet."""
    assert normalise_recipient(text) == address
    assert normalise_recipient(address) == address
    assert is_envelope_address(address) is address.isascii()


@pytest.mark.parametrize(
    "bad",
    [
        "jür\u200bgen@example.org",
        "jür\u2028gen@example.org",
        "jür\x85gen@example.org",
        "\u0308rgen@example.org",
        "jür gen@example.org",
        "jürgen@localhost",
        "jürgen@x@example.org",
        '"jürgen"@example.org',
        "jürgen..a@example.org",
        "ü" * 33 + "@example.org",
        "jü<rgen@example.org",
        "jürgen@" + ".".join(["b" * 60] * 4) + ".org",
    ],
)
def test_odd_letters_are_no_way_in(bad: str) -> None:
    """S2: invisible ones, separators, quotes and brackets are refused in any script."""
    with pytest.raises(BadAddressError) as refusal:
        normalise_recipient(bad)
    assert "\n" not in str(refusal.value)


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_no_recipient_can_end_a_command(text: str, domain: str) -> None:
    """S2: refused, or one line without blanks, brackets or quotes."""
    try:
        address = normalise_recipient(f"{text}@{domain}.example")
    except BadAddressError:
        return
    assert address.isprintable()
    assert not set(address) & set(' <>"\\,;:()[]')
