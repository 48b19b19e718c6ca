"""The laws of what is known of relays."""

from __future__ import annotations

from outreachd.rules.relay import Relay


def test_large_providers_are_known_by_their_host() -> None:
    """Spelling and a last dot do not matter; nothing is guessed of others."""
    google = Relay("a", "SMTP.Gmail.com.").provider
    assert google is not None
    assert google.include == "_spf.google.com"
    assert Relay("a", "smtp.gmail.com.example").provider is None
    assert Relay("a", "127.0.0.1").provider is None
