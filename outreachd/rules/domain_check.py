"""All checks of a sending domain, what stays known of them, and when they stop mail.

A ``Standing`` is what the last look at one check left: the finding now, and the last
one that was known, with its beginning. Time in which nobody could tell counts neither
for nor against the domain: a look that ends in ``unknown`` moves the beginning on.
What is missing or wrong for longer than the grace stops the domain; while it is
stopped, only ``ok`` lets it go again. A dead DNS alone does neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from outreachd.rules.blocklist import Blocklist, check_blocklists
from outreachd.rules.dkim_record import PublicKey, check_dkim
from outreachd.rules.dmarc import Identity, Organisation, check_dmarc
from outreachd.rules.finding import Check, Finding, Found, combined
from outreachd.rules.inquiry import Inquiry
from outreachd.rules.mail_hosts import check_helo, check_mx, check_ptr
from outreachd.rules.relay import Relay
from outreachd.rules.spf_check import check_spf

MAX_DETAIL = 500  # characters: a record of a stranger may be long


@dataclass(frozen=True, slots=True)
class Subject:
    """A domain to be checked, and what we know of it."""

    id: int
    name: str
    relays: tuple[Relay, ...]
    keys: tuple[PublicKey, ...] = ()  # by which its letters are signed here
    lacking: tuple[str, ...] = ()  # selectors that have no key yet
    bounces_at: str | None = None  # where its bounces come to; None = to itself

    @property
    def envelope(self) -> str:
        """The domain of the envelope's sender: SPF is asked of it (RFC 7208)."""
        return self.bounces_at or self.name


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one check of a domain stands."""

    finding: Finding
    known: Finding | None  # the last one that was not unknown
    detail: str
    since: datetime  # the beginning of what is known: good, or bad
    at: datetime  # the last look


def check_domain(
    subject: Subject, lists: Sequence[Blocklist], organisation: Organisation
) -> Inquiry[dict[Check, Found]]:
    """Look at everything."""
    name, relays = subject.name, subject.relays
    spf = _at(subject, (yield from check_spf(subject.envelope, relays)))
    dkim = yield from check_dkim(name, subject.keys, relays, lacking=subject.lacking)
    # SPF vouches for the envelope's domain, a signature (d=) for the one of From.
    identities = (
        Identity(False, subject.envelope, spf.finding),
        Identity(True, name, dkim.finding),
    )
    seen = [address for relay in relays for address in relay.addresses]
    return {
        Check.SPF: spf,
        Check.DKIM: dkim,
        Check.DMARC: (yield from check_dmarc(name, identities, organisation)),
        Check.MX: (yield from _ways_back(subject)),
        Check.PTR: (yield from check_ptr(relays)),
        Check.HELO: (yield from check_helo(relays)),
        Check.BLOCKLIST: (yield from check_blocklists(name, seen, lists)),
    }


def _ways_back(subject: Subject) -> Inquiry[Found]:
    """Look where answers go, and bounces, if they go elsewhere."""
    answers = yield from check_mx(subject.name)
    if subject.envelope == subject.name:
        return answers
    bounces = yield from check_mx(subject.envelope)
    return combined((answers, _at(subject, bounces)))


def _at(subject: Subject, found: Found) -> Found:
    """Say that a finding is of where bounces come to, if that is another domain."""
    if subject.envelope == subject.name:
        return found
    detail = f"of bounces_at = {subject.envelope}: {found.detail}"
    return replace(found, detail=detail)


def settled(before: Standing | None, found: Found, now: datetime) -> Standing:
    """Take a finding on."""
    detail = found.detail[:MAX_DETAIL]
    if before is None or before.known is None:
        known = None if found.finding is Finding.UNKNOWN else found.finding
        return Standing(found.finding, known, detail, now, now)
    if found.finding is Finding.UNKNOWN:
        since = before.since + max(now - before.at, timedelta())
        return Standing(Finding.UNKNOWN, before.known, detail, since, now)
    turned = found.finding.is_bad != before.known.is_bad
    since = now if turned else before.since
    return Standing(found.finding, found.finding, detail, since, now)


def stop_reason(
    standings: Mapping[Check, Standing],
    *,
    stops: AbstractSet[Check],
    grace: timedelta,
    is_stopped: bool,
    now: datetime,
) -> str | None:
    """Tell why the domain must not send, or None if it may."""
    reasons = [
        f"{check}: {standing.detail}"
        for check, standing in standings.items()
        if check in stops and _counts(standing, grace, now, is_stopped=is_stopped)
    ]
    return "; ".join(reasons)[:MAX_DETAIL] or None


def _counts(
    standing: Standing, grace: timedelta, now: datetime, *, is_stopped: bool
) -> bool:
    if standing.known is None or not standing.known.is_bad:
        return False
    if is_stopped:  # it stays so until it is known to be good
        return True
    return standing.finding.is_bad and now - standing.since >= grace


def resumed(
    standings: Mapping[Check, Standing], now: datetime
) -> dict[Check, Standing]:
    """Begin every grace anew: a person has let the domain go on."""
    return {check: replace(one, since=now) for check, one in standings.items()}
