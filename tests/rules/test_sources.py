"""The laws of what is to be read, and how far back a look goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outreachd.rules.model import Auth, Imap, Inbox, Roster, Tls
from outreachd.rules.sources import (
    HIGHEST_UID,
    Mark,
    believable,
    sources,
    uids_after,
)
from tests import rosters

IMAP = Imap(host="imap.example", port=993, tls=Tls.IMPLICIT, folders=("INBOX",))


@pytest.mark.parametrize(
    ("mark", "validity", "next_uid", "after"),
    [
        (None, 1, 10, None),  # never read
        (Mark(1, 9), 1, 10, 9),
        (Mark(1, 9), 1, None, 9),  # a server that tells no UIDNEXT
        (Mark(1, 9), 2, 10, None),  # numbered anew
        (Mark(1, 9), 1, 9, None),  # what we have read is still to come: a lie, or lost
    ],
)
def test_a_bookmark_counts_as_long_as_the_server_keeps_its_word(
    mark: Mark | None, validity: int, next_uid: int | None, after: int | None
) -> None:
    """Otherwise the last days are looked at again, and each mail is known again."""
    assert uids_after(mark, validity, next_uid) == after


def test_uids_are_taken_in_order_and_impossible_ones_are_not() -> None:
    """Twice, old, beyond 32 bits: the bookmark never runs ahead of what can come."""
    told = [9, 3, 5, 5, 4, HIGHEST_UID + 1, 0]
    assert believable(told, 3) == [4, 5, 9]


def test_who_has_a_login_and_a_place_is_read() -> None:
    """A mailbox's own place, else that of the first account of its domain with one."""
    own = replace(IMAP, host="own.example")
    roster = Roster(
        clients={},
        accounts={1: rosters.account(1), 2: rosters.account(2, imap=IMAP)},
        domains={1: rosters.domain(1, account_ids=(1, 2))},
        mailboxes={
            1: rosters.mailbox(1, username="a"),
            2: rosters.mailbox(2, username="b", imap=own),
            3: rosters.mailbox(3),  # sends by its account's login
        },
        campaigns={},
        inboxes={1: Inbox(id=1, name="b", imap=IMAP, username="c", auth=Auth.XOAUTH2)},
    )
    found = sources(roster)
    assert {key: s.imap.host for key, s in found.items()} == {
        ("mailbox", 1): "imap.example",
        ("mailbox", 2): "own.example",
        ("inbox", 1): "imap.example",
    }
    assert [s.mailbox_id for s in found.values()] == [None, 1, 2]
