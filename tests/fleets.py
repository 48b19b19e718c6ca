"""A small fleet in words, for tests of plans, of the store and of the verbs."""

from __future__ import annotations

from dataclasses import replace

from outreachd.rules.model import (
    DelayUnit,
    Dkim,
    DkimSign,
    Kind,
    OnUncertain,
    Ramp,
    Tls,
)
from outreachd.rules.wanted import (
    Fleet,
    Pool,
    Thing,
    WantedAccount,
    WantedCampaign,
    WantedClient,
    WantedDomain,
    WantedMailbox,
    WantedStep,
    WrittenCalendar,
)
from outreachd.rules.wording import Wording

ACME = WantedClient(
    name="acme",
    share=1.0,
    daily_limit=None,
    postal_address="Acme, Berlin",
    contact_url=None,
    timezone="UTC",
)
RELAY = WantedAccount(
    name="relay",
    kind="smtp",
    host="relay.example",
    port=587,
    tls=Tls.STARTTLS,
    username="u",
    rate_per_second=10.0,
    daily_limit=None,
    max_connections=10,
    timezone="UTC",
    password="first secret",
)
SPARE = replace(RELAY, name="spare", username=None, password=None)
DOMAIN = WantedDomain(
    name="mail.acme.example",
    accounts=("spare", "relay"),
    daily_limit=400,
    rate_per_minute=20.0,
    warmup=Ramp(start=15, end=400, days=28),
    timezone="UTC",
    dkim=Dkim(selector="o1", sign=DkimSign.BOTH),
)
ANN = WantedMailbox(
    address="ann@mail.acme.example",
    name="Ann",
    daily_limit=40,
    hourly_limit=10,
    min_gap_s=90.0,
    jitter=0.6,
    workday_start_min=540,
    workday_end_min=1080,
    timezone="Europe/Berlin",
    warmup=None,
    signature="Ann\nAcme",
    tags=("acme", "north"),
    username=None,
)
BEN = replace(ANN, address="ben@mail.acme.example", name="Ben", password="own secret")
FIRST = WantedStep(
    subject="Hello", text="Hi", html=None, delay=0, delay_unit=DelayUnit.MINUTES
)
SECOND = replace(FIRST, subject=None, delay=3, delay_unit=DelayUnit.WORKDAYS)
SPRING = WantedCampaign(
    name="spring",
    client="acme",
    direction="sales",
    share=1.0,
    pool=Pool(tags=("acme",)),
    calendar=WrittenCalendar(
        days="mon-fri", hours="09:00-18:00", timezone="recipient", holidays="DE"
    ),
    on_uncertain=OnUncertain.HOLD,
    useful_for_s=None,
    mailboxes=frozenset({ANN.address, BEN.address}),
    steps=(FIRST, SECOND),
    grounds=("opt_in",),
    confirmation=Wording("Is it you?", "Yes: {{ confirm_url }}", None),
)


def fleet(*things: Thing) -> Fleet:
    """Sort things into a fleet by their type."""
    kinds = {
        WantedClient: Kind.CLIENT,
        WantedAccount: Kind.ACCOUNT,
        WantedDomain: Kind.DOMAIN,
        WantedMailbox: Kind.MAILBOX,
        WantedCampaign: Kind.CAMPAIGN,
    }
    found: dict[Kind, dict[str, Thing]] = {kind: {} for kind in kinds.values()}
    for thing in things:
        name = thing.address if isinstance(thing, WantedMailbox) else thing.name
        found[kinds[type(thing)]][name] = thing
    return Fleet(found)


WHOLE = (ACME, RELAY, SPARE, DOMAIN, ANN, BEN, SPRING)


def with_pool(*mailboxes: WantedMailbox) -> WantedCampaign:
    """Give the campaign another pool."""
    return replace(SPRING, mailboxes=frozenset(m.address for m in mailboxes))
