"""Campaigns: from a checked table to the wanted value, pool and wordings resolved.

A pool is the mailboxes that match any of its tags, domains or addresses; one that
matches nothing is a mistake, since the campaign would wait for ever. Wordings are read
from their files and checked as templates; which variables they use is only known to be
right or wrong when contacts come.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

from outreachd.fleet.entries import Entry, Findings
from outreachd.fleet.files import check_holidays, read_wording
from outreachd.fleet.tables import CampaignTable, MailboxTable, StepTable
from outreachd.mistakes import unknown
from outreachd.rules import template
from outreachd.rules.address import domain_of
from outreachd.rules.fleet_plan import (
    Pool,
    WantedCampaign,
    WantedMailbox,
    WantedStep,
    WrittenCalendar,
)
from outreachd.rules.model import DelayUnit, OnUncertain
from outreachd.rules.written import parse_delay, parse_duration_s


def campaign(
    entry: Entry[CampaignTable],
    clients: AbstractSet[str],
    mailboxes: Mapping[str, WantedMailbox],
    folder: Path,
    findings: Findings,
) -> WantedCampaign:
    """Make a campaign."""
    table, calendar = entry.table, entry.table.calendar
    if table.client not in clients:
        findings.add(entry.place, ("client",), unknown("client", table.client, clients))
    if calendar.holidays:
        try:
            check_holidays(calendar.holidays)
        except ValueError as error:
            findings.add(entry.place, ("calendar", "holidays"), str(error))
    pool = Pool(
        tags=tuple(table.pool.tags),
        domains=tuple(table.pool.domains),
        mailboxes=tuple(table.pool.mailboxes),
    )
    return WantedCampaign(
        name=table.name,
        client=table.client,
        direction=table.direction,
        share=table.share,
        pool=pool,
        calendar=WrittenCalendar(**calendar.model_dump()),
        on_uncertain=OnUncertain(table.on_uncertain),
        useful_for_s=parse_duration_s(table.useful_for) if table.useful_for else None,
        mailboxes=_resolved(pool, entry, mailboxes, findings),
        steps=tuple(
            _step(number, step, entry, folder, findings)
            for number, step in enumerate(table.step, 1)
        ),
    )


def _resolved(
    pool: Pool,
    entry: Entry[CampaignTable],
    mailboxes: Mapping[str, WantedMailbox],
    findings: Findings,
) -> frozenset[str]:
    for index, address in enumerate(pool.mailboxes):
        if address not in mailboxes:
            message = unknown("mailbox", address, mailboxes)
            findings.add(entry.place, ("pool", "mailboxes", index), message)
    tags, domains = set(pool.tags), set(pool.domains)
    found = frozenset(
        address
        for address, mailbox in mailboxes.items()
        if address in pool.mailboxes
        or domain_of(address) in domains
        or not tags.isdisjoint(mailbox.tags)
    )
    if not found and not pool.mailboxes and MailboxTable not in findings.left_out:
        message = "pool matches no mailbox: name tags, domains or mailboxes that exist"
        findings.add(entry.place, ("pool",), message)
    return found


def _step(
    number: int,
    table: StepTable,
    entry: Entry[CampaignTable],
    folder: Path,
    findings: Findings,
) -> WantedStep:
    def fault(key: str, message: str) -> None:
        findings.add(entry.place, ("step", number - 1, key), message)

    for key, message in _order_faults(number, table):
        fault(key, message)
    words: dict[str, str | None] = {"subject": table.subject}
    for part in ("text", "html"):
        try:
            words[part] = _wording(part, table, folder)
        except ValueError as error:
            fault(f"{part}_file", str(error))
            words[part] = ""
    if words["text"] is None:
        fault("text", "text is missing: write text or text_file")
    for part, source in words.items():
        for problem in template.check(part, source or ""):
            key = part if getattr(table, part) is not None else f"{part}_file"
            fault(key, f"{key}, {problem}")
    amount, unit = parse_delay(table.after) if table.after else (0, DelayUnit.MINUTES)
    return WantedStep(
        subject=words["subject"],
        text=words["text"] or "",
        html=words["html"],
        delay=amount,
        delay_unit=unit,
    )


def _order_faults(number: int, table: StepTable) -> Iterator[tuple[str, str]]:
    if number == 1 and table.subject is None:
        yield "subject", "subject is missing: the first step begins the thread"
    if number == 1 and table.after is not None:
        yield "after", "after is for later steps: the first is due at once"
    if number > 1 and table.after is None:
        yield "after", 'after is missing: say when, such as after = "3 workdays"'


def _wording(part: str, table: StepTable, folder: Path) -> str | None:
    """Read a part of a letter, from the table or from its file."""
    inline, file = getattr(table, part), getattr(table, f"{part}_file")
    if inline is not None and file is not None:
        raise ValueError(f"write {part} or {part}_file, not both")
    return inline if file is None else read_wording(file, folder)
