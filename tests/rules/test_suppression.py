"""The laws of what a suppression can name, and of how the erased are remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.suppression import (
    BadTargetError,
    Eraser,
    Form,
    Target,
    keyed_hash,
    read_target,
)

READ = {
    " Ann@X.Example ": ("ann@x.example", Form.ADDRESS),
    "@Bücher.example": ("@xn--bcher-kva.example", Form.DOMAIN),
    "*@x.example": ("@x.example", Form.DOMAIN),
    "**@X.example": ("@x.example", Form.DOMAIN),
    "*.x.example": ("*.x.example", Form.BELOW),
    "@*.x.example": ("*.x.example", Form.BELOW),
    "*@*.bücher.example": ("*.xn--bcher-kva.example", Form.BELOW),
    "*.ru": ("*.ru", Form.BELOW),
    "Sales@*": ("sales@*", Form.LOCAL),
    "*bot@x.example": ("*bot@x.example", Form.GLOB),
    "no-reply*@*.x.example": ("no-reply*@*.x.example", Form.GLOB),
    "*bot@bücher.example": ("*bot@xn--bcher-kva.example", Form.GLOB),
    "#" + "0f" * 16: ("#" + "0f" * 16, Form.HASH),
}


@pytest.mark.parametrize("text", READ)
def test_each_form_has_one_spelling(text: str) -> None:
    """However it is written, the list keeps it in the one way that is looked for."""
    wanted = Target(*READ[text])
    assert read_target(text) == wanted
    assert read_target(wanted.text) == wanted


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "exactly one @"),
        ("x.example", "exactly one @"),
        ("a b@c.example", "before the @ contains"),
        ("@", "domain"),
        ("@nodot", "domain"),
        ("#123", "exactly one @"),
        ("*", "every letter"),
        ("*@*", "every letter"),
        ("*@*.*", "every letter"),
        ("x*", r"written \*\.example\.org"),
        ("a b*@x.example", "sign that no address has"),
        ("a*@x_y.*", "sign that no address has"),
        ("*@-.example", "domain"),
        ("*" + "a" * 300, "longer"),
    ],
)
def test_what_would_match_nobody_or_everybody_is_refused(text: str, why: str) -> None:
    """A slip is told at once, not found out after a year."""
    with pytest.raises(BadTargetError, match=why):
        read_target(text)


@given(st.text(alphabet="ab*@.#é \x00-", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No other error, and what is read stays what it is when read again."""
    try:
        target = read_target(text)
    except BadTargetError:
        return
    assert read_target(target.text) == target


def test_the_erased_are_known_under_every_key_and_readable_under_none() -> None:
    """A new key hides from now on; what an older one hid is still found."""
    old, new = b"o" * 32, b"n" * 32
    eraser = Eraser([new, old])
    assert eraser.hidden("ann@x.example") == keyed_hash("ann@x.example", new)
    assert keyed_hash("ann@x.example", old) in eraser.known_as("ann@x.example")
    assert keyed_hash("bob@x.example", old) not in eraser.known_as("ann@x.example")
    assert "ann" not in eraser.hidden("ann@x.example")
    assert "nnnn" not in repr(eraser)
