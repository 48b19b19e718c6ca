"""Where a domain takes its mail, and who its relays are by name.

MX: bounces and answers must find a way back. PTR: an outgoing address has a name that
leads back to it. HELO: the name that the relay says leads to one of its addresses. The
last two can be known only of relays whose addresses the operator told.
Sources: RFC 5321 section 5.1; RFC 7505 (null MX); RFC 1912 section 2.1 (PTR and A).
"""

from __future__ import annotations

from collections.abc import Sequence

from outreachd.rules.finding import Found, combined, missing, ok, unknown, wrong
from outreachd.rules.inquiry import (
    Answer,
    Inquiry,
    Outcome,
    RecordKind,
    addresses,
    ask,
    every,
    reverse_name,
)
from outreachd.rules.relay import Relay


def check_mx(domain: str) -> Inquiry[Found]:
    """Look whether mail to the domain finds a host."""
    answer = yield from ask(domain, RecordKind.MX)
    if answer.outcome is Outcome.FAULT:
        return _dumb(domain, answer)
    hosts = [record.partition(" ")[2] for record in answer.records]
    if not hosts:
        return (yield from _by_address(domain))
    if "" in hosts:
        return wrong(
            f"{domain} says that it takes no mail (null MX), so no bounce or answer"
            f" arrives: name a host that takes it"
        )
    faults = []
    for host in hosts:
        found = yield from addresses(host)
        if found.outcome is Outcome.FOUND:
            return ok(f"mail to {domain} goes to {host}")
        faults.append(found)
    for fault, host in zip(faults, hosts, strict=True):
        if fault.outcome is Outcome.FAULT:
            return _dumb(host, fault)
    return wrong(f"the mail hosts of {domain} have no address: {', '.join(hosts)}")


def _by_address(domain: str) -> Inquiry[Found]:
    """Without MX the domain's own address counts (RFC 5321 section 5.1)."""
    found = yield from addresses(domain)
    if found.outcome is Outcome.FAULT:
        return _dumb(domain, found)
    if found.outcome is Outcome.FOUND:
        return ok(f"{domain} has no MX record; its own address takes its mail")
    return missing(
        f"{domain} has no MX record, so no bounce or answer can arrive: add one"
    )


def check_ptr(relays: Sequence[Relay]) -> Inquiry[Found]:
    """Look whether each outgoing address has a name that leads back to it."""
    found = [one for relay in relays if (one := _unseen(relay))]
    seen = [address for relay in relays for address in relay.addresses]
    found += yield from every(_named(address) for address in seen)
    return combined(found or [unknown("no account sends for this domain")])


def _named(address: str) -> Inquiry[Found]:
    answer = yield from ask(reverse_name(address), RecordKind.PTR)
    if answer.outcome is Outcome.FAULT:
        return _dumb(f"the name of {address}", answer)
    if not answer.records:
        return missing(f"{address} has no PTR record: ask its hoster to set one")
    faults = []
    for name in answer.records:
        back = yield from addresses(name)
        if address in back.records:
            return ok(f"{address} is {name}, both ways")
        if back.outcome is Outcome.FAULT:
            faults.append(_dumb(name, back))
    if faults:
        return faults[0]
    names = ", ".join(answer.records)
    return wrong(f"{address} is named {names}, which does not lead back to it: mend it")


def check_helo(relays: Sequence[Relay]) -> Inquiry[Found]:
    """Look whether the name each relay says leads to one of its addresses."""
    found = []
    for relay in relays:
        if unseen := _unseen(relay):
            found.append(unseen)
        elif not relay.helo:
            text = f"what account {relay.account} says in HELO is not known"
            found.append(unknown(f"{text}: [checks.relays.{relay.account}] helo"))
        else:
            found.append((yield from _said(relay)))
    return combined(found or [unknown("no account sends for this domain")])


def _said(relay: Relay) -> Inquiry[Found]:
    answer = yield from addresses(relay.helo)
    match answer.outcome:
        case Outcome.FAULT:
            return _dumb(relay.helo, answer)
        case Outcome.FOUND if set(answer.records) & set(relay.addresses):
            return ok(f"{relay.helo} leads to account {relay.account}")
        case Outcome.FOUND:
            return wrong(
                f"account {relay.account} says {relay.helo}, which leads elsewhere:"
                f" let it say the name of its PTR record"
            )
    return missing(
        f"account {relay.account} says {relay.helo}, which has no address: add one"
    )


def _unseen(relay: Relay) -> Found | None:
    """Say what can be said of a relay whose addresses are not known."""
    if relay.addresses:
        return None
    if relay.provider:
        return ok(f"{relay.provider.name} looks after its own hosts")
    return unknown(
        f"by which addresses account {relay.account} sends is not known:"
        f" [checks.relays.{relay.account}] addresses"
    )


def _dumb(what: str, answer: Answer) -> Found:
    return unknown(f"the DNS did not tell about {what} ({answer.why})")
