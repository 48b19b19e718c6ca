"""The laws of the tables of who sends: keys, types, defaults and bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreachd.fleet.load import load
from outreachd.rules.model import Kind, Ramp, Tls
from outreachd.rules.wanted import (
    WantedAccount,
    WantedClient,
    WantedDomain,
    WantedMailbox,
)
from tests.fleet.writing import GOOD, mistake, write

CLIENT = 'postal_address = "Acme, Berlin"'
ACCOUNT = 'host = "relay.example"'
DOMAIN = 'accounts = ["relay"]'
MAILBOX = 'name = "Ann"'
TAGS = 'tags = ["acme"]'


def test_what_is_not_written_has_the_documented_default(tmp_path: Path) -> None:
    """Mailbox 40 a day, 10 an hour, 90 s; ramps of 21 and 28 days; STARTTLS on 587."""
    things = load(write(tmp_path, GOOD)).things
    assert {kind: things[kind] for kind in things if kind is not Kind.CAMPAIGN} == {
        Kind.CLIENT: {
            "acme": WantedClient(
                name="acme",
                share=1.0,
                daily_limit=None,
                postal_address="Acme, Berlin",
                contact_url=None,
                timezone="UTC",
            )
        },
        Kind.ACCOUNT: {
            "relay": WantedAccount(
                name="relay",
                kind="smtp",
                host="relay.example",
                port=587,
                tls=Tls.STARTTLS,
                username=None,
                rate_per_second=10.0,
                daily_limit=None,
                max_connections=10,
                timezone="UTC",
            )
        },
        Kind.DOMAIN: {
            "mail.acme.example": WantedDomain(
                name="mail.acme.example",
                accounts=("relay",),
                daily_limit=400,
                rate_per_minute=20.0,
                warmup=Ramp(start=15, end=400, days=28),
                timezone="UTC",
            )
        },
        Kind.MAILBOX: {
            "ann@mail.acme.example": WantedMailbox(
                address="ann@mail.acme.example",
                name="Ann",
                daily_limit=40,
                hourly_limit=10,
                min_gap_s=90.0,
                jitter=0.6,
                workday_start_min=540,
                workday_end_min=1080,
                timezone="UTC",
                warmup=Ramp(start=10, end=40, days=21),
                signature="",
                tags=("acme",),
                username=None,
            )
        },
    }


@pytest.mark.parametrize(
    ("beside", "line", "said"),
    [
        (CLIENT, "share = -1", "share must be at least 0.001"),
        (CLIENT, "share = true", "share must be a number"),
        (CLIENT, "daily_limit = -1", "daily_limit must be at least 0"),
        (CLIENT, "daily_limit = 1.5", "daily_limit must be a whole number"),
        (CLIENT, 'daily_limit = "9"', "daily_limit must be a whole number"),
        (CLIENT, 'timezone = "Berlin"', "timezone: time zone 'Berlin' is unknown"),
        (CLIENT, 'contact_url = "acme.example"', "contact_url must be a web address"),
        (
            CLIENT,
            'postal = "x"',
            'unknown key "postal": did you mean "postal_address"?',
        ),
        (ACCOUNT, 'tls = "maybe"', "tls must be one of 'starttls', 'implicit', 'none'"),
        (ACCOUNT, "port = 65536", "port must be at most 65535"),
        (ACCOUNT, "rate_per_second = 0", "rate_per_second must be at least 0.0001"),
        (ACCOUNT, "rate_per_second = inf", "rate_per_second must be "),
        (
            ACCOUNT,
            "rate_per_second = 5e-324",
            "rate_per_second must be at least 0.0001",
        ),
        (DOMAIN, "rate_per_minute = 1e-9", "rate_per_minute must be at least 0.0001"),
        (CLIENT, "share = 1e-310", "share must be at least 0.001"),
        (ACCOUNT, "max_connections = 0", "max_connections must be at least 1"),
        (DOMAIN, "rate_per_minute = -20", "rate_per_minute must be at least 0.0001"),
        (DOMAIN, "warmup = true", "warmup must be false or { from = 10"),
        (DOMAIN, "warmup = { from = 1, to = 2 }", "days is missing"),
        (DOMAIN, "warmup = { from = 0, to = 2, days = 1 }", "from must be at least 1"),
        (DOMAIN, "warmup = { from = 9, to = 2, days = 1 }", "to must be at least from"),
        (DOMAIN, "dkim = true", "dkim must be false or { selector"),
        (DOMAIN, "dkim = { sign = 'rsa' }", "selector is missing"),
        (DOMAIN, "dkim = { selector = 'a.b' }", "selector must be a DNS label"),
        (DOMAIN, "dkim = { selector = 'a', sign = 'dsa' }", "sign must be one of"),
        (MAILBOX, "min_gap_s = -1", "min_gap_s must be at least 0"),
        (MAILBOX, "hourly_limit = 0", "hourly_limit must be at least 1"),
        (MAILBOX, "jitter = 11", "jitter must be at most 10"),
        (MAILBOX, 'signature = "a\\u001b[2J"', "signature: contains the control"),
        (MAILBOX, 'workday = "18:00-09:00"', "workday must be hours of one day"),
        (
            MAILBOX,
            'timezone = "Mars/Base"',
            "timezone: time zone 'Mars/Base' is unknown",
        ),
    ],
)
def test_a_key_says_what_is_allowed(
    tmp_path: Path, beside: str, line: str, said: str
) -> None:
    """Fault 70 and 74: unknown keys, types, signs, zones; each at its own line."""
    found = mistake(tmp_path, beside, f"{beside}\n{line}")
    number = GOOD[: GOOD.index(beside)].count("\n") + 2
    assert found.startswith(f"fleet.toml:{number}: {said}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (TAGS, 'tags = "acme"', "tags must be a list"),
        (TAGS, "tags = [1]", "tags must be text in quotes"),
        ('kind = "smtp"', 'kind = "ses"', 'kind "ses" is not in this version'),
        ('kind = "smtp"', 'kind = "smpt"', "kind must be one of 'smtp'"),
        (ACCOUNT, 'host = "a b"', "host must be a host name"),
        (DOMAIN, "accounts = []", "accounts must be a list of at least 1"),
        (MAILBOX, 'name = "Ann\\nBcc: x"', "name must be one line of visible text"),
        (MAILBOX, 'name = " "', "name must be one line of visible text"),
        (
            'address = "ann@mail.acme.example"',
            'address = "ann"',
            "address: an address has exactly one @",
        ),
    ],
)
def test_a_value_says_what_is_allowed(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    """What would break a header, a dialogue or the schema stops here."""
    found = mistake(tmp_path, old, new)
    number = GOOD[: GOOD.index(old)].count("\n") + 1
    assert found.startswith(f"fleet.toml:{number}: {said}")
