"""What is to be read for answers and bounces: mailboxes, bookmarks, ends of a visit.

A source is a mailbox that has a login of its own and a place where it is read, or an
inbox that only receives. A bookmark counts as long as the server keeps its word about
the numbers it gave. Source: RFC 9051 sections 2.3.1.1 and 6.4.9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from outreachd.rules.model import Auth, Imap, Mailbox, Roster

HIGHEST_UID = 2**32 - 1


class Result(StrEnum):
    """How a visit ended."""

    READ = "read"
    MORE = "more"  # read, and there is more
    UNSTORED = "unstored"  # the database was away: not the mailbox's fault
    UNREACHABLE = "unreachable"
    REFUSED = "refused"  # the login
    LATE = "late"  # it hung
    LOST = "lost"  # the connection broke
    GARBLED = "garbled"  # nothing that IMAP knows


class MailboxAwayError(Exception):
    """A mailbox cannot be read now; the text is for people, without its content."""

    def __init__(self, result: Result, text: str) -> None:
        super().__init__(text)
        self.result = result


Key = tuple[str, int]  # "mailbox" or "inbox", and its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A mailbox to be read."""

    key: Key
    imap: Imap
    username: str
    auth: Auth

    @property
    def mailbox_id(self) -> int | None:
        """Tell whose mailbox it is; None = one that only receives, for many."""
        kind, id = self.key
        return id if kind == "mailbox" else None


def sources(roster: Roster) -> dict[Key, Source]:
    """List what is to be read: who has a login of its own and a place to be read."""
    found: dict[Key, Source] = {}
    for inbox in roster.inboxes.values():
        key = ("inbox", inbox.id)
        found[key] = Source(
            key=key, imap=inbox.imap, username=inbox.username, auth=inbox.auth
        )
    for box in roster.mailboxes.values():
        imap, username = box.imap or _usual(box, roster), box.username
        if imap is not None and username is not None:
            key = ("mailbox", box.id)
            found[key] = Source(key=key, imap=imap, username=username, auth=box.auth)
    return found


def _usual(box: Mailbox, roster: Roster) -> Imap | None:
    """Tell where the first account of its domain that says so has it read."""
    domain = roster.domains.get(box.domain_id)
    ids = domain.account_ids if domain else ()
    accounts = (roster.accounts[id] for id in ids if id in roster.accounts)
    return next((account.imap for account in accounts if account.imap), None)


@dataclass(frozen=True, slots=True)
class Mark:
    """A bookmark: what has this UID or a lower one was acted on and stored."""

    validity: int
    uid: int


def uids_after(mark: Mark | None, validity: int, next_uid: int | None) -> int | None:
    """Tell after which UID mail is new; None = look at the last days again.

    So where nothing is known, where the server numbered anew, and where it now says
    that what we have read is still to come.
    """
    if mark is None or mark.validity != validity:
        return None
    if next_uid is not None and next_uid <= mark.uid:
        return None
    return mark.uid


def believable(uids: Iterable[int], after: int) -> list[int]:
    """Order the UIDs a server tells; none twice, none that is old or impossible."""
    return sorted({uid for uid in uids if after < uid <= HIGHEST_UID})
