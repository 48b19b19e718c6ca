"""The laws of the looser words about a recipient, in any language."""

from __future__ import annotations

import pytest

from outreachd.rules.reply import judge, read
from outreachd.rules.reply_words_likely_them import LIKELY_THEM

REPLIES = """
550 Recipient does not have an account here : hard_no_user
550 Unable to find account : hard_no_user
550 Benutzer unbekannt : hard_no_user
550 Destinatario sconosciuto : hard_no_user
550 Пользователь не найден : hard_no_user
550 Odbiorca nie istnieje : hard_no_user
550 Account is on hold : hard_inactive
550 Почтовый ящик заблокирован : hard_inactive
550 User has exhausted allowed storage space : soft_mailbox_full
550 Boite du destinataire pleine : soft_mailbox_full
550 Ящик получателя переполнен : soft_mailbox_full
550 Recipient refused your mail : recipient_filtered
550 You do not have permission to send to this recipient : recipient_filtered
"""


@pytest.mark.parametrize("row", REPLIES.strip().split("\n"))
def test_a_noun_and_a_verb_tell_what_is_wrong(row: str) -> None:
    """Servers speak their operators' language; each says the same few things."""
    text, _, expected = row.rpartition(" : ")
    assert judge(read(text), ours=False).reason == expected


def test_nothing_of_ours_costs_a_recipient() -> None:
    """A sender or a network that is refused says nothing about whom we wrote to."""
    for text in (
        "550 your account has been blocked from sending mail",
        "550 sender address unknown",
        "550 sender mailbox unknown",
        "550 sender's account does not exist",
        "550 absender unbekannt",
        "550 отправитель не найден",
        "550 your mail server is not known here",
    ):
        assert not judge(read(text)).reason.startswith("hard_"), text


def test_every_reason_here_is_one_of_a_recipient() -> None:
    """What would pause a sender is asked before."""
    theirs = {"recipient_filtered", "soft_mailbox_full", "rate_limit"}
    theirs |= {"hard_inactive", "hard_no_user"}
    assert {rule.reason for rule in LIKELY_THEM} == theirs
