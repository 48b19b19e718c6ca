"""The laws of opt-out tokens: only ours are read, and nobody learns from them."""

from __future__ import annotations

import base64
import hmac
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreachd.rules.token import TokenKind, TokenMint

OLD, NEW = b"o" * 32, b"n" * 32
MINT = TokenMint({1: OLD}, 1)
IDS = st.integers(min_value=0, max_value=2**64 - 1)


@settings(deadline=None)
@given(IDS)
def test_what_is_minted_is_read(number: int) -> None:
    """Every id comes back from its token, and the token fits a link as it is."""
    token = MINT.mint(TokenKind.OPT_OUT, number)
    assert MINT.read(token) == (TokenKind.OPT_OUT, number)
    assert re.fullmatch(r"[A-Za-z0-9_-]{35}", token)


def test_a_token_is_the_same_each_time() -> None:
    """A repeated letter has the same bytes, so its link must not vary."""
    assert MINT.mint(TokenKind.OPT_OUT, 7) == MINT.mint(TokenKind.OPT_OUT, 7)


def test_neighbours_look_unrelated() -> None:
    """S9: two ids in a row share nothing that tells how many letters lie between."""
    tokens = [MINT.mint(TokenKind.OPT_OUT, n) for n in range(500)]
    # The first octets (key number, kind) are the same; the hidden id starts after.
    assert len({token[3:10] for token in tokens}) == 500


def test_old_links_work_after_a_new_key() -> None:
    """S9: letters already sent keep their way out when the key changes."""
    token = MINT.mint(TokenKind.OPT_OUT, 42)
    both = TokenMint({1: OLD, 2: NEW}, 2)
    assert both.read(token) == (TokenKind.OPT_OUT, 42)
    assert MINT.read(both.mint(TokenKind.OPT_OUT, 42)) is None


@settings(deadline=None)
@given(IDS, st.integers(0, 34), st.sampled_from("ABCXYZabcxyz0189_-"))
def test_one_changed_character_makes_it_nobodys(
    number: int, place: int, letter: str
) -> None:
    """S9: no other spelling of a token is read, not even in its spare bits."""
    token = MINT.mint(TokenKind.OPT_OUT, number)
    forged = token[:place] + letter + token[place + 1 :]
    assert forged == token or MINT.read(forged) is None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_anything_else_is_nobodys(text: str) -> None:
    """S9: a made-up token is read as none, and nothing is raised."""
    assert MINT.read(text) is None


@pytest.mark.parametrize("bad", ["", "A" * 34, "A" * 36, "A" * 35 + "\n", "é" * 35])
def test_another_length_or_alphabet_is_nobodys(bad: str) -> None:
    """S9: only 35 characters of the URL alphabet are looked at."""
    assert MINT.read(bad) is None


def test_another_key_of_the_same_number_reads_nothing() -> None:
    """S9: who knows the layout but not the key can make nothing."""
    token = TokenMint({1: NEW}, 1).mint(TokenKind.OPT_OUT, 5)
    assert MINT.read(token) is None


@pytest.mark.parametrize(
    ("keys", "current", "words"),
    [
        ({1: OLD}, 2, "no token key number 2"),
        ({256: OLD}, 256, "not within"),
        ({1: b"short"}, 1, "shorter"),
    ],
)
def test_a_wrong_key_setting_is_refused(
    keys: dict[int, bytes], current: int, words: str
) -> None:
    """A weak or missing key stops the start, not the first opt-out."""
    with pytest.raises(ValueError, match=words):
        TokenMint(keys, current)


def test_keys_are_not_shown() -> None:
    """S17: the mint's own words hold no key."""
    assert "ooo" not in repr(MINT)


def test_a_token_is_what_the_standard_says() -> None:
    """Links in letters that are out stay good: HMAC as the library reckons it."""
    key = b"k" * 32
    tag_key = hmac.digest(key, b"outreachd token tag", "sha256")
    pad_key = hmac.digest(key, b"outreachd token pad", "sha256")
    tag = hmac.digest(tag_key, b"\1o" + (77).to_bytes(8, "big"), "sha256")[:16]
    pad = int.from_bytes(hmac.digest(pad_key, tag, "sha256")[:8], "big")
    raw = b"\1o" + (77 ^ pad).to_bytes(8, "big") + tag
    token = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert TokenMint({1: key}, 1).mint(TokenKind.OPT_OUT, 77) == token
