"""The laws of registrable names."""

from __future__ import annotations

import pytest

from outreachd.wire.suffixes import organisation


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mail.acme.example", "acme.example"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("Example.COM.", "example.com"),
        ("co.uk", "co.uk"),
        ("x.github.io", "x.github.io"),
    ],
)
def test_the_registrable_part_is_told(name: str, expected: str) -> None:
    """Shared suffixes such as co.uk and github.io make nobody one organisation."""
    assert organisation(name) == expected
