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

from outreachd.fleet.campaign_tables import CampaignTable, StepTable
from outreachd.fleet.entries import Entry, Findings
from outreachd.fleet.files import check_holidays
from outreachd.fleet.sender_tables import MailboxTable
from outreachd.fleet.wordings import AddFault, read_attachments, read_words
from outreachd.mistakes import unknown
from outreachd.rules.address import domain_of
from outreachd.rules.hygiene import Policy, Treatment
from outreachd.rules.letter import CONFIRM_URL
from outreachd.rules.model import DelayUnit, MailboxGone, OnUncertain, Variant
from outreachd.rules.wanted import (
    Pool,
    WantedCampaign,
    WantedMailbox,
    WantedStep,
    WrittenCalendar,
)
from outreachd.rules.wording import Wording
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
    if calendar.holidays not in ("", "recipient"):
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
        stop_company=table.stop_company,
        first_touch_share=table.first_touch_share,
        mailbox_gone=MailboxGone(table.mailbox_gone),
        hygiene=Policy(
            **{
                mark: Treatment(word)
                for mark, word in table.hygiene.model_dump().items()
            }
        ),
        silent_after_s=parse_duration_s(table.silent_after),
        grounds=tuple(table.consent) if table.consent else None,
        confirmation=_confirmation(entry, folder, findings),
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
    def fault(key: tuple[str | int, ...], message: str) -> None:
        findings.add(entry.place, ("step", number - 1, *key), message)

    for key, message in _order_faults(number, table):
        fault((key,), message)
    words = read_words(table, folder, (), fault)
    variants = tuple(_variants(table, words, folder, fault))
    if words.text is None and not variants:
        fault(("text",), "text is missing: write text, text_file, html or html_file")
    attachments, contents = read_attachments(table, folder, fault)
    amount, unit = parse_delay(table.after) if table.after else (0, DelayUnit.MINUTES)
    # Where only the variants have words, the first of them stands for the step.
    wording = variants[0] if variants and words.text is None else words
    return WantedStep(
        subject=wording.subject,
        text=wording.text or "",
        html=wording.html,
        delay=amount,
        delay_unit=unit,
        variants=variants,
        attachments=attachments,
        contents=contents,
    )


def _confirmation(
    entry: Entry[CampaignTable], folder: Path, findings: Findings
) -> Wording | None:
    """Read the letter of a double opt-in; without its link nobody could say yes."""
    if entry.table.confirm is None:
        return None

    def fault(key: tuple[str | int, ...], message: str) -> None:
        findings.add(entry.place, key, message)

    words = read_words(entry.table.confirm, folder, ("confirm",), fault)
    if not words.text:
        fault(("confirm", "text"), "text is missing: write text, text_file or html")
    elif any(part and CONFIRM_URL not in part for part in (words.text, words.html)):
        sentence = "the link is missing: say {{ " + CONFIRM_URL + " }} where it goes"
        fault(("confirm", "text"), sentence)
    return words


def _variants(
    table: StepTable, step: Wording, folder: Path, fault: AddFault
) -> Iterator[Variant]:
    """Make the variants whole: what one leaves out is the step's."""
    names: set[str] = set()
    for index, variant in enumerate(table.variant):
        place = ("variant", index)
        if variant.name in names:
            fault((*place, "name"), f'variant "{variant.name}" is there twice')
        names.add(variant.name)
        words = read_words(variant, folder, place, fault)
        # A text of its own beside the step's HTML would make two different letters.
        is_own = words.text is not None or words.html is not None
        text = step.text if words.text is None else words.text
        if text is None:
            fault((*place, "text"), "text is missing: write it here or in the step")
        yield Variant(
            name=variant.name,
            weight=variant.weight,
            subject=step.subject if words.subject is None else words.subject,
            text=text or "",
            html=words.html if is_own else step.html,
        )


def _order_faults(number: int, table: StepTable) -> Iterator[tuple[str, str]]:
    is_bare = not table.variant or any(one.subject is None for one in table.variant)
    if number == 1 and table.subject is None and is_bare:
        yield "subject", "subject is missing: the first step begins the thread"
    if number == 1 and table.after is not None:
        yield "after", "after is for later steps: the first is due at once"
    if number > 1 and table.after is None:
        yield "after", 'after is missing: say when, such as after = "3 workdays"'
