"""The laws of judging a reply: phase, then words, then codes; proved by corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreachd.rules.model import Permanence, Phase, Reply, Scope
from outreachd.rules.reply import EARLY, SCOPES, action, clean, judge, read
from tests.rules.mails import FAMILY

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "smtp_replies.jsonl"
GRAINS = {"real", "documented", "hand"}


# phase code text : scope permanence reason action
JUDGEMENTS = """
connect 0 refused : connection temporary soft_network retry
greeting 554 no service : account temporary block_ip pause
greeting 421 busy : connection temporary soft_network retry
tls 0 certificate : connection temporary tls retry
auth 535 5.7.8 no : mailbox temporary auth_credentials pause
auth 535 no such user : mailbox temporary auth_credentials pause
auth 454 Temporary authentication failure : mailbox temporary auth_rate_limit pause
mail 550 no : mailbox temporary sender_rejected pause
mail 451 later : message temporary remote_error retry
rcpt 550 5.1.1 no such user : recipient permanent hard_no_user suppress
rcpt 550 no : message permanent unknown fail
rcpt 450 4.2.0 Greylisted : recipient temporary soft_greylist retry
rcpt 452 4.2.2 over quota : recipient temporary soft_mailbox_full retry
rcpt 552 5.2.2 mailbox full : recipient temporary soft_mailbox_full retry
rcpt 421 4.7.28 rate limit : account temporary rate_limit slow
data 250 what? : message temporary protocol_error retry
data 0 lost : connection temporary soft_network retry
dot 250 queued : message accepted delivered none
dot 200 queued : message accepted delivered none
dot 0 lost : message unknown unknown settle
dot 354 what? : message unknown unknown settle
dot 550 5.7.26 DMARC : domain temporary auth_dmarc pause
dot 554 spam detected : message permanent content_spam fail
"""


@pytest.mark.parametrize("row", JUDGEMENTS.strip().splitlines())
def test_phase_decides_before_words(row: str) -> None:
    """The same words mean another thing, for another one, at another moment."""
    asked, _, expected = row.partition(" : ")
    phase, code, text = asked.split(" ", 2)
    verdict = judge(Reply(Phase(phase), int(code), text))
    got = verdict.scope, verdict.permanence, verdict.reason, action(verdict)
    assert " ".join(got) == expected


@pytest.mark.parametrize("phase", sorted(EARLY))
@given(text=st.sampled_from(["unknown user", "mailbox full", "account disabled", ""]))
def test_nobody_is_suppressed_before_rcpt(phase: Phase, text: str) -> None:
    """A server that has not heard of the recipient cannot speak about them."""
    for code in (421, 450, 501, 535, 550, 553, 554, 556):
        assert judge(Reply(phase, code, text)).scope is not Scope.RECIPIENT


@given(st.sampled_from(Phase), st.integers(0, 999), st.text(max_size=600))
def test_only_a_yes_at_the_dot_is_an_acceptance(
    phase: Phase, code: int, text: str
) -> None:
    """Whatever is said elsewhere, nothing is taken for sent; uncertain: dot only."""
    permanence = judge(Reply(phase, code, clean(text))).permanence
    accepted = phase is Phase.DOT and 200 <= code < 300
    assert (permanence is Permanence.ACCEPTED) == accepted
    assert phase is Phase.DOT or permanence is not Permanence.UNKNOWN


@given(st.text(st.characters(), max_size=3000) | st.sampled_from(["\udce9 \0 ok\r\n"]))
def test_clean_text_fits_logs_and_database(text: str) -> None:
    """SMTP 20: no NUL, no controls, no surrogates, at most 512 characters."""
    cleaned = clean(text)
    assert len(cleaned) <= 512
    cleaned.encode("utf-8")
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in cleaned)


def test_a_relay_refusal_is_about_us_only_at_our_host() -> None:
    """At a recipient's server "relay denied" is a wrong MX, not a wrong mailbox."""
    refusal = Reply(Phase.RCPT, 554, "5.7.1 Relay access denied")
    assert judge(refusal).scope is Scope.MAILBOX
    assert judge(refusal, ours=False).scope is Scope.RECIPIENT


def test_a_pasted_line_is_read_with_its_code_and_phase() -> None:
    """People paste whole sentences; the remote server's own words are in them."""
    line = (
        "host mx.example[192.0.2.2] said: 550 5.1.8 bad (in reply to MAIL FROM command)"
    )
    assert read(line).phase is Phase.MAIL
    assert read(line).code == 550
    assert read("450 4.2.0 later") == Reply(Phase.RCPT, 450, "4.2.0 later")
    assert read("4.2.2 mailbox full").code == 450
    assert read("User unknown").code == 550


def test_every_scope_belongs_to_a_known_class() -> None:
    """A typing error in the table of scopes would silently mean "message"."""
    assert set(SCOPES) <= set(FAMILY)


@pytest.mark.skipif(not CORPUS.exists(), reason="the reply corpus is not beside us")
def test_real_replies_are_understood() -> None:
    """Of real replies 93 % get the right family of action, 85 % the exact class."""
    lines = CORPUS.read_text(encoding="utf-8").split("\n")
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines if line]
    rows = [row for row in rows if row["grain"] in GRAINS and row["class"]]
    exact = family = 0
    for row in rows:
        reason = judge(read(row["reply"]), ours=row["grain"] == "hand").reason
        exact += reason == row["class"]
        family += FAMILY.get(reason) == FAMILY.get(row["class"])
    assert family / len(rows) >= 0.93
    assert exact / len(rows) >= 0.85
