"""Whether SPF of the envelope's domain holds, and lets the relays send.

First the record by itself: there, readable, within the limits of every receiver, and
neither open to anybody nor closed to all. Then each relay, as far as it is known: the
addresses that the operator told must pass; a provider's include, or one of its networks
in other words, must be there. Of a relay that is not known nothing is claimed.
Source: RFC 7208.
"""

from __future__ import annotations

from collections.abc import Sequence

from outreachd.rules.finding import Found, combined, missing, ok, unknown, wrong
from outreachd.rules.inquiry import Inquiry
from outreachd.rules.relay import Provider, Relay
from outreachd.rules.spf import MAX_LOOKUPS, SpfOutcome, SpfResult, evaluate


def check_spf(domain: str, relays: Sequence[Relay]) -> Inquiry[Found]:
    """Look at the SPF of the domain that envelopes are from."""
    whole = yield from evaluate(domain)
    if fault := _fault(domain, whole):
        return fault
    found = [ok(f"SPF is there and needs {whole.lookups} of {MAX_LOOKUPS} look-ups")]
    for relay in relays:
        if relay.addresses:
            found.append((yield from _authorises(domain, relay)))
        elif relay.provider:
            found.append((yield from _covers(domain, relay.provider, whole)))
        else:
            found.append(
                ok(f"whether it covers account {relay.account} is not seen from here")
            )
    return combined(found)


def _fault(domain: str, whole: SpfOutcome) -> Found | None:
    match whole.result:
        case SpfResult.TEMPERROR:
            return unknown(whole.why)
        case SpfResult.NONE:
            return missing(
                f'{domain} has no SPF record: publish a TXT record "v=spf1 ... ~all"'
                f" that names its relays"
            )
        case SpfResult.PERMERROR:
            return wrong(f"SPF is broken: {whole.why}; mend the record")
        case SpfResult.PASS:
            return wrong(
                "SPF lets anybody send as this domain (+all): end it with ~all or -all"
            )
    if not whole.grants:
        return wrong("SPF lets nobody send as this domain: name its relays in it")
    return None


def _authorises(domain: str, relay: Relay) -> Inquiry[Found]:
    found = []
    for address in relay.addresses:
        got = yield from evaluate(domain, address=address, helo=relay.helo)
        who = f"{address} of account {relay.account}"
        family = "ip6" if ":" in address else "ip4"
        match got.result:
            case SpfResult.PASS:
                found.append(ok(f"SPF lets {who} send"))
            case SpfResult.TEMPERROR:
                found.append(unknown(got.why))
            case SpfResult.PERMERROR:
                found.append(wrong(f"SPF is broken: {got.why}; mend the record"))
            case _:
                text = f"SPF does not let {who} send: add {family}:{address}"
                found.append(wrong(text))
    return combined(found)


def _covers(domain: str, provider: Provider, whole: SpfOutcome) -> Inquiry[Found]:
    """Look for the provider's include, or for its networks under another name."""
    good = ok(f"SPF lets {provider.name} send")
    if provider.include in whole.visited:
        return good
    theirs = yield from evaluate(provider.include)
    if not theirs.networks:
        return unknown(f"the servers of {provider.name} could not be looked up")
    address = str(theirs.networks[0].network_address)
    got = yield from evaluate(domain, address=address)
    if got.result is SpfResult.PASS:
        return good
    if got.result is SpfResult.TEMPERROR:
        return unknown(got.why)
    return wrong(
        f"SPF does not let {provider.name} send: add include:{provider.include}"
    )
