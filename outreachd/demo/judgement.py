"""What the SMTP server's log says of the day: once each, within limits, even, fair.

Pure: from the letters the server accepted, the people who were to get one and the
limits of the fleet. Nothing comes from the daemon or its tables. Times are epoch
seconds on the virtual clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from outreachd.demo.balance import Due, Evenness, Share, evenness, fairness
from outreachd.demo.places import PLACES, place_names
from outreachd.demo.referee import (
    Accepted,
    Fleet,
    Tally,
    Violation,
    over_limit,
    tally,
)
from outreachd.demo.sink import Greylist
from outreachd.rules.calendar import opening, workday_opening
from outreachd.rules.contact_row import NewContact
from outreachd.rules.model import Roster
from outreachd.rules.places import calendar_at


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that the report tells of the letters."""

    letters: int
    tally: Tally
    violations: Sequence[Violation]
    even: Mapping[str, Evenness]  # by domain
    by_client: Mapping[str, int]
    shares: Mapping[str, Share]  # of clients that share mailboxes, by name
    busiest: tuple[datetime, int]  # an hour's beginning, and its letters
    put_off: int  # recipients who were told to come back later
    shortest_gap_s: float  # between two letters of one mailbox; inf = no two
    first: float
    last: float

    @property
    def is_faultless(self) -> bool:
        """Whether each letter went out once and within every limit."""
        faults = self.tally.duplicates + self.tally.missing + len(self.violations)
        return self.letters == self.tally.accepted and not faults


def judge(
    letters: Sequence[Accepted],
    roster: Roster,
    contacts: Mapping[str, Sequence[NewContact]],
    started_at: datetime,
    greylisted: float,
) -> Judgement:
    """Judge a day."""
    campaigns = {campaign.name: campaign for campaign in roster.campaigns.values()}
    clients = {
        person.email: campaigns[name].client_id
        for name, persons in contacts.items()
        for person in persons
    }
    greylist = Greylist(greylisted)
    put_off = {email for email in clients if greylist.refusal(email)}
    hours = Counter(letter.at // 3600 for letter in letters)
    hour, most = max(hours.items(), key=lambda item: item[1], default=(0.0, 0))
    times = [letter.at for letter in letters]
    sent = Counter(clients[letter.recipient] for letter in letters)
    return Judgement(
        letters=len(clients),
        tally=tally(letters, dict.fromkeys(clients, 1)),
        violations=over_limit(letters, _limits(roster, clients)),
        even=_evenness(letters, roster),
        by_client={client.name: sent[id] for id, client in roster.clients.items()},
        shares=_shares(letters, roster, contacts, clients, put_off, started_at),
        busiest=(datetime.fromtimestamp(hour * 3600, UTC), most),
        put_off=len(put_off),
        shortest_gap_s=_shortest_gap_s(letters),
        first=min(times, default=started_at.timestamp()),
        last=max(times, default=started_at.timestamp()),
    )


def _limits(roster: Roster, clients: Mapping[str, int]) -> Fleet:
    return Fleet(
        mailboxes={box.address: box for box in roster.mailboxes.values()},
        domains=roster.domains,
        accounts={account.name: account for account in roster.accounts.values()},
        clients=roster.clients,
        client_of=clients,
    )


def _evenness(letters: Iterable[Accepted], roster: Roster) -> dict[str, Evenness]:
    """Measure each domain by itself: its mailboxes have equal limits."""
    pools: dict[str, list[str]] = {}
    of_domain: dict[str, list[Accepted]] = {}
    for box in roster.mailboxes.values():
        pools.setdefault(roster.domains[box.domain_id].name, []).append(box.address)
    for letter in letters:
        name = letter.mailbox.rpartition("@")[2]
        of_domain.setdefault(name, []).append(letter)
    return {name: evenness(of_domain.get(name, ()), box) for name, box in pools.items()}


def _shortest_gap_s(letters: Iterable[Accepted]) -> float:
    shortest, last = inf, dict[str, float]()
    for letter in sorted(letters, key=lambda letter: letter.at):
        shortest = min(shortest, letter.at - last.get(letter.mailbox, -inf))
        last[letter.mailbox] = letter.at
    return shortest


def _shares(
    letters: Sequence[Accepted],
    roster: Roster,
    contacts: Mapping[str, Sequence[NewContact]],
    clients: Mapping[str, int],
    put_off: set[str],
    started_at: datetime,
) -> dict[str, Share]:
    """Measure the clients of each place that has several."""
    found: dict[str, Share] = {}
    arrived = {letter.recipient: letter.at for letter in letters}
    for place in PLACES:
        if len(place.parties) == 1:
            continue
        names = {party.name for party in place.parties}
        weights = {c.id: c.share for c in roster.clients.values() if c.name in names}
        here = [x for x in letters if clients[x.recipient] in weights]
        dues = [
            # Who was put off has no work due until the server takes it.
            Due(arrived.get(email, at) if email in put_off else at, clients[email])
            for name in place_names(place)
            for email, at in _due(roster, name, contacts[name], started_at)
        ]
        for id, share in fairness(here, dues, clients, weights).items():
            found[roster.clients[id].name] = share
    return found


def _due(
    roster: Roster, name: str, persons: Sequence[NewContact], started_at: datetime
) -> Iterator[tuple[str, float]]:
    """Tell from when on each person may be written to: both calendars are open."""
    campaign = next(c for c in roster.campaigns.values() if c.name == name)
    box = roster.mailboxes[campaign.mailbox_ids[0]]
    office = workday_opening(
        started_at, box.workday_start_min, box.workday_end_min, box.timezone
    )
    opens = {
        place: opening(office, calendar_at(campaign.calendar, place)).timestamp()
        for place in {person.timezone for person in persons}
    }
    for person in persons:
        yield person.email, opens[person.timezone]
