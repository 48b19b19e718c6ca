"""Reads a fleet file and the CSV beside it into the wanted fleet.

First each table by itself, then what one says of another: references, duplicates,
pools, passwords, wordings. All mistakes are collected before any is raised, and a
reference to a table that is itself mistaken is not reported again.
Paths count from the fleet file. Errors: ConfigError.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from outreachd.fleet.campaign_tables import CampaignTable
from outreachd.fleet.campaigns import campaign
from outreachd.fleet.entries import Entry, Findings, Place, csv_mailboxes, place_in
from outreachd.fleet.sender_tables import (
    AccountTable,
    ClientTable,
    DomainTable,
    FleetTable,
    InboxTable,
    MailboxTable,
)
from outreachd.fleet.senders import account, client, domain, inbox, mailbox
from outreachd.mistakes import ConfigError, unknown
from outreachd.rules.model import Kind
from outreachd.rules.wanted import Fleet, WantedMailbox
from outreachd.toml_lines import TomlFile, read_toml

T = TypeVar("T", bound=BaseModel)

_ARRAYS = ("client", "account", "domain", "mailbox", "campaign", "inbox")


def load(path: Path) -> Fleet:
    """Read the fleet; raises ConfigError with everything that is wrong."""
    reading = _Reading(read_toml(path))
    fleet = reading.fleet()
    if reading.findings.mistakes:
        raise ConfigError(
            sorted(reading.findings.mistakes, key=lambda m: (str(m.file), m.line or 0))
        )
    return fleet


class _Reading:
    def __init__(self, file: TomlFile) -> None:
        self._file = file
        self._folder = file.path.parent
        self.findings = Findings()

    def fleet(self) -> Fleet:
        self._check_sections()
        clients = self._distinct("client", self._entries("client", ClientTable))
        accounts = self._distinct("account", self._entries("account", AccountTable))
        domains = self._distinct("domain", self._entries("domain", DomainTable))
        mailboxes = self._distinct("mailbox", self._mailboxes())
        campaigns = self._distinct("campaign", self._entries("campaign", CampaignTable))
        inboxes = self._distinct("inbox", self._entries("inbox", InboxTable))
        findings, folder = self.findings, self._folder
        known_accounts = self._names("account", accounts)
        known_domains = self._names("domain", domains)
        known_clients = self._names("client", clients)
        senders: dict[str, WantedMailbox] = {
            name: mailbox(entry, known_domains, folder, findings)
            for name, entry in mailboxes.items()
        }
        things: dict[Kind, dict[str, Any]] = {
            Kind.CLIENT: {n: client(e) for n, e in clients.items()},
            Kind.ACCOUNT: {
                n: account(e, folder, findings) for n, e in accounts.items()
            },
            Kind.DOMAIN: {
                n: domain(e, known_accounts, findings) for n, e in domains.items()
            },
            Kind.MAILBOX: senders,
            Kind.CAMPAIGN: {
                n: campaign(e, known_clients, senders, folder, findings)
                for n, e in campaigns.items()
            },
        }
        return Fleet(
            things, inboxes={n: inbox(e, folder, findings) for n, e in inboxes.items()}
        )

    def _check_sections(self) -> None:
        allowed = (*_ARRAYS, "fleet")
        for name, table in self._file.tables.items():
            if name not in allowed:
                self._add((name,), unknown("table", name, allowed))
            elif name in _ARRAYS and not isinstance(table, list):
                self._add((name,), f"write [[{name}]], with two brackets")

    def _entries(self, name: str, model: type[T]) -> list[Entry[T]]:
        raw = self._file.tables.get(name, [])
        if not isinstance(raw, list):
            return []
        places = [place_in(self._file, name, i) for i in range(len(raw))]
        return self.findings.entries(model, raw, places)

    def _mailboxes(self) -> list[Entry[MailboxTable]]:
        entries = self._entries("mailbox", MailboxTable)
        place = place_in(self._file, "fleet")
        raw = self._file.tables.get("fleet", {})
        fleet = self.findings.entry(FleetTable, raw, place, strict=True)
        if fleet and fleet.table.mailboxes:
            entries += self._csv(self._folder / fleet.table.mailboxes, place)
        return entries

    def _csv(self, path: Path, place: Place) -> list[Entry[MailboxTable]]:
        try:
            return list(csv_mailboxes(path, self.findings))
        except ConfigError as error:
            self.findings.mistakes += error.mistakes
        except OSError as error:
            why = (error.strerror or "no reason given").lower()
            self.findings.add(place, ("mailboxes",), f"{path} cannot be read: {why}")
        return []

    def _distinct(self, kind: str, entries: Iterable[Entry[T]]) -> dict[str, Entry[T]]:
        found: dict[str, Entry[T]] = {}
        for entry in entries:
            key = "address" if kind == "mailbox" else "name"
            name = getattr(entry.table, key)
            if name in found:
                first = found[name].where()
                message = f'{kind} "{name}" is there twice, first at {first}'
                self.findings.add(entry.place, (key,), message)
            else:
                found[name] = entry
        return found

    def _names(self, kind: str, good: Iterable[str]) -> frozenset[str]:
        """Tell the names of a kind, those of mistaken tables too."""
        raw = self._file.tables.get(kind, [])
        tables = raw if isinstance(raw, list) else []
        named = (t.get("name") for t in tables if isinstance(t, dict))
        return frozenset(n for n in named if isinstance(n, str)) | frozenset(good)

    def _add(self, key: tuple[str, ...], message: str) -> None:
        self.findings.add(place_in(self._file), key, message)
