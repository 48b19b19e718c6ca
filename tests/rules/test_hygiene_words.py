"""The laws of the words of hygiene: written as they are asked for."""

from __future__ import annotations

from outreachd.rules.address import is_envelope_address
from outreachd.rules.hygiene_words import FREE_DOMAINS, ROLE_NAMES


def test_role_names_are_written_as_they_are_compared() -> None:
    """Lower case, no separators, no digits at the end: else none would ever match."""
    odd = {n for n in ROLE_NAMES if n != n.lower() or set(n) & set("-_.+ ")}
    assert odd == set()
    assert {"info", "noreply", "kontakt", "ventas", "приемная"} <= ROLE_NAMES


def test_free_domains_are_domains() -> None:
    """Each could stand behind an @."""
    assert [d for d in FREE_DOMAINS if not is_envelope_address(f"x@{d}")] == []
    assert {"gmail.com", "gmx.de", "mail.ru", "qq.com"} <= FREE_DOMAINS
