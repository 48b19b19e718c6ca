"""What stops what: the things that happen to a person, and what they end.

An answer, a hard bounce, a complaint, an opt-out and a left-company note end all that
waits for the person at that client. What the person said about being written to (an
answer, a complaint, an opt-out) may speak for the whole company, where a campaign
says so; at a free-mail domain nobody does. An auto-reply ends nothing: it lets wait
until the person is back. Pure tables; the store carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from outreachd.rules.address import domain_of
from outreachd.rules.hygiene import Mark, marks_of


class Happening(StrEnum):
    """What can happen to a person after a letter; the schema holds the same words."""

    ANSWERED = "answered"
    AUTO_REPLIED = "auto_replied"
    BOUNCED = "bounced"  # for good: the address takes no letters
    COMPLAINED = "complained"
    OPTED_OUT = "opted_out"
    LEFT_COMPANY = "left_company"


@dataclass(frozen=True, slots=True)
class Stop:
    """What a happening ends.

    ``person``: all enrolments of the person for the client. ``company``: of all the
    people at the person's company, in campaigns that say so. ``singles``: of the
    person's letters also those that were ordered one by one, outside any sequence.
    """

    person: bool
    company: bool
    singles: bool


STOPS = {
    Happening.ANSWERED: Stop(person=True, company=True, singles=False),
    Happening.AUTO_REPLIED: Stop(person=False, company=False, singles=False),
    Happening.BOUNCED: Stop(person=True, company=False, singles=True),
    Happening.COMPLAINED: Stop(person=True, company=True, singles=True),
    Happening.OPTED_OUT: Stop(person=True, company=True, singles=True),
    Happening.LEFT_COMPANY: Stop(person=True, company=False, singles=True),
}

# Why the colleagues' letters ended: never in the words of what happened to another.
COMPANY_REASON = "company_stopped"

# What speaks for the whole company.
COMPANY_STOPS = tuple(what for what, stop in STOPS.items() if stop.company)

# Domains of these belong to a provider, not to a company.
_ANYBODYS = {Mark.FREE, Mark.DISPOSABLE}

# An auto-reply that names no day of return: most absences are over after this.
USUAL_ABSENCE = timedelta(days=7)
# One that names a day further off is misread or a joke; nobody is lost for a year.
LONGEST_ABSENCE = timedelta(days=120)
# The day of return is for what piled up; the letter comes a day later.
PILED_UP = timedelta(days=1)


def away_until(told: datetime | None, now: datetime) -> datetime:
    """Tell until when a person who is out of office is left in peace."""
    if told is None:
        return now + USUAL_ABSENCE
    return min(max(told, now) + PILED_UP, now + LONGEST_ABSENCE)


def company_of(address: str) -> str | None:
    """Tell the domain whose people count as one company; None where anybody is."""
    is_anybodys = _ANYBODYS & set(marks_of(address))
    return None if is_anybodys else domain_of(address)
