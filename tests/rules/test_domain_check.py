"""The laws of a domain's standing: what is bad for long stops it, doubt does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outreachd.rules.blocklist import Blocklist
from outreachd.rules.domain_check import (
    MAX_DETAIL,
    Standing,
    Subject,
    check_domain,
    resumed,
    settled,
    stop_reason,
)
from outreachd.rules.finding import Check, Finding, Found, missing, ok, unknown, wrong
from outreachd.rules.relay import Relay
from tests.rules.dns import DeadDns, Dns

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LOOK = timedelta(hours=6)
GRACE = timedelta(hours=72)
RELAY = Relay("ours", "127.0.0.1", ("192.0.2.1",), "out.d.example")
SUBJECT = Subject(1, "d.example", (RELAY,))
LISTS = (Blocklist("bl.example", is_of_domains=False),)
WELL = {
    "d.example TXT": ["v=spf1 ip4:192.0.2.1 -all"],
    "_dmarc.d.example TXT": ["v=DMARC1; p=none"],
    "d.example MX": ["10 out.d.example"],
    "out.d.example A": ["192.0.2.1"],
    "1.2.0.192.in-addr.arpa PTR": ["out.d.example"],
    "2.0.0.127.bl.example A": ["127.0.0.2"],
}


def after(looks: list[Found], is_stopped: bool = False) -> tuple[Standing, str | None]:
    """Look every six hours; tell where SPF stands, and what is thought of it."""
    standing, stopped = None, is_stopped
    now = START
    for found in looks:
        standing = settled(standing, found, now)
        reason = stop_reason(
            {Check.SPF: standing},
            stops={Check.SPF},
            grace=GRACE,
            is_stopped=stopped,
            now=now,
        )
        stopped = reason is not None
        now += LOOK
    assert standing is not None
    return standing, reason


def test_everything_is_looked_at() -> None:
    """A domain that is well is well in all that can be seen."""
    found = Dns(WELL).follow(check_domain(SUBJECT, LISTS, lambda domain: domain))
    assert set(found) == set(Check)
    words = {check: one.finding for check, one in found.items()}
    assert words.pop(Check.DKIM) is Finding.UNKNOWN  # the relay may sign
    assert set(words.values()) == {Finding.OK}, words


ELSEWHERE = Subject(1, "mail.d.example", (RELAY,), bounces_at="b.d.example")
BACK = {
    "b.d.example TXT": ["v=spf1 ip4:192.0.2.1 -all"],
    "b.d.example MX": ["10 out.d.example"],
    "mail.d.example MX": ["10 out.d.example"],
    "_dmarc.mail.d.example TXT": ["v=DMARC1; p=reject"],
}


def looked(subject: Subject, changes: dict[str, list[str]]) -> dict[Check, Found]:
    """Look at a domain whose bounces come to another one."""
    dns = Dns({k: v for k, v in (WELL | BACK | changes).items() if v})
    return dns.follow(check_domain(subject, (), lambda name: name[-9:]))


@pytest.mark.parametrize(
    ("changes", "bad"),
    [
        ({}, {}),
        # SPF of the domain in From is nobody's question: envelopes are not from it.
        ({"mail.d.example TXT": ["v=spf1 -all"]}, {}),
        (
            {"b.d.example TXT": ["v=spf1 ip4:192.0.2.9 -all"]},
            {Check.SPF: "of bounces_at = b.d.example: SPF does not let 192.0.2.1"},
        ),
        (
            {"b.d.example MX": []},
            {Check.MX: "of bounces_at = b.d.example: b.d.example has no MX record"},
        ),
        (
            {"mail.d.example MX": ["0 "]},
            {Check.MX: "mail.d.example says that it takes"},
        ),
        # Strict alignment: another name of the same organisation does not vouch.
        ({"_dmarc.mail.d.example TXT": ["v=DMARC1; p=reject; aspf=s"]}, {}),
    ],
)
def test_where_bounces_come_to_is_looked_at(
    changes: dict[str, list[str]], bad: dict[Check, str]
) -> None:
    """Its SPF is the one that receivers ask for, and notices must find a host there."""
    found = looked(ELSEWHERE, changes)
    told = {check: one.detail for check, one in found.items() if one.finding.is_bad}
    assert told.keys() == bad.keys()
    assert all(told[check].startswith(text) for check, text in bad.items())


@pytest.mark.parametrize(
    ("bounces_at", "policy", "finding"),
    [
        ("b.d.example", "v=DMARC1; p=reject", Finding.OK),
        ("b.d.example", "v=DMARC1; p=reject; aspf=s", Finding.UNKNOWN),
        ("b.other.org", "v=DMARC1; p=reject", Finding.UNKNOWN),
        (None, "v=DMARC1; p=reject; aspf=s", Finding.OK),
    ],
)
def test_spf_aligns_by_the_domain_of_the_envelope(
    bounces_at: str | None, policy: str, finding: Finding
) -> None:
    """RFC 7489 3.1.2: the same organisation, or the same name; else only DKIM can."""
    subject = Subject(1, "mail.d.example", (RELAY,), bounces_at=bounces_at)
    spf = ["v=spf1 ip4:192.0.2.1 -all"]
    found = looked(
        subject,
        {
            "_dmarc.mail.d.example TXT": [policy],
            "mail.d.example TXT": spf,
            "b.other.org TXT": spf,
        },
    )
    assert found[Check.SPF].finding is Finding.OK
    assert found[Check.DMARC].finding is finding


def test_a_dead_dns_never_stops_mail() -> None:
    """Every check is unknown, for however long; nothing is stopped."""
    found = DeadDns().follow(check_domain(SUBJECT, LISTS, lambda domain: domain))
    assert {one.finding for one in found.values()} == {Finding.UNKNOWN}
    for one in found.values():
        assert after([one] * 100)[1] is None


@pytest.mark.parametrize("bad", [missing("m"), wrong("w")])
def test_what_is_bad_for_longer_than_the_grace_stops(bad: Found) -> None:
    """72 hours at a look every six: the thirteenth look stops, the twelfth does not."""
    assert after([bad] * 12)[1] is None
    assert after([bad] * 13)[1] == f"spf: {bad.detail}"


def test_missing_and_wrong_are_one_evil() -> None:
    """A broken record in place of none does not begin the grace anew."""
    assert after([missing("m")] * 6 + [wrong("w")] * 7)[1] == "spf: w"


def test_what_is_mended_lets_go_at_once() -> None:
    """And what breaks again has its whole grace again."""
    bad = [wrong("w")] * 13
    assert after([*bad, ok("o")])[1] is None
    assert after([*bad, ok("o"), *bad[1:]])[1] is None


def test_time_in_which_nobody_could_tell_does_not_count() -> None:
    """Six days of doubt between two bad looks stop nothing, and heal nothing."""
    standing, reason = after([wrong("w")] + [unknown("u")] * 24 + [wrong("w")])
    assert reason is None
    assert START + 25 * LOOK - standing.since <= 2 * LOOK
    looks = [wrong("w"), unknown("u")] * 13
    assert after([*looks, wrong("w")])[1] is not None


def test_doubt_neither_stops_nor_lets_go() -> None:
    """What was stopped stays so until it is known to be good."""
    bad = [wrong("w")] * 13
    assert after([*bad, unknown("u")])[1] == "spf: u"
    assert after([*bad, unknown("u"), ok("o")])[1] is None


def test_a_check_that_is_only_shown_stops_nothing() -> None:
    """[checks] stops lists those that do."""
    standing = Standing(Finding.WRONG, Finding.WRONG, "w", START - 2 * GRACE, START)
    reason = stop_reason(
        {Check.PTR: standing, Check.SPF: standing},
        stops={Check.SPF},
        grace=GRACE,
        is_stopped=False,
        now=START,
    )
    assert reason == "spf: w"


def test_a_person_who_resumes_gives_a_new_grace() -> None:
    """All begins anew, and what is found stays as it is."""
    old = Standing(Finding.WRONG, Finding.WRONG, "w", START - 2 * GRACE, START)
    anew = resumed({Check.SPF: old}, START)[Check.SPF]
    assert (anew.since, anew.finding, anew.at) == (START, Finding.WRONG, START)


def test_a_first_look_in_doubt_knows_nothing() -> None:
    """The first known finding begins to count when it is made."""
    first = settled(None, unknown("u"), START)
    assert first.known is None
    then = settled(first, wrong("w"), START + LOOK)
    assert (then.known, then.since) == (Finding.WRONG, START + LOOK)


def test_a_clock_set_back_does_no_harm() -> None:
    """A look from the future counts as now."""
    first = settled(None, wrong("w"), START)
    then = settled(first, unknown("u"), START - LOOK)
    assert then.since == START


def test_long_records_are_cut() -> None:
    """A stranger's record fills no table."""
    standing = settled(None, wrong("x" * 10_000), START)
    assert len(standing.detail) == MAX_DETAIL
