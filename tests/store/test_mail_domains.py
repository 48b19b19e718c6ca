"""The laws of remembering what the DNS said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from outreachd.rules.hygiene import MailDomain, MailVerdict
from outreachd.store.database import Database
from outreachd.store.mail_domains import (
    SURE_FOR,
    UNKNOWN_FOR,
    keep_domains,
    read_domains,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIRM = MailDomain("firm.net", MailVerdict.MX, "google")
AWAY = MailDomain("away.net", MailVerdict.UNKNOWN)


async def test_what_was_asked_is_known_for_its_time(db: Database) -> None:
    """A sure word for thirty days, a fault of the DNS for an hour."""
    domains = ["firm.net", "away.net", "new.net"]
    async with db.connection() as connection:
        await keep_domains(connection, [FIRM, AWAY], now=NOW)
        for later, known in (
            (UNKNOWN_FOR, [FIRM, AWAY]),
            (UNKNOWN_FOR + SECOND, [FIRM]),
            (SURE_FOR, [FIRM]),
            (SURE_FOR + SECOND, []),
        ):
            found = await read_domains(connection, domains, now=NOW + later)
            assert sorted(found, key=domains_order(domains)) == known


def domains_order(domains: list[str]):  # type: ignore[no-untyped-def]
    return lambda one: domains.index(one.domain)


async def test_unknown_never_replaces_a_sure_word(db: Database) -> None:
    """A DNS that is away today knew yesterday; any newer sure word counts."""
    async with db.connection() as connection:
        await keep_domains(connection, [FIRM], now=NOW)
        lost = MailDomain("firm.net", MailVerdict.UNKNOWN)
        await keep_domains(connection, [lost], now=NOW + SECOND)
        assert await read_domains(connection, ["firm.net"], now=NOW) == [FIRM]
        gone = MailDomain("firm.net", MailVerdict.NONE)
        await keep_domains(connection, [gone], now=NOW + SECOND)
        assert await read_domains(connection, ["firm.net"], now=NOW) == [gone]
