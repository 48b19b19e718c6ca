"""Who runs a recipient's mail, and so at which pace an account may write to him.

Asked of the database once for all domains of a claim that are not known yet, and only
where an account has such rates: any other fleet pays one question of a dict a letter.
What is known is believed for an hour, and bounded. The buckets are the pool's.
Errors: LedgerAwayError.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from outreachd.flow.places import Lane
from outreachd.flow.pool import Pool
from outreachd.rules.address import domain_of
from outreachd.rules.receiver_pace import ReceiverPace

BELIEVED_S = 3600.0
KNOWN_AT_MOST = 50_000


class Directory(Protocol):
    """The database as it knows receivers; may raise LedgerAwayError."""

    async def receivers_of(self, domains: Sequence[str]) -> Mapping[str, str]:
        """Tell who runs each domain's mail; the domain itself where nobody knows."""


class Receivers:
    """The receivers of the letters of one shift."""

    def __init__(self, pool: Pool, directory: Directory) -> None:
        self._pool = pool
        self._directory = directory
        self._known: dict[str, str] = {}  # by domain; the longest unasked first
        self._known_since = 0.0  # monotonic
        # Of the hour before: a claim that is under way as it ends was learned then.
        self._before: dict[str, str] = {}

    async def learn(self, emails: Iterable[str], mono: float) -> None:
        """Know the receivers of these addresses from now on, if it matters."""
        if not self._pool.paces:
            return
        if mono - self._known_since > BELIEVED_S:
            self._before, self._known = self._known, {}
            self._known_since = mono
        known = self._known
        domains = {domain_of(email) for email in emails}
        unknown = []
        for domain in domains:
            receiver = known.pop(domain, None)
            if receiver is None:
                unknown.append(domain)
            else:
                known[domain] = receiver
        if unknown:
            known.update(await self._directory.receivers_of(unknown))
        while len(known) > max(KNOWN_AT_MOST, len(domains)):
            del known[next(iter(known))]

    def of(self, email: str) -> str:
        """Name the receiver of an address that was learned."""
        domain = domain_of(email)
        return self._known.get(domain) or self._before.get(domain, domain)

    def pace(
        self, email: str, lane: Lane, now: datetime, mono: float
    ) -> ReceiverPace | None:
        """Find the pace to this address by the way that is open; None = any."""
        if not self._pool.paces:
            return None
        account_id = self._pool.way_out(lane, now, mono)
        paces = self._pool.paces.get(account_id)
        return paces.at(self.of(email), mono) if paces is not None else None
